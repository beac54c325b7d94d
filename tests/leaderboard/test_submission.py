"""A forged submission is refused with its reason; an honest one is not."""

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import ANSWER, ScriptedEngine, Watcher, make_data, make_plan

from vecbench.engines import Sampling
from vecbench.errors import DataError, UsageError
from vecbench.interop.reading import open_responses
from vecbench.leaderboard.archive import packed, read_members
from vecbench.leaderboard.publication import verified_entry
from vecbench.leaderboard.samples import check_samples
from vecbench.leaderboard.submission import submission_files
from vecbench.leaderboard.tables import decoding
from vecbench.leaderboard.verification import verify, verify_files
from vecbench.models import Model
from vecbench.parsing.form import Form
from vecbench.run import RunPlan, TaskRun, run
from vecbench.samples import open_data
from vecbench.scoring import STRICT, predictions
from vecbench.shipped import leaderboards_folder
from vecbench.store import RunDirectory, read_responses
from vecbench.tasks import Catalogue, load_catalogue

CATALOGUE = load_catalogue()
[HONEST] = (leaderboards_folder() / "demo" / "submissions").glob("*.zip")


@pytest.fixture
def files():
    return read_members(HONEST)


def sealed(files):
    """The files with the hashes that they now have: what a forger would do."""
    said = json.loads(files["submission.json"])
    for name in said["files"]:
        content = files[name]
        said["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return files | {"submission.json": json.dumps(said).encode()}


def refusal(tmp_path, files, **options):
    path = tmp_path / "forged.zip"
    path.write_bytes(packed(files))
    with pytest.raises(DataError) as refused:
        verified_entry(verify(path, CATALOGUE, **options))
    assert refused.value.exit_status == 2
    return refused.value.message


def changed_json(files, name, change):
    values = json.loads(files[name])
    change(values)
    return sealed(files | {name: json.dumps(values).encode()})


def changed_lines(files, change):
    rows = [json.loads(line) for line in files["responses.jsonl"].splitlines()]
    change(rows)
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    return sealed(files | {"responses.jsonl": lines})


def test_one_changed_score_is_named_with_both_values(files, tmp_path):
    def better(scores):
        scores["groups"]["demo_id_ver"]["metrics"]["accuracy"]["value"] = 0.55

    message = refusal(tmp_path, changed_json(files, "scores.json", better))
    assert "groups.demo_id_ver.metrics.accuracy.value is 0.55, recomputed 0.4338" in message


def test_intervals_of_another_version_are_made_anew_and_its_scores_are_not_believed(files, made, tmp_path):
    def shift(scores):
        scores["overall"]["metrics"]["brier"]["low"] += 0.01

    shifted = changed_json(made, "scores.json", shift)
    assert "overall.metrics.brier.low is" in refusal(tmp_path, shifted)
    older = changed_json(shifted, "submission.json", lambda said: said.update(vecbench="0.0.9"))
    entries = [verified_entry(verify_files(each, Path("a.zip"), CATALOGUE)) for each in (older, made)]
    assert entries[0] == entries[1]
    # Version 0.1 is known by the metrics that it does not name.
    verify_files(changed_json(files, "scores.json", shift), Path("0.1.zip"), CATALOGUE)

    def better(scores):
        scores["overall"]["metrics"]["brier"]["value"] -= 0.01

    forged = changed_json(made, "scores.json", better)
    forged = changed_json(forged, "submission.json", lambda said: said.update(vecbench="0.0.9"))
    assert "overall.metrics.brier.value is" in refusal(tmp_path, forged)


def test_a_score_that_cannot_be_had_is_refused(files, tmp_path):
    def add(scores):
        scores["overall"]["metrics"]["wow"] = {"value": 1.0}

    assert "overall.metrics.wow.value is claimed" in refusal(
        tmp_path, changed_json(files, "scores.json", add)
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The files of a submission that this version has made; those of HONEST are of version 0.1."""
    folder = unpacked(read_members(HONEST), tmp_path_factory.mktemp("made") / "run")
    return submission_files(RunDirectory(folder), CATALOGUE, name="Made")


def claims_nothing(scores):
    for key in ("tasks", "groups", "overall"):
        del scores[key]


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (claims_nothing, "tasks.emoji_2.n; tasks.emoji_2.metrics.accuracy.value; "),
        (lambda scores: scores["tasks"].pop("fluent_7"), "tasks.fluent_7.n; "),
        (lambda scores: scores["overall"]["metrics"].pop("ece"), "overall.metrics.ece.value"),
        (
            lambda scores: scores["groups"]["demo_id_ver"]["macro"].update(accuracy={}),
            "groups.demo_id_ver.macro.accuracy.value",
        ),
    ],
)
def test_scores_that_claim_less_than_is_published_are_refused(made, tmp_path, change, missing):
    message = refusal(tmp_path, changed_json(made, "scores.json", change))
    assert f"scores.json does not claim {missing}" in message


def without_metric(scores, key):
    """What a version says that does not know a metric."""
    for level in ("tasks", "groups"):
        for block in scores[level].values():
            block["metrics"].pop(key)
            block.get("macro", {}).pop(key, None)
    scores["overall"]["metrics"].pop(key)
    scores["overall"]["macro"].pop(key, None)


def test_a_metric_that_an_earlier_version_did_not_have_is_not_asked_for(files, made, tmp_path):
    earlier = changed_json(files, "scores.json", lambda scores: without_metric(scores, "f1_weighted"))
    entry = verified_entry(verify_files(earlier, Path("earlier.zip"), CATALOGUE))
    assert "f1_weighted" in entry.tasks["emoji_2"].metrics
    # One that says it had it must claim it.
    later = changed_json(made, "scores.json", lambda scores: without_metric(scores, "f1_weighted"))
    assert "does not claim tasks.emoji_2.metrics.f1_weighted.value" in refusal(tmp_path, later)


def test_a_metric_of_another_version_is_made_anew_and_said(made, tmp_path):
    def worse(scores):
        for block in (*scores["tasks"].values(), *scores["groups"].values(), scores["overall"]):
            block["metrics"]["brier"]["value"] += 0.1
            if "macro" in block:
                block["macro"]["brier"]["value"] += 0.1

    changed = changed_json(made, "scores.json", worse)
    assert "metrics.brier.value is" in refusal(tmp_path, changed)
    changed = changed_json(changed, "submission.json", lambda said: said["metrics"].update(brier=7))
    verified = verify_files(changed, Path("other.zip"), CATALOGUE)
    assert verified.other_versions == ("brier",)
    honest = verified_entry(verify_files(made, Path("made.zip"), CATALOGUE))
    assert verified_entry(verified).overall == honest.overall
    (tmp_path / "other.zip").write_bytes(packed(changed))
    done = vecbench("leaderboard", "check", "other.zip", cwd=tmp_path)
    assert "but for brier, which this version computes otherwise: made anew" in done.stdout


def test_a_metric_of_a_package_that_is_not_there_is_named(made, tmp_path):
    (tmp_path / "luck.zip").write_bytes(
        packed(changed_json(made, "submission.json", lambda said: said["metrics"].update(luck=1)))
    )
    with pytest.raises(DataError, match="unknown metric 'luck'") as refused:
        verify(tmp_path / "luck.zip", CATALOGUE)
    assert "install" in refused.value.remedy


def test_lines_have_the_keys_that_answers_of_any_kind_have(files, tmp_path):
    further = {"kind": "label", "images": [], "images_sha256": [], "attributes": {"style": "flat"}}
    changed = changed_lines(files, lambda rows: rows[0].update(further))
    assert verify_files(changed, Path("further.zip"), CATALOGUE).responses == 324
    other = changed_lines(files, lambda rows: rows[0].update(kind="rating"))
    assert "its kind is 'rating', that of the task label" in refusal(tmp_path, other)


def test_what_is_recomputed_and_not_claimed_is_counted(made, tmp_path):
    def shorten(scores):
        del scores["tasks"]["emoji_2"]["metrics"]["aurc"]  # value, n, low and high
        del scores["intervals"]["seed"]

    path = tmp_path / "shorter.zip"
    path.write_bytes(packed(changed_json(made, "scores.json", shorten)))
    claimed, numbers = verify(path, CATALOGUE).claimed
    assert numbers - claimed == 5
    assert verify_files(made, path, CATALOGUE).claimed == (numbers, numbers)
    # Version 0.1 had fewer metrics; what is compared of it has no intervals.
    assert verify(HONEST, CATALOGUE).claimed[0] < claimed


def test_a_text_in_the_place_of_a_number_is_a_claim(made, tmp_path):
    def words(scores):
        scores["overall"]["metrics"]["accuracy"]["low"] = "x"

    message = refusal(tmp_path, changed_json(made, "scores.json", words))
    assert "overall.metrics.accuracy.low is 'x', recomputed" in message


@pytest.mark.parametrize("name", ["run.json", "scores.json", "submission.json"])
def test_a_refusal_cannot_steer_the_terminal(files, tmp_path, name):
    message = refusal(tmp_path, changed_json(files, name, lambda said: said.update({"\x1b[2Jbad": 1})))
    assert "\\x1b[2Jbad" in message


def test_one_changed_response_is_refused_by_its_hash(files, tmp_path):
    files["responses.jsonl"] = files["responses.jsonl"].replace(b"positive</answer>", b"negative</answer>", 1)
    assert "responses.jsonl was changed" in refusal(tmp_path, files)


def test_one_changed_response_with_a_matching_hash_is_refused_by_the_scores(files, tmp_path):
    def flip(rows):
        rows[0]["response"] = f"<answer>{rows[0]['target']}</answer><confidence>0.9</confidence>"

    message = refusal(tmp_path, changed_lines(files, flip))
    assert "scores.json differs from what the responses give" in message
    assert "tasks.emoji_2" in message


def test_one_sample_left_out_is_refused(files, tmp_path):
    message = refusal(tmp_path, changed_lines(files, lambda rows: rows.pop(0)))
    assert "emoji_2 has responses to 119 samples, run.json says 120" in message


def test_a_sample_left_out_everywhere_is_refused_by_the_expected_number(files, tmp_path):
    forged = changed_lines(files, lambda rows: rows.pop(0))
    forged = changed_json(forged, "run.json", lambda said: said["tasks"]["emoji_2"].update(samples=119))
    assert "emoji_2 has 119 samples, 120 are expected" in refusal(tmp_path, forged)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sample_id": "noto-another"}, "no response to the samples"),
        ({"target": "positive"}, "its target is 'positive', the data says 'negative'"),
        ({"image_sha256": "0" * 64}, "another image than the data's"),
        ({"prompt_sha256": "0" * 64}, "another prompt than profile standard gives"),
        ({"key": "0" * 64}, "its key is not that of the model"),
        ({"candidates": ["negative", "positive"]}, "candidates are in another order"),
        ({"candidates": ["positive", "neutral"]}, "candidates are not the labels"),
        ({"image_sha256": None}, "has a response and no image"),
        ({"image_sha256": "zz"}, "its image_sha256 is 'zz', which is no SHA-256"),
        ({"image_sha256": "A" * 64}, "which is no SHA-256"),
        ({"extra": "x"}, "line 1: not a stored response (unknown key 'extra')"),
        ({"repeat": 1}, "repeat 1, run.json says 1 repeats"),
        ({"task": "fi_8"}, "not of the benchmark"),
        ({"response": None}, "needs either a response or an error"),
        ({"response": "a" * 300_000}, "a response of 300000 characters"),
    ],
)
def test_a_response_to_something_else_is_refused(files, tmp_path, change, said):
    assert said in refusal(tmp_path, changed_lines(files, lambda rows: rows[0].update(change)))


def sampled(said, seed=0, **sampling):
    said["tasks"]["emoji_2"]["sampling"].update(sampling)
    said["tasks"]["emoji_2"]["seed"] = seed if sampling.get("temperature", 0) > 0 else None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda said: said.update(limit=5), "--limit 5 leaves samples out"),
        (lambda said: said["tasks"].pop("fluent_7"), "tasks are not those of the benchmark: 'fluent_7'"),
        (lambda said: said["tasks"]["emoji_2"].update(sha256="0" * 64), "another task file"),
        (lambda said: said["tasks"]["emoji_2"].update(prompt="easy"), "no prompt profile 'easy'"),
        (lambda said: said["tasks"]["emoji_2"].update(prompt_sha256="0"), "had another text"),
        (lambda said: said["tasks"]["emoji_2"].pop("sampling"), "tasks.emoji_2.sampling"),
        (lambda said: sampled(said, temperature=0.5), "its key is not that"),
        (lambda said: sampled(said, temperature=0.5, seed=None), "emoji_2: seed is missing"),
        (lambda said: said["tasks"]["emoji_2"].update(seed=424242), "greedy decoding has none"),
        (lambda said: sampled(said, temperature=-0.5), "temperature is -0.5, not a number from 0 to 100"),
        (lambda said: sampled(said, temperature=1e300), "temperature is 1e+300"),
        (lambda said: sampled(said, top_p=0.0), "top_p is 0, not a number above 0"),
        (lambda said: sampled(said, top_p=1.5), "top_p is 1.5"),
        (lambda said: sampled(said, min_p=1.5), "min_p is 1.5, not a number from 0 to 1"),
        (lambda said: sampled(said, thinking_budget=-1), "thinking_budget is -1, not a whole number"),
        (lambda said: said["tasks"]["emoji_2"]["sampling"].update(top_k=20), "its key is not that"),
        (lambda said: said.update(answer_settings={"system_prompt": "Be kind."}), "its key is not that"),
        (lambda said: sampled(said, max_tokens=0), "max_tokens is 0, not a whole number above 0"),
        (lambda said: said["tasks"]["emoji_2"].update(repeats=7), "repeats is 7, that of the run is 1"),
        (
            lambda said: said.update(repeats=2) or said["tasks"]["emoji_2"].update(repeats=2),
            "says the same each",
        ),
        (lambda said: said.update(control={"name": "blank"}), "a control (blank), which does not show"),
        (lambda said: said.update(status="failed"), "status is 'failed', not that of a finished run"),
        (lambda said: said.update(status="running"), "status is 'running'"),
        (lambda said: said["model"].update(name="a-better-model"), "its key is not that"),
        (lambda said: said.update(answer_settings={"tokenizer": "other"}), "its key is not that"),
        (lambda said: said["tasks"]["emoji_2"].update(seed=10**400), "more than 64 bits"),
        (lambda said: said["tasks"]["emoji_2"]["sampling"].update(max_tokens=10**400), "more than 64 bits"),
        (lambda said: said["tasks"]["emoji_2"]["sampling"].update(max_tokens=10**10), "max_tokens is 10000"),
        (lambda said: said.update(repeats=10**10), "repeats is 10000000000"),
    ],
)
def test_another_configuration_than_the_responses_were_made_with_is_refused(files, tmp_path, change, said):
    assert said in refusal(tmp_path, changed_json(files, "run.json", change))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a\nb", "U+000A is not allowed"),
        ("gpt\u202etxet", "U+202E is not allowed"),
        ("=HYPERLINK(1)", "spreadsheets"),
        ("", "at least 1 character"),
        ("a" * 200, "at most 120 characters"),
    ],
)
def test_a_name_that_could_deceive_is_refused(files, tmp_path, name, said):
    assert said in refusal(tmp_path, changed_json(files, "submission.json", lambda s: s.update(name=name)))


def test_a_link_that_is_no_web_address_is_refused(files, tmp_path):
    def link(said):
        said["link"] = "javascript:alert(1)"

    assert "not a web address" in refusal(tmp_path, changed_json(files, "submission.json", link))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "levels deep"),
        (b"[" * 100 + b"]" * 100, "levels deep"),
        (b'{"schema": 1, "schema": 2}', "there more than once"),
        (b'{"value": NaN}', "NaN is no JSON number"),
        (b"1" * 5000, "has more than 64 bits"),
        (b'{"seed": -18446744073709551616}', "has more than 64 bits"),
        (b'{"value": 1e400}', "1e400 is larger"),
        (b"\xff", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        (b"schema: vecbench.run/1\n", "not valid JSON"),
        (b"&a [*a, *a]", "not valid JSON"),
        (b"!!python/object/apply:os.system [id]", "not valid JSON"),
        (b'{"\\u0061": 1, "a": 2}', "there more than once"),
        (b"[" * 1_000_000, "JSON of more than"),
        (b"{", "not valid JSON"),
    ],
)
@pytest.mark.parametrize("name", ["run.json", "scores.json"])
def test_json_that_is_deep_ambiguous_or_broken_is_refused(files, tmp_path, text, said, name):
    assert said in refusal(tmp_path, sealed(files | {name: text}))


def flooded(files, tmp_path, content):
    """What a submission with these responses is refused for, and the most memory that took beyond them."""
    folder = unpacked(sealed(files | {"responses.jsonl": content}), tmp_path / "flooded")
    size = len(content)
    del content
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as refused:
            verify(folder, CATALOGUE)
        return refused.value.message, tracemalloc.get_traced_memory()[1] - 2 * size
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("part", "times", "said"),
    [
        (b"[],", 10_000_000, "line 1: longer than 4 MiB"),
        (b"12\n", 10_000_000, "10000000 lines, run.json says 324 samples"),
        (b"[],", 1_000_000, "JSON of more than 500000 values"),
    ],
    ids=["one line", "many lines", "many values"],
)
def test_responses_made_to_fill_the_memory_are_refused_unread(files, tmp_path, part, times, said):
    message, memory = flooded(files, tmp_path, part * times)
    assert said in message
    assert memory < 32 * 2**20


def test_scores_made_to_fill_the_memory_are_refused_unread(files, tmp_path):
    text = b"[" + b"[]," * 300_000 + b"[]]"
    assert "scores.json: JSON of more than 500000 values" in refusal(
        tmp_path, sealed(files | {"scores.json": text})
    )


def unpacked(files, folder):
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_responses_are_read_as_the_prompt_profile_says_that_was_run(made, tmp_path):
    """Whoever did not know that it was `standard` would take 0.45 for a share of 100."""
    task = CATALOGUE.tasks["emoji_7"]
    forms = {"standard": Form(), "direct": Form(scale="percent")}
    tasks = {**CATALOGUE.tasks, task.id: replace(task, forms=forms, prompt="direct")}
    catalogue = Catalogue(tasks, CATALOGUE.groups)
    folder = unpacked(made, tmp_path / "run")
    again = submission_files(RunDirectory(folder), catalogue, name="Made")
    assert json.loads(again["scores.json"])["tasks"] == json.loads(made["scores.json"])["tasks"]
    verify_files(made, tmp_path, catalogue)
    run = predictions(open_responses(folder, catalogue).responses, STRICT, catalogue)
    assert [row.reading for row in run] == [
        row.reading for row in predictions(open_responses(folder, CATALOGUE).responses, STRICT, CATALOGUE)
    ]


def test_a_folder_is_checked_as_an_archive_is(files, tmp_path):
    folder = unpacked(files, tmp_path / "folder")
    assert verified_entry(verify(folder, CATALOGUE)) == verified_entry(verify(HONEST, CATALOGUE))
    (folder / "run.json").rename(tmp_path / "run.json")
    (folder / "run.json").symlink_to(tmp_path / "run.json")
    with pytest.raises(DataError, match="not a plain file"):
        verify(folder, CATALOGUE)
    (folder / "run.json").unlink()
    with pytest.raises(DataError, match=r"no run\.json"):
        verify(folder, CATALOGUE)


@pytest.fixture
def faulty(tmp_path):
    """A benchmark of one task whose data has faults: (catalogue, data, the submission of a run on it)."""
    tasks, data = tmp_path / "tasks", make_data(tmp_path / "data", ["joy"] * 6, "mini_2")
    tasks.mkdir()
    shutil.copy(CATALOGUE.tasks["emoji_2"].path.parent / "_base.yaml", tasks)
    about = {
        "display": "Mini-2",
        "group": "mini_all",
        "labels": ["joy", "anger"],
        "prompts": {"own": "{{ dataset_prompt }}"},
    }
    texts = {
        "mini": {"group": "vecbench_mini", "task": ["vecbench_mini_all"]},
        "mini_all": {"group": "vecbench_mini_all", "task": ["vecbench_mini_2"]},
        "mini_2": {
            "include": "_base.yaml",
            "task": "vecbench_mini_2",
            "dataset_kwargs": {"task": "mini_2"},
            "metadata": {"version": 1.0, "vecbench": about | {"noun": "emotion", "prompt": "own"}},
        },
    }
    for name, values in texts.items():
        values.setdefault("metadata", {"version": 1.0, "vecbench": {"display": name}})
        (tasks / f"{name}.yaml").write_text(json.dumps(values))
    rows = list(csv.DictReader((data / "samples.csv").read_text().splitlines()))
    (data / "samples.csv").unlink()
    for row in rows:
        row["prompt"] = f"Which of joy and anger? ({row['id']})"
    del rows[1]["prompt"]
    rows[2]["label"] = "neither"
    (data / rows[3]["image"]).unlink()
    rows[4]["prompt"] += " !"
    (data / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    catalogue = load_catalogue([tasks])
    assert catalogue.faults == ()
    sampling = Sampling(max_tokens=64, repetition_penalty=1.05, thinking_budget=9)
    task_run = TaskRun(catalogue.tasks["mini_2"], open_data(data), "own", sampling)
    directory = RunDirectory(tmp_path / "run")
    engine = ScriptedEngine(lambda request: None if "!" in request.prompt else ANSWER)
    plan = RunPlan(Model("fake", "fake", "1"), (task_run,), answer_settings={"system_prompt": "Be kind."})
    run(plan, lambda: engine, directory, Watcher())
    return catalogue, str(data), submission_files(directory, catalogue, benchmark="mini")


def test_samples_that_could_not_be_asked_are_errors_and_no_forgery(faulty):
    catalogue, data, files = faulty
    verified = verify_files(files, Path("mini.zip"), catalogue, data)
    assert (verified.errors, verified.coverage.prompts) == (4, True)
    entry = verified_entry(verified)
    assert (entry.errors, entry.tasks["mini_2"].n, entry.tasks["mini_2"].correct) == (4, 6, 2)
    assert decoding(entry.decoding) == (
        "temperature 0, max tokens 64, repetition penalty 1.05, thinking budget 9"
    )
    # Without the data, what it would have said cannot be rendered: that is said, and no reason to refuse.
    assert verify_files(files, Path("mini.zip"), catalogue).coverage.prompts is False


@pytest.mark.parametrize(
    ("place", "change", "said"),
    [
        (1, {}, "has a response and no image"),
        (1, {"image_sha256": "0" * 64}, "another image than the data's"),
        (2, {}, "has a response and no image"),
        (2, {"image_sha256": "0" * 64}, "the target 'neither' is not among the candidates"),
        (3, {}, "has a response and no image"),
    ],
)
def test_an_answer_to_a_sample_that_could_not_be_asked_is_refused(faulty, place, change, said):
    catalogue, data, files = faulty

    def answer(rows):
        rows[place] |= {"response": ANSWER, "error": None, **change}

    with pytest.raises(DataError, match=said):
        verify_files(changed_lines(files, answer), Path("mini.zip"), catalogue, data)


def test_half_a_character_is_refused_or_harmless_wherever_it_stands(files, tmp_path):
    half = "\ud800"
    message = refusal(
        tmp_path, changed_json(files, "submission.json", lambda said: said.update({half: half}))
    )
    assert message.isprintable()
    message = refusal(tmp_path, changed_json(files, "scores.json", lambda said: said.update({half: 1})))
    assert "\\ud800 is claimed" in message
    for key in ("task", "sample_id", "target", "key"):
        assert refusal(tmp_path, changed_lines(files, lambda rows, key=key: rows[0].update({key: half})))
    # In a response it is an answer like any other: one that says nothing.
    said = changed_lines(files, lambda rows: rows[0].update(response=half))
    assert "scores.json differs" in refusal(tmp_path, said)


def test_other_data_than_the_responses_answer_is_named(tmp_path):
    data = make_data(tmp_path / "data", ["joy"] * 3, "emoji_2")
    with pytest.raises(DataError, match="emoji_2: no response to the samples"):
        verify(HONEST, CATALOGUE, str(data))


def test_a_row_without_a_prompt_is_an_error_of_an_honest_run(tmp_path):
    data, task = make_data(tmp_path / "data", ["joy"] * 3), CATALOGUE.tasks["emoji_7"]
    rows = list(csv.DictReader((data / "samples.csv").read_text().splitlines()))
    (data / "samples.csv").unlink()
    asked = [row | ({"prompt": "Which?"} if row["id"] != "s1" else {}) for row in rows]
    (data / "samples.jsonl").write_text("\n".join(json.dumps(row) for row in asked))
    directory = RunDirectory(tmp_path / "run")
    run(make_plan(data, profile="dataset"), ScriptedEngine, directory, Watcher())
    responses, manifest = list(read_responses(directory.responses)), directory.read_manifest()
    assert [each.sample_id for each in responses if each.error] == ["s1"]
    assert check_samples(responses, manifest, [task], str(data), "there").prompts
    responses[1] = replace(responses[1], error=None, response="<answer>joy</answer>")
    with pytest.raises(DataError, match="'s1': has a response and no image"):
        check_samples(responses, manifest, [task], str(data), "there")


def test_a_submission_is_made_of_whole_runs_only(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    run(make_plan(make_data(tmp_path / "data", ["joy"] * 3)), ScriptedEngine, directory, Watcher())
    with pytest.raises(UsageError, match="lacks tasks of demo: emoji_2, fluent_7"):
        submission_files(directory, CATALOGUE, benchmark="demo")
    with pytest.raises(UsageError, match="holds no run"):
        submission_files(RunDirectory(tmp_path / "nowhere"), CATALOGUE)


def test_a_submission_says_nothing_of_its_authors_machine(files, tmp_path):
    folder = unpacked(files, tmp_path / "run")
    manifest = json.loads(files["run.json"])
    private = {"base_url": "http://10.0.0.7:8000/v1", "adapter": "/home/ada/lora", "extra": {"api_key": "s3"}}
    manifest["engine"]["arguments"] |= private
    manifest["earlier_engines"] = [manifest["engine"]]
    for task in manifest["tasks"].values():
        task["data"] = "/home/ada/private/demo-data"
    (folder / "run.json").write_text(json.dumps(manifest))
    rows = [json.loads(line) for line in files["responses.jsonl"].splitlines()]
    rows[0] |= {"response": None, "error": "no such file: /home/ada/private/a.png"}
    (folder / "responses.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = submission_files(RunDirectory(folder), CATALOGUE, name="Ada's model")
    assert b"ada/" not in b"".join(made.values())
    assert b"10.0.0.7" not in b"".join(made.values())
    assert b'"s3"' not in made["run.json"]
    path = tmp_path / "ada.zip"
    path.write_bytes(packed(made))
    entry = verified_entry(verify(path, CATALOGUE))
    assert (entry.errors, entry.tasks["emoji_2"].n) == (1, 120)


def vecbench(*arguments, cwd):
    command = [sys.executable, "-m", "vecbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=120)


def test_from_run_to_page_in_three_commands(files, tmp_path):
    unpacked(files, tmp_path / "run")
    added = vecbench(
        "leaderboard", "add", "run", "--model-name", "Mine", "--date", "2026-01-31", cwd=tmp_path
    )
    assert added.returncode == 0, added.stderr
    checked = vecbench("leaderboard", "check", "Mine.zip", "--write", "board", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "none differs" in checked.stdout
    assert "Replaced" not in checked.stdout
    again = vecbench("leaderboard", "check", "Mine.zip", "--write", "board", cwd=tmp_path)
    assert "Replaced: mine-" in again.stdout
    assert "Kept:  board/submissions/mine-" in again.stdout
    built = vecbench("leaderboard", "build", "board", "--verify", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    assert "board: 1 of 1 verified entries recomputed, none differs" in built.stdout
    for name in ("README.md", "leaderboard.csv", "leaderboard.tex", "index.html"):
        assert "Mine" in (tmp_path / "board" / name).read_text()
    before = (tmp_path / "Mine.zip").read_bytes()
    vecbench("leaderboard", "add", "run", "--model-name", "Mine", "--date", "2026-01-31", cwd=tmp_path)
    assert (tmp_path / "Mine.zip").read_bytes() == before


def test_a_refused_submission_ends_with_status_2(files, tmp_path):
    files["responses.jsonl"] += b"\n"
    (tmp_path / "forged.zip").write_bytes(packed(files))
    done = vecbench("leaderboard", "check", "forged.zip", "--write", "board", cwd=tmp_path)
    assert done.returncode == 2
    assert "error: forged.zip: responses.jsonl has" in done.stderr
    assert not (tmp_path / "board").exists()


def test_a_folder_for_a_file_and_a_file_for_a_folder_are_wrong_usage(files, tmp_path):
    unpacked(files, tmp_path / "run")
    (tmp_path / "file").touch()
    for arguments, said in (
        (("add", "run", "-o", "run"), "--output run is a folder"),
        (("check", HONEST, "--write", "file"), "--write file is a file, not a folder"),
        (("build", leaderboards_folder() / "demo", "-o", "file"), "--output file is a file, not a folder"),
        (("build", leaderboards_folder() / "demo", "--data", "x"), "--data is for --verify"),
        (("check", HONEST, "--replace", "x"), "--replace needs --write"),
    ):
        done = vecbench("leaderboard", *arguments, cwd=tmp_path)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_what_was_written_without_the_data_is_said_aloud(faulty, tmp_path):
    _, data, made = faulty
    (tmp_path / "mini.zip").write_bytes(packed(made))
    options = ("--write", "board", "--include-path", "tasks")
    done = vecbench("leaderboard", "check", "mini.zip", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'warning: fake is written as "scores only": sample ids, targets and images were not' in done.stderr
    assert "vecbench leaderboard check mini.zip --data DATA --write board" in done.stderr
    done = vecbench("leaderboard", "check", "mini.zip", *options, "--data", data, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    [entry] = (tmp_path / "board" / "entries").iterdir()
    assert json.loads(entry.read_text())["checked"]["images"] is True


def test_a_board_that_could_not_be_recomputed_whole_ends_with_status_4(tmp_path):
    board = tmp_path / "board"
    shutil.copytree(leaderboards_folder() / "demo", board)
    kept = board / "submissions" / HONEST.name
    kept.rename(kept.with_name("other-00000000.zip"))
    (board / "entries" / "late.JSON").touch()
    done = vecbench("leaderboard", "build", "board", "--verify", cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    assert "board: 0 of 1 verified entries recomputed" in done.stdout
    assert f"{HONEST.stem} was not recomputed: it has no submission" in done.stderr
    for name in ("submissions/other-00000000.zip", "entries/late.JSON"):
        assert f"board/{name} is no entry, nor the submission of one" in done.stderr
    assert vecbench("leaderboard", "build", "board", cwd=tmp_path).returncode == 0


def test_nothing_is_accepted_that_the_board_refuses(tmp_path):
    shutil.copytree(leaderboards_folder() / "demo", tmp_path / "board")
    for options, said in (
        (("--replace", "vecbench-nan"), "has no entry 'vecbench-nan'"),
        (("--replace", ""), "has no entry ''"),
    ):
        done = vecbench("leaderboard", "check", HONEST, "--write", "board", *options, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr


def test_a_day_that_has_not_come_is_refused(files, tmp_path):
    path = tmp_path / "early.zip"
    path.write_bytes(packed(changed_json(files, "submission.json", lambda said: said.update(date="2099-12"))))
    done = vecbench("leaderboard", "check", path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "early.zip: its date, 2099-12, has not come yet" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model-name", ""), "the submission: name: string should have at least 1 character"),
        (("--date", ""), "the submission: date: '' is no date: write YYYY-MM-DD"),
        (
            ("--date", "yesterday"),
            "the submission: date: 'yesterday' is no date: write YYYY-MM-DD or YYYY-MM",
        ),
        (("--date", "2099-12-31"), "run: its date, 2099-12-31, has not come yet"),
    ],
)
def test_a_name_or_date_that_is_none_is_refused(files, tmp_path, options, said):
    unpacked(files, tmp_path / "run")
    done = vecbench("leaderboard", "add", "run", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert list(tmp_path.glob("*.zip")) == []


def test_the_docs_show_what_is_printed(files, tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "leaderboard.md").read_text()
    unpacked(files, tmp_path / "run")
    made = vecbench("leaderboard", "add", "run", "--model-name", "My model", cwd=tmp_path)
    checked = vecbench("leaderboard", "check", "My-model.zip", "--write", "board", cwd=tmp_path)
    for printed in (made.stdout, *re.split(r"(?=Entry:)", checked.stdout)):
        assert f"```\n{printed}```" in page
