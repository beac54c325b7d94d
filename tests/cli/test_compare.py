"""`vecbench compare` as a process sees it."""

import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from simulated_runs import response, simulated, write_run

TASKS = {"emoji_2": 400, "emoji_7": 400}
RULES = "rules: [{{metric: accuracy, max_drop: {margin}, when: {when}}}]\n"


def compare(*arguments, cwd, **environment):
    command = [sys.executable, "-m", "vecbench", "compare", *map(str, arguments), "--replicates", "500"]
    clean = {key: value for key, value in os.environ.items() if key != "GITHUB_ACTIONS"}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, check=False, env=clean | environment, timeout=300
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """old, same (another seed), worse, few and other: what commands are tried on."""
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "old", simulated(TASKS, 0))
    write_run(folder / "same", simulated(TASKS, 1))
    write_run(folder / "worse", simulated(TASKS, 2, right=0.55))
    write_run(folder / "few", simulated({"emoji_2": 20}, 0))
    write_run(folder / "few_again", simulated({"emoji_2": 20}, 1))
    write_run(folder / "other", [response("emoji_2", "x", "positive", 0.5)])
    (folder / "point.yaml").write_text(RULES.format(margin=0.05, when="point"))
    (folder / "significant.yaml").write_text(RULES.format(margin=0.0, when="significant"))
    (folder / "faulty.yaml").write_text("rules: [{metric: acuracy, max_drop: 0}]\n")
    return folder


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["old", "worse"], 0),
        (["old", "old", "--gate", "point.yaml"], 0),
        (["old", "worse", "--gate", "point.yaml"], 1),
        (["old", "worse", "--gate", "significant.yaml"], 1),
        (["worse", "old", "--gate", "point.yaml"], 0),
        (["few", "few_again", "--gate", "significant.yaml"], 4),
        (["old", "few", "--gate", "point.yaml"], 2),
        (["old", "few", "--allow", "samples"], 0),
    ],
)
def test_the_exit_status_is_the_verdict(runs, arguments, status):
    done = compare(*arguments, cwd=runs)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr


def test_the_table_fits_eighty_columns_and_shows_flips_and_verdicts(runs):
    done = compare("old", "worse", "--gate", "significant.yaml", cwd=runs)
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    for said in (
        "Emoji-2",
        "Overall",
        "Right before, wrong now",
        "✗ failed",
        "Gates failed: 0 passed, 1 failed",
    ):
        assert said in done.stdout


def test_every_report_is_written_beside_the_document_on_standard_output(runs, tmp_path):
    reports = ["--markdown", tmp_path / "s" / "summary.md", "--junit", tmp_path / "junit.xml"]
    reports += ["--json", tmp_path / "all.json", "--annotations", "--format", "json"]
    done = compare("old", "worse", "--gate", "point.yaml", *reports, cwd=runs)
    assert done.returncode == 1
    assert json.loads(done.stdout) == json.loads((tmp_path / "all.json").read_text())
    assert (tmp_path / "s" / "summary.md").read_text().startswith("## vecbench: old → worse\n")
    assert ElementTree.parse(tmp_path / "junit.xml").getroot().get("failures") == "1"
    assert "::error title=vecbench%3A accuracy of overall" in done.stderr


@pytest.mark.parametrize("option", ["--markdown", "--json", "--junit"])
@pytest.mark.parametrize(
    ("place", "said"), [("old", "is a folder"), ("point.yaml/a", "is a file"), ("a" * 300, "name too long")]
)
def test_a_report_that_cannot_be_written_is_refused_at_once(runs, option, place, said):
    # A baseline that is not there is only found when the comparison begins.
    done = compare("nowhere", "old", "--gate", "point.yaml", option, place, cwd=runs)
    assert done.returncode == 2
    assert f"{option} {place}" in done.stderr
    assert said in done.stderr


def test_github_gets_annotations_unasked(runs):
    for environment, arguments, wanted in (
        ({"GITHUB_ACTIONS": "true"}, [], True),
        ({"GITHUB_ACTIONS": "true"}, ["--no-annotations"], False),
        ({}, [], False),
    ):
        done = compare("old", "worse", "--gate", "point.yaml", *arguments, cwd=runs, **environment)
        assert ("\n::error " in done.stdout) == wanted


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["old"], "CANDIDATE"),
        (["old", "nowhere"], "there is no nowhere"),
        (["old", "other"], "no sample in common"),
        (["old", "few"], "--allow samples"),
        (["old", "old", "--allow", "sample"], "Did you mean samples?"),
        (["old", "old", "--gate", "faulty.yaml"], "Did you mean accuracy"),
        (["old", "old", "--gate", "nowhere.yaml"], "no file nowhere.yaml"),
        (["old", "old", "--junit", "x.xml"], "Add --gate"),
        (["old", "old", "--format", "tabel"], "Did you mean table?"),
        (["old", "old", "--protocol", "strikt"], "Did you mean strict?"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what_to_do(runs, arguments, message):
    done = compare(*arguments, cwd=runs)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_comparing_imports_nothing_heavy(runs):
    program = (
        "import sys\nfrom vecbench.cli import main\n"
        "try:\n    main(['compare', 'old', 'same', '--replicates', '100'])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'torch', 'transformers', 'datasets', 'matplotlib', 'sklearn', 'pandas', 'scipy.stats'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=runs
    )
    assert done.returncode == 0, done.stderr


def test_latex_is_a_tabular_with_its_notes_and_the_verdict(runs):
    done = compare("old", "worse", "--gate", "point.yaml", "--format", "latex", cwd=runs)
    assert done.returncode == 1
    assert done.stdout.startswith(r"\begin{tabular}{lcccc}")
    assert r"\multicolumn{4}{c}{worse, against old}" in done.stdout
    assert r"Gates failed: 0 passed, 1 failed, 0 undecided.\par" in done.stdout
