"""Short task files, and their full form: one task, one hash."""

import json
from pathlib import Path

import pytest
import yaml

from vecbench.errors import DataError
from vecbench.tasks import load_catalogue, task_in
from vecbench.tasks.draft import complete
from vecbench.tasks.schema import TaskFile, in_full, is_short
from vecbench.tasks.yaml_file import inline, parsed, read_yaml

SHA256 = json.loads((Path(__file__).parent / "sha256.json").read_text())
"""Of the tasks that version 1 had, as it computed them: runs and submissions of then hold them."""

SHORT = """\
task: mine_2
metadata:
  version: 1.0
  vecbench:
    labels: [joy, fear]   # a comment
    aliases: {joy: [happy]}
"""


@pytest.fixture
def short(tmp_path):
    path = tmp_path / "mine_2.yaml"
    path.write_text(SHORT)
    return path


@pytest.mark.parametrize("name", sorted(SHA256.keys() - {"mine_2"}))
def test_the_hash_of_a_shipped_task_is_that_of_version_1(name):
    assert load_catalogue().tasks[name].sha256 == SHA256[name]


def test_the_hash_of_ones_own_full_file_is_that_of_version_1(tmp_path):
    (tmp_path / "mine_2.yaml").write_text(
        'task: vecbench_mine_2\noutput_type: generate_until\ntest_split: test\ndoc_to_text: "{{prompt}}"\n'
        "doc_to_target: target\ndoc_to_image: image\nprocess_results: !function mine.results\n"
        "metric_list: [{metric: accuracy, aggregation: mean}]\ngeneration_kwargs: {until: []}\n"
        "metadata:\n  version: 1.0\n  vecbench:\n    display: Mine-2\n    group: mine\n    noun: emotion\n"
        '    labels: [joy, fear]\n    prompts: {standard: "One of {{ labels }}?"}\n'
    )
    assert task_in(tmp_path / "mine_2.yaml").sha256 == SHA256["mine_2"]


def test_a_short_file_is_a_whole_task(short):
    task = task_in(short)
    assert (task.id, task.display, task.noun, task.group) == ("mine_2", "mine_2", "emotion", None)
    assert (task.temperature, task.top_p, task.max_tokens, task.stop) == (0.0, 1.0, 1024, ())
    assert (task.prompt, task.data, task.expected_n) == ("standard", None, None)


def test_the_hash_of_a_short_file_stays_what_it_is(short):
    """Runs hold it: whoever changes what a short file leaves out makes them another task's."""
    assert task_in(short).sha256 == "18c0b819d473f263f241369fb6ddb955cbc750d980c816675b5e6f99dbb52491"


def test_the_full_form_has_the_hash_of_the_short_one_and_its_text(short):
    before = task_in(short)
    assert complete(short) is True
    assert short.read_text().startswith(SHORT)
    assert not is_short(read_yaml(short).content)
    assert task_in(short) == before


def test_the_full_form_says_all_that_version_1_asked_for(short):
    complete(short)
    said = read_yaml(short).content
    required = {name for name, field in TaskFile.model_fields.items() if field.is_required()}
    assert said.keys() >= required
    assert said["dataset_kwargs"] == {"task": "mine_2"}


def test_a_full_file_is_left_as_it_is(short):
    complete(short)
    text = short.read_text()
    assert complete(short) is False
    assert short.read_text() == text
    file = read_yaml(short)
    assert in_full(file) is file


def test_a_short_file_may_have_generation_settings_of_its_own(short):
    short.write_text(SHORT + "generation_kwargs: {until: [], max_gen_toks: 99}")  # no line feed at its end
    before = task_in(short)
    assert before.max_tokens == 99
    assert complete(short)
    assert task_in(short) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{task: mine_2, metadata: {version: 1.0, vecbench: {labels: [a, b]}}}\n", "nothing can be appended"),
        (SHORT + "...\n", "nothing can be appended"),
        (SHORT.replace("labels", "lables"), "lables: unknown key"),
        ("group: mine\ntask: [fi_8]\nmetadata: {version: 1.0, vecbench: {}}\n", "defines a group"),
    ],
)
def test_a_file_that_cannot_be_completed_is_left_as_it_is(short, text, message):
    short.write_text(text)
    with pytest.raises(DataError, match=message):
        complete(short)
    assert short.read_text() == text


def test_a_misspelt_key_of_a_short_file_is_all_that_is_said(short):
    short.write_text(SHORT.replace("metadata:", "metdata:"))
    found = {(fault.key, fault.problem) for fault in load_catalogue([short]).faults}
    assert found == {("metdata", "unknown key"), ("metadata", "missing")}


def test_a_file_with_one_of_lm_evals_keys_is_a_full_one_with_faults(short):
    short.write_text(SHORT + "output_type: generate_until\n")
    keys = {fault.key for fault in load_catalogue([short]).faults}
    assert keys >= {"generation_kwargs", "test_split", "doc_to_text", "metric_list"}


@pytest.mark.parametrize("name", ["007", "1e5", "on", "null", "2020_01_01"])
def test_a_name_that_yaml_takes_for_something_else_stays_a_text(short, name):
    short.write_text(SHORT.replace("mine_2", f"'{name}'"))
    complete(short)
    assert read_yaml(short).content["dataset_kwargs"] == {"task": name}
    assert task_in(short).id == name


@pytest.mark.parametrize("value", ["a: b", "yes", "it's", "", ["no", "a, b"], {"range": [1, 9.5]}, "é" * 200])
def test_a_value_on_one_line_is_itself_again(value):
    assert "\n" not in inline(value)
    assert (
        parsed(f"{{key: {inline(value)}}}") == {"key": value} == yaml.safe_load(f"{{key: {inline(value)}}}")
    )
