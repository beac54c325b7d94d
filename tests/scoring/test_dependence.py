"""Answers to one image, in several tasks or repeats, say less than as many answers to different images."""

import random
from dataclasses import replace

import numpy as np
import pytest

from vecbench.metrics import clusters as clusters_module
from vecbench.metrics import wilson_interval
from vecbench.parsing import Prediction, Reading
from vecbench.scoring import complete_scores, score
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
LABELS = CATALOGUE.tasks["emoset_8"].labels
QUICK = {"replicates": 2000}
RESAMPLED = ("brier", "confidence_gap", "auroc", "aurc", "ece")


def answers(task, images, seed=0, spread=None):
    """Answers about images, mostly right; each confidence another one if `spread`."""
    stream = random.Random(seed)
    for image in images:
        confidence = stream.uniform(0.3, 1) if spread else stream.choice([0.5, 0.6, 0.7, 0.8, 0.9])
        label = LABELS[0] if stream.random() < confidence - 0.1 else LABELS[1]
        stated = None if stream.random() < 0.1 else confidence
        reading = Reading(label, "ok", stated, "missing" if stated is None else "ok")
        key = f"{task}/{image}"
        yield Prediction(key, task, f"s{image}", 0, LABELS[0], LABELS, reading, f"{image:064x}")


def copied(rows, task):
    """The same answers to the same images in another task."""
    return [replace(row, task=task, key=f"{task}/{row.sample_id}") for row in rows]


def repeated(rows, times):
    return [replace(row, repeat=repeat) for row in rows for repeat in range(times)]


def scored(rows):
    return score(rows, "strict", CATALOGUE, **QUICK)


def width(found):
    return found.high - found.low


@pytest.mark.parametrize("spread", [False, True])
def test_the_same_answers_again_say_nothing_new(spread):
    once = list(answers("emoset_8", range(400), spread=spread))
    alone = scored(once).tasks["emoset_8"]
    twice = scored([*once, *copied(once, "fi_8")])
    thrice = scored(repeated(once, 3)).tasks["emoset_8"]
    for rows in (twice.groups["id_ver"].pooled, thrice):
        for share in ("accuracy", "coverage"):
            found, wanted = rows.metrics[share], alone.metrics[share]
            assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
        for key in RESAMPLED:
            assert width(rows.metrics[key]) == pytest.approx(width(alone.metrics[key]), rel=0.1)
        assert rows.metrics["ece_null"].value == pytest.approx(alone.metrics["ece_null"].value, rel=0.05)
    for key in ("accuracy", "coverage", "brier", "auroc"):
        found, wanted = twice.groups["id_ver"].macro[key], alone.metrics[key]
        assert width(found) == pytest.approx(width(wanted), rel=0.1)
    for name, rows in twice.tasks.items():
        assert width(rows.metrics["brier"]) == pytest.approx(width(alone.metrics["brier"]), rel=0.1), name


def test_answers_that_have_nothing_but_the_image_in_common_are_as_good_as_others():
    first, second = list(answers("emoset_8", range(400))), list(answers("fi_8", range(400), seed=1))
    shared = scored([*first, *second]).groups["id_ver"]
    other = [replace(row, image_sha256=f"{n + 400:064x}") for n, row in enumerate(second)]
    apart = scored([*first, *other]).groups["id_ver"]
    for key in ("accuracy", *RESAMPLED):
        assert width(shared.pooled.metrics[key]) == pytest.approx(width(apart.pooled.metrics[key]), rel=0.1)
        assert shared.pooled.metrics[key].value == apart.pooled.metrics[key].value
    assert "design_effect" not in apart.pooled.metrics["accuracy"].as_json()
    # By chance a correlation of 400 pairs is 0.05 off, and so is the design effect of pairs.
    assert 1 <= shared.pooled.metrics["accuracy"].as_json().get("design_effect", 1) < 1.2


def test_what_is_said_of_an_interval_is_how_it_was_made():
    once = list(answers("emoset_8", range(100)))
    group = scored([*once, *copied(once, "fi_8")]).groups["id_ver"]
    accuracy = group.pooled.metrics["accuracy"].as_json()
    assert (accuracy["method"], accuracy["design_effect"]) == ("wilson", pytest.approx(2))
    brier = "bootstrap, percentile; all answers to an image together"
    assert group.pooled.metrics["brier"].method == group.macro["brier"].method == brier
    assert scored(once).tasks["emoset_8"].metrics["brier"].method == "bootstrap, percentile"


def test_a_model_that_is_always_right_is_no_surer_for_being_asked_again():
    rows = [replace(row, judged=True) for row in answers("emoset_8", range(50))]
    accuracy = scored(repeated(rows, 4)).tasks["emoset_8"].metrics["accuracy"]
    assert (accuracy.low, accuracy.high) == pytest.approx(wilson_interval(50, 50))
    macro = scored([*rows, *copied(rows, "fi_8")]).groups["id_ver"].macro["accuracy"]
    assert (macro.low, macro.high) == pytest.approx(wilson_interval(50, 50))


def test_the_order_of_the_rows_changes_nothing():
    shared = list(answers("emoset_8", range(60)))
    rows = [*shared, *answers("webemo_7", range(30, 90), seed=1), *answers("fi_8", range(85, 130), seed=2)]
    rows += repeated(answers("abstract_8", range(200, 230), seed=3), 3)
    first = complete_scores(rows, "strict", CATALOGUE).scores
    for seed in range(3):
        mixed = random.Random(seed).sample(rows, len(rows))
        assert complete_scores(mixed, "strict", CATALOGUE).scores.as_json() == first.as_json()
    said = first.content()["overall"]["metrics"]
    assert said["accuracy"]["low"] < said["accuracy"]["value"] < said["accuracy"]["high"]


def test_images_that_another_task_has_too_change_no_interval_of_a_task():
    fine, coarse = list(answers("emoset_8", range(60))), list(answers("fi_2", range(30, 90), seed=1))
    other = [replace(row, image_sha256=None) for row in coarse]
    shared, apart = scored([*fine, *coarse]), scored([*fine, *other])
    for name in ("emoset_8", "fi_2"):
        assert shared.tasks[name].as_json() == apart.tasks[name].as_json()
    for name in ("id_ver", "id_vsa"):
        assert shared.groups[name].as_json() == apart.groups[name].as_json()
    together = "all answers to an image together"
    assert together in shared.overall.pooled.metrics["brier"].method
    assert together not in apart.overall.pooled.metrics["brier"].method


def test_an_image_that_a_task_has_twice_is_one_image():
    once = list(answers("emoset_8", range(100)))
    again = [replace(row, sample_id=f"again {row.sample_id}") for row in once]
    found, wanted = (scored(rows).tasks["emoset_8"].metrics["accuracy"] for rows in ([*once, *again], once))
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))


def test_very_many_images_are_drawn_in_groups(monkeypatch):
    monkeypatch.setattr(clusters_module, "MOST_UNITS", 300)
    once = list(answers("emoset_8", range(3000)))
    alone = scored(once).tasks["emoset_8"]
    pooled = scored([*once, *copied(once, "fi_8")]).groups["id_ver"].pooled
    for key in RESAMPLED:
        assert width(pooled.metrics[key]) == pytest.approx(width(alone.metrics[key]), rel=0.2)


def test_a_design_effect_is_never_a_gain():
    image = np.repeat(np.arange(100), 2)
    opposite = np.tile([1.0, -1.0], 100)
    assert clusters_module.design_effect(opposite, image) == 1
    assert clusters_module.design_effect(np.abs(opposite), image) == pytest.approx(2)
    assert clusters_module.design_effect(np.zeros(200), image) == pytest.approx(2)
    assert clusters_module.design_effect(opposite, image, np.zeros(200, int)) == 1
    parts = np.tile([0, 1], 100)
    assert clusters_module.design_effect(np.zeros(200), image, parts) == pytest.approx(2)
    assert clusters_module.design_effect(np.zeros(200), image, np.zeros(200, int)) == pytest.approx(1)
