"""What the shell proposes at the Tab key."""

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import get_args

import pytest

from vecbench.cli import completion
from vecbench.cli.score import Format
from vecbench.engines import registry
from vecbench.scoring.protocols import PROTOCOLS
from vecbench.store.control import REPLACED
from vecbench.tasks import load_catalogue


def proposed(line, *, code="from vecbench.cli import main; main()"):
    """What bash is told for a line, with the cursor at its end."""
    words = line.split(" ")
    environment = os.environ | {
        "_VECBENCH_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("vecbench run --tasks emoji_7", ["emoji_7"]),
        ("vecbench run -t emoji_2,emoji_7", ["emoji_2,emoji_7"]),
        ("vecbench data check x -t mvei_j", ["mvei_judgement"]),
        ("vecbench tasks show demo_id_v", ["demo_id_ver", "demo_id_vsa"]),
        ("vecbench run --engine v", ["vllm"]),
        ("vecbench run --prompt v", ["verbalized"]),
        ("vecbench score x --protocol emo", ["emocaliber", "emobserver"]),
        ("vecbench compare x y --format m", ["markdown"]),
        ("vecbench lea", ["leaderboard"]),
    ],
)
def test_names_are_completed(line, names):
    assert proposed(line) == names


def test_tasks_of_ones_own_are_completed_where_their_folder_is_named(tmp_path):
    (tmp_path / "a.yaml").write_text("# mine\ntask: vecbench_mine_3\n")
    (tmp_path / "b.yml").write_text('metadata: {version: 1}\ngroup: "mine"\ntask: [mine_3]\n')
    (tmp_path / "c.yaml").write_bytes(b"\xff task: mine_4")
    assert proposed(f"vecbench run --include-path {tmp_path} -t min") == ["mine", "mine_3"]
    assert proposed(f"vecbench run --include-path {tmp_path / 'a.yaml'} -t min") == ["mine_3"]
    assert proposed(f"vecbench run --include-path {tmp_path / 'none'} -t min") == []


def test_every_shipped_task_is_known():
    catalogue = load_catalogue()

    context = SimpleNamespace(params={"include_path": None})
    assert completion.tasks(context, "") == sorted([*catalogue.tasks, *catalogue.groups])


def test_the_names_are_those_that_there_are():
    assert tuple(PROTOCOLS) == completion.PROTOCOLS
    assert get_args(Format) == completion.FORMATS
    assert {*completion.PROFILES} == {"auto"} | {*load_catalogue().tasks["emoji_7"].prompts}
    assert {*completion.ENGINES} == {"auto", *registry.ENGINES}
    assert {*completion.CONTROLS} == {*REPLACED}


def test_a_task_that_is_there_already_is_not_proposed_again():
    assert proposed("vecbench run -t emoji_7,emoji_7") == []


def test_completing_loads_nothing_heavy():
    code = (
        "import sys\nfrom vecbench.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    heavy = {'yaml', 'numpy', 'jinja2', 'vecbench.tasks'} & sys.modules.keys()\n"
        "    print(*heavy, file=sys.stderr)"
    )
    environment = os.environ | {
        "_VECBENCH_COMPLETE": "complete_bash", "COMP_WORDS": "vecbench run -t emo", "COMP_CWORD": "3"
    }  # fmt: skip
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "emoji_7" in done.stdout
    assert done.stderr.split() == []


def test_help_says_how_to_install_it_and_no_more():
    done = subprocess.run(
        [sys.executable, "-m", "vecbench", "--help"], capture_output=True, text=True, check=True
    )
    assert "--install-completion" in done.stdout
    assert "--show-completion" not in done.stdout
