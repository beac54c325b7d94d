"""The directory of a run that names none."""

import re
from pathlib import Path

import pytest
from fakes import ANSWER, ScriptedEngine, make_data

import vecbench
from vecbench.run import evaluation
from vecbench.run.default_directory import MOST_CHARACTERS, default_directory
from vecbench.shipped import demo_model


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluation, "create_engine", lambda *_, **__: ScriptedEngine(lambda _: ANSWER))
    monkeypatch.setattr(evaluation, "check_engine", lambda *_: None)
    return make_data(tmp_path / "data", ["joy", "fear"])


def evaluated(data, tasks="emoji_7", **options):
    return vecbench.evaluate(demo_model(), tasks, data=data, **options)


def test_two_benchmarks_have_two_directories():
    assert default_directory("m", "fi_8", ["fi_8"]) == Path("results/m/fi_8")
    assert default_directory("m", "mvei", ["mvei"]) == Path("results/m/mvei")


def test_the_same_tasks_have_the_same_directory_however_they_are_written():
    expected = Path("results/m/demo+fi_8")
    for asked in ("fi_8,demo", " demo , vecbench_fi_8,", "demo,fi_8,demo"):
        assert default_directory("m", asked, ["fi_8"]) == expected


def test_a_long_list_has_a_short_name_of_its_own():
    names = [f"a_task_of_some_length_{number}" for number in range(9)]
    first, second = (default_directory("m", ",".join(each), each) for each in (names, names[:-1]))
    assert first.name[: MOST_CHARACTERS - 9] == second.name[: MOST_CHARACTERS - 9]
    assert first != second
    assert {len(first.name), len(second.name)} == {MOST_CHARACTERS}


@pytest.mark.parametrize(
    ("model", "folder"),
    [
        ("my-org/my-model", "my-org__my-model"),
        ("llava:7b", "llava_7b"),
        ("..", "_"),
        ('a<b>"c"|d?e*f\\g\n', "a_b__c__d_e_f_g_"),
        ("ends in dots..", "ends in dots"),
    ],
)
def test_the_name_of_a_model_is_one_of_a_folder_on_every_system(model, folder):
    assert default_directory(model, "fi_8", ["fi_8"]) == Path("results", folder, "fi_8")


def test_a_run_where_earlier_versions_put_it_goes_on_there(here):
    earlier = Path("results/vecbench-nano")
    evaluated(here, limit=1, output=earlier)
    run = evaluated(here)
    assert run.path == earlier
    assert len(run.responses()) == 2


def test_an_earlier_run_of_other_tasks_is_left_alone(here):
    evaluated(here, output="results/vecbench-nano")
    before = Path("results/vecbench-nano/run.json").read_text()
    assert default_directory("vecbench-nano", "fi_8", ["fi_8"]).name == "fi_8"
    assert default_directory("vecbench-nano", "emoji_7,fi_8", ["emoji_7", "fi_8"]).name == "emoji_7+fi_8"
    assert Path("results/vecbench-nano/run.json").read_text() == before


def test_a_run_in_the_directory_of_its_own_goes_on_there_whatever_lies_above(here):
    own = evaluated(here, limit=1).path
    evaluated(here, limit=1, output="results/vecbench-nano")
    assert evaluated(here).path == own


def test_what_is_no_run_of_an_earlier_version_does_not_matter():
    folder = Path("results/m")
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    assert default_directory("m", "fi_8", ["fi_8"]) == folder / "fi_8"
    assert re.fullmatch(r"a{71}-[0-9a-f]{8}", default_directory("a" * 999, "fi_8", ["fi_8"]).parent.name)
