"""A run against an endpoint, as a process sees it."""

import json
import os
import subprocess
import sys

from endpoint import answer, drop, serving, status
from fakes import make_data

KEY = "sk-not-a-real-key"


def run(endpoint, folder, *arguments, **model_args):
    command = [sys.executable, "-m", "vecbench", "run", "--engine", "openai", "-m", "org/served"]
    command += ["-t", "emoji_7", "--data", str(folder / "data"), "-o", str(folder / "run"), "-a"]
    settings = {"base_url": endpoint.url, "first_pause": 0.001, "max_retries": 1, "concurrency": 4}
    command += [json.dumps(settings | model_args), *arguments]
    environment = os.environ | {"OPENAI_API_KEY": KEY}
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
