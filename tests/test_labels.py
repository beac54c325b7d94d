import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecbench.labels import normal_form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("  Joy. ", "joy"),
        ("**very_happy**", "very happy"),
        ("it’s", "it's"),
        ("ＡＷＥ", "awe"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("—!?", ""),
        ("a\n b", "a b"),
        ("खुशी", "खुशी"),
        ("**−1**.", "-1"),
        ("- 1", "1"),
        ("-joy-", "joy"),
    ],
)
def test_the_normal_form(text, form):
    assert normal_form(text) == form


@given(st.text())
def test_the_normal_form_is_its_own(text):
    assert normal_form(normal_form(text)) == normal_form(text)
