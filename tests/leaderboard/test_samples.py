"""Responses are held against the data whatever format of it the keeper has."""

import json

import pytest
from fakes import ScriptedEngine, Watcher, make_data, make_plan

from vecbench.errors import DataError
from vecbench.leaderboard.samples import check_samples
from vecbench.run import run
from vecbench.store import RunDirectory, read_responses
from vecbench.tasks import load_catalogue

TASK = load_catalogue().tasks["emoji_7"]
LABELS = ["joy", "fear", "joy", "anger"]


@pytest.fixture
def table(tmp_path):
    return make_data(tmp_path / "data", LABELS)


@pytest.fixture
def records(table):
    """The same images in EmObserver's format: other ids and another order of the candidates."""

    def written(**changes):
        said = {
            f"a/{place}": {
                "image_path": f"images/{place}.png",
                "prompt": "Which emotion?",
                "ground_truth": label,
                "other_info": {"candidates": sorted(TASK.labels, reverse=True), "task": "emoji_7"},
            }
            for place, label in enumerate(LABELS)
        }
        for name, change in changes.items():
            said[f"a/{name.removeprefix('row')}"].update(change)
        path = table / "records.json"
        path.write_text(json.dumps(said))
        return path

    return written


def check(plan_data, keepers_data, tmp_path, profile="standard"):
    directory = RunDirectory(tmp_path / "run")
    run(make_plan(plan_data, profile=profile), ScriptedEngine, directory, Watcher())
    responses = read_responses(directory.responses)
    return check_samples(responses, directory.read_manifest(), [TASK], str(keepers_data), "mine.zip")


def test_a_row_that_was_not_asked_for_want_of_a_prompt_is_no_forgery(records, tmp_path):
    data = records(row1={"prompt": ""})
    found = check(data, data, tmp_path, profile="dataset")
    assert (found.data, found.prompts, found.by_image) == (True, True, 0)


def test_samples_of_another_format_are_told_by_their_images(table, records, tmp_path):
    assert check(table / "samples.csv", records(), tmp_path).by_image == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_path": "images/0.png"}, "no response to the samples 'a/0, a/1'"),
        ({"ground_truth": "love"}, "sample 's1': its target is 'fear', the data says 'love'"),
    ],
)
def test_samples_of_another_format_must_be_the_same(table, records, tmp_path, change, said):
    with pytest.raises(DataError) as refused:
        check(table / "samples.csv", records(row1=change), tmp_path)
    assert said in refused.value.message
