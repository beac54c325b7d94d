"""Fields that an endpoint does not take: found out once, told once, kept in the description."""

import json
from dataclasses import replace

import pytest
from endpoint import answer, choosy, serving, status
from fakes import make_request

from vecbench.engines.openai import OpenAIEngine


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")


def run(endpoint, count=1, temperature=0.0, top_p=1.0, stop=(), n_alternatives=0, **arguments):
    """The responses, and the engine's description afterwards."""
    settings = {"base_url": endpoint.url, "first_pause": 0.001, "timeout": 20.0, "max_retries": 0}
    engine = OpenAIEngine("nano", settings | arguments)
    made = (
        make_request(f"{n}", "?", temperature=temperature, top_p=top_p, stop=stop, seed=n)
        for n in range(count)
    )
    asked = (replace(each, n_alternatives=n_alternatives) for each in made)
    try:
        return list(engine.generate(asked)), engine.description
    finally:
        engine.close()


def unsupported(name):
    return 400, {"error": {"message": f"Unsupported parameter: '{name}'", "param": name}}


def sent(endpoint):
    return [sorted(body.keys() - {"model", "messages"}) for body in endpoint.bodies]


def test_only_what_differs_from_an_endpoints_own_default_is_sent():
    with serving() as endpoint:
        run(endpoint, top_p=0.9)
        run(endpoint, temperature=0.7)
        run(endpoint, temperature=0.7, top_p=0.9, stop=("\n",))
        run(endpoint, omit="temperature")
    assert sent(endpoint) == [
        ["max_tokens", "temperature"],
        ["max_tokens", "seed", "temperature"],
        ["max_tokens", "seed", "stop", "temperature", "top_p"],
        ["max_tokens", "seed"],
    ]
    assert endpoint.bodies[0]["temperature"] == 0


@pytest.mark.parametrize(
    "refusal",
    [
        unsupported,
        lambda name: (400, [{"error": {"message": f'Unknown name "{name}": Cannot find field.'}}]),
        lambda name: (422, {"detail": [{"loc": ["body", name], "msg": "Extra inputs are not permitted"}]}),
        lambda name: (400, {"error": {"message": f"{name}: Extra inputs are not permitted"}}),
        lambda name: (422, {"error": f"Input validation error: `{name}` is not supported"}),
        lambda name: (400, f"{name} is not allowed"),
    ],
    ids=["OpenAI", "Gemini", "FastAPI", "Anthropic", "TGI", "text"],
)
def test_a_field_that_is_refused_is_left_out_told_once_and_described(caplog, refusal):
    with serving(otherwise=choosy("seed", "top_p", refusal=refusal)) as endpoint:
        found, description = run(endpoint, 5, temperature=0.7, top_p=0.9, concurrency=1)
    assert [each.error for each in found] == [None] * 5
    assert sent(endpoint)[2:] == [["max_tokens", "temperature"]] * 5
    assert list(description.omitted) == ["seed", "top_p"]
    assert all(why.startswith("status 4") for why in description.omitted.values())
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "cannot be had again" in told[0]
    assert "the endpoint's own top_p holds instead of 0.9" in told[1]


def test_what_changes_answers_is_told_and_the_limit_is_sent_by_its_other_name(caplog):
    with serving(otherwise=choosy("max_tokens", "temperature", refusal=unsupported)) as endpoint:
        found, description = run(endpoint, 3, concurrency=1)
    assert [each.error for each in found] == [None] * 3
    assert sent(endpoint)[-1] == ["max_completion_tokens", "seed"]
    assert {body.get("max_completion_tokens") for body in endpoint.bodies[1:]} == {40}
    told = " ".join(record.getMessage() for record in caplog.records)
    assert "answers change, since the endpoint's own temperature holds instead of 0" in told
    assert "max_completion_tokens is sent instead" in told
    assert set(description.omitted) == {"max_tokens", "temperature"}


@pytest.mark.parametrize(
    ("refused", "left", "told"),
    [
        (("logprobs",), set(), "there is no token confidence"),
        (("top_logprobs",), {"logprobs"}, "there is no share of the candidates"),
        (("top_logprobs", "logprobs"), set(), "there is no token confidence"),
    ],
)
def test_log_probabilities_that_are_refused_are_left_out_and_answers_stay(caplog, refused, left, told):
    with serving(otherwise=choosy(*refused, refusal=unsupported)) as endpoint:
        found, description = run(endpoint, 3, n_alternatives=5, concurrency=1)
    assert [(each.error, each.text) for each in found] == [(None, "<answer>joy</answer>")] * 3
    assert [each.tokens.within(8, 11) for each in found] == [None] * 3
    assert list(description.omitted) == list(refused)
    scores = {"logprobs", "top_logprobs"}
    assert scores & endpoint.bodies[0].keys() == scores
    assert scores & endpoint.bodies[-1].keys() == left
    assert told in " ".join(record.getMessage() for record in caplog.records)


def test_log_probabilities_are_asked_for_as_somebody_wishes():
    with serving() as endpoint:
        run(endpoint, n_alternatives=5)
        run(endpoint, n_alternatives=5, omit="top_logprobs")
        run(endpoint, n_alternatives=5, omit="logprobs")
        run(endpoint, n_alternatives=5, extra_body={"top_logprobs": 3})
        run(endpoint)
    asked = [(each.get("logprobs"), each.get("top_logprobs")) for each in endpoint.bodies]
    assert asked == [(True, 5), (True, None), (None, None), (True, 3), (None, None)]


def test_many_requests_under_way_find_out_together(caplog):
    with serving(otherwise=choosy("temperature", refusal=unsupported)) as endpoint:
        found, _ = run(endpoint, 60, concurrency=20)
    assert [each.error for each in found] == [None] * 60
    assert len([record for record in caplog.records if "temperature" in record.getMessage()]) == 1
    assert len([fields for fields in sent(endpoint) if "temperature" in fields]) <= 20


def test_the_limit_is_never_left_out_and_neither_is_what_carries_the_question():
    for names in (("max_tokens", "max_completion_tokens"), ("messages",), ("model",)):
        with serving(otherwise=choosy(*names, refusal=unsupported)) as endpoint:
            [found], description = run(endpoint)
        assert found.error.startswith("status 400: Unsupported parameter")
        assert description.omitted == {}
        assert len(endpoint.bodies) <= 2


def test_a_field_of_extra_body_is_somebodys_wish_and_stays():
    body = {"top_k": 3, "chat_template_kwargs": {}}
    for name in body:
        with serving(otherwise=choosy(name, refusal=unsupported)) as endpoint:
            [found], description = run(endpoint, extra_body=body)
        assert name in found.error
        assert description.omitted == {}


def test_a_refusal_of_one_request_for_its_content_leaves_every_field(caplog):
    echo = "unsupported image; the request was {temperature: 0, seed: 0, max_tokens: 40}"

    def particular(handler, body):
        if body["messages"][0]["content"][0]["image_url"]["url"].endswith(bad):
            handler.send(400, json.dumps({"error": {"message": echo}}))
        else:
            answer(handler, body)

    bad = "no such ending"
    with serving(otherwise=particular) as endpoint:
        engine = OpenAIEngine("nano", {"base_url": endpoint.url, "concurrency": 1})
        asked = [make_request(f"{n}", "?", colour) for n, colour in enumerate(("red", "blue", "green"))]
        list(engine.generate(asked[:1]))
        bad = endpoint.bodies[0]["messages"][0]["content"][0]["image_url"]["url"][-60:]
        first, second = engine.generate(asked[:2])
        engine.close()
    assert first.error == f"status 400: {echo}"
    assert second.error is None
    assert engine.description.omitted == {}
    assert endpoint.bodies[-1].keys() == {"model", "messages", "temperature", "max_tokens"}
    assert caplog.records == []


def test_a_busy_endpoint_is_asked_again_whatever_was_found_out_by_then():
    script = [choosy("temperature", refusal=unsupported), status(503), status(503)]
    with serving(*script, otherwise=choosy("temperature", refusal=unsupported)) as endpoint:
        [found], description = run(endpoint, max_retries=3)
    assert found.error is None
    assert set(description.omitted) == {"temperature"}


def test_fields_can_be_left_out_from_the_start(caplog):
    with serving() as endpoint:
        _, description = run(endpoint, temperature=0.7, omit=["seed", "temperature"])
    assert sent(endpoint) == [["max_tokens"]]
    assert description.omitted == dict.fromkeys(("seed", "temperature"), "as -a omit asks")
    assert caplog.records == []


def test_an_endpoint_that_cannot_scale_is_asked_without_and_images_are_scaled_here(caplog):
    with serving(otherwise=choosy("mm_processor_kwargs", refusal=unsupported)) as endpoint:
        [found], description = run(endpoint, max_pixels=10)
        [refused], _ = run(endpoint, max_pixels=10, scale="server")
    assert found.error is None
    assert list(description.omitted) == ["mm_processor_kwargs"]
    assert "images are scaled here" in caplog.records[0].getMessage()
    assert "mm_processor_kwargs" in refused.error
