"""What is printed is what was meant, whatever a path or a name looks like."""

import subprocess
import sys

import pytest
from rich.table import Table

from vecbench.console import stderr, stdout

NAME = "a:smile:b/[bold]x[/bold]/12"


@pytest.mark.parametrize("console", [stdout, stderr])
def test_neither_emoji_codes_nor_markup_are_rewritten(console, capsys):
    table = Table(NAME)
    table.add_row(NAME)
    for each in (NAME, table):
        console().print(each, soft_wrap=True)
    printed = "".join(capsys.readouterr())
    assert printed.count(NAME) == 3


def test_a_path_is_printed_as_it_is_called(tmp_path):
    folder = tmp_path / "a:smile:b"
    folder.mkdir()
    (folder / "x.jsonl").write_text(
        '{"task": "emoji_7", "sample_id": "1", "target": "joy", "response": "joy"}\n{"task": \n'
    )
    command = [sys.executable, "-m", "vecbench", "score", folder / "x.jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"{folder / 'x.jsonl'}, line 2" in done.stderr
    assert str(folder / "x-scores") in done.stdout
