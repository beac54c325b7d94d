"""The notebooks of the docs hold what their cells show now."""

import base64
import json
import subprocess
import sys

import pytest

from tools.notebook import NOTEBOOKS, executed, written

HOW = "python -m tools.notebook remakes it"
PNG = b"\x89PNG\r\n"


def without_pictures(notebook):
    """The notebook with the signature alone of every picture: another matplotlib sets letters otherwise."""
    kept = json.loads(json.dumps(notebook))
    for output in (output for cell in kept["cells"] for output in cell.get("outputs", ())):
        if "image/png" in output.get("data", {}):
            output["data"]["image/png"] = base64.b64decode(output["data"]["image/png"])[:6].hex()
    return kept


@pytest.mark.filterwarnings("ignore:results/wild. 23 of 136 answers are not read:UserWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_its_cells_show_now(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stored = json.loads(path.read_text())
    assert without_pictures(executed(stored)) == without_pictures(stored), (
        "python -m tools.notebook remakes it"
    )
    assert PNG.hex() in json.dumps(without_pictures(stored))
    assert path.read_text() == written(stored)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_one_that_jupyter_opens_and_fetches_nothing(path):
    notebook = json.loads(path.read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    names = [cell["id"] for cell in notebook["cells"]]
    assert len({*names}) == len(names)
    shown = [
        text for cell in notebook["cells"] for output in cell.get("outputs", ()) for text in [str(output)]
    ]
    assert not any(word in text for text in shown for word in ("http", "<script", "src=", "<link"))


def code(*sources):
    return {"cells": [{"cell_type": "code", "source": [source], "outputs": []} for source in sources]}


def test_a_cell_shows_what_it_prints_and_its_last_value():
    first, second, third = executed(code("a = 1\nprint(a)\na + 1", "a = 5", "a"))["cells"]
    assert [output.get("text") or output["data"] for output in first["outputs"]] == [
        ["1\n"],
        {"text/plain": ["2"]},
    ]
    assert second["outputs"] == []
    assert third["outputs"][0]["data"] == {"text/plain": ["5"]}
    assert third["execution_count"] == 3


def test_a_value_shows_itself_in_html_unless_it_has_none():
    program = "class A:\n    def _repr_html_(self): return {}\n    def __repr__(self): return 'A'\nA()"
    shown = [
        executed(code(program.format(each)))["cells"][0]["outputs"][0]["data"] for each in ("'<b>'", "None")
    ]
    assert shown == [{"text/html": ["<b>"], "text/plain": ["A"]}, {"text/plain": ["A"]}]


def test_a_cell_that_fails_fails():
    with pytest.raises(ZeroDivisionError):
        executed(code("1 / 0"))


def test_in_a_notebook_progress_goes_to_standard_error_and_not_among_outputs():
    program = (
        "import builtins; builtins.get_ipython = type('ZMQInteractiveShell', (), {});"
        "from rich.console import Console; assert Console().is_jupyter;"
        "from vecbench.console import stderr, stdout; print(stderr().is_jupyter, stdout().is_jupyter)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
