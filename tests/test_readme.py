"""Every command in README and docs runs; `test_docs_numbers` holds what they print."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import make_data

from vecbench.shipped import demo_model
from vecbench.tasks.schema import TaskMetadata

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^\$ (.+)$", README, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with what README's commands assume: my-model and my-data."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "my-model").symlink_to(demo_model())
    make_data(folder / "my-data", ["joy", "fear", "anger", "love"])
    return folder


def go(command, folder):
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_readme_has_the_commands_that_these_tests_run():
    assert {command.split()[0] for command in COMMANDS} == {"make", "pip", "vecbench"}


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("vecbench")])
def test_a_command_of_the_readme_runs(workplace, command):
    done = go(command, workplace)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make")])
def test_a_make_target_of_the_readme_exists_and_does_what_is_said(command):
    done = go(f"{command} --dry-run --always-make", ROOT)
    assert done.returncode == 0, done.stderr
    assert {"make demo": "vecbench demo", "make test": "pytest"}[command] in done.stdout


def test_the_package_that_readme_installs_is_this_one():
    [command] = [command for command in COMMANDS if command.startswith("pip")]
    assert command == 'pip install "vecbench[hf]"'
    assert 'name = "vecbench"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name)
def test_links_in_the_docs_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_links_in_the_readme_lead_somewhere():
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("page", ["scores.md", "other-libraries.md", "protocols.md"])
def test_the_python_in_the_docs_runs(page):
    [program] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), flags=re.DOTALL)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    expected = {
        "scores.md": [(0.15 + 0.8 + 0.4) / 4, (0.0025 + 0.01 + 0.64 + 0.16) / 4, 2 / 3],
        "other-libraries.md": [0.1 * 3, 0.3, 0.4, 0.5, 0.5],
        "protocols.md": [0.17, 0.02],
    }
    assert [float(each) for each in done.stdout.split()] == pytest.approx(expected[page], abs=1e-12)


def test_the_notebook_of_the_docs_shows_the_scores(workplace):
    page = (ROOT / "docs" / "run-directory.md").read_text()
    [program] = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert go("vecbench run --model ./my-model --tasks demo", workplace).returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=workplace
    )
    scores = json.loads((workplace / "results" / "my-model" / "demo" / "scores.json").read_text())
    for task, scored in scores["tasks"].items():
        assert re.search(
            rf"^{task} +{scored['metrics']['accuracy']['value']:.6f} ", done.stdout, re.MULTILINE
        )
    assert re.search(r"^coverage +1\.0+ +1\.0+ +1\.0+$", done.stdout, re.MULTILINE)


def test_the_tasks_in_the_docs_run(workplace):
    """The files and the commands of docs/tasks.md in their order, as they stand there."""
    text = (ROOT / "docs" / "tasks.md").read_text()
    folder = workplace / "docs"
    for name, content in re.findall(r"```yaml\n# (my-tasks/\S+)\n(.*?)```", text, flags=re.DOTALL):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "my-model").symlink_to(demo_model())
    make_data(folder / "my-data", ["joy", "fear", "anger"], task="")
    commands = re.findall(r"^(?:\$ )?(vecbench .*)$", text, re.MULTILINE)
    assert len(commands) == 5
    [shown] = re.findall(r"<!-- init -->\n```\n\$ .*?\n(.*?)```\n<!-- /init -->", text, flags=re.DOTALL)
    for command in commands:
        done = go(command, folder)
        # The model was made for other labels: its answers cannot be read.
        assert done.returncode == (4 if " run " in command else 0), done.stdout + done.stderr
        if " init " in command:
            assert done.stdout == shown
    for command in (
        "vecbench tasks show mood_3 --include-path my-tasks",
        "vecbench tasks complete my-tasks/mood_3.yaml",
    ):
        assert f"`{command}`" in text
        assert go(command, folder).returncode == 0
    assert "a short form" not in go("vecbench tasks check my-tasks", folder).stdout


def test_the_docs_explain_every_key_of_a_task_file():
    text = (ROOT / "docs" / "tasks.md").read_text()
    explained = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert explained == TaskMetadata.model_fields.keys() - {"sources", "kept"}


def test_the_lines_of_the_docs_on_subsets_go_with_the_short_task(tmp_path):
    text = (ROOT / "docs" / "tasks.md").read_text()
    [short] = re.findall(r"```yaml\n# my-tasks/mood_3\.yaml\n(.*?)```", text, flags=re.DOTALL)
    [more] = re.findall(r"```yaml\n(    subsets: .*?)```", text, flags=re.DOTALL)
    assert len(short.splitlines()) <= 10
    (tmp_path / "my-data").mkdir()
    (tmp_path / "my-tasks").mkdir()
    (tmp_path / "my-tasks" / "mood_3.yaml").write_text(short + more)
    done = go("vecbench tasks check my-tasks", tmp_path)
    assert done.returncode == 0, done.stdout
