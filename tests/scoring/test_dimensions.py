"""Scores of ratings of several dimensions: the mean over them, and each by itself."""

import json

import numpy as np
import pytest

from vecbench.interop.reading import open_responses
from vecbench.interop.scored import scored_source
from vecbench.metrics import regression
from vecbench.scoring import protocol_named
from vecbench.tasks import load_catalogue

VAD = ("valence", "arousal", "dominance")
KEYS = ("mae", "rmse", "bias", "pearson", "spearman", "kendall", "ccc")
TASK = "task: {name}\nmetadata: {{version: 1, vecbench: {{answer: {answer}}}}}\n"


def lines(task="vad", rows=60, spread=(1, 2, 3), **more):
    """Targets from 1 to 9, and answers that are off by as much as `spread` says of each dimension."""
    stream = np.random.default_rng(0)
    for number in range(rows):
        target = stream.uniform(1, 9, 3).round(2)
        answer = np.clip(target + stream.normal(size=3) * spread, 1, 9).round(2)
        said = ", ".join(f"{name}: {each}" for name, each in zip(VAD, answer, strict=True))
        yield {"task": task, "id": number, "target": dict(zip(VAD, target.tolist(), strict=True))} | {
            "response": f"<answer>{said}</answer>",
            **more,
        }


@pytest.fixture
def scored(tmp_path):
    def of(rows, answer="{kind: rating, range: [1, 9], dimensions: [valence, arousal, dominance]}", **tasks):
        for name, each in {"vad": answer, **tasks}.items():
            (tmp_path / f"{name}.yaml").write_text(TASK.format(name=name, answer=each))
        path = tmp_path / "responses.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        catalogue = load_catalogue([tmp_path])
        assert catalogue.faults == ()
        return scored_source(open_responses(path, catalogue), protocol_named("strict"), catalogue)

    return of


def numbers(rows):
    """(targets, answers) by dimension, nan where there is none."""
    found = {name: ([], []) for name in VAD}
    for row in rows:
        said = dict(each.split(": ") for each in row["response"][8:-9].split(", ") if ": " in each)
        for name, (targets, answers) in found.items():
            targets.append(row["target"][name])
            answers.append(float(said.get(name, "nan")))
    return found


def test_each_dimension_is_scored_and_the_task_by_their_mean(scored):
    rows = [*lines()]
    task = scored(rows).scores.tasks["vad"]
    parts = task.subsets["dimension"]
    assert [*parts] == [*VAD]
    for key in KEYS:
        wanted = {name: getattr(regression, key)(*each) for name, each in numbers(rows).items()}
        for name, part in parts.items():
            assert part.metrics[key].value == pytest.approx(wanted[name], abs=1e-9)
        assert task.metrics[key].value == pytest.approx(np.mean([*wanted.values()]), abs=1e-9)
    for key in set(KEYS) - {"kendall"}:
        for each in (task, *parts.values()):
            score = each.metrics[key]
            assert score.low < score.value < score.high
    assert task.ratings is None
    assert all(len(part.ratings[0]) == len(rows) for part in parts.values())


def test_a_correlation_over_all_dimensions_together_is_nowhere(scored):
    """Each dimension's answers are the wrong way round; together they would seem to go along."""
    rows = []
    for number in range(30):
        target = {name: 1 + 3 * place + number % 3 for place, name in enumerate(VAD)}
        turned = ", ".join(
            f"{name}: {2 + 6 * place + 2 - value}" for place, (name, value) in enumerate(target.items())
        )
        rows.append({"task": "vad", "id": number, "target": target, "response": f"<answer>{turned}</answer>"})
    scores = scored(rows).scores
    for block in (scores.tasks["vad"], scores.overall.pooled):
        assert block.metrics["pearson"].value == pytest.approx(-1)
        assert block.metrics["spearman"].value == pytest.approx(-1)


def test_an_answer_that_lacks_a_dimension_counts_for_the_others_and_as_unread(scored):
    rows = [*lines(rows=30)]
    for row in rows[:10]:
        row["response"] = row["response"].replace("arousal", "mood")
    complete = scored(rows)
    task = complete.scores.tasks["vad"]
    assert task.unread == task.counts["partial"] == 10
    assert complete.reading.answers.n_unread == 10
    assert "in part 10" in complete.reading.answers.in_words("answers")
    parts = task.subsets["dimension"]
    assert {name: part.metrics["mae"].n for name, part in parts.items()} == {
        "valence": 30, "arousal": 20, "dominance": 30,
    }  # fmt: skip
    assert {name: part.unread for name, part in parts.items()} == {
        "valence": 0,
        "arousal": 10,
        "dominance": 0,
    }


def test_the_mean_is_undefined_where_a_dimension_has_no_answer(scored):
    rows = [*lines(rows=20)]
    for row in rows:
        row["response"] = row["response"].replace("arousal", "mood")
    task = scored(rows).scores.tasks["vad"]
    assert task.metrics["mae"].value is None
    assert task.subsets["dimension"]["valence"].metrics["mae"].value is not None


def test_with_a_tolerance_the_task_and_each_dimension_have_an_accuracy(scored):
    judged = "{kind: rating, range: [1, 9], dimensions: [valence, arousal, dominance], tolerance: 1}"
    task = scored(lines(rows=100), judged).scores.tasks["vad"]
    parts = [part.metrics["accuracy"].value for part in task.subsets["dimension"].values()]
    assert task.metrics["accuracy"].value < min(parts)
    assert parts == sorted(parts, reverse=True)


def test_a_task_that_nobody_knows_has_the_dimensions_of_its_targets(scored):
    known, unknown = (scored(lines(name, kind="rating")).scores.tasks[name] for name in ("vad", "mine"))
    for key in KEYS:
        assert unknown.metrics[key].value == known.metrics[key].value
    assert [*unknown.subsets["dimension"]] == [*VAD]


def test_targets_of_others_that_cannot_be_used_are_named(scored):
    rows = [*lines(rows=4)]
    rows[0]["target"] = {"valence": 3, "arousal": 4}
    rows[1]["target"] = {"valence": 3, "arousal": 4, "dominance": 10}
    rows[2]["target"] = [3, 4]
    source = scored(rows)
    assert source.scores.tasks["vad"].n == 1


def test_ratings_of_different_things_are_not_pooled_and_have_a_mean(scored):
    one = "{{kind: rating, range: [1, 9], of: {}}}"
    rows = [
        {
            "task": task,
            "id": row["id"],
            "target": row["target"][name],
            "response": f"<answer>{5 + row['id'] % 3}</answer>",
        }
        for row in lines(rows=30)
        for task, name in (("calm", "valence"), ("loud", "arousal"))
    ]
    scores = scored([*rows, *lines(rows=5)], calm=one.format("calm"), loud=one.format("loudness")).scores
    for key in ("mae", "spearman"):
        score = scores.overall.pooled.metrics[key]
        assert score.value is None
        assert "rating of calm, rating of loudness, rating of valence, arousal, dominance" in score.why
        values = [task.metrics[key].value for task in scores.tasks.values()]
        assert scores.overall.macro[key].value == pytest.approx(np.mean(values))


def test_unknown_tasks_of_other_dimensions_together_have_no_scores(scored):
    others = [
        {
            "task": "other",
            "id": row["id"],
            "kind": "rating",
            "target": {"x": 1, "y": 2},
            "response": "x: 1, y: 2",
        }
        for row in lines(rows=20)
    ]
    scores = scored([*lines("mine", rows=20, kind="rating"), *others]).scores
    assert scores.overall.pooled.metrics["mae"].value is None
    assert scores.tasks["other"].metrics["mae"].value == 0
