import csv
import io
import json
import math
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from threading import Barrier
from types import SimpleNamespace

import pytest
from fakes import ANSWER, ScriptedEngine, Watcher, make_data, make_plan
from PIL import Image
from rich.console import Console

from vecbench.cli.score import score_source
from vecbench.engines import EngineDescription, Sampling
from vecbench.engines.token_scores import DecodedTokens
from vecbench.errors import DataError, Interrupted, RunError, UsageError
from vecbench.interop.reading import open_responses
from vecbench.run import response_key, run, session
from vecbench.run.session import HOPELESS_AFTER
from vecbench.run.token_confidence import N_ALTERNATIVES
from vecbench.samples import Sample
from vecbench.scoring import STRICT
from vecbench.store import LONGEST_RESPONSE, Manifest, RunDirectory, read_responses
from vecbench.tasks import load_catalogue

LABELS = ["joy", "fear", "joy", "anger", "love"]


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path / "data", LABELS)


@pytest.fixture
def directory(tmp_path):
    return RunDirectory(tmp_path / "run")


def go(plan, directory, engine=None, watcher=None):
    engine = engine or ScriptedEngine()
    return run(plan, lambda: engine, directory, watcher or Watcher())


def stored(directory):
    return list(read_responses(directory.responses))


def test_every_sample_is_asked_once_and_stored_whole(data, directory):
    watcher, engine = Watcher(), ScriptedEngine()
    outcome = go(make_plan(data), directory, engine, watcher)
    assert (outcome.asked, outcome.generated, outcome.failed) == (5, 5, ())
    assert (watcher.asked, watcher.stored_count) == (5, 5)
    assert engine.closed
    rows = stored(directory)
    assert [row.sample_id for row in rows] == ["s0", "s1", "s2", "s3", "s4"]
    assert rows[0].response == ANSWER
    assert rows[0].image == "images/0.png"
    assert len({row.image_sha256 for row in rows}) == 5
    assert (rows[0].finish_reason, rows[0].n_prompt_tokens, rows[0].n_output_tokens) == ("stop", 10, 5)


def test_the_manifest_says_what_was_run(data, directory):
    go(make_plan(data, seed=3), directory)
    said = json.loads(directory.manifest.read_text())
    assert said["schema"] == "vecbench.run/1"
    assert said["status"] == "complete"
    assert said["counts"] == {"asked": 5, "stored": 5, "errors": 0}
    assert said["tasks"]["emoji_7"]["prompt"] == "standard"
    assert said["engine"]["name"] == "scripted"
    assert said["throughput"]["output_tokens"] == 25
    assert said["packages"]["vecbench"]


def test_a_finished_run_is_not_run_again_and_needs_no_engine(data, directory):
    go(make_plan(data), directory)
    watcher = Watcher()

    def no_engine():
        raise AssertionError("nothing is missing")

    outcome = run(make_plan(data), no_engine, directory, watcher)
    assert (outcome.generated, watcher.kept_count) == (0, 5)
    assert outcome.manifest.engine is not None


def test_only_what_is_missing_is_generated(data, directory):
    go(make_plan(data, limit=2), directory)
    engine = ScriptedEngine()
    go(make_plan(data), directory, engine)
    assert len(engine.requests) == 3
    assert len(stored(directory)) == 5


@pytest.mark.parametrize("fault", [KeyboardInterrupt, RunError("the engine died")])
def test_what_is_finished_is_stored_when_the_run_ends_early(data, directory, fault):
    def third(request):
        if "2.png" in request.images[0].name:
            raise fault
        return ANSWER

    with pytest.raises(Interrupted if fault is KeyboardInterrupt else RunError):
        go(make_plan(data), directory, ScriptedEngine(third))
    assert [row.sample_id for row in stored(directory)] == ["s0", "s1"]
    said = json.loads(directory.manifest.read_text())
    assert said["status"] == ("interrupted" if fault is KeyboardInterrupt else "failed")
    go(make_plan(data), directory)
    assert Counter(row.sample_id for row in stored(directory)) == Counter(f"s{n}" for n in range(5))


def test_a_directory_is_complete_when_all_its_tasks_are(data, directory, tmp_path):
    def stop_at_the_third(request):
        if "2.png" in request.images[0].name:
            raise KeyboardInterrupt
        return ANSWER

    with pytest.raises(Interrupted, match="stopped with 2 of 5 responses stored"):
        go(make_plan(data), directory, ScriptedEngine(stop_at_the_third))
    other = make_data(tmp_path / "other", ["positive", "negative"], task="emoji_2")
    outcome = go(make_plan(other, task="emoji_2"), directory)
    assert (outcome.asked, outcome.failed) == (2, ())
    said = json.loads(directory.manifest.read_text())
    assert said["status"] == "incomplete"
    assert said["counts"] == {"asked": 7, "stored": 4, "errors": 0}
    with pytest.raises(Interrupted, match="stopped with 4 of 7 responses stored"):
        go(make_plan(data), directory, ScriptedEngine(stop_at_the_third))
    assert go(make_plan(data), directory).manifest.status == "complete"
    said = json.loads(directory.manifest.read_text())
    assert said["counts"] == {"asked": 7, "stored": 7, "errors": 0}


def test_errors_of_tasks_that_are_not_run_now_are_counted(data, directory, tmp_path):
    with pytest.raises(RunError, match="the script says so"):
        go(make_plan(data), directory, ScriptedEngine(lambda _: None))
    other = make_data(tmp_path / "other", ["positive"], task="emoji_2")
    outcome = go(make_plan(other, task="emoji_2"), directory)
    assert outcome.manifest.status == "incomplete"
    said = json.loads(directory.manifest.read_text())
    assert said["counts"] == {"asked": 6, "stored": 1, "errors": 5}


def test_a_failed_sample_is_an_error_row_and_is_asked_again(data, directory):
    outcome = go(
        make_plan(data),
        directory,
        ScriptedEngine(lambda request: None if "3" in request.images[0].name else ANSWER),
    )
    assert outcome.failed == (("emoji_7", "s3", "the script says so"),)
    assert outcome.manifest.status == "incomplete"
    row = next(row for row in stored(directory) if row.sample_id == "s3")
    assert (row.response, row.error) == (None, "the script says so")
    engine = ScriptedEngine()
    assert go(make_plan(data), directory, engine).failed == ()
    assert len(engine.requests) == 1


def test_bad_samples_become_error_rows_and_the_run_goes_on(data, directory):
    (data / "images" / "0.png").write_bytes(b"nonsense")
    (data / "images" / "1.png").unlink()
    table = data / "samples.csv"
    table.write_text(table.read_text().replace("images/2.png,joy", "images/2.png,awe"))
    outcome = go(make_plan(data), directory)
    assert [sample for _, sample, _ in outcome.failed] == ["s0", "s1", "s2"]
    errors = [error for _, _, error in outcome.failed]
    assert "images/0.png: not an image" in errors[0]
    assert "images/1.png: no such file" in errors[1]
    assert "'awe' is not among the candidates" in errors[2]
    assert len(stored(directory)) == 5


def test_a_changed_image_is_generated_again(data, directory):
    go(make_plan(data), directory)
    Image.new("RGB", (8, 8), "white").save(data / "images" / "1.png")
    engine = ScriptedEngine()
    go(make_plan(data), directory, engine)
    assert [request.images[0].name for request in engine.requests] == ["images/1.png"]


def test_another_table_is_another_data_set(data, directory):
    go(make_plan(data), directory)
    table = data / "samples.csv"
    table.write_text(table.read_text().replace("images/1.png,fear", "images/1.png,love"))
    with pytest.raises(UsageError, match="emoji_7: data sha256 is"):
        go(make_plan(data), directory)


def test_an_image_that_was_away_for_a_while_is_answered_in_the_end(data, directory):
    go(make_plan(data), directory)
    image = data / "images" / "1.png"
    kept = image.read_bytes()
    image.unlink()
    assert len(go(make_plan(data), directory).failed) == 1
    image.write_bytes(kept)
    assert go(make_plan(data), directory).generated == 1
    assert stored(directory)[-1].error is None


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ({"limit": 3}, {"limit": 2}, "limit is 3 there, 2 now"),
        ({}, {"limit": 2}, "limit is none there, 2 now"),
    ],
)
def test_a_run_does_not_shrink(data, directory, first, second, named):
    go(make_plan(data, **first), directory)
    with pytest.raises(UsageError, match=named):
        go(make_plan(data, **second), directory)


def test_the_seed_of_each_task_is_kept(data, directory):
    go(make_plan(data, sampling=Sampling(temperature=1.0)), directory)
    other = make_data(data.parent / "other", ["joy"], task="fluent_7")
    go(make_plan(other, task="fluent_7", seed=1), directory)
    with pytest.raises(UsageError, match="emoji_7: seed is 0 there, 1 now"):
        go(make_plan(data, sampling=Sampling(temperature=1.0), seed=1), directory)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b.png", "a\ud800.png", "loop.png"])
def test_an_impossible_image_path_fails_its_sample_alone(tmp_path, directory, name):
    root = tmp_path / "odd"
    (root / "images").mkdir(parents=True)
    (root / "loop.png").symlink_to("loop.png")
    Image.new("RGB", (4, 4)).save(root / "images" / "a.png")
    rows = [{"image": "images/a.png", "label": "joy"}, {"image": name, "label": "joy"}]
    (root / "samples.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    outcome = go(make_plan(root), directory)
    assert len(outcome.failed) == 1
    assert outcome.generated == 2


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ({}, {"model": "other"}, "model is fake there, other now"),
        ({}, {"profile": "direct"}, "prompt profile is standard there, direct now"),
        ({}, {"sampling": Sampling(max_tokens=8)}, "max_tokens is 64 there, 8 now"),
        (
            {"sampling": Sampling(temperature=1.0)},
            {"sampling": Sampling(temperature=1.0), "seed": 1},
            "seed is 0",
        ),
        ({}, {"pixel_limits": {"max_pixels": 9}}, "pixel limits is none there"),
        ({}, {"answer_settings": {"chat_template": "b"}}, "chat_template is none there, b now"),
        (
            {"answer_settings": {"chat_template": "a", "tokenizer": "t"}},
            {"answer_settings": {"chat_template": "b", "tokenizer": "t"}},
            "configuration: chat_template is a there, b now",
        ),
    ],
)
def test_two_configurations_are_not_mixed(data, directory, first, second, named):
    go(make_plan(data, **first), directory)
    with pytest.raises(UsageError, match=named):
        go(make_plan(data, **second), directory)
    assert len(stored(directory)) == 5


class ScoringEngine(ScriptedEngine):
    """Gives every answer one token, but for every second one none, as an endpoint may."""

    def generate(self, requests):
        for place, each in enumerate(super().generate(requests)):
            tokens = DecodedTokens(each.text, [0], lambda ids: ANSWER * len(ids), lambda _: (-0.25, ()))
            yield replace(each, tokens=tokens if place % 2 == 0 else None)


def test_token_confidence_is_stored_where_it_is_known_and_missing_elsewhere(data, directory):
    engine = ScoringEngine()
    go(make_plan(data, token_confidence=True), directory, engine)
    assert {each.n_alternatives for each in engine.requests} == {N_ALTERNATIVES}
    known = {"product": pytest.approx(math.exp(-0.25)), "tokens": 1}
    assert [each.token_confidence for each in stored(directory)] == [known, None, known, None, known]


def test_no_key_depends_on_token_confidence_and_a_run_that_goes_on_keeps_lines_without_it(data, directory):
    go(make_plan(data, limit=2), directory)
    outcome = go(make_plan(data, limit=3, token_confidence=True), directory, ScoringEngine())
    assert outcome.generated == 1
    assert [each.token_confidence is None for each in stored(directory)] == [True, True, False]


def test_a_response_that_failed_or_is_too_long_has_no_token_confidence(data, directory, monkeypatch):
    monkeypatch.setattr(session, "LONGEST_RESPONSE", len(ANSWER) - 1)
    with pytest.raises(RunError, match="more than any that is read"):
        go(make_plan(data, token_confidence=True), directory, ScoringEngine())
    assert {each.token_confidence for each in stored(directory)} == {None}


def test_the_key_depends_on_answer_settings_and_without_them_is_what_it_always_was(data):
    plan = make_plan(data)
    [task] = plan.tasks
    sample = next(iter(task.data.samples(task.task, 1)))

    def key(plan):
        return response_key(plan, task.sampling, replace(sample, id="s"), "prompt", "0" * 64, 0)

    parts = {
        "model": "fake",
        "revision": "1",
        "sampling": {"temperature": 0.0, "top_p": 1.0, "max_tokens": 64, "stop": [], "seed": None},
        "prompt": "prompt",
        "image": "0" * 64,
        "pixel_limits": {},
        "task": "emoji_7",
        "sample": "s",
        "target": "joy",
        "candidates": list(sample.candidates),
        "repeat": 0,
    }
    assert key(plan) == sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    others = {key(replace(plan, answer_settings={"extra_body": {"top_k": top}})) for top in (1, 2)}
    assert len(others | {key(plan)}) == 3


class Precise(ScriptedEngine):
    def __init__(self, dtype, answer=lambda _: ANSWER):
        super().__init__(answer)
        self.dtype = dtype

    @property
    def description(self):
        return EngineDescription("scripted", {"dtype": self.dtype}, "none")


def engines(directory):
    said = Manifest.read(directory.manifest)
    return [each.arguments["dtype"] for each in [*said.earlier_engines, said.engine]]


def test_every_engine_that_took_part_is_told(data, directory):
    for limit, dtype in ((1, "float32"), (2, "bfloat16"), (3, "float16"), (4, "float32")):
        go(make_plan(data, limit=limit), directory, Precise(dtype))
    assert engines(directory) == ["bfloat16", "float16", "float32"]
    catalogue = load_catalogue()
    source, console = open_responses(directory.path, catalogue), Console(file=io.StringIO())
    score_source(source, STRICT, catalogue, directory.path, console, figures=False)
    assert (
        "scripted on none (dtype bfloat16), scripted on none (dtype float16)" in directory.summary.read_text()
    )


def test_what_an_engine_finds_out_while_it_runs_is_told_of_it_and_makes_it_no_other(data, directory):
    class Learning(ScriptedEngine):
        @property
        def description(self):
            omitted = {"temperature": "it says no"} if self.requests else {}
            return EngineDescription("scripted", {}, "none", omitted=omitted)

    for limit in (2, 4):
        go(make_plan(data, limit=limit), directory, Learning())
        said = Manifest.read(directory.manifest)
        assert (said.engine.omitted, said.earlier_engines) == ({"temperature": "it says no"}, [])
    go(make_plan(data, limit=5), directory)
    said = Manifest.read(directory.manifest)
    assert (said.engine.omitted, len(said.earlier_engines)) == ({}, 1)


def test_reasoning_is_stored_and_cut_where_a_line_would_be_too_long(data, directory):
    class Reasoning(ScriptedEngine):
        def generate(self, requests):
            for response in super().generate(requests):
                yield replace(response, reasoning="x" * (LONGEST_RESPONSE + 1), n_reasoning_tokens=3)

    go(make_plan(data, limit=1), directory, Reasoning())
    [row] = stored(directory)
    assert len(row.response) + len(row.reasoning) == LONGEST_RESPONSE
    assert row.n_reasoning_tokens == 3


def test_an_engine_that_generated_nothing_took_no_part(data, directory):
    def dies(_):
        raise RunError("the engine died")

    go(make_plan(data, limit=1), directory, Precise("float32"))
    with pytest.raises(RunError):
        go(make_plan(data), directory, Precise("bfloat16", dies))
    assert engines(directory) == ["float32"]


@pytest.mark.parametrize("fault", [RunError("no such model"), KeyboardInterrupt])
def test_a_run_without_a_response_binds_nobody(data, directory, fault):
    def no_engine():
        raise fault

    with pytest.raises((RunError, Interrupted)):
        run(make_plan(data, model="misspelt"), no_engine, directory, Watcher())
    if fault is KeyboardInterrupt:
        assert json.loads(directory.manifest.read_text())["model"]["name"] == "misspelt"
    assert go(make_plan(data), directory).generated == 5
    assert json.loads(directory.manifest.read_text())["model"]["name"] == "fake"


@pytest.mark.parametrize("fault", [UsageError("no such device"), RunError("it cannot be loaded")])
def test_an_engine_that_cannot_be_made_leaves_no_directory(data, directory, fault):
    def no_engine():
        raise fault

    with pytest.raises(type(fault), match=fault.message):
        run(make_plan(data), no_engine, directory, Watcher())
    assert not directory.path.exists()


def test_a_seed_makes_no_difference_to_greedy_decoding(data, directory):
    go(make_plan(data, seed=0), directory)
    assert go(make_plan(data, seed=1), directory).generated == 0


def test_responses_without_a_manifest_are_not_touched(data, directory):
    directory.path.mkdir()
    directory.responses.write_text("")
    with pytest.raises(UsageError, match=r"no run\.json"):
        go(make_plan(data), directory)


def test_repeats_are_seeded_apart_and_the_same_every_time(data, directory, tmp_path):
    plan = make_plan(data, repeats=3, sampling=Sampling(temperature=0.7))
    engines = [ScriptedEngine(), ScriptedEngine()]
    go(plan, directory, engines[0])
    go(plan, RunDirectory(tmp_path / "again"), engines[1])
    seeds = [[request.sampling.seed for request in engine.requests] for engine in engines]
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 15
    other = ScriptedEngine()
    go(replace(plan, seed=1), RunDirectory(tmp_path / "other"), other)
    assert not set(seeds[0]) & {request.sampling.seed for request in other.requests}


def test_two_samples_with_the_same_image_have_a_row_each(tmp_path, directory):
    data = make_data(tmp_path / "data", ["joy", "joy"])
    (data / "images" / "1.png").write_bytes((data / "images" / "0.png").read_bytes())
    go(make_plan(data), directory)
    assert len({row.key for row in stored(directory)}) == 2


def test_an_unexpected_number_of_samples_is_a_warning_that_names_the_task(data, directory):
    watcher = Watcher()
    go(make_plan(data), directory, watcher=watcher)
    assert watcher.warnings == [f"emoji_7 has 5 samples in {data}; 136 are expected"]
    watcher = Watcher()
    go(make_plan(data, limit=3), RunDirectory(data.parent / "limited"), watcher=watcher)
    assert watcher.warnings == []


def test_no_image_at_all_ends_the_run_before_it_begins(data, directory):
    for image in (data / "images").iterdir():
        image.unlink()
    with pytest.raises(DataError, match="none of the 5 images of emoji_7 is there"):
        go(make_plan(data), directory)


def test_data_without_a_row_of_the_task_ends_the_run_before_it_begins(tmp_path, directory):
    data = make_data(tmp_path / "data", ["joy"], task="fluent_7")
    with pytest.raises(DataError, match="no rows of the task emoji_7"):
        go(make_plan(data), directory)


def test_an_engine_that_forgets_a_request_is_found_out(data, directory):
    class Forgetful(ScriptedEngine):
        def generate(self, requests):
            yield from list(super().generate(requests))[1:]

    with pytest.raises(RunError, match="left 1 requests without a response"):
        go(make_plan(data), directory, Forgetful())


def test_requests_are_pulled_only_as_the_engine_has_room(tmp_path, directory):
    data = make_data(tmp_path / "data", ["joy"] * 40)
    opened = []

    class Counting(ScriptedEngine):
        def generate(self, requests):
            def counted():
                for request in requests:
                    opened.append(request.key)
                    yield request

            for number, response in enumerate(super().generate(counted()), start=1):
                assert len(opened) <= number + self.ahead
                yield response

    go(make_plan(data), directory, Counting(ahead=3))
    assert len(opened) == 40


def test_image_files_are_read_ahead_of_the_engine_and_hashed_once(tmp_path, directory, monkeypatch):
    together = Barrier(2, timeout=30)
    read, hashed = Sample.image_bytes, []

    def only_together(sample, place):
        together.wait()  # breaks, and fails the run, if files are read one by one
        return read(sample, place)

    def counted(data=b""):
        hashed.append(data)
        return sha256(data)

    data = make_data(tmp_path / "data", ["joy"] * 4)
    monkeypatch.setattr(Sample, "image_bytes", only_together)
    monkeypatch.setattr("vecbench.samples.sample.hashlib", SimpleNamespace(sha256=counted))
    plan = make_plan(data, repeats=3, sampling=Sampling(temperature=0.7))
    assert go(plan, directory).generated == 12
    assert len(hashed) == 4


def bare_rows(data, *places):
    """The table of `make_data` as a JSONL whose rows bring a prompt, but for those at `places`."""
    rows = list(csv.DictReader((data / "samples.csv").read_text().splitlines()))
    (data / "samples.csv").unlink()
    asked = [row | ({} if place in places else {"prompt": "Which?"}) for place, row in enumerate(rows)]
    (data / "samples.jsonl").write_text("\n".join(json.dumps(row) for row in asked))
    return data


@pytest.mark.parametrize("count", [1, HOPELESS_AFTER + 5])
def test_a_run_whose_requests_all_fail_alike_ends(tmp_path, directory, count):
    data = make_data(tmp_path / "data", ["joy"] * count)
    engine = ScriptedEngine(lambda _: None)
    with pytest.raises(RunError, match=r"no request was answered, and .* failed with: the script says so"):
        go(make_plan(data), directory, engine)
    assert len(engine.requests) == min(count, HOPELESS_AFTER)
    assert Manifest.read(directory.manifest).status == "failed"


def test_what_was_answered_once_or_fails_by_itself_does_not_end_a_run(tmp_path, directory):
    data = make_data(tmp_path / "data", ["joy"] * (HOPELESS_AFTER + 5))
    go(make_plan(data, limit=1), directory)
    outcome = go(make_plan(data), directory, ScriptedEngine(lambda _: None))
    assert len(outcome.failed) == HOPELESS_AFTER + 4
    for place in range(HOPELESS_AFTER + 5):
        (data / "images" / f"{place}.png").write_bytes(b"nonsense")
    outcome = go(make_plan(data), RunDirectory(tmp_path / "broken"))
    assert len(outcome.failed) == HOPELESS_AFTER + 5


def test_a_row_without_the_prompt_it_needs_fails_alone(data, directory):
    engine = ScriptedEngine()
    outcome = go(make_plan(bare_rows(data, 2), profile="dataset"), directory, engine)
    assert outcome.failed == (("emoji_7", "s2", "the prompt profile 'dataset' gives an empty prompt"),)
    assert [row.sample_id for row in stored(directory) if row.error is None] == ["s0", "s1", "s3", "s4"]


def test_a_profile_that_gives_no_sample_a_prompt_ends_the_run_before_it_begins(data, directory):
    def no_engine():
        raise AssertionError("nothing can be asked")

    with pytest.raises(DataError, match=r"no sample of emoji_7 .* can be asked: .*'dataset' gives an empty"):
        run(make_plan(data, profile="dataset"), no_engine, directory, Watcher())
    assert not directory.path.exists()
