"""Votes of raters in a table of one's own: in columns called as the labels, or in one column."""

import pytest
from kinds import task_of

from vecbench.answers import AnswerSpecification, kind_of
from vecbench.errors import DataError
from vecbench.samples import open_data

LABELS = ("joy", "fear", "anger")
EXPECTED = {"joy": 0.5, "fear": 0.25, "anger": 0.25}


def task(**options):
    return task_of(kind_of(AnswerSpecification("distribution", LABELS, options=options)), labels=LABELS)


def samples(folder, text, name="samples.csv", **options):
    (folder / name).write_text(text)
    return list(open_data(folder).samples(task(**options)))


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("image,joy,fear,anger\na.png,2,1,1\n", "samples.csv", {}),
        ("image,Anger,JOY,fear\na.png,0.25,0.5,0.25\n", "samples.csv", {}),
        (
            "image,prob. joy,prob. fear,prob. anger\na.png,0.5,0.25,0.25\n",
            "samples.csv",
            {"columns": "prob. {label}"},
        ),
        ('image,votes\na.png,"{""joy"": 2, ""fear"": 1, ""anger"": 1}"\n', "samples.csv", {}),
        ("image,votes\na.png,\"['joy', 'joy', 'fear', 'anger']\"\n", "samples.csv", {}),
        ('image,target\na.png,"[2, 1, 1]"\n', "samples.csv", {}),
        ('{"image": "a.png", "distribution": {"joy": 2, "fear": 1, "anger": 1}}\n', "samples.jsonl", {}),
        ('{"image": "a.png", "votes": ["joy", "joy", "fear", "anger"]}\n', "samples.jsonl", {}),
        ('{"image": "a.png", "joy": 2, "fear": 1, "anger": 1}\n', "samples.jsonl", {}),
        ("image,label,joy,fear,anger\na.png,joy,2,1,1\n", "samples.csv", {}),  # the columns come first
    ],
)
def test_votes_are_read_however_they_are_written(tmp_path, text, name, options):
    [sample] = samples(tmp_path, text, name, **options)
    assert (sample.fault, sample.target) == (None, EXPECTED)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("image,joy,fear,anger\na.png,2,-1,1\n", "the votes for 'fear' are negative: '-1'"),
        ("image,joy,fear,anger\na.png,0,0,0\n", "nobody voted: all votes are 0"),
        ("image,joy,fear,anger\na.png,nan,1,1\n", "the votes for 'joy' are 'nan', no number"),
        ("image,joy,fear,anger\na.png,,1,1\n", "the votes for 'joy' are '', no number"),
        ("image,joy,fear\na.png,2,1\n", "nothing says how many votes 'anger' has: a column is missing"),
        ("image,joy,fear,anger\na.png,0.5,0.2,0.1\n", "the shares add up to 0.8, not to 1"),
        ("image,joy,fear,anger\na.png,3,0.5,0.5\n", "the shares add up to 4, not to 1; votes are whole"),
        ('image,votes\na.png,"{""love"": 2}"\n', "'love' has votes and is not among the candidates"),
        ("image,votes\na.png,\n", "neither an object nor a list"),
    ],
)
def test_bad_votes_are_a_fault_of_their_row(tmp_path, text, problem):
    [sample] = samples(tmp_path, text)
    assert problem in sample.fault
    assert "\n" not in sample.fault
    assert sample.target_fault is not None


def test_a_table_with_other_columns_has_no_targets(tmp_path):
    with pytest.raises(DataError, match="there is no column label; found: image, artist, year"):
        samples(tmp_path, "image,artist,year\na.png,somebody,1900\n")


def test_no_prompt_can_name_a_column_of_votes(tmp_path):
    [sample] = samples(tmp_path, "image,joy,fear,anger,artist\na.png,2,1,1,somebody\n")
    assert dict(sample.columns) == {"image": "a.png", "artist": "somebody"}
