"""Figures of what is no longer scored go; whatever vecbench did not write stays."""

import json

import pytest

from vecbench.report.figures import (
    SUFFIXES,
    earlier_figures,
    file_name,
    remove_outdated,
    write_figures,
)
from vecbench.scoring import complete_scores, predictions, protocol_named
from vecbench.scoring.scores import SCHEMA
from vecbench.store import RunDirectory, StoredResponse, write_text
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()


def scores(*tasks, protocol="strict"):
    responses = [
        StoredResponse(
            f"{task} {n}", task, f"s{n}", 0, "b", ("a", "b"), "", None, "",
            "<answer>b</answer><confidence>0.9</confidence>", "stop", None, None, None,
        )
        for task in tasks
        for n in range(3)
    ]  # fmt: skip
    return complete_scores(
        predictions(responses, protocol_named(protocol), CATALOGUE), protocol, CATALOGUE
    ).scores


@pytest.fixture
def directory(tmp_path):
    """Scores and figures of two tasks, and somebody's own files among them."""
    made = RunDirectory(tmp_path)
    first = scores("kept", "../gone")
    write_text(made.scores, first.as_json())
    write_figures(first, made.figures)
    for name in ("confusion_mine.png", "reliability_notes.txt", "notes.txt"):
        (made.figures / name).touch()
    return made


OWN = {"confusion_mine.png", "reliability_notes.txt", "notes.txt"}


def names(directory):
    return {path.name for path in directory.figures.iterdir()}


def written(task, suffixes=(".svg", ".png", ".csv")):
    return {
        f"{file_name(kind, task)}{suffix}"
        for kind in ("reliability", "coverage", "confusion")
        for suffix in suffixes
    }


def score_again(directory, again, *, figures):
    earlier = earlier_figures(directory)
    write_text(directory.scores, again.as_json())
    remove_outdated(earlier, directory, again, write_figures(again, directory.figures) if figures else None)


def test_files_in_formats_that_are_no_longer_asked_for_go(directory):
    again = scores("kept")
    drawn = write_figures(again, directory.figures, formats=["pdf"], corp=True)
    remove_outdated(earlier_figures(directory), directory, again, drawn)
    corp = {f"{file_name('corp', 'kept')}{suffix}" for suffix in (".pdf", ".csv")}
    assert names(directory) == OWN | written("kept", (".pdf", ".csv")) | corp
    score_again(directory, again, figures=True)
    assert names(directory) == OWN | written("kept")


@pytest.mark.parametrize("figures", [True, False])
def test_figures_of_tasks_that_are_no_longer_scored_go(directory, figures):
    assert names(directory) == OWN | written("kept") | written("../gone")
    score_again(directory, scores("kept"), figures=figures)
    assert names(directory) == OWN | written("kept")


def test_what_no_scores_say_is_somebody_elses(directory):
    before = names(directory)
    for text in ("", "[]", "{}", '{"schema": "vecbench.scores/1", "tasks": ["kept"], "groups": null}'):
        directory.scores.write_text(text)
        score_again(directory, scores("kept"), figures=False)
        directory.scores.unlink()
        score_again(directory, scores("kept"), figures=False)
        assert names(directory) == before


def test_figures_without_a_file_of_anybody_elses_go_with_their_folder(directory):
    for name in OWN:
        (directory.figures / name).unlink()
    score_again(directory, scores("other"), figures=False)
    assert not directory.figures.exists()


def test_the_diagrams_of_ratings_that_are_no_longer_scored_go_too(directory):
    write_text(directory.scores, json.dumps({"schema": SCHEMA, "tasks": {"valence": {}}, "groups": {}}))
    drawn = [directory.figures / f"ratings_valence{suffix}" for suffix in SUFFIXES]
    for path in drawn:
        path.touch()
    score_again(directory, scores("kept"), figures=True)
    assert not any(path.exists() for path in drawn)
