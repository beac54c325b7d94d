"""`leaderboard new`: a leaderboard of one's own tasks, whose folder has all that it takes to read it."""

import re

import pytest

from vecbench.cli.app import app
from vecbench.errors import VecbenchError
from vecbench.leaderboard.publication import publish, verified_entry
from vecbench.leaderboard.verification import verify
from vecbench.shipped import leaderboards_folder
from vecbench.tasks import load_catalogue

[HONEST] = (leaderboards_folder() / "demo" / "submissions").glob("*.zip")
TASK = "task: {name}\nmetadata: {{version: 1.0, vecbench: {{{said}, data: photos}}}}\n"


@pytest.fixture
def new(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own" / "photos").mkdir(parents=True)
    for name, said in (("mood_2", "labels: [joy, fear]"), ("calm", "answer: {kind: rating, range: [1, 9]}")):
        (tmp_path / "own" / f"{name}.yaml").write_text(TASK.format(name=name, said=said))

    def run(*arguments):
        app(["leaderboard", "new", *arguments, "--include-path", "own"], standalone_mode=False)
        return capsys.readouterr().out

    return run


def refused(new, *arguments):
    with pytest.raises(VecbenchError) as caught:
        new(*arguments)
    assert caught.value.exit_status == 2
    return f"{caught.value.message} / {caught.value.remedy}"


def test_the_folder_defines_the_benchmark_by_itself(tmp_path, new):
    said = new("boards/moods", "--tasks", "mood_2", "--title", "My moods")
    assert "the leaderboard of the task mood_2" in said
    assert "ordered by  Joint" in said
    (tmp_path / "own" / "mood_2.yaml").rename(tmp_path / "elsewhere.txt")
    catalogue = load_catalogue([tmp_path / "boards" / "moods"])
    assert catalogue.groups["moods"].display == "My moods"
    assert [task.id for task in catalogue.select("moods")] == ["mood_2"]
    assert "moods" in [group.id for group in catalogue.benchmarks()]


def test_a_task_in_it_is_the_same_but_for_the_place_of_its_data(tmp_path, new):
    new("moods", "--tasks", "mood_2")
    [mine], [kept] = (load_catalogue([tmp_path / name]).select("mood_2") for name in ("own", "moods"))
    assert (mine.sha256, mine.data) == (kept.sha256, tmp_path / "own" / "photos")
    assert kept.data is None


def test_tasks_of_different_kinds_are_groups_of_their_own(tmp_path, new):
    new("moods", "--tasks", "mood_2,calm,demo_id_ver")
    groups = load_catalogue([tmp_path / "moods"]).groups
    assert groups["moods"].members == ("demo_id_ver", "moods_label", "moods_rating")
    assert [groups[name].members for name in groups["moods"].members[1:]] == [("mood_2",), ("calm",)]
    written = {path.stem for path in (tmp_path / "moods" / "tasks").iterdir()}
    assert written == {"moods", "moods_label", "moods_rating", "mood_2", "calm"}  # what is shipped is there


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["My Board", "--tasks", "mood_2"], "no name of one / .* such as my_board"),
        (["mood_2", "--tasks", "mood_2"], "there is a task or group mood_2 already"),
        (["demo", "--tasks", "mood_2"], "there is a task or group demo already"),
        (["moods", "--tasks", "mood_3"], "unknown task or group 'mood_3' / Did you mean mood_2"),
        (["moods", "--tasks", "demo"], "demo is a benchmark already"),
        (["moods", "--tasks", "emoji_7"], "a part of the group demo_id_ver / Name the group"),
        (["moods", "--tasks", " , "], "no task is asked for"),
        (["own", "--tasks", "mood_2"], "own is there already, and is not written over"),
        (["own/calm.yaml", "--tasks", "mood_2"], "no name of one"),
    ],
)
def test_what_makes_no_leaderboard_is_refused_and_nothing_is_written(tmp_path, new, arguments, said):
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert re.search(said, refused(new, *arguments))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_leaderboard_without_entries_says_how_it_gets_one(new):
    new("moods", "--tasks", "mood_2")
    with pytest.raises(VecbenchError) as caught:
        app(["leaderboard", "build", "moods"], standalone_mode=False)
    assert caught.value.message == "moods has no entries yet"
    assert "leaderboard check FILE --data DATA --write moods" in caught.value.remedy


def test_an_entry_of_another_benchmark_is_refused(tmp_path, new):
    new("moods", "--tasks", "mood_2")
    entry = verified_entry(verify(HONEST, load_catalogue()))
    with pytest.raises(VecbenchError, match="moods is the leaderboard of another benchmark than demo"):
        publish(entry, tmp_path / "moods")
    assert not (tmp_path / "moods" / "entries").exists()
