"""Every reader of data or of answers is one short module, and a name of a class is one class's."""

import ast
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

import vecbench
from vecbench.interop.readers import READERS
from vecbench.samples.recognition import FORMATS

MOST_LINES = 150


def module_of(function):
    while isinstance(function, partial):
        function = function.func
    return function.__module__


@pytest.mark.parametrize(
    "reader", [*FORMATS, *READERS], ids=lambda each: f"{type(each).__name__} {each.name}"
)
def test_a_reader_is_a_module_that_says_how_it_recognises_its_format(reader):
    module = sys.modules[module_of(reader.recognises)]
    assert any(each is reader for each in vars(module).values())
    assert len(Path(module.__file__).read_text().splitlines()) <= MOST_LINES


def test_no_two_public_classes_have_one_name():
    names = Counter(
        node.name
        for path in Path(vecbench.__file__).parent.rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []
