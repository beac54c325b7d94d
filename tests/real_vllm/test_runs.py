"""Whole runs on vLLM: they agree with the other engines, survive, and leave nobody behind."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from vllm_runs import SETTINGS, serving

from vecbench.shipped import demo_model

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]

SAMPLES = 324
# What a test does to a run has to find it still at work, on a machine that is slow with the test too.
REPEATS = 20
ENDLESSLY = ("-a", f"{SETTINGS},max_num_seqs=1", "--gen-kwargs", "temperature=0.7", "--repeats", str(REPEATS))


def labels(output):
    rows = [json.loads(line) for line in (output / "predictions.jsonl").read_text().splitlines()]
    return {(row["task"], row["sample_id"], row["repeat"]): row["answer"] for row in rows}


def agreement(first, second):
    ours, theirs = labels(first), labels(second)
    assert ours.keys() == theirs.keys()
    return sum(ours[key] == theirs[key] for key in ours) / len(ours)


def confidence_agreement(first, second):
    """The share of answers whose token confidence is the same to 0.001."""
    ours, theirs = (
        {(row["task"], row["sample_id"]): row.get("token_confidence") for row in rows(output)}
        for output in (first, second)
    )
    assert ours.keys() == theirs.keys()
    return sum(ours[key] == pytest.approx(each, abs=1e-3) for key, each in theirs.items()) / len(ours)


def rows(output):
    return [json.loads(line) for line in (output / "responses.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def on_transformers(tmp_path_factory):
    output = tmp_path_factory.mktemp("transformers") / "run"
    command = [sys.executable, "-m", "vecbench", "run", "-m", str(demo_model()), "-t", "demo"]
    command += ["--engine", "transformers", "-a", "dtype=float32", "-o", str(output)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return output


def test_greedy_labels_are_those_of_the_transformers_engine(tmp_path, vecbench_run, on_transformers):
    run = vecbench_run(demo_model(), tmp_path / "run", "-a", SETTINGS)
    assert run.ended() == 0, run.said
    run.wait_until_nobody_is_left()
    assert agreement(run.output, on_transformers) >= 0.99
    assert confidence_agreement(run.output, on_transformers) >= 0.99
    counts = {row["key"]: (row["n_prompt_tokens"], row["finish_reason"]) for row in rows(run.output)}
    others = {row["key"]: (row["n_prompt_tokens"], row["finish_reason"]) for row in rows(on_transformers)}
    assert counts == others
    manifest = json.loads((run.output / "run.json").read_text())
    assert manifest["engine"]["name"] == "vllm"
    assert any(name.startswith("vllm") for name in manifest["packages"])


def test_a_killed_run_leaves_nobody_behind_and_resumes(tmp_path, vecbench_run, on_transformers):
    output = tmp_path / "run"
    run = vecbench_run(demo_model(), output, "-a", SETTINGS, still_after=40)
    run.wait_until_still()
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait()
    run.wait_until_nobody_is_left()
    assert run.lines() == 40
    again = vecbench_run(demo_model(), output, "-a", SETTINGS)
    assert again.ended() == 0, again.said
    assert "40 kept" in again.said
    assert len(rows(output)) == len({row["key"] for row in rows(output)}) == SAMPLES
    assert agreement(output, on_transformers) >= 0.99


@pytest.mark.parametrize("to_the_group", [True, False], ids=["Ctrl-C", "SIGINT to one"])
def test_a_stopped_run_ends_with_4_and_leaves_nobody_behind(tmp_path, vecbench_run, to_the_group):
    run = vecbench_run(demo_model(), tmp_path / "run", *ENDLESSLY)
    run.wait_for_lines(10)
    (os.killpg if to_the_group else os.kill)(run.process.pid, signal.SIGINT)
    assert run.process.wait(120) == 4, run.said
    run.wait_until_nobody_is_left()
    assert f"of {REPEATS * SAMPLES} responses stored" in run.said
    assert "To go on: vecbench run" in run.said


def test_a_run_that_is_stopped_while_its_engine_starts_ends_with_4(tmp_path, vecbench_run):
    run = vecbench_run(demo_model(), tmp_path / "run", *ENDLESSLY)
    run.wait_for_engine()
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(120) == 4, run.said
    run.wait_until_nobody_is_left()
    assert f"stopped with 0 of {REPEATS * SAMPLES} responses stored" in run.said


def test_an_engine_that_dies_ends_the_run_with_3_and_the_command_that_goes_on(tmp_path, vecbench_run):
    run = vecbench_run(demo_model(), tmp_path / "run", *ENDLESSLY)
    run.wait_for_lines(10)
    engines = {int(each.split()[0]) for each in run.family() if "VLLM::Engine" in each}
    assert engines, run.family()
    for pid in engines:
        os.kill(pid, signal.SIGKILL)
    assert run.process.wait(120) == 3, run.said
    run.wait_until_nobody_is_left()
    assert "vLLM's engine died" in run.said
    assert "To go on: vecbench run" in run.said
    assert run.lines() >= 10


def test_too_little_memory_at_start_names_the_arguments_to_change(tmp_path, vecbench_run):
    terabytes = {"VLLM_CPU_KVCACHE_SPACE": "9000"}
    run = vecbench_run(demo_model(), tmp_path / "run", "-a", SETTINGS, **terabytes)
    assert run.ended() == 3, run.said
    assert "max_model_len" in run.said, run.said
    run.wait_until_nobody_is_left()


def test_a_value_that_vllm_refuses_is_told_with_its_reason_and_leaves_no_directory(tmp_path, vecbench_run):
    run = vecbench_run(demo_model(), tmp_path / "run", "-a", f"{SETTINGS},quantization=awqq")
    assert run.ended() == 2, run.said
    assert "model argument quantization='awqq': " in run.said
    assert "awq_marlin" in run.said  # vLLM lists what there is
    assert not (tmp_path / "run").exists()
    run.wait_until_nobody_is_left()


def test_two_replicas_share_a_run(tmp_path, vecbench_run, on_transformers):
    run = vecbench_run(demo_model(), tmp_path / "run", "-a", f"{SETTINGS},data_parallel_size=2")
    assert run.ended() == 0, run.said
    run.wait_until_nobody_is_left()
    assert agreement(run.output, on_transformers) >= 0.99


def test_the_architecture_of_emocaliber_runs_and_reads_the_same_prompt(tmp_path, vecbench_run, tiny_qwen):
    arguments = ("--limit", "20", "--gen-kwargs", "max_gen_toks=8")
    run = vecbench_run(tiny_qwen, tmp_path / "run", "-a", f"{SETTINGS},max_pixels=1568", *arguments)
    assert run.ended() == 4, run.said  # random weights answer nothing that can be read
    other = vecbench_run(
        tiny_qwen,
        tmp_path / "other",
        "-a",
        "dtype=float32,max_pixels=1568",
        *arguments,
        engine="transformers",
    )
    assert other.ended() == 4, other.said
    ours = {row["key"]: row["n_prompt_tokens"] for row in rows(run.output)}
    theirs = {row["key"]: row["n_prompt_tokens"] for row in rows(other.output)}
    assert ours == theirs
    assert not [row["error"] for row in rows(run.output) if row["error"]]


def test_a_real_endpoint_gives_the_same_labels(tmp_path, vecbench_run, on_transformers):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving(demo_model(), tmp_path / "serve.log", port) as url:
        arguments = ("-a", f"base_url={url}", "--token-confidence")
        run = vecbench_run("nano", tmp_path / "run", *arguments, engine="openai")
        assert run.ended() == 0, run.said
    assert agreement(run.output, on_transformers) >= 0.99
    assert confidence_agreement(run.output, on_transformers) >= 0.99
