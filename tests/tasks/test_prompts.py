"""What a prompt may name: what the kind gives, the row's columns, and never what is right."""

from pathlib import Path

import pytest
from kinds import SEVEN, Choice, Rating, task_of

from vecbench.answers import Label
from vecbench.errors import DataError
from vecbench.samples import Sample
from vecbench.tasks import load_catalogue
from vecbench.tasks.prompts import needed_columns, prompt_of, render_prompt


def sample(candidates=(), images=("a.png",), column="", **columns):
    return Sample("t", "s", images, None, candidates, None, Path(), target_column=column, columns=columns)


def rendered(template, asked, kind=None, **changes):
    return render_prompt(task_of(kind or Rating(), template, **changes), "standard", asked)


def test_columns_and_the_variables_of_the_kind_are_there():
    asked = sample(("No.", "Yes."), statement="It is calm.", level=3, parts=["a", "b"])
    template = "{{ statement }} {{ options['B'] }} {{ level + 1 }} {{ parts | join('-') }}"
    assert rendered(template, asked, Choice()) == "It is calm. Yes. 4 a-b"


def test_the_number_of_images_is_a_variable():
    template = "{% if images > 1 %}Look at the {{ images }} images.{% else %}Look.{% endif %}"
    assert rendered(template, sample(images=("a.png", "b.png"))) == "Look at the 2 images."
    assert rendered(template, sample()) == "Look."


@pytest.mark.parametrize("name", ["noun", "labels", "images", "dataset_prompt"])
def test_a_column_does_not_take_the_place_of_what_is_said_of_the_task(name):
    asked = sample(SEVEN, **{name: "from the row"})
    text = rendered(f"[{{{{ {name} }}}}]", asked, Label(SEVEN), labels=SEVEN)
    assert "from the row" not in text


@pytest.mark.parametrize(
    "name",
    [
        "target",
        "label",
        "answer",
        "ground_truth",
        "correct_answer",
        "emotion_list",
        "image1_label",
        "image2_label",
        "Answer",
        "rating",
        "valence",
    ],
)
@pytest.mark.parametrize("template", ["Is it {{ NAME }}?", "{% if NAME == 'B' %}Really?{% endif %} Which?"])
def test_a_template_that_names_what_is_right_is_refused(name, template):
    asked = sample(column="valence", **{name: "B"})
    with pytest.raises(DataError, match=rf"names '{name}', which holds the true answer") as caught:
        rendered(template.replace("NAME", name), asked)
    assert "take the variable out" in caught.value.remedy


def test_a_name_that_the_template_defines_itself_is_its_own():
    template = "{% for label in labels %}{{ label }};{% endfor %}{% set answer = 'x' %}{{ answer }}"
    assert rendered(template, sample(("joy", "fear")), Label(), labels=()) == "joy;fear;x"


def test_the_column_of_the_target_cannot_be_reached_by_the_side_door():
    asked = sample(column="valence", valence=7, target=7)
    template = "{{ self._TemplateReference__context is defined }}"
    with pytest.raises(DataError):
        rendered("{{ self._TemplateReference__context.parent['valence'] }}", asked)
    assert "7" not in rendered(template, asked)


@pytest.mark.parametrize("said", [{}, {"statement": None}, {"statement": ""}])
def test_what_the_row_lacks_is_a_fault_of_its_sample(said):
    task = task_of(Rating(), "{{ statement }}?")
    text, fault = prompt_of(task, "standard", sample(**said))
    assert text == ""
    assert fault == "the prompt profile 'standard' needs 'statement', and the row says nothing of it"


def test_what_a_row_need_not_have_is_asked_for_with_is_defined():
    template = "{% if context is defined %}{{ context }} {% endif %}Which?"
    assert rendered(template, sample(context="A wedding.")) == "A wedding. Which?"
    assert rendered(template, sample(context="")) == "Which?"


def test_a_column_is_a_text_and_no_template():
    assert rendered("{{ statement }}", sample(statement="{{ 7 * 7 }}")) == "{{ 7 * 7 }}"


def test_a_template_that_fails_otherwise_says_how():
    with pytest.raises(DataError, match=r"my\.yaml: prompt profile standard: .*no attribute 'x'"):
        rendered("{{ noun.x }}", sample())


def test_what_only_a_row_can_bring_is_known():
    shipped = load_catalogue().tasks["fi_8"]
    assert needed_columns(shipped, "dataset") == {"dataset_prompt"}
    assert needed_columns(shipped, "standard") == frozenset()
    task = task_of(
        Choice(), "{{ question }} {{ options }} {{ images }} {% if context is defined %}…{% endif %}"
    )
    assert needed_columns(task, "standard") == {"question", "context"}
