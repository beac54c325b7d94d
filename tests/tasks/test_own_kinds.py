"""What a task's file may say of the kinds that come with vecbench, and what it is told otherwise."""

import pytest

from vecbench.answers import AnswerSpecification, Choice, Ranking, Rating
from vecbench.errors import UsageError
from vecbench.tasks import load_catalogue, task_in
from vecbench.tasks.draft import Draft

SHORT = "task: mine\nmetadata:\n  version: 1.0\n  vecbench:\n    answer: {answer}\n"
LABELS = "    labels: [joy, fear, awe, anger]\n"


def written(folder, answer, more=""):
    path = folder / "mine.yaml"
    path.write_text(SHORT.format(answer=answer) + more)
    return path


@pytest.mark.parametrize(
    ("answer", "more", "kind"),
    [
        ("{kind: rating, range: [1, 9]}", "", Rating(1, 9)),
        ("{kind: rating, range: [0, 1], tolerance: 0.1}", "", Rating(0, 1, 0.1)),
        ("{kind: choice}", "", Choice()),
        ("{kind: choice, options: {A: 'Yes', B: 'No'}}", "", Choice(("Yes", "No"))),
        ("{kind: ranking, top: 2}", LABELS, Ranking(("joy", "fear", "awe", "anger"), {}, 2)),
        (
            "{kind: ranking}",
            LABELS + "    aliases: {joy: [happy]}\n",
            Ranking(("joy", "fear", "awe", "anger"), {"happy": "joy"}, 3),
        ),
    ],
)
def test_a_short_file_names_a_kind_and_has_its_prompts(tmp_path, answer, more, kind):
    task = task_in(written(tmp_path, answer, more))
    assert task.answers == kind
    assert task.prompts["standard"].endswith("<confidence>{a number between 0 and 1}</confidence>")


@pytest.mark.parametrize(
    ("answer", "more", "problem"),
    [
        ("{kind: rating, range: [1, 9]}", LABELS, "a rating has a range, and neither labels nor aliases"),
        ("{kind: rating}", "", "'range' is two numbers"),
        ("{kind: rating, range: [1]}", "", "'range' is two numbers"),
        ("{kind: rating, range: [low, high]}", "", "'range' is two numbers"),
        ("{kind: rating, range: [no, yes]}", "", "'range' is two numbers"),
        ("{kind: rating, range: [9, 1]}", "", "'range' begins with the lower number"),
        ("{kind: rating, range: [9, 9]}", "", "'range' begins with the lower number"),
        ("{kind: rating, range: [1, 9], top: 3}", "", "the answer kind rating knows no 'top'"),
        ("{kind: ranking, top: 9}", LABELS, "'top' is a number from 2 to less than there are labels"),
        ("{kind: ranking, top: many}", LABELS, "'top' is a number from 2"),
        ("{kind: ranking, top: 3}", "", "a ranking task lists at least three labels"),
        ("{kind: choice}", LABELS, "a choice has options, and neither labels nor aliases"),
        ("{kind: choice, options: {A: yes, B: no}}", "", "option A is no text"),
    ],
)
def test_what_a_kind_refuses_is_one_line_with_file_and_key(tmp_path, answer, more, problem):
    path = written(tmp_path, answer, more)
    [fault] = load_catalogue([path]).faults
    assert (fault.file, fault.key) == (path, "metadata.vecbench.answer")
    assert fault.problem.startswith(problem)


def test_a_misspelt_kind_gets_the_nearest_names(tmp_path):
    [fault] = load_catalogue([written(tmp_path, "{kind: ratin, range: [1, 9]}")]).faults
    assert fault.key == "metadata.vecbench.answer.kind"
    assert fault.remedy.startswith("Did you mean rating or ranking?")


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize(
    "answers",
    [
        AnswerSpecification("rating", options={"range": [1, 9]}),
        AnswerSpecification("ranking", ("joy", "fear", "awe"), options={"top": 2}),
        AnswerSpecification("choice"),
    ],
    ids=lambda answers: answers.kind,
)
def test_a_draft_of_any_kind_becomes_a_task(tmp_path, answers, short):
    Draft("mine", tmp_path / "mine.yaml", answers, short=short).write()
    task = task_in(tmp_path / "mine.yaml")
    assert task.specification == answers
    assert len((tmp_path / "mine.yaml").read_text().splitlines()) <= 10 or not short


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        (
            AnswerSpecification("rating", ("a", "b"), options={"range": [1, 9]}),
            "a rating has a range, and neither",
        ),
        (AnswerSpecification("rating"), "'range' is two numbers"),
        (AnswerSpecification("ranking", ("a", "b", "c"), options={"top": 9}), "'top' is a number"),
        (AnswerSpecification("choice", options={"range": [1, 9]}), "the answer kind choice knows no 'range'"),
    ],
)
def test_a_draft_that_mixes_kinds_is_refused(tmp_path, answers, problem):
    with pytest.raises(UsageError) as caught:
        Draft("mine", tmp_path / "mine.yaml", answers).write()
    assert caught.value.message.startswith(f"--kind: {problem}")
    assert not (tmp_path / "mine.yaml").exists()
