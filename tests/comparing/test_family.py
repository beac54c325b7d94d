"""What is starred in a table is one family."""

import numpy as np
import pytest
from simulated_runs import CATALOGUE, simulated, write_run

from vecbench.comparing import compare, open_side
from vecbench.comparing.tables import changed_columns, difference_lines, legend, markdown
from vecbench.metrics.significance import holm


def compared(folder, baseline, candidate, protocol="strict", **options):
    paths = [write_run(folder / name, rows) for name, rows in (("a", baseline), ("b", candidate))]
    sides = [open_side(path, protocol, CATALOGUE) for path in paths]
    return compare(*sides, CATALOGUE, **{"replicates": 4000} | options)


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    tasks = {"emoji_2": 150, "emoji_7": 120, "fluent_7": 80}
    sides = simulated(tasks, seed=0), simulated(tasks, seed=1, right=0.45)
    return compared(tmp_path_factory.mktemp("runs"), *sides)


def shown(comparison):
    """Every difference that the widest table shows."""
    keys = [column.key for column in changed_columns(comparison)]
    return [line.metrics[key] for line in difference_lines(comparison) for key in keys if key in line.metrics]


def test_p_values_are_adjusted_for_every_test_of_the_table_and_for_no_other(comparison):
    tests = [each for each in shown(comparison) if each.p is not None]
    wanted = holm({number: each.p.two_sided for number, each in enumerate(tests)})
    assert [each.p_holm for each in tests] == list(wanted.values())
    assert comparison.differences.family == len(tests) > 40
    differences = comparison.differences
    blocks = [*differences.tasks.values(), *differences.groups.values(), differences.overall]
    every = [each for block in blocks for part in (block.metrics, block.macro) for each in part.values()]
    assert sum(each.p_holm is not None for each in every) == len(tests)
    assert sum(each.p is not None for each in every) > len(tests)


def test_a_star_is_of_the_adjusted_p_value_alone(comparison):
    tests = [each for each in shown(comparison) if each.p is not None]
    assert [each.significant for each in tests] == [each.p_holm < 0.05 for each in tests]
    # Both kinds are there, and those that only a test by itself would star.
    assert {each.significant for each in tests} == {True, False}
    assert any(each.p.two_sided < 0.05 and not each.significant for each in tests)
    assert markdown(comparison).count("\\*") == 1 + sum(each.significant for each in tests)


def test_the_foot_of_the_table_says_which_tests_are_one_family(comparison):
    n = comparison.differences.family
    assert f"over all {n} tests of this comparison, adjusted for their number (Holm)" in legend(comparison)
    assert "(those of the table in Markdown)" in legend(comparison, narrow=True)
    assert "--replicates" not in legend(comparison)


def test_replicates_that_are_too_few_for_a_star_are_told(comparison, tmp_path):
    sides = simulated({"emoji_2": 150}, seed=0), simulated({"emoji_2": 150}, seed=1, right=0.3)
    few = compared(tmp_path / "few", *sides, replicates=100)
    brier = few.differences.tasks["emoji_2"].metrics["joint_score"]
    assert not brier.significant
    told = 40 * few.differences.family
    assert f"take --replicates {told}" in legend(few)
    enough = compared(tmp_path / "enough", *sides, replicates=told)
    assert enough.differences.tasks["emoji_2"].metrics["joint_score"].significant


def test_one_task_is_one_line_and_counts_once(tmp_path):
    sides = [simulated({"emoji_2": 150}, seed=seed) for seed in (0, 1)]
    found = compared(tmp_path, *sides, replicates=200).differences
    assert found.family == sum(each.p_holm is not None for each in found.tasks["emoji_2"].metrics.values())
    assert all(each.p_holm is None for each in found.overall.metrics.values())


@pytest.mark.parametrize(("protocol", "least"), [("strict", 200), ("emocaliber", 30), ("emobserver", 10)])
def test_no_p_value_contradicts_its_interval(tmp_path, protocol, least):
    """Exact tests, bootstraps of any bias, macro means: 0 is in the interval where p is at least 0.05."""
    stream = np.random.default_rng(0)
    checked, outcomes = 0, set()
    for number in range(8):
        tasks = {"emoji_2": int(stream.integers(60, 300)), "fluent_7": int(stream.integers(60, 200))}
        sides = [
            simulated(tasks, seed=2 * number + side, right=right, confidence=lambda chance: chance + 0.05)
            for side, right in enumerate(stream.uniform(0.55, 0.7, 2))
        ]
        found = compared(tmp_path / f"{number}", *sides, protocol, replicates=400).differences
        blocks = [*found.tasks.values(), *found.groups.values(), found.overall]
        for each in (
            each for block in blocks for part in (block.metrics, block.macro) for each in part.values()
        ):
            if each.p is not None and each.low is not None:
                checked += 1
                outcomes.add(each.p.two_sided >= 0.05)
                assert (each.low <= 0 <= each.high) == (each.p.two_sided >= 0.05)
                assert each.low <= each.change <= each.high
    assert checked > least
    assert outcomes == {True, False}
