"""A key is read once, and masked however it comes back."""

import base64
import html
import json
import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecbench.engines.secrets import Mask, key_of_variable
from vecbench.errors import UsageError

KEY = "sk-not-a-real-key"
KEYS = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=8, max_size=60)
SPELLINGS = {
    "as it is": str,
    "in capitals": str.upper,
    "in an address": lambda key: quote(key, safe=""),
    "all of it escaped for an address": lambda key: "".join(f"%{ord(each):02X}" for each in key),
    "in JSON": lambda key: json.dumps(key)[1:-1],
    "all of it escaped for JSON": lambda key: "".join(f"\\u{ord(each):04x}" for each in key),
    "in a repr": lambda key: repr(key)[1:-1],
    "in HTML": html.escape,
    "in hexadecimal": lambda key: key.encode().hex(),
}


@pytest.mark.parametrize("spelt", SPELLINGS.values(), ids=SPELLINGS)
@given(key=KEYS, before=st.sampled_from(["", "Bearer ", "x"]), behind=st.sampled_from(["", " is bad", "="]))
def test_a_key_is_masked_however_it_is_spelt(spelt, key, before, behind):
    assert Mask(key)(before + spelt(key) + behind) == f"{before}[key]{behind}"


@given(key=KEYS, before=st.binary(max_size=7), behind=st.binary(max_size=4))
def test_no_part_of_a_key_in_base64_is_left(key, before, behind):
    text = base64.b64encode(before + key.encode() + behind).decode()
    masked = Mask(key)(text)
    assert masked.count("[key]") == 1
    # What is left is what stood around it, and at each end a character that it shares with it.
    assert len(masked) - len("[key]") <= 4 * -(-len(before + behind) // 3) + 8


@pytest.mark.parametrize("stand_in", ["", "EMPTY", "none", "x"])
def test_what_endpoints_without_keys_are_given_is_no_secret(stand_in):
    assert (
        Mask(stand_in)("The room is EMPTY, and none is next to x.")
        == "The room is EMPTY, and none is next to x."
    )


@pytest.mark.parametrize("around", ["{}\n", "  {}\r\n", "{}\t"])
def test_white_space_around_a_key_is_no_part_of_it(monkeypatch, around):
    monkeypatch.setenv("MY_KEY", around.format(KEY))
    assert key_of_variable("MY_KEY") == KEY
    assert Mask(around.format(KEY))(f"<{KEY}>") == "<[key]>"


@pytest.mark.parametrize(
    ("within", "said"),
    [
        ("\n", "U+000A, at place 18 of 22"),
        (" ", "U+0020"),
        ("\x1b", "U+001B"),
        ("é", "U+00E9"),
        ("\udc80", "U+DC80"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused_and_not_repeated(monkeypatch, within, said):
    monkeypatch.setenv("MY_KEY", f"{KEY}{within}more")
    with pytest.raises(UsageError) as caught:
        key_of_variable("MY_KEY")
    assert f"MY_KEY holds a character that no key has: {said}" in caught.value.message
    assert KEY not in caught.value.message + caught.value.remedy


def test_the_environments_secrets_are_told_by_name_or_by_look(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hub-123456")
    monkeypatch.setenv("WHERE_MY_CLOUD_IS_PAID", "sk-abcdefgh")
    monkeypatch.setenv("CACHE_KEY", "not-hidden")
    said = "hub-123456 sk-abcdefgh not-hidden"
    assert Mask.of_environment()(said) == "[key] [key] not-hidden"
