"""Every room of the package imports only those that docs/design.md lists above it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXCEPTIONS = {
    ("comparing", "frames"): "`Comparison.to_frame`: pandas is imported where a DataFrame is made",
    ("scoring", "frames"): "`Scores.to_frame`, likewise",
    ("scoring", "report"): "`Scores._repr_html_`: the table is made where a notebook asks for it",
}


def rooms():
    """The names in the first column of the table of rooms, in its order."""
    table = (ROOT / "docs" / "design.md").read_text().partition("| room | what lies in it |")[2]
    rows = table.strip().partition("\n\n")[0].splitlines()[1:]
    return [name for row in rows for name in re.findall(r"`(\w+)/?`", row.split("|")[1])]


def imports(path):
    """The rooms that a module imports wherever it does, but for a type checker alone."""
    waiting = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        names = []
        if isinstance(node, ast.ImportFrom) and node.module == "vecbench":
            names = [f"vecbench.{each.name}" for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "vecbench" and rest:
                yield rest.partition(".")[0]


def test_every_room_is_listed():
    package = ROOT / "vecbench"
    modules = {path.stem for path in package.glob("[a-z]*.py")}
    there = modules | {path.parent.name for path in package.glob("*/*.py")}
    assert sorted(rooms()) == sorted(there)


@pytest.mark.parametrize("room", rooms())
def test_a_room_imports_only_those_above_it(room):
    package = ROOT / "vecbench"
    order = rooms()
    refused = {name for name in order[order.index(room) + 1 :] if (room, name) not in EXCEPTIONS}
    paths = [*(package / room).rglob("*.py"), *package.glob(f"{room}.py")]
    assert [(path.name, name) for path in paths for name in imports(path) if name in refused] == []
