"""The prompts of tasks whose files name none."""

from pathlib import Path

import jinja2
import pytest

from vecbench.samples import Sample
from vecbench.shipped import tasks_folder
from vecbench.tasks import task_in
from vecbench.tasks.prompts import render_prompt
from vecbench.tasks.yaml_file import read_yaml

DEFAULTS = read_yaml(tasks_folder() / "default_prompts.yaml").content
SHIPPED = read_yaml(tasks_folder() / "prompts.yaml").content
VARIABLES = {
    "label": {"labels": ["joy", "fear"]},
    "choice": {"options": {"A": "Yes", "B": "No, never"}},
    "ranking": {"labels": ["joy", "fear", "awe"], "top": 2},
    "rating": {"range": (1.0, 9.5), "dimensions": []},
    "verdict": {"statement": "A sad one."},
    "distribution": {"labels": ["joy", "fear"]},
    "label_set": {"labels": ["joy", "fear"]},
}
SAYS = {
    "label": ["Choose exactly one label from ['joy', 'fear']"],
    "choice": ["\nA. Yes\nB. No, never\n"],
    "ranking": ["Choose the 2 strongest labels from ['joy', 'fear', 'awe']"],
    "rating": ["from 1 (lowest) to 9.5 (highest)"],
    "verdict": ['Statement: "A sad one."'],
    "distribution": ["Choose exactly one label from ['joy', 'fear']", "a person who is asked"],
    "label_set": ["Choose all labels that apply from ['joy', 'fear'], or none"],
}


def rendered(kind, profile, **more):
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(DEFAULTS[kind][profile])
    return template.render(VARIABLES[kind] | {"noun": "mood"} | more)


def test_every_kind_of_ours_has_the_profiles_of_the_shipped_tasks():
    assert set(DEFAULTS) == set(VARIABLES)
    for kind, profiles in DEFAULTS.items():
        further = ["shares"] if kind == "distribution" else []
        assert list(profiles) == [*SHIPPED, *further], kind


@pytest.mark.parametrize("kind", VARIABLES)
@pytest.mark.parametrize("profile", ["standard", "verbalized", "direct"])
def test_a_prompt_asks_for_answer_and_confidence_in_tags(kind, profile):
    text = rendered(kind, profile)
    assert "mood" in text
    for said in SAYS[kind]:
        assert said in text
    assert "between 0 and 1" in text
    assert text.endswith("</answer><confidence>{a number between 0 and 1}</confidence>")
    assert ("<think>" in text) is (profile != "direct")


@pytest.mark.parametrize("kind", VARIABLES)
@pytest.mark.parametrize("profile", ["standard", "direct"])
def test_a_question_of_the_row_stands_for_the_general_one(kind, profile):
    text = rendered(kind, profile, question="Is <this> joy?")
    assert text.startswith("Is <this> joy?")
    assert "mood" not in text
    general, own = rendered(kind, profile), text
    assert general.endswith(own.removeprefix("Is <this> joy?"))


def test_a_task_without_prompts_is_asked_with_those_of_its_kind(tmp_path):
    (tmp_path / "mine_2.yaml").write_text(
        "task: mine_2\nmetadata: {version: 1.0, vecbench: {labels: [joy, fear], noun: mood}}\n"
    )
    task = task_in(tmp_path / "mine_2.yaml")
    sample = Sample("mine_2", "", "", "joy", task.labels, None, Path())
    assert task.prompts == DEFAULTS["label"]
    assert render_prompt(task, "standard", sample) == rendered("label", "standard")


@pytest.mark.parametrize("question", [{}, {"question": "Is <this> joy?"}])
def test_shares_of_people_are_asked_for_as_an_object(question):
    text = rendered("distribution", "shares", **question)
    assert "each label of ['joy', 'fear']" in text
    assert text.endswith('<answer>{"label": share, …}</answer>')
    assert text.startswith("Is <this> joy?" if question else "Many people are asked which mood")
