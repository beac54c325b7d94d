"""Tasks that ask about the same images: their answers are no independent evidence."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from simulated_runs import CATALOGUE, response, write_run

from vecbench.comparing import Gates, Rule, compare, open_side, verdicts_on

N = 300


@pytest.fixture
def opened(tmp_path):
    def sides(*runs):
        paths = [write_run(tmp_path / str(number), rows) for number, rows in enumerate(runs)]
        return [open_side(path, "strict", CATALOGUE) for path in paths]

    return sides


def answers(seed, task, n=N):
    """Right or wrong, and how confident, whatever the task is."""
    stream = random.Random(seed)
    labels = CATALOGUE.tasks[task].labels
    return [
        response(task, f"s{number}", labels[stream.random() < 0.3], stream.choice([0.5, 0.6, 0.8, 0.9]))
        for number in range(n)
    ]


def twice(seed):
    """Two tasks on the same images, with answers that are right and wrong together."""
    first, second = answers(seed, "emoji_2"), answers(seed, "emoji_7")
    return [
        *first,
        *(replace(row, image_sha256=same.image_sha256) for row, same in zip(second, first, strict=True)),
    ]


def test_a_second_task_that_says_the_same_makes_nothing_surer(opened):
    found = compare(*opened(twice(0), twice(1)), CATALOGUE, replicates=4000).differences
    task, pool = found.tasks["emoji_2"], found.overall
    assert (pool.n, pool.samples, pool.changed) == (2 * N, N, task.changed)
    assert pool.metrics["accuracy"].change == task.metrics["accuracy"].change
    assert pool.metrics["accuracy"].p.fall == pytest.approx(task.metrics["accuracy"].p.fall)
    assert "by image" in pool.metrics["accuracy"].method
    assert "McNemar" in task.metrics["accuracy"].method
    for key in ("accuracy", "brier", "confidence_gap", "ece"):
        assert pool.metrics[key].error == pytest.approx(task.metrics[key].error, rel=0.05), key
        assert pool.macro[key].error == pytest.approx(task.metrics[key].error, rel=0.05), key
        assert pool.macro[key].samples_changed == pytest.approx(task.changed)


def test_tasks_with_images_of_their_own_stay_independent(opened):
    runs = [[*answers(seed, "emoji_2"), *answers(seed, "emoji_7")] for seed in (0, 1)]
    comparison = compare(*opened(*runs), CATALOGUE, replicates=4000)
    task, pool = comparison.differences.tasks["emoji_2"], comparison.differences.overall
    assert (pool.samples, pool.changed) == (2 * N, 2 * task.changed)
    assert pool.metrics["brier"].error == pytest.approx(task.metrics["brier"].error / 2**0.5, rel=0.05)
    assert not comparison.notes


def test_what_is_shared_is_noted_and_only_that_is_drawn_together(opened):
    runs = [rows[: N + 100] + answers(seed, "emoji_7")[100:] for seed, rows in ((0, twice(0)), (1, twice(1)))]
    comparison = compare(*opened(*runs), CATALOGUE, replicates=500)
    assert (comparison.differences.overall.n, comparison.differences.overall.samples) == (2 * N, 2 * N - 100)
    [note] = comparison.notes
    assert note.startswith("100 images are in several tasks")


def test_gates_count_images(opened):
    """Four lost images are eight lost answers, and still no more than chance."""
    before, now = twice(0), twice(0)
    right = [place for place in range(N) if before[place].target in before[place].response][:4]
    for place in (*right, *(N + each for each in right)):
        now[place] = replace(now[place], response=f"<answer>{now[place].candidates[1]}</answer>")
    comparison = compare(*opened(before, now), CATALOGUE, replicates=500)
    rules = [
        Rule(metric="accuracy", max_drop=0.0, when="significant", detect=0.1),
        Rule(metric="accuracy", at_least=0.72, when="significant", detect=0.2),
    ]
    verdicts = verdicts_on(comparison, Gates(Path("gates.yaml"), tuple(rules)))
    assert verdicts.each[0].p == pytest.approx(0.5**4)
    assert [each.outcome for each in verdicts.each] == ["passed", "passed"]
    assert verdicts.each[0].n == N
