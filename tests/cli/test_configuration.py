"""Options from `VECBENCH_*` variables and from the file of `--config`."""

import json
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer

from vecbench.cli.app import app, main
from vecbench.cli.options import given_path
from vecbench.cli.settings import NO_SETTINGS, settings_of
from vecbench.errors import UsageError

SEEN: dict = {}
OWN = typer.Typer()
SUB = typer.Typer(name="sub")
OWN.add_typer(SUB, name="sub")


@OWN.command()
def go(
    model: Annotated[str, typer.Option("-m", "--model")],
    limit: Annotated[int | None, typer.Option("-L", "--limit", min=1)] = None,
    seed: Annotated[int, typer.Option()] = 0,
    tasks: Annotated[str | None, typer.Option("--tasks", metavar="T,…")] = None,
    model_args: Annotated[str | None, typer.Option("--model-args", metavar="K=V,…")] = None,
    output: Annotated[Path | None, typer.Option("--output", parser=given_path)] = None,
    by: Annotated[list[str] | None, typer.Option("--by")] = None,
    sentences: Annotated[bool, typer.Option("--sentences/--no-sentences")] = True,
    figures: Annotated[bool, typer.Option()] = False,
    format_: Annotated[Literal["table", "json"], typer.Option("--format")] = "table",
):
    SEEN.update(locals())


@SUB.command("add")
def add(
    note: Annotated[list[str] | None, typer.Option("--note")] = None, seed: Annotated[int, typer.Option()] = 1
):
    SEEN.update(locals())


def ran(*arguments, config=None, environment=None):
    """What the command is called with."""
    SEEN.clear()
    settings = settings_of(OWN, config, environment or {})
    OWN([*arguments], standalone_mode=False, default_map=settings.defaults)
    return dict(SEEN)


@pytest.fixture
def file(tmp_path):
    def written(text, name="vecbench.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return written


def test_the_command_line_comes_before_the_environment_and_that_before_the_file(file):
    config = file("model: file\nlimit: 1\nseed: 1\n")
    environment = {"VECBENCH_GO_MODEL": "variable", "VECBENCH_GO_LIMIT": "2"}
    got = ran("go", "-m", "line", config=config, environment=environment)
    assert (got["model"], got["limit"], got["seed"], got["tasks"]) == ("line", 2, 1, None)


def test_what_one_command_is_told_comes_before_what_all_are_told(file):
    config = file("seed: 1\nmodel: m\ngo:\n  seed: 2\nsub:\n  add: {seed: 3}\n")
    assert ran("go", config=config)["seed"] == 2
    assert ran("sub", "add", config=config)["seed"] == 3
    environment = {"VECBENCH_SEED": "4", "VECBENCH_SUB_ADD_SEED": "5"}
    assert ran("go", config=config, environment=environment)["seed"] == 4
    assert ran("sub", "add", config=config, environment=environment)["seed"] == 5


def test_every_kind_of_option_can_be_written_in_the_file(file):
    config = file(
        "model: 7\nlimit: 5\ntasks: [fi_8, mvei]\n"
        "model_args: {batch_size: 8, dtype: bfloat16, nested: {a: [1]}}\n"
        "output: some/where\nby: [answer, target]\nsentences: false\nfigures: true\nformat: json\n"
    )
    got = ran("go", config=config)
    assert json.loads(got.pop("model_args")) == {"batch_size": 8, "dtype": "bfloat16", "nested": {"a": [1]}}
    assert got == {
        "model": "7", "limit": 5, "seed": 0, "tasks": "fi_8,mvei", "output": Path("some/where"),
        "by": ["answer", "target"], "sentences": False, "figures": True, "format_": "json",
    }  # fmt: skip


def test_every_kind_of_option_can_be_written_in_a_variable():
    said = {
        "MODEL": "7", "LIMIT": "5", "TASKS": "fi_8,mvei", "MODEL_ARGS": "batch_size=8",
        "OUTPUT": "some/where", "BY": "answer, target", "SENTENCES": "false", "FIGURES": "1",
        "FORMAT": "json", "SEED": "",
    }  # fmt: skip
    assert ran("go", environment={f"VECBENCH_{name}": value for name, value in said.items()}) == {
        "model": "7", "limit": 5, "seed": 0, "tasks": "fi_8,mvei", "model_args": "batch_size=8",
        "output": Path("some/where"), "by": ["answer", "target"], "sentences": False, "figures": True,
        "format_": "json",
    }  # fmt: skip


def test_a_list_of_the_command_line_takes_the_place_of_the_others(file):
    got = ran(
        "go", "--by", "answer", config=file("model: m\nby: [target]"), environment={"VECBENCH_BY": "x,y"}
    )
    assert got["by"] == ["answer"]
    assert ran("go", "--sentences", "-m", "m", environment={"VECBENCH_SENTENCES": "off"})["sentences"] is True


def test_toml_and_json_are_read_too(file):
    assert ran("go", config=file('model = "m"\n[go]\nlimit = 3\n', "a.toml"))["limit"] == 3
    assert ran("go", config=file('{"model": "m", "go": {"limit": 4}}', "a.json"))["limit"] == 4


def test_nothing_is_set_without_a_file_and_a_variable():
    assert settings_of(OWN, None, {"PATH": "/"}).defaults == {}
    assert settings_of(OWN, None, {"VECBENCH_CACHE": "/tmp"}).sources == {}


def test_an_empty_key_says_nothing(file):
    assert ran("go", config=file("model: m\nlimit: 3\ngo: {limit: null}"))["limit"] is None
    assert ran("sub", "add", config=file(""))["seed"] == 1


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("modle: m", "vecbench.yaml: modle: no option of vecbench", "Did you mean model"),
        ("go: {nonsense: [a]}", "vecbench.yaml: go: nonsense: no option of vecbench go", "?"),
        (
            "sub: {add: {limit: 1}}",
            "vecbench.yaml: sub: add: limit: no option of vecbench sub add",
            "note, seed",
        ),
        ("api_key: sk-1234", "vecbench.yaml: api-key: no option of vecbench", ""),
        ("limit: many", "vecbench.yaml: go: limit: 'many' is not possible", "a whole number"),
        ("limit: 1.5", "go: limit: 1.5 is not possible", "a whole number"),
        ("limit: true", "go: limit: True is not possible", "a whole number"),
        ("figures: 1", "go: figures: 1 is not possible", "true or false"),
        ("model: no", "go: model: False is not possible", "into quotes"),
        ("model: [a, b]", r"go: model: \['a', 'b'\] is not possible", "into quotes"),
        ("model: {a: b}", "go: model: {'a': 'b'} is not possible", "into quotes"),
        ("by: [a, {b: c}]", "go: by: {'b': 'c'} is not possible", "into quotes"),
        ("model_args: {day: 2026-01-01}", "go: model-args: a value in it is no plain data", "quotes"),
        ("model: a\nmodel: b", "the key 'model' is given twice", "Mend it"),
        ("- a", "no options", "one a line"),
        ("a: [", "--config .*vecbench.yaml: ", "Mend it"),
    ],
)
def test_what_the_file_cannot_mean_is_refused(file, text, message, remedy):
    with pytest.raises(UsageError, match=message) as refused:
        settings_of(OWN, file(text), {})
    assert remedy in refused.value.remedy
    assert "sk-1234" not in f"{refused.value} {refused.value.remedy}"


@pytest.mark.parametrize(("name", "text"), [("LIMIT", "many"), ("FIGURES", "perhaps"), ("GO_SEED", "1.5")])
def test_what_a_variable_cannot_mean_is_refused(name, text):
    with pytest.raises(UsageError, match=f"VECBENCH_{name}: '{text}' is not possible"):
        settings_of(OWN, None, {f"VECBENCH_{name}": text})


def test_a_file_that_is_not_there_is_named(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(UsageError, match=f"--config {path}: "):
            settings_of(OWN, path, {})


def options(command, *path):
    """Of each option of a command and those below it: the variable, and where its value goes."""
    for each in command.params:
        if each.param_type_name == "option" and each.name not in {"help", *NO_SETTINGS}:
            name = next(name for name in each.opts if name.startswith("--"))
            yield "_".join(["VECBENCH", *path, name[2:]]).upper().replace("-", "_"), (*path, each.name)
    for name, below in getattr(command, "commands", {}).items():
        yield from options(below, *path, name)


def test_every_option_of_every_command_can_be_set():
    known = {name: place for name, place in options(typer.main.get_command(app)) if "COMPLETION" not in name}
    assert {
        "VECBENCH_RUN_MODEL",
        "VECBENCH_SCORE_CONFIDENCE_SCALE",
        "VECBENCH_LEADERBOARD_ADD_NOTE",
    } < known.keys()
    for name, place in known.items():
        settings = settings_of(app, None, {name: "1"})
        value = settings.defaults
        for part in place:
            value = value[part]
        assert value in ("1", 1, True, ["1"])


def status(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    return ended.value.code


@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("written", [["--config", "FILE"], ["--config=FILE"]])
def test_the_file_may_be_named_anywhere(file, capsys, place, written):
    config = str(file("tasks: {show: {prompt: verbalized}}"))
    arguments = ["tasks", "show", "emoji_7"]
    arguments[place:place] = [each.replace("FILE", config) for each in written]
    assert status(*arguments) == 0
    assert "prompt (verbalized)" in capsys.readouterr().out


def test_a_variable_may_name_the_file(file, capsys, monkeypatch):
    monkeypatch.setenv("VECBENCH_CONFIG", str(file("prompt: direct")))
    assert status("tasks", "show", "emoji_7") == 0
    assert "prompt (direct)" in capsys.readouterr().out


def test_a_flag_without_a_file_is_refused(capsys):
    for arguments in (["run", "--config"], ["--config=", "run"]):
        assert status(*arguments) == 2
        assert "--config names no file" in capsys.readouterr().err


def test_an_error_says_where_an_option_comes_from_that_nobody_typed(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("VECBENCH_DATA", "here")
    assert status("leaderboard", "build", str(tmp_path)) == 2
    assert "--data is from VECBENCH_DATA." in capsys.readouterr().err
    assert status("leaderboard", "build", str(tmp_path), "--data", "there") == 2
    assert "VECBENCH_DATA" not in capsys.readouterr().err
    monkeypatch.setenv("VECBENCH_RUN_LIMIT", "0")
    assert status("run", "-m", "a", "-t", "b") == 2
    assert "--limit is from VECBENCH_RUN_LIMIT." in capsys.readouterr().err


def test_a_key_in_the_file_is_refused_as_on_the_command_line(file, capsys):
    config = file(
        "run: {model: m, tasks: emoji_7, engine: openai, model_args: {api_key: sk-1234567890abcdef}}"
    )
    assert status("run", "--config", str(config)) == 2
    said = capsys.readouterr().err
    assert "api_key" in said
    assert "sk-1234567890abcdef" not in said


def test_the_file_that_the_docs_show_is_one(file):
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    [text] = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    said = settings_of(app, file(text), {}).defaults
    assert said["run"] == {
        "model": "my-org/my-model", "tasks": "fi_8,mvei", "engine": "vllm", "repeats": 4,
        "model_args": '{"dtype": "bfloat16", "max_num_seqs": 256}',
        "gen_kwargs": '{"temperature": 0.7, "max_gen_toks": 512}', "include_path": ["./my-tasks"],
    }  # fmt: skip
    assert said["leaderboard"]["check"]["data"] == "./VECBench"
    for variable in re.findall(r"^export (\w+)=", page, flags=re.MULTILINE):
        assert variable.removeprefix("VECBENCH_") in {"INCLUDE_PATH"} or variable in dict(
            options(typer.main.get_command(app))
        )
