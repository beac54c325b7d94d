"""Every command of a tutorial is one whose output `test_docs_numbers` holds, so all of them run."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tools.docs_numbers import BLOCK

ROOT = Path(__file__).parents[1]
TUTORIALS = {path.name: path.read_text() for path in (ROOT / "docs" / "tutorials").glob("*.md")}
PREPARED = {"vecbench demo", "echo $?"}
"""`docs_numbers.prepare` has run the one; the other is part of the command before it."""


@pytest.mark.parametrize("page", TUTORIALS)
def test_every_command_is_run_where_its_output_is_held(page):
    ran = [block["command"] for block in BLOCK.finditer(TUTORIALS[page])]
    for command in re.findall(r"^\$ (.+)$", TUTORIALS[page], re.MULTILINE):
        if not command.startswith("pip "):
            assert command in PREPARED or any(command in each for each in ran), command


@pytest.mark.parametrize("page", TUTORIALS)
def test_what_a_tutorial_installs_can_be_installed(page):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for wanted in re.findall(r'pip install "vecbench\[(.+?)\]"', TUTORIALS[page]):
        assert set(wanted.split(",")) <= extras.keys()


def test_the_workflow_gives_the_action_what_it_takes():
    [text] = re.findall(r"```yaml\n(# \.github/.*?)```", TUTORIALS["guard.md"], re.DOTALL)
    [step] = [each for each in yaml.safe_load(text)["jobs"]["gates"]["steps"] if "vecbench" in each["uses"]]
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    assert (
        {name for name, each in inputs.items() if each.get("required")}
        <= step["with"].keys()
        <= inputs.keys()
    )
