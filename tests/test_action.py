"""The GitHub Action and the workflow in docs/ci.md, without GitHub: their scripts run, their inputs exist."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from simulated_runs import simulated, write_run

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
PAGE = (ROOT / "docs" / "ci.md").read_text()
STUB = """#!/usr/bin/env bash
# pip and a model are not needed here: what they were asked for is noted.
if [[ "$2" == pip ]]; then printf '%s\\n' "$@" > pip.txt; exit 0; fi
if [[ "$3" == run ]]; then
  printf '%s\\n' "$@" > run.txt; mkdir -p "$9"; cp -r candidate/. "$9"; exit "${{RUN_STATUS:-0}}"
fi
exec {python} "$@"
"""


@pytest.fixture
def workplace(tmp_path):
    """Runs, rules and a python that neither installs nor generates; what a job's checkout would be."""
    tasks = {"emoji_2": 300, "emoji_7": 300}
    write_run(tmp_path / "baseline", simulated(tasks, 0))
    write_run(tmp_path / "candidate", simulated(tasks, 1))
    write_run(tmp_path / "worse", simulated(tasks, 1, right=0.5))
    write_run(tmp_path / "few", simulated({"emoji_2": 10}, 0))
    rules = "rules: [{metric: accuracy, max_drop: 0.05, when: significant, detect: 0.15}]\n"
    (tmp_path / "gates.yaml").write_text(rules)
    stub = tmp_path / "bin" / "python"
    stub.parent.mkdir()
    stub.write_text(STUB.format(python=sys.executable))
    stub.chmod(0o755)
    return tmp_path


def run_action(folder, **inputs):
    """The action's steps as GitHub runs them; returns the last step, the outputs and all steps' log."""
    values = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
    values |= {name.replace("_", "-"): value for name, value in inputs.items()}
    outputs: dict[str, dict[str, str]] = {}
    log = ""

    def value(text):
        def replaced(found):
            kind, name, *rest = found[1].split(".")
            return values[name] if kind == "inputs" else outputs.get(name, {}).get(rest[1], "")

        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", replaced, text)

    for step in ACTION["runs"]["steps"]:
        output = folder / f"output {step.get('id')}"
        output.write_text("")
        environment = os.environ | {name: value(text) for name, text in step["env"].items()}
        environment |= {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(folder / "step summary.md"),
        }
        script = folder / "script.sh"
        script.write_text(step["run"])
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        log += done.stdout
        lines = output.read_text().splitlines()
        outputs[step.get("id", "")] = dict(line.split("=", 1) for line in lines)
        if done.returncode:
            break
    return done, {name: value(each["value"]) for name, each in ACTION["outputs"].items()} | {"log": log}


def test_no_input_is_pasted_into_a_script():
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


def test_a_candidate_is_run_compared_and_reported(workplace):
    done, outputs = run_action(
        workplace,
        baseline="baseline",
        gates="gates.yaml",
        model="org/my model; $(touch hacked)",
        tasks="emoji_2,emoji_7",
        output="out dir/run",
        run_arguments="--limit\n300\n\n--gen-kwargs\ntemperature=0.7,top_p=0.9\n",
        extras="hf,api",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (workplace / "pip.txt").read_text().splitlines()[-1] == f"{ROOT}[hf,api]"
    asked = (workplace / "run.txt").read_text().splitlines()
    assert asked[3:] == [
        "--model", "org/my model; $(touch hacked)", "--tasks", "emoji_2,emoji_7", "--output",
        "out dir/run/run", "--limit", "300", "--gen-kwargs", "temperature=0.7,top_p=0.9",
    ]  # fmt: skip
    assert not (workplace / "hacked").exists()
    del outputs["log"]
    assert outputs == {
        "outcome": "passed",
        "run": "out dir/run/run",
        "summary": "out dir/run/summary.md",
        "junit": "out dir/run/junit.xml",
    }
    assert "Gates passed" in (workplace / "step summary.md").read_text()
    assert ElementTree.parse(workplace / outputs["junit"]).getroot().get("tests") == "1"


def test_a_worse_candidate_fails_the_job_with_its_report(workplace):
    done, outputs = run_action(workplace, baseline="baseline", gates="gates.yaml", candidate="worse")
    assert done.returncode == 1
    assert outputs["outcome"] == "failed"
    assert "::error title=vecbench%3A accuracy of overall" in done.stdout
    assert "Gates failed" in (workplace / "step summary.md").read_text()


@pytest.mark.parametrize(("accept", "status"), [("false", 4), ("true", 0)])
def test_no_verdict_fails_the_job_unless_it_is_accepted(workplace, accept, status):
    done, outputs = run_action(
        workplace,
        baseline="few",
        candidate="few",
        gates="gates.yaml",
        compare_arguments="--replicates\n200",
        accept_undecided=accept,
        install="false",
    )
    assert done.returncode == status, done.stderr
    assert outputs["outcome"] == "undecided"
    assert "::warning" in done.stdout
    assert not (workplace / "pip.txt").exists()


def test_an_incomplete_run_is_compared_with_a_warning_and_a_failed_one_is_not(workplace, monkeypatch):
    inputs = {"baseline": "baseline", "gates": "gates.yaml", "model": "m"}
    monkeypatch.setenv("RUN_STATUS", "4")
    done, outputs = run_action(workplace, **inputs)
    assert (done.returncode, outputs["outcome"]) == (0, "passed"), done.stdout + done.stderr
    assert "::warning title=vecbench::the run is incomplete" in outputs["log"]
    monkeypatch.setenv("RUN_STATUS", "3")
    done, outputs = run_action(workplace, **inputs, output="other")
    assert (done.returncode, outputs["outcome"]) == (3, "")


@pytest.mark.parametrize(
    "inputs",
    [
        {"baseline": "--help", "candidate": "candidate"},
        {"baseline": "baseline", "candidate": "--help"},
        {"baseline": "baseline", "candidate": "candidate", "compare_arguments": "--help"},
    ],
)
def test_a_name_that_looks_like_an_option_is_no_green_light(workplace, inputs):
    """Not even where an earlier job has left its reports."""
    left = workplace / "vecbench-results"
    left.mkdir()
    (left / "summary.md").write_text("Gates passed")
    done, outputs = run_action(workplace, gates="gates.yaml", **inputs)
    assert (done.returncode, outputs["outcome"]) == (2, ""), done.stdout
    assert not (workplace / "step summary.md").exists()


def test_an_output_cannot_write_further_outputs(workplace):
    done, outputs = run_action(
        workplace, baseline="worse", candidate="candidate", gates="gates.yaml", output="out\noutcome=failed"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert outputs["outcome"] == "passed"
    assert outputs["summary"] == "outoutcome=failed/summary.md"


def test_wrong_data_fails_the_job_without_an_outcome(workplace):
    done, outputs = run_action(workplace, baseline="nowhere", candidate="few", gates="gates.yaml")
    assert done.returncode == 2
    assert outputs["outcome"] == ""


def test_neither_model_nor_candidate_is_said(workplace):
    done, _ = run_action(workplace, baseline="baseline", gates="gates.yaml")
    assert done.returncode == 2
    assert "give the input model" in done.stdout


def test_the_workflow_in_the_docs_uses_what_the_action_has():
    [text] = re.findall(r"```yaml\n# \.github/workflows/\S+\n(.*?)```", PAGE, flags=re.DOTALL)
    workflow = yaml.safe_load(text)
    assert "pull_request" in workflow[True]  # YAML 1.1 reads the key `on` so
    [job] = workflow["jobs"].values()
    [step] = [step for step in job["steps"] if "vecbench@" in step.get("uses", "")]
    assert step["with"].keys() <= ACTION["inputs"].keys()
    assert {name for name, each in ACTION["inputs"].items() if each.get("required")} <= step["with"].keys()
    for used in re.findall(r"steps\.vecbench\.outputs\.([\w-]+)", text):
        assert used in ACTION["outputs"]


def test_the_workflow_in_the_docs_passes_and_fails(workplace):
    """The inputs of the documented step, with the documented gates, on simulated runs."""
    [text] = re.findall(r"```yaml\n# \.github/workflows/\S+\n(.*?)```", PAGE, flags=re.DOTALL)
    [job] = yaml.safe_load(text)["jobs"].values()
    [step] = [step for step in job["steps"] if "vecbench@" in step.get("uses", "")]
    inputs = {name.replace("-", "_"): str(value) for name, value in step["with"].items()}
    [rules] = re.findall(r"```yaml\n# (?:\S+/)?gates\.yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    gates = workplace / inputs["gates"]
    gates.parent.mkdir(parents=True, exist_ok=True)
    gates.write_text(rules)
    tasks = {"emoji_2": 900, "emoji_7": 900, "fluent_7": 900}
    steady = lambda chance: 0.9 * chance  # noqa: E731
    write_run(workplace / inputs["baseline"], simulated(tasks, 0, confidence=steady))
    for right, status in ((0.7, 0), (0.5, 1)):
        write_run(workplace / "candidate", simulated(tasks, 3, right=right, confidence=steady))
        made = workplace / inputs.get("output", "vecbench-results") / "run"
        if made.exists():
            (made / "responses.jsonl").unlink()
            made.rmdir()
        made.parent.mkdir(parents=True, exist_ok=True)
        done, _ = run_action(workplace, **inputs)
        assert done.returncode == status, done.stdout + done.stderr
