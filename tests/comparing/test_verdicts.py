import math
import re
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import binom
from simulated_runs import CATALOGUE, response, simulated, write_run

from vecbench.comparing import Gates, Rule, compare, open_side, verdicts_on
from vecbench.comparing.verdicts import MOST_SAMPLES, samples_needed
from vecbench.scoring import STRICT, predictions, score


def answers(right, n, confidence=0.8, task="emoji_2"):
    labels = CATALOGUE.tasks[task].labels
    return [response(task, f"s{place}", labels[place >= right], confidence) for place in range(n)]


@pytest.fixture
def judged(tmp_path):
    """The verdicts of rules on two lists of responses."""

    def verdicts(baseline, candidate, *rules, allow=(), replicates=500):
        paths = [write_run(tmp_path / name, rows) for name, rows in (("a", baseline), ("b", candidate))]
        sides = [open_side(path, "strict", CATALOGUE) for path in paths]
        comparison = compare(*sides, CATALOGUE, allow=allow, replicates=replicates)
        return verdicts_on(comparison, Gates(Path("gates.yaml"), tuple(rules)))

    return verdicts


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ({"metric": "accuracy", "max_drop": 0.1}, "passed"),  # exactly the drop
        ({"metric": "accuracy", "max_drop": 0.09}, "failed"),
        ({"metric": "accuracy", "max_drop": 0.13, "relative": True}, "passed"),  # 0.1 of 0.8
        ({"metric": "accuracy", "max_drop": 0.12, "relative": True}, "failed"),
        ({"metric": "accuracy", "at_least": 0.7}, "passed"),
        ({"metric": "accuracy", "above": 0.7}, "failed"),
        ({"metric": "ece", "max_rise": 0.1}, "passed"),  # from 0 to 0.1
        ({"metric": "ece", "max_rise": 0.09}, "failed"),
        ({"metric": "ece", "at_most": 0.1}, "passed"),
        ({"metric": "ece", "below": 0.1}, "failed"),
        ({"metric": "coverage", "at_least": 1}, "passed"),
        ({"metric": "auroc", "max_drop": 0.01}, "passed"),
        ({"metric": "brier", "of": "demo_id_vsa", "max_rise": 0.04}, "failed"),
        ({"metric": "brier", "of": "emoji_2", "max_rise": 0.061}, "passed"),
        ({"metric": "confidence_gap", "below": 0.2}, "passed"),
    ],
)
def test_a_point_rule_fails_beyond_its_limit_and_not_at_it(judged, rule, outcome):
    """80 of 100 are right before, 70 now, all at confidence 0.8: Brier scores 0.16 and 0.22."""
    verdicts = judged(answers(80, 100), answers(70, 100), Rule(**rule))
    assert verdicts.outcome == outcome
    assert verdicts.exit_status == {"passed": 0, "failed": 1}[outcome]


NO_DROP = Rule(metric="accuracy", max_drop=0.0, when="significant")


def test_a_significance_rule_fails_when_the_drop_is_no_chance(judged):
    [verdict] = judged(answers(80, 100), answers(70, 100), NO_DROP).each
    assert verdict.outcome == "failed"
    assert verdict.p == pytest.approx(0.5**10)


def test_a_significant_drop_within_the_margin_does_not_fail(judged):
    rule = Rule(metric="accuracy", max_drop=0.1, when="significant", detect=0.2)
    [verdict] = judged(answers(80, 100), answers(70, 100), rule).each
    assert verdict.outcome == "passed"


def test_an_improvement_never_fails(judged):
    rule = Rule(metric="accuracy", max_drop=0.0, when="significant", detect=0.2)
    [verdict] = judged(answers(60, 100), answers(80, 100), rule).each
    assert verdict.outcome == "passed"
    assert "rose" in verdict.message


def test_a_clear_improvement_passes_however_small_a_drop_could_not_have_been_seen(judged):
    [verdict] = judged(answers(120, 200), answers(160, 200), NO_DROP).each
    assert verdict.outcome == "passed"


def test_too_few_samples_are_no_green_light(judged):
    """Ten samples that agree in everything prove nothing: a lost one could not be told from chance."""
    verdicts = judged(answers(8, 10), answers(8, 10), NO_DROP)
    assert (verdicts.outcome, verdicts.exit_status) == ("undecided", 4)
    # Five samples must be lost to be significant at 5 %.
    needed = next(n for n in range(1, 1000) if binom.sf(4, n, 0.03) >= 0.8)
    assert verdicts.each[0].n_needed == needed
    assert f"{needed} would do" in verdicts.each[0].message


def test_as_many_samples_as_were_asked_for_are_enough(judged):
    tasks = {"emoji_2": 150}
    [verdict] = judged(simulated(tasks, 0), simulated(tasks, 1), NO_DROP).each
    assert verdict.outcome == "undecided"
    tasks = {"emoji_2": math.ceil(1.3 * verdict.n_needed)}
    [verdict] = judged(simulated(tasks, 0), simulated(tasks, 1), NO_DROP).each
    assert verdict.outcome == "passed"


def test_there_is_an_end_to_the_samples_that_are_counted():
    assert samples_needed(100, 0.05, 0.03 + 1e-12, 1e-6, 0.999, margin=0.03) == MOST_SAMPLES
    assert samples_needed(100, 0.0, 1e-12, 1e-300, 0.999, share=True) == MOST_SAMPLES


def test_the_samples_needed_give_the_promised_power():
    # 1 − β = 80 % at a one-sided 5 %: (1.645 + 0.842)² · (0.5 / 0.05)² = 618.3
    assert samples_needed(100, 0.05, 0.05, 0.05, 0.8) == 619


@pytest.mark.parametrize(
    ("change", "level", "power"), [(0.03, 0.05, 0.8), (0.05, 0.05, 0.9), (0.5, 0.01, 0.8)]
)
def test_runs_that_agree_in_everything_still_need_samples_for_a_change_to_show(change, level, power):
    """The exact test of a drop that nothing else blurs: does it reject as often as was promised?"""
    n = samples_needed(100, 0.0, change, level, power)
    lost = np.arange(n + 1)
    rejects = 0.5**lost <= level
    assert binom.pmf(lost, n, change)[rejects].sum() >= power
    before = np.arange(n)
    assert binom.pmf(before, n - 1, change)[0.5**before <= level].sum() < power


@pytest.mark.parametrize(
    ("margin", "change", "error"),
    [(0.05, 0.06, 0.7), (0.05, 0.08, 0.7), (0.02, 0.03, 0.3), (0.02, 0.05, 0.0), (0.1, 0.11, 0.0)],
)
def test_a_change_of_detect_is_both_significant_and_beyond_the_margin_as_often_as_promised(
    margin, change, error
):
    """The lost samples less the gained ones of many simulated comparisons; error is that of one sample."""
    n = samples_needed(100, error / 10, change, 0.05, 0.8, margin=margin, share=True)
    changed = max(error**2 + change**2, change)
    lost = (changed + change) / 2
    drawn = np.random.default_rng(0).multinomial(n, [lost, changed - lost, 1 - changed], size=20_000)
    drops = (drawn[:, 0] - drawn[:, 1]) / n
    significant = binom.cdf(drawn[:, 1], drawn[:, 0] + drawn[:, 1], 0.5) < 0.05
    fails = np.mean(significant & (drops > margin + 1e-9))
    assert fails >= 0.77  # whole samples and a normal approximation: 80 % but for that


def test_no_number_of_samples_shows_a_change_within_the_margin():
    with pytest.raises(ValueError, match="beyond"):
        samples_needed(100, 0.05, 0.05, 0.05, 0.8, margin=0.05)


def test_a_rule_that_does_not_say_what_it_must_see_sees_three_points_beyond_its_margin(judged):
    """Between 0.03 and 0.05 nothing fails, so a rule that is to see that could pass nothing."""
    rule = Rule(metric="accuracy", max_drop=0.05, when="significant")
    [verdict] = judged(answers(50, 60), answers(50, 60), rule).each
    assert "a change of 8.00" in verdict.message
    relative = Rule(metric="accuracy", max_drop=0.1, relative=True, when="significant")
    [verdict] = judged(answers(50, 50), answers(50, 50), relative).each
    assert "a change of 13.00" in verdict.message


def test_samples_that_cannot_tell_a_change_from_the_margin_give_no_green_light(judged):
    """Of 2,300 samples, a drop of four points is significant surely, and measured below three often."""
    rows = [simulated({"emoji_2": 2300}, seed) for seed in (0, 1)]
    near, far = (Rule(metric="accuracy", max_drop=0.03, when="significant", detect=d) for d in (0.035, 0.07))
    assert judged(*rows, near).outcome == "undecided"
    assert judged(*rows, far).outcome == "passed"


def test_a_share_has_at_least_the_variance_of_its_change():
    # (1.645 + 0.842)² · 0.03 / 0.03² = 206.1, and five of 223 for the sign; at a level of 1e-6, 20 events.
    normal = (NormalDist().inv_cdf(1 - 1e-6) + NormalDist().inv_cdf(0.999)) ** 2 / 0.01
    assert samples_needed(100, 0.0, 0.01, 1e-6, 0.999, share=True) >= normal
    assert samples_needed(100, 0.0, 0.03, 0.05, 0.8, share=True) == 223


@pytest.mark.parametrize("n", [1, 12, 49])
@pytest.mark.parametrize(
    "rule",
    [
        {"metric": "brier", "max_rise": 0.0},
        {"metric": "confidence_gap", "max_drop": 0.0},
        {"metric": "brier", "at_most": 0.01},
    ],
)
def test_few_samples_that_agree_in_a_worsening_are_no_proof_by_bootstrap(judged, n, rule):
    """However they are drawn, the replicates of few samples that all got worse all are worse."""
    verdicts = judged(answers(n, n, 0.9), answers(n, n, 0.8), Rule(**rule, when="significant"))
    assert (verdicts.outcome, verdicts.exit_status) == ("undecided", 4)
    assert "a bootstrap" in verdicts.each[0].message


def test_answers_to_the_same_samples_do_not_make_them_more(judged):
    before, now = (
        [replace(row, repeat=repeat) for row in answers(20, 20, stated) for repeat in range(5)]
        for stated in (0.9, 0.8)
    )
    for metric in ({"metric": "brier", "max_rise": 0.0}, {"metric": "brier", "at_most": 0.01}):
        assert judged(before, now, Rule(**metric, when="significant")).outcome == "undecided"


def test_samples_that_do_not_differ_do_not_count_for_the_bootstrap(judged):
    baseline, few, enough = (
        answers(2000, 2000, 0.9)[changed:] + answers(2000, 2000, 0.8)[:changed] for changed in (0, 49, 60)
    )
    rule = Rule(metric="brier", max_rise=0.0, when="significant")
    [verdict] = judged(baseline, few, rule).each
    # A rise of three points would have changed more samples than these.
    assert verdict.outcome == "passed"
    assert "49 samples differ" in verdict.message
    assert judged(baseline, enough, rule).outcome == "failed"


def test_a_p_value_that_the_replicates_cannot_reach_is_no_pass(judged):
    rows = answers(2000, 2000, 0.9), answers(2000, 2000, 0.3)
    rules = [Rule(metric="brier", max_rise=0.0, when="significant")] * 30
    verdicts = judged(*rows, *rules)  # 500 replicates, and 0.05 / 30 is less than 1 / 501
    assert verdicts.outcome == "undecided"
    told = int(re.search(r"--replicates (\d+)", verdicts.each[0].message)[1])
    assert judged(*rows, *rules, replicates=told).outcome == "failed"


def test_many_replicates_are_no_matter_to_an_exact_test(judged):
    rules = [NO_DROP] * 30
    assert judged(answers(900, 1000), answers(500, 1000), *rules).outcome == "failed"
    assert judged(answers(900, 1000), answers(700, 1000), *rules, replicates=100).outcome == "failed"


def test_chance_is_shared_out_among_the_significance_rules(judged):
    """Seven lost samples have p = 1/128 = 0.8 %: enough for one rule, not for ten."""
    before, now = answers(80, 100), answers(73, 100)
    assert judged(before, now, NO_DROP).outcome == "failed"
    others = [Rule(metric="coverage", at_least=0.9, when="significant", detect=0.5)] * 9
    assert judged(before, now, NO_DROP, *others).outcome != "failed"


@pytest.mark.parametrize(("right", "outcome"), [(500, "failed"), (560, "passed"), (590, "passed")])
def test_a_bound_fails_significantly_only_when_the_value_is_surely_beyond(judged, right, outcome):
    rows = answers(right, 1000)
    rule = Rule(metric="accuracy", at_least=0.57, when="significant", detect=0.05)
    assert judged(rows, rows, rule).outcome == outcome
    rule = Rule(metric="ece", at_most=0.8 - 0.57, when="significant", detect=0.06)
    assert judged(rows, rows, rule).outcome == outcome


def test_an_ece_that_calibrated_models_show_too_is_surely_beyond_no_bound(judged):
    """Nine confidences, 40 answers at each, two or three more right or wrong than stated: chance alone."""
    rows = []
    for tenth in range(1, 10):
        right = 4 * tenth + (2 if tenth % 2 else -3)
        labels = CATALOGUE.tasks["emoji_2"].labels
        for place in range(40):
            sample = f"{tenth}/{place}"
            rows.append(response("emoji_2", sample, labels[place >= right], tenth / 10))
    bound = Rule(metric="ece", at_most=0.01, when="significant", detect=0.5)
    [verdict] = judged(rows, rows, bound).each
    assert verdict.candidate > 0.06
    assert verdict.outcome == "passed"
    [verdict] = judged(rows, rows, Rule(metric="ece", at_most=0.01)).each
    assert verdict.outcome == "failed"


def test_what_is_undefined_or_absent_is_undecided_and_a_failure_counts_more(judged):
    rows = answers(10, 10, confidence=None)
    ece = Rule(metric="ece", at_most=0.1)
    [undefined] = judged(rows, rows, ece).each
    assert (undefined.outcome, undefined.message) == (
        "undecided",
        "ece of the candidate is undefined: no row has a confidence",
    )
    [absent] = judged(rows, rows, Rule(metric="accuracy", of="id_ver", at_least=0.1)).each
    assert absent.outcome == "undecided"
    assert "no rows of ID VER" in absent.message
    both = judged(rows, rows, ece, Rule(metric="coverage", at_least=0.5))
    assert [each.outcome for each in both.each] == ["undecided", "failed"]
    assert both.exit_status == 1


def test_a_task_that_the_candidate_lacks_is_undecided(judged):
    both = answers(9, 10) + answers(9, 10, task="emoji_7")
    rule = Rule(metric="accuracy", of="emoji_7", max_drop=0.5)
    assert judged(both, answers(9, 10), rule, allow=["samples"]).outcome == "undecided"


def test_scores_alone_decide_point_rules_and_no_others(tmp_path):
    rows = answers(80, 100)
    scored = score(predictions(rows, STRICT, CATALOGUE), "strict", CATALOGUE, replicates=100)
    (tmp_path / "scores.json").write_text(scored.as_json())
    baseline = open_side(tmp_path / "scores.json", "strict", CATALOGUE)
    candidate = open_side(write_run(tmp_path / "b", answers(60, 100)), "strict", CATALOGUE)
    rules = (Rule(metric="accuracy", max_drop=0.1), NO_DROP)
    verdicts = verdicts_on(compare(baseline, candidate, CATALOGUE), Gates(Path("g"), rules))
    assert [each.outcome for each in verdicts.each] == ["failed", "undecided"]
    assert "no test is possible" in verdicts.each[1].message


def hiding(n, stated=0.8, hidden=0.05):
    """80 % right at 0.8: calibrated, and then without the confidences of some answers, all of them wrong."""
    rows = answers(round(0.8 * n), n, stated)
    labels = CATALOGUE.tasks["emoji_2"].labels
    first = round(0.8 * n)
    silent = range(first, first + round(hidden * n))
    return [
        response("emoji_2", f"s{place}", labels[1], None) if place in silent else row
        for place, row in enumerate(rows)
    ]


@pytest.mark.parametrize("when", ["point", "significant"])
@pytest.mark.parametrize(
    "rule",
    [
        {"metric": "brier", "max_rise": 0.005},
        {"metric": "ece", "max_rise": 0.01},
        {"metric": "brier", "at_most": 0.16},
        {"metric": "joint_score", "max_drop": 0.005},
    ],
    ids=lambda rule: " ".join(map(str, rule.values())),
)
def test_hiding_confidences_of_wrong_answers_gains_nothing(judged, rule, when):
    """One answer in twenty, all of them wrong: what is left has a Brier score of 13.5 instead of 16.0."""
    verdicts = judged(hiding(2000, hidden=0), hiding(2000), Rule(**rule, when=when))
    assert verdicts.outcome == "failed"
    if rule["metric"] == "brier":
        assert re.match(r"brier (is 13.47 %|fell by 2.53 points)", verdicts.each[0].message)
        assert "with the confidences that are missing at their worst it" in verdicts.each[0].message


def test_missing_confidences_are_no_fault_where_the_baseline_lacks_as_many(judged):
    rows = hiding(2000)
    rules = [Rule(metric=key, max_rise=0.0, when="significant", detect=0.05) for key in ("brier", "ece")]
    verdicts = judged(rows, rows, *rules)
    assert verdicts.outcome == "passed"
    assert all("at their worst" not in each.message for each in verdicts.each)


def test_stating_what_the_baseline_hid_hides_no_worsening(judged):
    """Judged by the worst case alone, a baseline that lacked some would let as much worsening through."""
    worse = answers(1540, 2000, 0.8)
    rule = Rule(metric="brier", max_rise=0.01, when="significant")
    assert judged(hiding(2000), worse, rule).outcome == "failed"


def test_how_many_confidences_are_missing_is_chance_too(tmp_path):
    """One answer in twenty of 2,000: 100 ± √(100 · 0.95), and no spread where none is missing."""
    paths = [
        write_run(tmp_path / name, hiding(2000, hidden=hidden)) for name, hidden in (("a", 0), ("b", 0.05))
    ]
    some, none = (open_side(path, "strict", CATALOGUE) for path in reversed(paths))
    missing = compare(none, some, CATALOGUE, replicates=2000).differences.overall.alone.missing
    assert missing.mean() == pytest.approx(1, abs=0.01)
    assert missing.std() == pytest.approx(np.sqrt(0.95 / 100), rel=0.1)
    missing = compare(some, none, CATALOGUE, replicates=200).differences.overall.alone.missing
    assert set(missing) == {1.0}


def test_what_is_held_against_answers_that_were_not_read_is_undecided(judged):
    """Nobody can tell a model that refuses from a prompt whose form nothing reads."""
    before = answers(800, 1000)
    rules = Rule(metric="brier", max_rise=0.0), Rule(metric="joint_score", max_drop=0.02, when="significant")
    for unread, outcomes in ((200, ["failed", "failed"]), (201, ["undecided", "undecided"])):
        now = [replace(row, response="I am sorry.") for row in before[:unread]] + before[unread:]
        verdicts = judged(before, now, *rules)
        assert [each.outcome for each in verdicts.each] == outcomes
    assert "more than 20 % of the answers are not read (candidate, emoji_2: 201 of 1,000)" in str(
        verdicts.each
    )
    assert verdicts.exit_status == 4


def test_scores_alone_tell_that_answers_were_not_read(tmp_path):
    before = answers(80, 100)
    now = [replace(row, response="I am sorry.") for row in before[:21]] + before[21:]
    sides = []
    for name, rows in (("a", before), ("b", now)):
        scored = score(predictions(rows, STRICT, CATALOGUE), "strict", CATALOGUE, replicates=0)
        (tmp_path / f"{name}.json").write_text(scored.as_json())
        sides.append(open_side(tmp_path / f"{name}.json", "strict", CATALOGUE))
    comparison = compare(*sides, CATALOGUE)
    assert "Of the candidate, 21 of 100 answers are not read." in comparison.notes
    rules = (Rule(metric="accuracy", max_drop=0.9), Rule(metric="accuracy", of="emoji_2", at_least=0.9))
    assert verdicts_on(comparison, Gates(Path("g"), rules)).outcome == "undecided"


def test_scores_without_rows_count_missing_confidences_at_their_worst_too(tmp_path):
    sides = []
    for name, rows in (("a", hiding(2000, hidden=0)), ("b", hiding(2000))):
        scored = score(predictions(rows, STRICT, CATALOGUE), "strict", CATALOGUE, replicates=100)
        (tmp_path / f"{name}.json").write_text(scored.as_json())
        sides.append(open_side(tmp_path / f"{name}.json", "strict", CATALOGUE))
    rules = Rule(metric="brier", max_rise=0.005), Rule(metric="accuracy", max_drop=0.0)
    verdicts = verdicts_on(compare(*sides, CATALOGUE), Gates(Path("g"), rules))
    assert [each.outcome for each in verdicts.each] == ["failed", "passed"]
