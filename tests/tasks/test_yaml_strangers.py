"""YAML of strangers: few lines that stand for very much, and texts that no file name can hold."""

import pytest

from vecbench.errors import DataError
from vecbench.tasks import yaml_file

LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
MERGED = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40))


@pytest.mark.parametrize("text", [LAUGHS, MERGED, "a: &a [*a]"], ids=["laughs", "merged", "circle"])
def test_aliases_that_stand_for_billions_of_values_are_refused(text, tmp_path):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(DataError, match="200,000 values"):
        yaml_file.read_yaml(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    "text", ['include: "\\ud800.yaml"', 'include: "a\\0b"', 'task: "\\udfff"', '"\\ud800": 1']
)
def test_half_a_character_is_refused_with_its_place(text, tmp_path):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(DataError, match=r"line 1, column \d+: a text with half of a character"):
        yaml_file.read_yaml(tmp_path / "x.yaml")


def test_an_include_with_a_name_that_no_file_can_have_is_none(tmp_path):
    (tmp_path / "x.yaml").write_text(f"include: {'a' * 5000}")
    with pytest.raises(DataError, match="there is no file"):
        yaml_file.read_yaml(tmp_path / "x.yaml")
