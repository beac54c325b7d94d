"""The shipped tasks hold the facts of the benchmark: labels, groups, counts, maps, generation settings."""

import json
from pathlib import Path

import pytest

from vecbench.samples import Sample
from vecbench.tasks import load_catalogue
from vecbench.tasks.prompts import prompt_profile, render_prompt

MIKELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")
WEBEMO_25 = (
    "affection",
    "cheerfullness",
    "confusion",
    "contentment",
    "disappointment",
    "disgust",
    "enthrallment",
    "envy",
    "exasperation",
    "gratitude",
    "horror",
    "irritabilty",
    "lust",
    "neglect",
    "nervousness",
    "optimism",
    "pride",
    "rage",
    "relief",
    "sadness",
    "shame",
    "suffering",
    "surprise",
    "sympathy",
    "zest",
)
WEBEMO_7 = ("anger", "confusion", "fear", "joy", "love", "sadness", "surprise")
SENTIMENT = ("positive", "negative")
FACTS = {
    "emoset_8": ("EmoSet-8", "id_ver", (1000, 1000), MIKELS),
    "fi_8": ("FI-8", "id_ver", (1000, 1000), MIKELS),
    "webemo_25": ("WebEmo-25", "id_ver", (997, 1000), WEBEMO_25),
    "webemo_7": ("WebEmo-7", "id_ver", (1000, 1000), WEBEMO_7),
    "fi_2": ("FI-2", "id_vsa", (1000, 1000), SENTIMENT),
    "webemo_2": ("WebEmo-2", "id_vsa", (1000, 1000), SENTIMENT),
    "unbiasedemo_6": (
        "UnbiasedEmo-6",
        "ood_ver",
        (1000, 1000),
        ("anger", "fear", "joy", "love", "sadness", "surprise"),
    ),
    "abstract_8": ("Abstract-8", "ood_ver", (229, 229), MIKELS),
    "artphoto_8": ("Artphoto-8", "ood_ver", (806, 806), MIKELS),
}
COARSE = {
    "joy": "cheerfullness contentment enthrallment optimism pride relief zest",
    "love": "affection gratitude lust",
    "anger": "disgust envy exasperation irritabilty rage",
    "fear": "horror nervousness",
    "sadness": "disappointment neglect sadness shame suffering sympathy",
    "confusion": "confusion",
    "surprise": "surprise",
}
SNAPSHOTS = Path(__file__).parent / "prompts.json"
CATALOGUE = load_catalogue()


@pytest.mark.parametrize("name", FACTS)
def test_a_task_holds_the_facts(name):
    task = CATALOGUE.tasks[name]
    assert (task.display, task.group, task.expected_n, task.labels) == FACTS[name]
    assert task.noun == ("sentiment" if task.group == "id_vsa" else "emotion")
    assert (task.temperature, task.top_p, task.max_tokens, task.stop) == (0.7, 1.0, 1024, ())
    assert task.prompt == "auto"
    assert task.data is None


def test_the_benchmark_has_nine_tasks_in_three_groups():
    assert {task.id for task in CATALOGUE.select("vecbench")} == set(FACTS)
    assert CATALOGUE.groups["vecbench"].members == ("id_vsa", "id_ver", "ood_ver")
    assert [CATALOGUE.groups[name].display for name in ("id_vsa", "id_ver", "ood_ver")] == [
        "ID VSA",
        "ID VER",
        "OOD VER",
    ]
    expected = [CATALOGUE.tasks[name].expected_n for name in FACTS]
    assert (sum(low for low, _ in expected), sum(high for _, high in expected)) == (8032, 8035)


def test_the_fine_labels_of_webemo_have_the_coarse_ones_as_parents():
    parents = {label: parent for parent, labels in COARSE.items() for label in labels.split()}
    assert CATALOGUE.tasks["webemo_25"].parents == parents
    assert tuple(sorted(COARSE)) == CATALOGUE.tasks["webemo_7"].labels


@pytest.mark.parametrize("name", [name for name, facts in FACTS.items() if facts[3] == MIKELS])
def test_four_of_mikels_labels_are_positive_and_four_negative(name):
    positive = {"amusement", "awe", "contentment", "excitement"}
    assert CATALOGUE.tasks[name].parents == {
        label: "positive" if label in positive else "negative" for label in MIKELS
    }


@pytest.mark.parametrize("name", [name for name, facts in FACTS.items() if "sadness" in facts[3]])
def test_sad_means_sadness_as_in_the_raw_data(name):
    assert CATALOGUE.tasks[name].aliases["sad"] == "sadness"


def test_the_right_spelling_of_a_misspelt_label_is_an_answer():
    aliases = CATALOGUE.tasks["webemo_25"].aliases
    assert aliases["cheerfulness"] == "cheerfullness"
    assert aliases["irritability"] == "irritabilty"


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("UnbaisedEmo-6", "unbiasedemo_6"),
        ("ArtPhoto-8", "artphoto_8"),
        (" FI-8", "fi_8"),
        ("vecbench_fi_2", "fi_2"),
    ],
)
def test_a_task_is_found_by_the_names_in_the_wild(name, task):
    assert CATALOGUE.task_named(name).id == task


def test_a_name_of_no_task_finds_none():
    assert CATALOGUE.task_named("FI-9") is None


def rendered():
    """Every task under every profile, as a model is asked."""
    texts = {}
    for name in FACTS:
        task = CATALOGUE.tasks[name]
        sample = Sample(name, "", ("",), task.labels[0], task.labels, " The row's own prompt.\n", Path())
        for profile in task.prompts:
            texts[f"{name} {profile}"] = render_prompt(task, profile, sample)
    return texts


def test_the_prompts_are_those_of_the_snapshot():
    """To accept a change of the prompts: write `rendered()` to prompts.json, and raise the tasks' version."""
    texts = rendered()
    assert len(texts) == 9 * 4
    assert texts == json.loads(SNAPSHOTS.read_text())


@pytest.mark.parametrize(("own", "profile"), [(True, "dataset"), (False, "standard")])
def test_the_default_profile_follows_the_data(own, profile):
    task = CATALOGUE.tasks["fi_8"]
    assert prompt_profile(task, None, own_prompts=own) == profile
    assert prompt_profile(task, "auto", own_prompts=own) == profile
    assert prompt_profile(task, "direct", own_prompts=own) == "direct"
