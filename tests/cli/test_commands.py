"""The command line as a process sees it: output, exit status, files."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from fakes import make_data
from PIL import Image

from vecbench.shipped import demo_model
from vecbench.tasks import load_catalogue

EMOTIONS = ["joy", "fear", "joy", "anger"]


def vecbench(*arguments, cwd=None, **options):
    command = [sys.executable, "-m", "vecbench", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, check=False, timeout=300, **options
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of two samples a task."""
    output = tmp_path_factory.mktemp("finished") / "run"
    done = vecbench("demo", "-o", output, "--limit", 8)
    assert done.returncode == 0, done.stderr
    return output, done


def test_help_names_every_command_and_the_exit_statuses():
    done = vecbench("--help")
    assert done.returncode == 0
    for word in ("demo", "run", "score", "tasks", "Exit status"):
        assert word in done.stdout


def test_help_and_scoring_import_nothing_heavy(finished):
    program = (
        "import sys\n"
        "from vecbench.cli import main\n"
        "try:\n    main({arguments})\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {heavy} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    always = {"torch", "transformers", "vllm", "datasets"}
    for arguments, heavy in (
        (["--help"], always | {"matplotlib", "numpy", "pydantic", "scipy", "sklearn"}),
        (["score", str(finished[0]), "--no-figures"], always | {"matplotlib", "sklearn", "pandas"}),
    ):
        script = program.format(arguments=arguments, heavy=heavy)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_version_is_printed():
    assert vecbench("--version").stdout.startswith("vecbench 0.")


def test_a_run_leaves_everything_that_is_promised(finished):
    output, done = finished
    assert {path.name for path in output.iterdir()} >= {
        "run.json",
        "responses.jsonl",
        "predictions.jsonl",
        "scores.json",
        "summary.md",
        "figures",
    }
    for group in ("demo_id_vsa", "demo_id_ver", "demo_ood_ver"):
        for suffix in ("svg", "png", "csv"):
            assert (output / "figures" / f"reliability_{group}.{suffix}").stat().st_size > 0
    assert "ID VER" in done.stdout
    assert (
        f"because {json.loads((output / 'run.json').read_text())['engine']['chosen_because']}" in done.stderr
    )
    scores = json.loads((output / "scores.json").read_text())
    assert scores["schema"] == "vecbench.scores/2"
    assert scores["overall"]["n"] == 24
    prediction = json.loads((output / "predictions.jsonl").read_text().splitlines()[0])
    assert set(prediction) == {
        "key", "task", "sample_id", "repeat", "target", "answer",
        "answer_status", "confidence", "confidence_status", "correct",
    }  # fmt: skip


def test_the_table_fits_eighty_columns(finished):
    output, done = finished
    # Paths are as long as they are.
    assert max(len(line.rstrip()) for line in done.stdout.splitlines() if str(output) not in line) <= 80


def test_a_finished_run_is_only_scored_again(finished):
    output, _ = finished
    before = (output / "responses.jsonl").read_bytes()
    done = vecbench("demo", "-o", output, "--limit", 8)
    assert done.returncode == 0
    assert (output / "responses.jsonl").read_bytes() == before


def test_scoring_again_elsewhere_gives_the_same_scores(finished, tmp_path):
    output, _ = finished
    for path in (output, output / "responses.jsonl"):
        done = vecbench("score", path, "-o", tmp_path / "scored", "--no-figures")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "scored" / "scores.json").read_text() == (output / "scores.json").read_text()


@pytest.mark.parametrize("kind", ["json", "markdown", "csv", "latex"])
def test_other_formats_are_printed_alone(finished, tmp_path, kind):
    done = vecbench("score", finished[0], "-o", tmp_path, "--format", kind, "--no-figures")
    first = {"json": "{", "markdown": "|", "csv": "level,", "latex": "\\begin{tabular}"}[kind]
    assert done.stdout.startswith(first)
    if kind == "json":
        assert json.loads(done.stdout)["protocol"] == "strict"


def test_recalibration_and_intervals_are_shown_on_request(finished, tmp_path):
    asked = ["--no-figures", "--intervals", "--recalibrate", "isotonic"]
    done = vecbench("score", finished[0], "-o", tmp_path, *asked)
    assert done.returncode == 0, done.stderr
    assert "after isotonic (%)" in done.stdout
    assert "[" in done.stdout
    assert max(len(line.rstrip()) for line in done.stdout.splitlines() if "summary" not in line) <= 80
    assert json.loads((tmp_path / "scores.json").read_text())["recalibration"]["method"] == "isotonic"


def test_repeats_are_compared(tmp_path):
    sampled = ["--gen-kwargs", "temperature=1.5", "--repeats", "3", "--limit", "4"]
    done = vecbench("run", "-m", demo_model(), "-t", "emoji_2", "-o", tmp_path / "run", *sampled)
    assert done.returncode == 0, done.stderr
    assert "3 repeats, mean ± std (%)" in done.stdout
    assert "share of repeats that agree" in done.stdout
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert scores["repeats"]["n"] == 3
    assert scores["consistency"]["overall"]["n"] == 4


def test_the_whole_demo_answers_every_kind_of_question(tmp_path):
    done = vecbench("demo", "--all", "-o", tmp_path / "run", "--limit", 6)
    assert done.returncode == 0, done.stderr
    assert "Read: all 42 answers" in done.stdout
    lines = (tmp_path / "run" / "responses.jsonl").read_text().splitlines()
    kinds = {json.loads(line).get("kind", "label") for line in lines}
    assert kinds == {"label", "verdict", "choice", "ranking", "rating"}


def test_tasks_are_listed_shown_and_checked():
    assert "fluent_7" in vecbench("tasks", "list").stdout
    shown = vecbench("tasks", "show", "emoji_2").stdout
    assert "Which sentiment might this image evoke?" in shown
    assert "['positive', 'negative']" in shown
    checked = vecbench("tasks", "check")
    counts, *notes = checked.stdout.splitlines()
    said = "the prompt profile {} asks for no confidence: "
    [note] = [each for each in notes if each.startswith(said.format("standard"))]
    [published] = [each for each in notes if each.startswith(said.format("published"))]
    assert "mvei_statements" in published
    catalogue = load_catalogue()
    known = f"{len(catalogue.tasks)} tasks and {len(catalogue.groups)} groups, no faults"
    assert (checked.returncode, counts) == (0, known)
    assert note.startswith("the prompt profile standard asks for no confidence: emoji_2, ")


def test_a_broken_task_file_is_reported_with_status_2(tmp_path):
    (tmp_path / "bad.yaml").write_text("task: vecbench_bad\noutput_typ: generate_until\n")
    done = vecbench("tasks", "check", tmp_path)
    assert done.returncode == 2
    assert "bad.yaml: output_typ: unknown key" in done.stdout
    assert "Did you mean output_type?" in done.stdout
    assert "metadata: missing" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--tasks", "demo"], "--model"),
        (["run", "--modle", "x"], "--model"),
        (["run", "-m", demo_model(), "-t", "emoji_9"], "Did you mean emoji_7"),
        (["run", "-m", demo_model(), "-t", "demo", "--engine", "vlm"], "unknown engine"),
        (["run", "-m", demo_model(), "-t", "demo", "-a", "batchsize=3"], "Did you mean batch_size?"),
        (["run", "-m", demo_model(), "-t", "demo", "-a", "batch_size"], "is not key=value"),
        (["run", "-m", demo_model(), "-t", "demo", "-a", "{"], "not valid JSON"),
        (["run", "-m", demo_model(), "-t", "demo", "-a", "dtype=auto,dtype=float32"], "more than once"),
        (["run", "-m", demo_model(), "-t", "demo", "-a", '{"dtype": 1, "dtype": 2}'], "more than once"),
        (
            ["run", "-m", demo_model(), "-t", "demo", "--gen-kwargs", "temprature=1"],
            "Did you mean temperature?",
        ),
        (["run", "-m", demo_model(), "-t", "demo", "--gen-kwargs", "top_p=2"], "not possible"),
        (["run", "-m", demo_model(), "-t", "demo", "--gen-kwargs", "repetition_penalty=0"], "above 0"),
        (["run", "-m", demo_model(), "-t", "demo", "-a", "top_k=3"], "That is --gen-kwargs."),
        (["run", "-m", demo_model(), "-t", "demo", "-a", "enable_thinking=false"], "chat_template_kwargs"),
        (["run", "-m", demo_model(), "-t", "demo", "-a", "chat_template_kwargs=3"], "valid dictionary"),
        (
            ["run", "-m", demo_model(), "-t", "demo", "-a", '{"chat_template_kwargs": {"tools": []}}'],
            "tools is no",
        ),
        (["run", "-m", demo_model(), "-t", "demo", "-a", "lora=nowhere"], "no adapter_config.json"),
        (
            ["run", "-m", demo_model(), "-t", "demo", "--system-prompt", "@nowhere"],
            "nowhere: it cannot be read",
        ),
        (["run", "-m", demo_model(), "-t", "demo", "--system-prompt", ""], "--system-prompt is empty"),
        (["run", "-m", demo_model(), "-t", "demo", "--system-prompt", "@"], "a path is empty"),
        (
            ["run", "-m", demo_model(), "-t", "demo", "--gen-kwargs", "max_gen_toks=1e3"],
            "max_gen_toks=1000.0",
        ),
        (
            ["run", "-m", demo_model(), "-t", "demo", "--gen-kwargs", "max_tokens=3,max_gen_toks=3"],
            "are the same setting",
        ),
        (["run", "-m", "", "-t", "demo"], "--model is empty"),
        (["run", "-m", demo_model(), "-t", "demo", "-o", ""], "a path is empty"),
        (["demo", "-o", ""], "a path is empty"),
        (["score", ""], "a path is empty"),
        (["run", "-m", demo_model(), "-t", "demo", "--prompt", "standart"], "Did you mean standard?"),
        (["run", "-m", demo_model(), "-t", "demo", "--prompt", "dataset"], "empty prompt"),
        (["run", "-m", demo_model(), "-t", "demo", "--repeats", "2"], "decoded greedily"),
        (["run", "-m", demo_model(), "-t", "demo", "--limit", "0"], "--limit"),
        (["run", "-m", demo_model(), "-t", "demo", "--data", "nowhere"], "no data folder"),
        (["run", "-m", "./nowhere", "-t", "demo"], "no directory"),
        (["run", "-m", demo_model(), "-t", "demo", "--include-path", "nowhere"], "no folder nowhere"),
        (["score", "nowhere"], "no file or directory nowhere"),
        (["score", ".", "--protocol", "strikt"], "Did you mean strict?"),
        (["score", ".", "--format", "tabel"], "Did you mean table?"),
        (["score", ".", "--recalibrate", "plat"], "Did you mean platt?"),
        (["scroe"], "score"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what_to_do(tmp_path, arguments, message):
    done = vecbench(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if "→" not in line and "warning" not in line]
    assert len(errors) <= 3


def test_a_system_prompt_from_a_file_and_the_template_and_sampling_settings_are_in_the_run(tmp_path):
    (tmp_path / "system.txt").write_text("You are kind.\n")
    done = vecbench(
        "run", "-m", demo_model(), "-t", "emoji_7", "--limit", 2, "-o", "run",
        "--system-prompt", "@system.txt", "--gen-kwargs", "repetition_penalty=1.05,top_k=20",
        "--no-token-confidence", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode in {0, 4}, done.stderr
    said = json.loads((tmp_path / "run" / "run.json").read_text())
    assert said["answer_settings"] == {"system_prompt": "You are kind.\n"}
    sampling = said["tasks"]["emoji_7"]["sampling"]
    assert (sampling["repetition_penalty"], sampling["top_k"], sampling["min_p"]) == (1.05, 20, 0.0)
    assert "token_confidence" not in (tmp_path / "run" / "responses.jsonl").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "foo"], "unknown engine 'foo'"),
        (["--engine", "transformers", "-a", "foo=1"], "unknown model argument 'foo'"),
        (["--engine", "openai", "-a", "foo=1"], "unknown model argument 'foo'"),
        (["-a", "batch_size=many"], "model argument batch_size='many': input should be a valid integer"),
        (["-a", "dtype=float23"], "unknown dtype 'float23'"),
        (["-a", "chat_template=nowhere"], "it cannot be read: no such file or directory"),
    ],
)
def test_a_wrong_engine_is_refused_even_if_nothing_is_missing(finished, tmp_path, arguments, message):
    for output in (finished[0], tmp_path / "run"):
        done = vecbench("run", "-m", demo_model(), "-t", "demo", "--limit", 8, "-o", output, *arguments)
        assert done.returncode == 2
        assert message in done.stderr
    assert not (tmp_path / "run").exists()


def test_rows_of_no_known_task_are_warned_of(tmp_path):
    data = make_data(tmp_path / "data", EMOTIONS)
    table = data / "samples.csv"
    table.write_text(table.read_text().replace("emoji_7,s3", "emojy_7,s3"))
    done = vecbench("run", "-m", demo_model(), "-t", "emoji_7,fluent_7", "--data", data, cwd=tmp_path)
    assert "1 row names the task 'emojy_7', which is not known, and is left out. Did you" in done.stderr
    assert done.stderr.count("emojy_7") == 1


def test_a_command_without_its_subcommand_prints_its_help():
    for arguments in ([], ["tasks"]):
        done = vecbench(*arguments)
        assert done.returncode == 2
        assert "Usage" in done.stdout
        assert done.stderr == ""


def test_somebody_elses_files_are_not_overwritten(finished, tmp_path):
    notes = tmp_path / "summary.md"
    notes.write_text("mine")
    for command in (["score", finished[0]], ["demo", "--limit", 8]):
        done = vecbench(*command, "-o", tmp_path)
        assert done.returncode == 2
        assert "Choose another --output." in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["summary.md"]
    assert notes.read_text() == "mine"


def test_underscores_in_flags_are_accepted(tmp_path):
    done = vecbench(
        "run", "--model", demo_model(), "--tasks", "emoji_2", "--model_args", "batchsize=1", cwd=tmp_path
    )
    assert "unknown model argument" in done.stderr


def test_debug_adds_the_traceback_wherever_it_stands(tmp_path):
    for arguments in (["--debug", "score", "nowhere"], ["score", "nowhere", "--debug"]):
        done = vecbench(*arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert "Traceback" in done.stderr


def test_one_bad_sample_makes_the_run_incomplete_and_is_named(tmp_path):
    data = make_data(tmp_path / "data", EMOTIONS)
    (data / "images" / "2.png").write_bytes(b"nonsense")
    done = vecbench("run", "-m", demo_model(), "-t", "emoji_7", "--data", data, "-o", tmp_path / "run")
    assert done.returncode == 4
    assert "emoji_7, s2: images/2.png: not an image" in done.stderr
    assert "emoji_7 has 4 samples" in done.stderr
    counts = json.loads((tmp_path / "run" / "scores.json").read_text())["tasks"]["emoji_7"]["counts"]
    assert (counts["errors"], counts["answered"]) == (1, 3)
    Image.new("RGB", (8, 8)).save(data / "images" / "2.png")
    done = vecbench("run", "-m", demo_model(), "-t", "emoji_7", "--data", data, "-o", tmp_path / "run")
    assert done.returncode == 0
    assert "1 responses generated, 3 kept" in done.stdout


def test_another_configuration_is_refused_with_both_named(finished):
    output, _ = finished
    done = vecbench("run", "-m", demo_model(), "-t", "demo", "--gen-kwargs", "max_gen_toks=9", "-o", output)
    assert done.returncode == 2
    assert "emoji_2: max_tokens is 64 there, 9 now" in done.stderr


def test_a_model_without_weights_is_status_2(tmp_path):
    shutil.copytree(demo_model(), tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").unlink()
    done = vecbench("run", "-m", tmp_path / "model", "-t", "demo", cwd=tmp_path)
    assert done.returncode == 2
    assert "has no weights" in done.stderr


def test_broken_weights_are_status_3(tmp_path):
    shutil.copytree(demo_model(), tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"\0" * 100)
    done = vecbench("run", "-m", tmp_path / "model", "-t", "demo", cwd=tmp_path)
    assert done.returncode == 3
    assert "cannot be loaded" in done.stderr
    assert "To go on" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_output_that_nobody_reads_is_no_error(finished):
    command = f"{sys.executable} -m vecbench score {finished[0]} --format csv | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""


def test_a_narrow_terminal_cuts_no_digits_off(finished, tmp_path):
    command = ["score", finished[0], "-o", tmp_path, "--no-figures"]
    wide, narrow = (vecbench(*command, env=os.environ | {"COLUMNS": columns}) for columns in ("80", "40"))
    assert narrow.stdout == wide.stdout


def test_output_that_cannot_be_written_is_status_3(finished, tmp_path):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "vecbench", "score", str(finished[0]), "-o", str(tmp_path)]
        done = subprocess.run(
            [*command, "--no-figures"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 3
    assert "the output cannot be written: no space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_only_the_end_finds_to_be_unwritable_is_status_3():
    """A few lines stay in Python's buffer until it exits, and then it would end with 120."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "vecbench", "tasks", "path"], stdout=full, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert "the output cannot be written: no space left on device" in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["data", "check", "locked"],
        ["data", "check", "locked/table.csv"],
        ["run", "-t", "demo", "-m", "locked"],
        ["run", "-m", demo_model(), "-t", "demo", "--include-path", "locked/tasks"],
        ["demo", "-o", "locked"],
        ["score", "locked"],
        ["score", "locked/run"],
        ["score", "unreadable"],
    ],
)
def test_what_cannot_be_read_is_told_by_its_path(tmp_path, arguments):
    (tmp_path / "unreadable").mkdir()
    for name in ("run.json", "responses.jsonl"):
        (tmp_path / "unreadable" / name).touch(mode=0)
    (tmp_path / "locked").mkdir(mode=0)
    command = [sys.executable, "-m", "vecbench", *map(str, arguments)]
    if os.geteuid() == 0:  # who may read everything, unless this is taken away
        if shutil.which("setpriv") is None:
            pytest.skip("root may read everything")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode in {2, 3}
    assert "permission denied" in done.stderr
    assert "unexpected" not in done.stderr
    assert arguments[-1].partition("/")[0] in done.stderr


def test_no_error_shows_a_secret_of_the_environment(monkeypatch, capsys):
    from vecbench.cli.app import _report
    from vecbench.errors import RunError

    token = "made-up-token-0123456789"
    monkeypatch.setenv("HF_TOKEN", token)
    fault = RunError(f"no answer to {token}", f"Unset {token}.")
    fault.__cause__ = OSError(f"https://{token}@host")
    assert _report(fault, debug=True) == 3
    shown = capsys.readouterr().err
    assert "no answer to [key]" in shown
    assert "OSError: https://[key]@host" in shown
    assert token not in shown
