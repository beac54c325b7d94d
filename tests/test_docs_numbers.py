"""README and docs show to the letter what their commands print, in 80 columns."""

import re

import pytest

from tools.docs_numbers import BLOCK, EXAMPLES, PAGES, ROOT, blocks_remade, examples_remade, prepare

TEXTS = {str(page.relative_to(ROOT)): page.read_text() for page in PAGES}
QUICK = [name for name, text in TEXTS.items() if any(not each["slowly"] for each in BLOCK.finditer(text))]
HOW = "`make docs-numbers` remakes what changed on purpose"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("docs")
    prepare(made)
    return made


@pytest.mark.parametrize(
    "page",
    [name for name, text in TEXTS.items() if any(not block["slowly"] for block in BLOCK.finditer(text))],
)
def test_the_page_shows_what_its_commands_print(page, folder):
    assert blocks_remade(TEXTS[page], folder) == TEXTS[page], HOW


@pytest.mark.parametrize("page", [name for name, text in TEXTS.items() if EXAMPLES.search(text)])
def test_the_examples_of_the_page_print_what_they_show(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert examples_remade(TEXTS[page]) == TEXTS[page], HOW


@pytest.mark.parametrize("page", TEXTS)
def test_every_marker_is_of_a_block_whose_benchmark_exists(page):
    assert TEXTS[page].count("<!-- made ") == len(BLOCK.findall(TEXTS[page]))
    for block in BLOCK.finditer(TEXTS[page]):
        for script in re.findall(r"benchmarks/\w+\.py", block["command"]):
            assert (ROOT / script).exists()


def test_a_block_and_an_example_that_changed_are_remade(tmp_path):
    page = "a\n<!-- made by: echo 1; echo 2 -->\n```\n3\n```\n<!-- /made -->\nb\n"
    slow = page.replace("made by", "made slowly by")
    assert blocks_remade(page, tmp_path) == page.replace("3", "1\n2")
    assert blocks_remade(slow, tmp_path) == slow
    assert blocks_remade(slow, tmp_path, slow=True) == slow.replace("3", "1\n2")
    program = "```python\nprint(1 + 1)\n```\n<!-- made by: the program above -->\n3\n<!-- /made -->\n"
    assert blocks_remade(program, tmp_path) == program.replace("3", "2")
    example = "```python\n>>> a = 1\n>>> a + 1\n3\n```\ntext\n```python\n>>> print(a)\n1\n>>> [][0]\n{}```\n"
    error = "Traceback (most recent call last):\n    ...\nIndexError: none\n"
    assert examples_remade(example.format(error)) == example.format(error).replace("3", "2")
