"""Scored options in a run: where they stand, what is stored, what a run that goes on asks for again."""

import json
from dataclasses import replace

import pytest
from fakes import ANSWER, ScriptedEngine, Watcher, make_data, make_plan

from vecbench.answers import kind_named
from vecbench.engines import require_options
from vecbench.errors import UsageError
from vecbench.parsing.form import Form
from vecbench.run import run
from vecbench.run.option_place import option_prefix
from vecbench.store import RunDirectory, read_responses
from vecbench.tasks import load_catalogue

LABELS = ("joy", "fear", "awe")
ASKS = "Respond in the format: <answer>{label}</answer>"


def prefix(response, *, kind="label", candidates=LABELS, prompt=ASKS, finish="stop", **form):
    return option_prefix(prompt, candidates, kind_named(kind)(), Form(**form))(response, finish)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (
            "<think>a joy</think><answer>joy</answer><confidence>1</confidence>",
            "<think>a joy</think><answer>",
        ),
        ("<answer> Joy </answer>", "<answer> "),
        ("<answer>It is joy.</answer>", "<answer>It is "),
        ("Answer: fear", "Answer: "),
        ('{"answer": "fear", "confidence": 0.5}', '{"answer": "'),
        ("joy", ""),
        ("I am not sure.", "<answer>"),
        ("<think>never closed", "<answer>"),
        ("<answer>joy or fear</answer>", "<answer>"),
    ],
)
def test_options_stand_where_the_answer_does_else_behind_the_prompt(response, expected):
    assert prefix(response) == expected


def test_without_the_tag_in_the_prompt_nothing_stands_before_options_of_an_unread_answer():
    assert prefix("I am not sure.", prompt="Which?") == ""


def test_letters_are_not_looked_for_in_words():
    options = {"kind": "choice", "candidates": ("a dog", "a cat")}
    assert prefix("<answer>a dog (A)</answer>", **options) == "<answer>a dog ("
    assert prefix("<answer>a dog</answer>", **options) == "<answer>"


def test_a_set_begins_with_its_first_label():
    assert prefix("<answer>joy, fear</answer>", kind="label_set") == "<answer>"


def test_a_prompt_for_a_level_is_followed_by_the_levels():
    assert prefix("The rating is 5", kind="rating", candidates=(), prompt="is", levels=True) == ""


def test_what_the_kinds_options_are_written_as():
    catalogue = load_catalogue()
    assert kind_named("label")().spelt_options(LABELS) == LABELS
    assert kind_named("label")().asked_in(Form(lettered=True)).spelt_options(LABELS) == ("A", "B", "C")
    assert kind_named("choice")().spelt_options(LABELS) == ("A", "B", "C")
    assert kind_named("verdict")().spelt_options(("correct", "incorrect")) == ("correct", "incorrect")
    assert kind_named("label_set")().spelt_options(LABELS) == LABELS
    assert kind_named("ranking")().spelt_options(LABELS) == ()
    valence = catalogue.tasks["eemo_valence"]
    asked = {name: valence.answers.asked_in(valence.form_of(name)) for name in valence.prompts}
    assert asked["published"].spelt_options(()) == ("Positive", "Neutral", "Negative")
    assert {kind.spelt_options(()) for name, kind in asked.items() if name != "published"} == {()}


class OptionEngine(ScriptedEngine):
    """Scores all options alike, but for those of the requests that it is told to."""

    def __init__(self, fault=lambda _: None):
        super().__init__()
        self.fault = fault

    def generate(self, requests):
        for response in super().generate(requests):
            request = self.requests[-1]
            problem = self.fault(request) if request.options else None
            scores = (-1.5,) * len(request.options) if problem is None else ()
            yield replace(response, option_log_probabilities=scores, options_fault=problem)


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path / "data", ["joy", "fear", "joy"])


def ran(data, output, engine, **options):
    watcher = Watcher()
    directory = RunDirectory(output)
    run(make_plan(data, **options), lambda: engine, directory, watcher)
    return [*read_responses(directory.responses)], watcher


def test_options_are_asked_for_and_stored_only_where_the_run_says_so(data, tmp_path):
    engine = OptionEngine()
    rows, _ = ran(data, tmp_path / "with", engine, score_options=True)
    assert {request.options for request in engine.requests} == {rows[0].candidates}
    assert engine.requests[0].option_prefix(ANSWER, "stop") == "<think>…</think><answer>"
    assert [row.option_log_probabilities for row in rows] == [(-1.5,) * len(rows[0].candidates)] * 3
    plain, _ = ran(data, tmp_path / "without", OptionEngine())
    assert [row.key for row in plain] == [row.key for row in rows]
    assert {row.option_log_probabilities for row in plain} == {()}
    assert "option_log_probabilities" not in json.loads(plain[0].to_line())


def test_a_run_that_goes_on_gets_the_options_that_lines_lack_and_keeps_those_it_has(data, tmp_path):
    output = tmp_path / "run"
    ran(data, output, OptionEngine())
    engine = OptionEngine(lambda request: "no room" if request is engine.requests[0] else None)
    _, watcher = ran(data, output, engine, score_options=True)
    assert (len(engine.requests), watcher.kept_count) == (3, 0)
    assert watcher.warnings[-1] == "responses without scored options: 1 (no room)"
    again = OptionEngine()
    rows, watcher = ran(data, output, again, score_options=True)
    assert (len(again.requests), watcher.kept_count) == (1, 2)
    assert len(rows) == 6  # what has no scores a second time is not stored a second time
    _, watcher = ran(data, output, ScriptedEngine())
    assert watcher.kept_count == 3


def test_an_answer_that_is_stored_outlives_that_its_options_cannot_be_scored(data, tmp_path):
    output = tmp_path / "run"
    first, _ = ran(data, output, OptionEngine())
    engine = OptionEngine()
    engine.answer = lambda _: None
    rows, watcher = ran(data, output, engine, score_options=True)
    assert rows == first
    assert watcher.warnings[-1] == "responses without scored options: 3 (the script says so)"


def test_a_kind_without_options_is_said_once_and_the_run_goes_on(tmp_path):
    data = make_data(tmp_path / "data", [5, 6], task="eemo_valence")
    engine = OptionEngine()
    rows, watcher = ran(data, tmp_path / "run", engine, task="eemo_valence", score_options=True)
    assert len(rows) == 2
    assert {request.options for request in engine.requests} == {()}
    assert sum(each.startswith("eemo_valence: no options are scored") for each in watcher.warnings) == 1


def test_levels_are_stored_without_candidates(tmp_path):
    data = make_data(tmp_path / "data", [5, 6], task="eemo_valence")
    rows, _ = ran(
        data, tmp_path / "run", OptionEngine(), task="eemo_valence", profile="published", score_options=True
    )
    assert [row.option_log_probabilities for row in rows] == [(-1.5,) * 3] * 2


def test_an_endpoint_scores_none_and_the_message_says_who_does():
    with pytest.raises(UsageError, match="openai engine cannot score options") as refused:
        require_options("openai")
    assert "--engine vllm or transformers" in refused.value.remedy
    for name in ("vllm", "transformers", "auto"):
        require_options(name)
