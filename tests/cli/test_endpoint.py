"""A run against an endpoint, as a process sees it."""

import base64
import json
import os
import subprocess
import sys

from endpoint import answer, broken_json, choosy, drop, said, serving, status
from fakes import make_data

KEY = "sk-not-a-real-key"


def echoes(key):
    """An endpoint's acts that repeat the key, each in another place or spelling."""
    in_base64 = base64.b64encode(f"me:{key}".encode()).decode()
    escaped = "".join(f"%{ord(each):02x}" for each in key)
    as_page = lambda handler, _body: handler.send(500, f"<html>{key}", {"Content-Type": "text/html"})  # noqa: E731

    def as_reason(handler, _body):
        handler.wfile.write(f"HTTP/1.1 400 no {key}\r\nX-Key: {key}\r\nContent-Length: 0\r\n\r\n".encode())

    def as_no_http(handler, _body):
        handler.wfile.write(f"{key} is not HTTP\r\n\r\n".encode())
        handler.close_connection = True

    def as_model(handler, body):
        answer(handler, body | {"model": key}, text=f"Bearer {key}")

    return [
        *(said(key), said(f"<answer>joy</answer> {key.upper()}"), said(in_base64), said(None, refusal=key)),
        *(said([{"type": "text", "text": key}]), said("joy", f"blocked for {key}"), said("joy", [key])),
        *(status(400, f"bad {key}"), status(400, f"bad ?key={escaped}"), status(422, "no", code=key)),
        *(status(500, key), as_page, as_reason, as_no_http, as_model),
        *(status(400, "x" * number + key) for number in (480, 490)),  # cut, it is half a key
        status(429, key, {"Retry-After": key, "Location": key}),
    ]


def run(endpoint, folder, *arguments, key=KEY, **model_args):
    command = [sys.executable, "-m", "vecbench", "run", "--engine", "openai", "-m", "org/served"]
    command += ["-t", "emoji_7", "--data", str(folder / "data"), "-o", str(folder / "run"), "-a"]
    settings = {"base_url": endpoint.url, "first_pause": 0.001, "max_retries": 1, "concurrency": 4}
    command += [json.dumps(settings | model_args), *arguments]
    environment = os.environ | {"OPENAI_API_KEY": key}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)


def test_a_run_that_loses_its_key_ends_with_3_and_goes_on_with_a_new_one(tmp_path):
    make_data(tmp_path / "data", ["joy", "fear", "joy", "anger", "love"] * 4)
    with serving(otherwise=status(401, f"your key {KEY} has expired")) as endpoint:
        done = run(endpoint, tmp_path)
        assert done.returncode == 3
        assert "the endpoint refuses us: status 401" in done.stderr
        assert "OPENAI_API_KEY" in done.stderr
    with serving() as endpoint:
        done = run(endpoint, tmp_path)
        assert done.returncode == 0, done.stderr
    with serving() as endpoint:
        done = run(endpoint, tmp_path)
        assert done.returncode == 0, done.stderr
        assert endpoint.bodies == []
    manifest = json.loads((tmp_path / "run" / "run.json").read_text())
    assert manifest["engine"]["name"] == "openai"
    assert manifest["model"] == {"name": "org/served", "revision": "served:unknown"}
    for path in (tmp_path / "run").rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def test_a_run_ends_with_its_tokens_and_with_a_price_its_cost(tmp_path):
    make_data(tmp_path / "data", ["joy"] * 4)
    with serving(said("joy")) as endpoint:  # which counts no tokens
        done = run(endpoint, tmp_path, price="1000/10000")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "Tokens: 33 of prompts, 21 of answers; those of 1 response were not counted" in lines
    assert "Cost: $0.24, without 1 response" in lines
    assert "price" not in (tmp_path / "run" / "run.json").read_text()


def test_a_key_that_an_endpoint_repeats_is_nowhere(tmp_path):
    acts = echoes(KEY)
    make_data(tmp_path / "data", ["joy"] * (len(acts) + 1))
    settings = {"max_retries": 0, "concurrency": 1, "key": f"{KEY}\n"}
    with serving(answer, *acts) as endpoint:
        runs = [run(endpoint, tmp_path, **settings)]
    with serving(broken_json, otherwise=status(401, f"your key {KEY} has expired")) as endpoint:
        runs.append(run(endpoint, tmp_path, "--debug", **settings | {"max_retries": 1}))
    assert [each.returncode for each in runs] == [4, 3]
    assert "Traceback" in runs[1].stderr
    assert all(name.get("authorization") == f"Bearer {KEY}" for name in endpoint.headers)
    found = "".join(each.stdout + each.stderr for each in runs)
    found += "".join(
        path.read_text(errors="replace") for path in tmp_path.rglob("run/**/*") if path.is_file()
    )
    assert found.count("[key]") > len(acts)
    for spelt in (KEY[:12], base64.b64encode(f"me:{KEY}".encode()).decode()[6:-6], f"%{ord(KEY[0]):02x}%"):
        assert spelt.lower() not in found.lower()


def test_a_key_that_no_request_could_be_sent_with_is_status_2_before_anything_is_written(tmp_path):
    make_data(tmp_path / "data", ["joy"])
    with serving() as endpoint:
        done = run(endpoint, tmp_path, key=f"{KEY}\nmore")
    assert done.returncode == 2
    assert "variable OPENAI_API_KEY holds a character" in done.stderr
    assert KEY not in done.stderr + done.stdout
    assert not (tmp_path / "run").exists()


def test_an_endpoint_that_dies_ends_the_run_with_3_and_the_command_that_goes_on(tmp_path):
    make_data(tmp_path / "data", ["joy"] * 40)
    with serving(answer, otherwise=drop) as endpoint:
        done = run(endpoint, tmp_path)
    assert done.returncode == 3
    assert "the endpoint is lost" in done.stderr
    assert "; retry 1 of 1 in " in done.stderr
    assert "To go on: vecbench run --engine openai" in done.stderr


def test_an_address_where_nobody_answers_ends_the_run_with_3(tmp_path):
    make_data(tmp_path / "data", ["joy"] * 2)
    with serving() as endpoint:
        pass
    done = run(endpoint, tmp_path)
    assert done.returncode == 3
    assert f"nobody answers at {endpoint.url}" in done.stderr


def test_a_run_whose_every_request_is_refused_alike_ends_with_3(tmp_path):
    make_data(tmp_path / "data", ["joy"] * 40)
    with serving(otherwise=status(400, "unknown field")) as endpoint:
        for limit in ("40", "2"):
            done = run(endpoint, tmp_path, "--limit", limit, "-o", str(tmp_path / limit))
            assert done.returncode == 3
            assert "no request was answered" in done.stderr
            assert "failed with: status 400: unknown field" in done.stderr
        assert len(endpoint.bodies) < 30


def test_a_key_variable_that_is_not_set_is_status_2_before_anything_is_written(tmp_path):
    make_data(tmp_path / "data", ["joy"])
    with serving() as endpoint:
        for name in ("NO_SUCH_VARIABLE", "sk-abcdef"):
            done = run(endpoint, tmp_path, api_key_env=name)
            assert done.returncode == 2
            assert ("NO_SUCH_VARIABLE is not set" in done.stderr) == (name == "NO_SUCH_VARIABLE")
            assert "sk-abcdef" not in done.stderr + done.stdout
    assert not (tmp_path / "run").exists()


def test_failed_samples_make_the_run_incomplete(tmp_path):
    make_data(tmp_path / "data", ["joy"] * 6)
    with serving(status(400, "too long")) as endpoint:
        done = run(endpoint, tmp_path)
        assert done.returncode == 4
        assert "status 400: too long" in done.stderr
        assert run(endpoint, tmp_path).returncode == 0


def test_a_body_that_changes_answers_is_not_mixed_with_another(tmp_path):
    make_data(tmp_path / "data", ["joy", "fear"])
    with serving() as endpoint:
        body = {"mm_processor_kwargs": {"max_pixels": 784}, "repetition_penalty": 1.5}
        assert run(endpoint, tmp_path, extra_body=body).returncode == 0
        done = run(endpoint, tmp_path)
        assert done.returncode == 2
        assert "pixel limits is {'max_pixels': 784} there, none now" in done.stderr
        assert "extra_body is {'repetition_penalty': 1.5} there, none now" in done.stderr
        assert run(endpoint, tmp_path, extra_body=body, max_pixels=784.0).returncode == 0
        assert len(endpoint.bodies) == 2


def test_an_endpoint_that_takes_few_fields_is_run_to_its_end_and_the_run_says_what_it_lacks(tmp_path):
    make_data(tmp_path / "data", ["joy"] * 12)
    refusal = lambda name: (400, {"error": {"message": f"Unsupported value: '{name}'", "param": name}})  # noqa: E731
    with serving(otherwise=choosy("max_tokens", "temperature", refusal=refusal)) as endpoint:
        assert run(endpoint, tmp_path, "--limit", "6").returncode == 0
        done = run(endpoint, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("it does not take temperature") == 1
    engine = json.loads((tmp_path / "run" / "run.json").read_text())["engine"]
    assert engine["omitted"] == {
        name: f"status 400: Unsupported value: '{name}'" for name in ("max_tokens", "temperature")
    }
    assert "asked without max_tokens, temperature" in (tmp_path / "run" / "summary.md").read_text()


def test_answers_without_a_field_that_changes_them_are_another_configuration(tmp_path):
    make_data(tmp_path / "data", ["joy", "fear"])
    with serving() as endpoint:
        assert run(endpoint, tmp_path).returncode == 0
        assert run(endpoint, tmp_path, omit="seed").returncode == 0
        done = run(endpoint, tmp_path, omit="temperature")
    assert done.returncode == 2
    assert "omit is none there, ['temperature'] now" in done.stderr
    assert len(endpoint.bodies) == 2


def test_answers_that_are_nothing_but_reasoning_are_told(tmp_path):
    make_data(tmp_path / "data", ["joy"] * 3)
    for finish, told in (("length", "spent all its tokens on reasoning"), ("stop", "reasoning parser")):
        with serving(otherwise=said(None, finish, reasoning_content="<answer>joy</answer>")) as endpoint:
            done = run(endpoint, tmp_path, "-o", str(tmp_path / finish))
        assert done.returncode == 4
        assert "3 of 3 answers are not read (nothing but reasoning" in done.stderr
        assert told in done.stderr
        rows, read = (
            [json.loads(line) for line in (tmp_path / finish / name).read_text().splitlines()]
            for name in ("responses.jsonl", "predictions.jsonl")
        )
        assert {(each["response"], each["reasoning"]) for each in rows} == {("", "<answer>joy</answer>")}
        assert {each["answer_status"] for each in read} == {"only_reasoning"}
