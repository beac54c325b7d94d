"""The openai engine against an endpoint that misbehaves."""

import base64
import io
import json
import re
import threading
from dataclasses import replace

import pytest
from endpoint import (
    answer,
    broken_json,
    drop,
    hang,
    no_choices,
    said,
    serving,
    status,
    together,
    truncate,
    web_page,
)
from PIL import Image

from vecbench.engines import Request, Sampling, create_engine
from vecbench.engines.openai import LOST_AFTER, OpenAIEngine
from vecbench.errors import ImageError, RunError, UsageError
from vecbench.samples.sample import SampleImage

KEY = "sk-not-a-real-key"
QUICK = {"first_pause": 0.001, "timeout": 20.0}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def picture(colour="red"):
    stream = io.BytesIO()
    Image.new("RGB", (5, 3), colour).save(stream, "PNG")
    return SampleImage("made.png", stream.getvalue())


def requests(count, **sampling):
    return [Request(str(n), f"prompt {n}", (picture(),), Sampling(**sampling)) for n in range(count)]


def responses(endpoint, asked, **arguments):
    engine = OpenAIEngine("nano", {"base_url": endpoint.url} | QUICK | arguments)
    try:
        return list(engine.generate(asked))
    finally:
        engine.close()


def test_an_answer_comes_with_its_token_counts():
    with serving() as endpoint:
        [response] = responses(endpoint, requests(1))
    assert (response.text, response.finish_reason, response.error) == ("<answer>joy</answer>", "stop", None)
    assert (response.n_prompt_tokens, response.n_output_tokens) == (11, 7)


def test_the_endpoint_gets_the_prompt_the_sampling_and_every_pixel():
    asked = requests(1, temperature=0.7, top_p=0.9, max_tokens=33, stop=("\n",), seed=5)
    with serving() as endpoint:
        responses(endpoint, asked, max_pixels=99, extra_body={"chat_template_kwargs": {"a": 1}})
    [body] = endpoint.bodies
    image, text = body.pop("messages")[0]["content"]
    assert text == {"type": "text", "text": "prompt 0"}
    header, data = image["image_url"]["url"].split(",")
    assert header == "data:image/png;base64"
    sent = Image.open(io.BytesIO(base64.b64decode(data)))
    assert sent.tobytes() == asked[0].images[0].decode().tobytes()
    assert body == {
        "model": "nano",
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 33,
        "stop": ["\n"],
        "seed": 5,
        "chat_template_kwargs": {"a": 1},
        "mm_processor_kwargs": {"max_pixels": 99},
    }


def test_what_the_run_sets_beside_is_sent_and_nothing_else():
    asked = requests(1, top_k=20, min_p=0.05, repetition_penalty=1.05)
    with serving() as endpoint:
        responses(
            endpoint,
            [*requests(1), replace(asked[0], key="1", system="You are kind.")],
            concurrency=1,
            chat_template_kwargs={"enable_thinking": False},
        )
    plain, further = endpoint.bodies
    assert not {"top_k", "min_p", "repetition_penalty"} & plain.keys()
    assert [each["role"] for each in plain["messages"]] == ["user"]
    assert further["messages"][0] == {"role": "system", "content": "You are kind."}
    assert further["messages"][1]["role"] == "user"
    said = {"top_k": 20, "min_p": 0.05, "repetition_penalty": 1.05}
    assert {name: further[name] for name in said} == said
    assert plain["chat_template_kwargs"] == further["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize(
    ("sampling", "extra", "message", "remedy"),
    [
        ({"thinking_budget": 9}, {}, "takes no thinking_budget", "thinking_token_budget"),
        ({"top_k": 9}, {"top_k": 8}, "top_k stands in --gen-kwargs and in extra_body", "once"),
    ],
)
def test_what_an_endpoint_may_pass_over_or_stands_twice_ends_the_run(sampling, extra, message, remedy):
    with serving() as endpoint, pytest.raises(UsageError, match=message) as caught:
        responses(endpoint, requests(3, **sampling), extra_body=extra)
    assert remedy in caught.value.remedy
    assert not endpoint.bodies


@pytest.mark.parametrize(
    "fault",
    [status(429), status(500), status(503), status(408), broken_json, web_page, no_choices, drop, truncate],
    ids=["429", "500", "503", "408", "broken JSON", "web page", "no choices", "dropped", "truncated"],
)
def test_what_passes_is_tried_again(fault):
    with serving(fault, fault) as endpoint:
        [response] = responses(endpoint, requests(1))
    assert response.error is None
    assert len(endpoint.bodies) == 3


def test_an_answer_that_does_not_come_is_asked_for_again():
    with serving(hang) as endpoint:
        [response] = responses(endpoint, requests(1), timeout=0.5)
    assert response.error is None
    assert len(endpoint.bodies) == 2


def test_a_pause_that_the_endpoint_asks_for_is_kept():
    with serving(status(429, headers={"Retry-After": "0.7"})) as endpoint:
        responses(endpoint, requests(1))
    assert endpoint.times[1] - endpoint.times[0] >= 0.7


def test_a_refused_request_is_an_error_row_at_once():
    with serving(status(400, "the prompt is too long")) as endpoint:
        found = {each.key: each for each in responses(endpoint, requests(3), concurrency=1)}
    assert found["0"].error == "status 400: the prompt is too long"
    assert found["1"].error is None
    assert len(endpoint.bodies) == 3


@pytest.mark.parametrize(
    ("fault", "message", "remedy"),
    [
        (status(401, f"bad key {KEY}"), r"refuses us: status 401: bad key \[key\]", "OPENAI_API_KEY"),
        (status(403), "refuses us", "OPENAI_API_KEY"),
        (status(404, "no model nano"), "does not serve nano: status 404: no model nano", "/v1"),
        (status(429, code="insufficient_quota"), "quota is used up", ""),
    ],
)
def test_what_every_request_would_meet_ends_the_run(fault, message, remedy):
    with serving(otherwise=fault) as endpoint, pytest.raises(RunError, match=message) as caught:
        responses(endpoint, requests(50), concurrency=2)
    assert remedy in caught.value.remedy
    assert len(endpoint.bodies) <= 4


@pytest.mark.parametrize(
    ("act", "text", "error"),
    [
        (said("joy", "length"), "joy", None),
        (said([{"type": "text", "text": "j"}, {"type": "text", "text": "oy"}]), "joy", None),
        (said(None, refusal="I would rather not."), "I would rather not.", None),
        (said([{"type": "image_url", "image_url": {}}]), None, "the endpoint's answer is no text"),
        (said(["joy"]), None, "the endpoint's answer is no text"),
        (said({"text": "joy"}), None, "the endpoint's answer is no text"),
        (said({}), None, "the endpoint's answer is no text"),
        (said(0), None, "the endpoint's answer is no text"),
        (said("jo", "abort"), None, "the endpoint ended its answer with: abort"),
        (said("", "tool_calls"), None, "the endpoint ended its answer with: tool_calls"),
        (said("", None), None, "the endpoint did not say how its answer ended"),
        (said("jo", "content_filter"), None, "stopped by the endpoint's content filter"),
    ],
)
def test_an_unusual_answer_is_taken_for_what_it_is(act, text, error):
    with serving(act) as endpoint:
        [response] = responses(endpoint, requests(1))
    assert (response.text, response.error) == (text, error)
    assert (response.n_prompt_tokens, response.n_output_tokens) == (None, None)


@pytest.mark.parametrize("number", [400, 404, 500])
def test_a_model_that_takes_no_images_ends_the_run_at_once(number):
    with (
        serving(otherwise=status(number, "image input is not supported")) as endpoint,
        pytest.raises(RunError, match="nano takes no images at this endpoint: status") as caught,
    ):
        responses(endpoint, requests(50), concurrency=2)
    assert "--mmproj" in caught.value.remedy
    assert len(endpoint.bodies) <= 4
    with serving(answer, status(400, "image input is not supported")) as endpoint:
        first, second = responses(endpoint, requests(2), concurrency=1)
    assert (first.error, second.error) == (None, "status 400: image input is not supported")


@pytest.mark.parametrize("refusal", [status(413), status(400, "image exceeds 5 MB maximum")])
def test_an_image_that_is_too_large_for_the_endpoint_says_what_to_do(refusal):
    with serving(refusal) as endpoint:
        [response] = responses(endpoint, requests(1))
    assert response.error.endswith("(smaller images: -a max_pixels=1000000,scale=client)")


def test_what_is_finished_comes_before_the_end():
    with serving(answer, answer, answer, otherwise=status(401)) as endpoint:
        engine = OpenAIEngine("nano", {"base_url": endpoint.url, "concurrency": 1} | QUICK)
        running = engine.generate(requests(9))
        assert [next(running).key for _ in range(3)] == ["0", "1", "2"]
        with pytest.raises(RunError):
            next(running)
        engine.close()


def test_a_request_that_fails_every_time_is_an_error_row():
    with serving(*[status(500, "no memory")] * 3) as endpoint:
        first, second = responses(endpoint, requests(2), concurrency=1, max_retries=2)
    assert first.error == "status 500: no memory (after 2 retries)"
    assert second.error is None


def test_an_endpoint_that_is_lost_ends_the_run():
    with (
        serving(answer, otherwise=drop) as endpoint,
        pytest.raises(RunError, match=f"lost: the last {LOST_AFTER} requests .* no connection"),
    ):
        responses(endpoint, requests(100), max_retries=1)


def test_an_address_where_nobody_answers_ends_the_run_at_once_and_retries_are_told(caplog):
    with serving() as endpoint:
        pass
    with pytest.raises(RunError, match=r"nobody answers at http.*no connection: .*after 2 retries") as caught:
        responses(endpoint, requests(1), max_retries=2)
    assert "base_url" in caught.value.remedy
    [told] = [record.getMessage() for record in caplog.records if record.name == "vecbench"]
    assert re.fullmatch(r"endpoint: no connection: .*; retry 1 of 2 in 0\.\d s", told)


def test_replicas_take_turns_and_stand_in_for_each_other():
    with serving() as good, serving() as better, serving(otherwise=status(500)) as bad:
        engine = OpenAIEngine("nano", {"base_url": f"{good.url} {bad.url} {better.url}"} | QUICK)
        found = list(engine.generate(requests(30)))
        engine.close()
    assert not [response.error for response in found if response.error]
    assert len(good.bodies) + len(better.bodies) == 30
    assert min(len(good.bodies), len(better.bodies), len(bad.bodies)) >= 5


def test_no_more_are_under_way_than_allowed_and_no_more_images_decoded():
    decoded = threading.Semaphore(0)
    waiting = []

    class Counted:
        def decode(self):
            decoded.release()
            return Image.new("RGB", (2, 2))

    def pulled():
        for n in range(40):
            waiting.append(n)
            yield Request(str(n), "?", (Counted(),), Sampling())

    with serving(*together(5)) as endpoint:
        engine = OpenAIEngine("nano", {"base_url": endpoint.url, "concurrency": 5} | QUICK)
        for finished, _ in enumerate(engine.generate(pulled()), start=1):
            assert len(waiting) <= finished + 5
        engine.close()
    assert endpoint.most_under_way == 5


def test_a_broken_image_is_not_sent():
    class Broken:
        def decode(self):
            raise ImageError("x.png: not an image")

    with serving() as endpoint:
        [response] = responses(endpoint, [Request("a", "?", (Broken(),), Sampling())])
    assert response.error == "x.png: not an image"
    assert endpoint.bodies == []


def test_stopping_early_leaves_nothing_behind():
    with serving(answer, otherwise=hang) as endpoint:
        engine = OpenAIEngine("nano", {"base_url": endpoint.url} | QUICK)
        running = engine.generate(requests(30))
        next(running)
        running.close()
        engine.close()
        engine.close()
        names = {thread.name for thread in threading.enumerate()}
    assert not [name for name in names if name.startswith(("decode", "event loop"))]


def test_the_key_is_sent_and_nowhere_told():
    with serving(status(400, f"I know your {KEY}")) as endpoint:
        engine = OpenAIEngine("nano", {"base_url": endpoint.url} | QUICK)
        [response] = engine.generate(requests(1))
        engine.close()
    assert endpoint.headers[0]["authorization"] == f"Bearer {KEY}"
    assert response.error == "status 400: I know your [key]"
    assert KEY not in json.dumps([engine.description.arguments, engine.description.device])


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        ({"base_ulr": "http://x/v1"}, "unknown model argument 'base_ulr'", "base_url"),
        ({"api_key": KEY}, "could read a key", "OPENAI_API_KEY"),
        ({"base_url": f"http://me:{KEY}@host/v1"}, "address .* holds a secret", "OPENAI_API_KEY"),
        ({"base_url": f"http://me:{KEY}@[::bad/v1"}, "address .* holds a secret", "OPENAI_API_KEY"),
        ({"base_url": f"http://host/v1?api_key={KEY}"}, "address .* holds a secret", "OPENAI_API_KEY"),
        ({"base_url": "http://host/v1?api-version=1&sig=abc"}, "address .* holds a secret", "OPENAI_API_KEY"),
        ({"base_url": "http://host/v1?code=abc"}, "address .* holds a secret", "OPENAI_API_KEY"),
        ({"base_url": f"http://host/v1?v={KEY}"}, "address .* holds a secret", "OPENAI_API_KEY"),
        ({"base_url": f"http://host/v1?v=1#{KEY}"}, "address .* holds a secret", "OPENAI_API_KEY"),
        ({"base_url": "http://host/v1?abc"}, "address .* holds a secret", "OPENAI_API_KEY"),
        ({"omit": "temprature"}, "omit: 'temprature' is no field that can be left out", "temperature"),
        ({"omit": "messages"}, "omit: 'messages' is no field", "Known: top_logprobs"),
        ({"scale": "somewhere"}, "scale='somewhere'", ""),
        ({"api_key_header": "a b"}, "api_key_header='a b'", ""),
        ({"base_url": f"host/v1#{KEY}"}, "address .* holds a secret", "OPENAI_API_KEY"),
        ({"base_url": "http://[::bad/v1"}, "no address such as", ""),
        ({"base_url": "http://host:port/v1"}, "no address such as", ""),
        ({"base_url": "localhost:8000"}, "no address such as", ""),
        ({"concurrency": 0}, "concurrency=0", ""),
        ({"extra_body": {"temperature": 0.9}}, "extra_body: temperature would contradict", "--gen-kwargs"),
        ({"extra_body": {"max_completion_tokens": 7}}, "extra_body: max_completion_tokens would", ""),
        ({"extra_body": {"model": "other"}}, "extra_body: model would contradict", "--model"),
        ({"extra_body": {"api_key": KEY}}, r"extra_body\.api_key: everybody", "OPENAI_API_KEY"),
        ({"extra_body": {"backend": [{"hfToken": "x"}]}}, r"extra_body\.backend\.hfToken: everybody", ""),
        ({"extra_body": {"user": KEY}}, r"extra_body\.user: everybody", ""),
        (
            {"extra_body": {"chat_template_kwargs": {}}, "chat_template_kwargs": {"a": 1}},
            "chat_template_kwargs stands in extra_body too",
            "once",
        ),
        ({"chat_template_kwargs": {"messages": []}}, "messages is no variable", "enable_thinking"),
        ({"chat_template_kwargs": 5}, "chat_template_kwargs=5", ""),
        ({"chat_template_kwargs": {"api_key": KEY}}, r"chat_template_kwargs\.api_key: everybody", ""),
        ({"extra_body": {"mm_processor_kwargs": 5}}, "mm_processor_kwargs is no JSON object", ""),
    ],
)
def test_impossible_arguments_are_refused_and_no_secret_repeated(arguments, message, remedy):
    with pytest.raises(UsageError, match=message) as caught:
        create_engine("openai", "nano", arguments)
    assert remedy in caught.value.remedy
    assert KEY not in caught.value.message + caught.value.remedy


def test_a_variable_that_is_not_set_is_refused_with_what_to_set(monkeypatch):
    arguments = {"base_url": "http://localhost:9/v1", "api_key_env": "MY_CLOUD_KEY"}
    for value in (None, ""):
        if value is not None:
            monkeypatch.setenv("MY_CLOUD_KEY", value)
        with pytest.raises(UsageError, match="variable MY_CLOUD_KEY is not set") as caught:
            create_engine("openai", "nano", arguments)
        assert "export MY_CLOUD_KEY=" in caught.value.remedy
    monkeypatch.setenv("MY_CLOUD_KEY", KEY)
    create_engine("openai", "nano", arguments).close()


@pytest.mark.parametrize(
    "pasted", ["sk-abcdef", "hf_abcdef", "AIzaSyD0123abc", "AKIA0123456789ABCDEF", "a b", "", ["sk-abcdef"]]
)
def test_a_key_in_the_place_of_a_variables_name_is_not_repeated(pasted):
    with pytest.raises(UsageError, match="api_key_env") as caught:
        create_engine("openai", "nano", {"base_url": "http://localhost:9/v1", "api_key_env": pasted})
    said = caught.value.message + caught.value.remedy
    for each in filter(None, [pasted] if isinstance(pasted, str) else pasted):
        assert each not in said


def test_settings_that_only_sound_like_secrets_pass():
    body = {"skip_special_tokens": True, "stop_token_ids": [1], "image_token": "<x>", "prompt_cache_key": "a"}
    arguments = {"base_url": "http://localhost:9/v1", "extra_body": body | {"top_k": 3}}
    create_engine("openai", "nano", arguments).close()


def test_the_address_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:9/v1")
    engine = create_engine("openai", "nano", {})
    assert engine.description.arguments["base_url"] == ["http://localhost:9/v1"]
    engine.close()


def test_parameters_of_an_address_go_with_every_request_and_are_stored():
    with serving() as endpoint:
        url = f"{endpoint.url}/?api-version=2024-10-21&mode="
        engine = OpenAIEngine("nano", {"base_url": url} | QUICK)
        assert [each.error for each in engine.generate(requests(2))] == [None, None]
        engine.close()
    assert endpoint.paths == ["/v1/chat/completions?api-version=2024-10-21&mode="] * 2
    assert engine.description.arguments["base_url"] == [url.replace("/?", "?")]


def test_the_key_may_go_in_a_header_of_another_name_and_stays_with_its_host():
    def elsewhere(handler, _body):
        handler.send(307, "", {"Location": f"http://localhost:{other.url.split(':')[-1]}/chat/completions"})

    with serving() as other, serving(answer, elsewhere) as endpoint:
        found = responses(endpoint, requests(2), api_key_header="api-key", concurrency=1)
    assert [each.error for each in found] == [None, None]
    assert [each.get("api-key") for each in endpoint.headers] == [KEY, KEY]
    assert not [each for each in (*endpoint.headers, *other.headers) if "authorization" in each]
    assert "api-key" not in other.headers[0]


def test_no_address_and_no_key_is_told_what_to_do(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UsageError, match="has no endpoint") as caught:
        create_engine("openai", "nano", {})
    assert "base_url=" in caught.value.remedy
