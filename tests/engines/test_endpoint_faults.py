"""Endpoints that send something else than was asked for: none of it may end a run, or go on for ever."""

import copy
import email.utils
import json
import random
import string
import time

import pytest
from endpoint import Endpoint, body, bomb, drip, drip_headers, endless, said, serving, status
from fakes import make_request

from vecbench.engines import openai as engine_module
from vecbench.engines.openai import LONGEST_ANSWER, OpenAIEngine, _asked_pause
from vecbench.errors import LONGEST_LINE, UsageError
from vecbench.store import StoredResponse
from vecbench.store.responses import stored_response

KEY = "sk-not-a-real-key"
COMPLETION = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "nano",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "joy", "refusal": None, "reasoning": None},
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def responses(endpoint, count=1, **arguments):
    url = endpoint.url if isinstance(endpoint, Endpoint) else endpoint
    settings = {"base_url": url, "first_pause": 0.001, "timeout": 60.0, "max_retries": 0}
    engine = OpenAIEngine("nano", settings | arguments)
    try:
        return list(engine.generate(make_request(f"{n}", "?", "red") for n in range(count)))
    finally:
        engine.close()


@pytest.mark.parametrize("act", [drip, drip_headers], ids=["body", "headers"])
def test_an_answer_that_drips_ends_with_the_time_for_an_attempt(act):
    with serving(act, act) as endpoint:
        [failed] = responses(endpoint, timeout=0.5, max_retries=0)
        [answered] = responses(endpoint, timeout=0.5, max_retries=1)
    assert failed.error == "no answer within 0.5 s (after 0 retries)"
    assert answered.error is None


@pytest.mark.parametrize(
    "act",
    [endless(), endless(500), endless(307), bomb(64)],
    ids=["endless", "endless error", "endless redirect", "compressed"],
)
def test_no_more_of_a_body_is_read_than_an_answer_can_have(act):
    with serving(act) as endpoint:
        [response] = responses(endpoint, max_retries=3)
    assert response.error == "an answer of more than 16 MiB"
    assert len(endpoint.bodies) == 1
    assert endpoint.bytes_sent < 2 * LONGEST_ANSWER  # the rest is what sockets hold


def test_a_redirect_is_followed_and_one_that_never_ends_is_not():
    def elsewhere(handler, _body):
        handler.send(307, "", {"Location": "/v1/chat/completions"})

    with serving(elsewhere, elsewhere) as endpoint:
        assert responses(endpoint)[0].error is None
    with serving(otherwise=elsewhere) as endpoint:
        assert "status 307" in responses(endpoint)[0].error
        assert len(endpoint.bodies) == engine_module.MOST_REDIRECTS


@pytest.mark.parametrize(
    "content",
    [
        b'{"choices":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        json.dumps(COMPLETION).replace('"stop"', "[" * 50_000 + "]" * 50_000).encode(),
    ],
    ids=["choices", "finish reason"],
)
def test_an_answer_that_is_nested_too_deeply_fails_its_row_alone(content):
    with serving(body(content)) as endpoint:
        errors = [each.error for each in responses(endpoint, 3, concurrency=1)]
    assert errors == [
        "an answer that is no chat completion: it is nested too deeply (after 0 retries)",
        None,
        None,
    ]


@pytest.mark.parametrize(
    "count", ["1" + "0" * 400, "9" * 5000, "-1", "1e308", "NaN", "true", '"7"', "[7]", "{}", "null", "0.5"]
)
def test_a_count_that_is_none_is_unknown(count):
    text = json.dumps(COMPLETION).replace('"completion_tokens": 2', f'"completion_tokens": {count}')
    with serving(body(text.encode())) as endpoint:
        [response] = responses(endpoint)
    assert (response.text, response.n_prompt_tokens, response.n_output_tokens) == ("joy", 1, None)


def test_a_long_text_from_an_endpoint_is_quoted_in_part():
    with serving(said("joy", "x" * 10_000_000), status(400, "y" * 10_000_000)) as endpoint:
        first, second = responses(endpoint, 2, concurrency=1)
    assert first.finish_reason.startswith("xxx")
    assert second.error.startswith("status 400: yyy")
    assert max(len(first.finish_reason), len(second.error)) < LONGEST_LINE + 50


def test_what_is_no_utf_8_comes_back_from_the_file_as_it_was():
    text = "\ud800 <answer>joy</answer> \x00 \u202e \x1b[31m"
    with serving(said(text)) as endpoint:
        [response] = responses(endpoint)
    assert response.text == text
    row = StoredResponse(
        "k", "t", "s", 0, "joy", ("joy",), "i", None, "p", response.text, "stop", None, None, None
    )
    assert stored_response(json.loads(row.to_line())).response == text


def test_a_retry_goes_to_an_address_that_lives():
    with serving() as dead:
        pass
    with serving() as endpoint:
        found = responses(f"{dead.url} {endpoint.url}", 300, concurrency=8, max_retries=1)
    assert [each.error for each in found if each.error] == []
    assert len(endpoint.bodies) == 300


def test_a_date_to_wait_for_is_obeyed_within_bounds():
    class Fault(engine_module.openai.APIStatusError):
        def __init__(self, asked):
            self.response = type("", (), {"headers": {"retry-after": asked}})

    def date(seconds):
        return email.utils.formatdate(time.time() + seconds, usegmt=True)

    assert 25 < _asked_pause(Fault(date(30))) <= 30
    assert _asked_pause(Fault(date(10**9))) == engine_module.LONGEST_PAUSE
    assert _asked_pause(Fault(date(-30))) == 0
    assert _asked_pause(Fault(date(30).replace("GMT", "-0000"))) > 25
    assert _asked_pause(Fault("9" * 400)) == engine_module.LONGEST_PAUSE
    for nonsense in (
        "",
        "soon",
        "-5",
        "1e3",
        "Sat, 99 Foo 9999 99:99:99 GMT",
        "Mon, 01 Jan 0001 00:00:00 +2359",
    ):
        assert not _asked_pause(Fault(nonsense))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSL_CERT_FILE", "/no/such/file.pem"),
        ("SSL_CERT_FILE", __file__),
        ("SSL_CERT_DIR", "/no/such/folder"),
        ("HTTPS_PROXY", f"gopher://me:{KEY}@host:1"),
        ("all_proxy", "socks9://host:1"),
    ],
)
def test_what_the_environment_says_of_connections_is_refused_by_name(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as caught:
        OpenAIEngine("nano", {"base_url": "https://127.0.0.1:9/v1"})
    assert name in caught.value.message + caught.value.remedy
    assert KEY not in caught.value.message + caught.value.remedy


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = [value] if depth % 2 else {"message": value}
    return value


def oddity(random_):
    """Something that stands at no field's place by right."""
    return random_.choice(
        [
            *(None, True, False, 0, -1, 10**400, 2**63, 1e308, float("nan"), float("-inf"), "", "stop", KEY),
            *("\ud800", "\x00", "x" * 10_000, [], {}, [None], [[]], {"text": "x"}, [{"text": "x"}], [KEY]),
            *(nested(40), nested(41), nested(900), nested(901), {KEY: KEY}, {"error": {"message": KEY}}),
            "".join(random_.choices(string.printable, k=30)),
        ]
    )


def spoilt(value, random_):
    """A copy with something odd in the place of one of its parts, of itself perhaps."""
    value = copy.copy(value)
    if isinstance(value, dict | list) and value and random_.random() < 0.8:
        place = random_.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if isinstance(value, dict) and random_.random() < 0.1:
            del value[place]
        else:
            value[place] = spoilt(value[place], random_)
        return value
    return oddity(random_)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_stands_in_an_answer_is_a_response_without_the_key(monkeypatch, seed):
    monkeypatch.setattr(engine_module, "LOST_AFTER", 10**6)  # here nobody is lost
    random_ = random.Random(seed)
    refusal = {"error": {"message": "no", "type": "x", "param": None, "code": "y"}}
    acts = []
    for _ in range(150):
        number = random_.choice([200, 200, 400, 422, 500])
        content = json.dumps(spoilt(COMPLETION if number == 200 else refusal, random_))
        acts.append(lambda handler, _body, number=number, content=content: handler.send(number, content))
    with serving(*acts) as endpoint:
        for found in responses(endpoint, 150, concurrency=1, max_retries=0):
            assert (found.text is None) == (found.error is not None)
            assert found.error is None or len(found.error) < LONGEST_LINE + 100
            assert KEY not in f"{found.text} {found.error}"
            assert found.n_output_tokens is None or 0 <= found.n_output_tokens < 2**31
