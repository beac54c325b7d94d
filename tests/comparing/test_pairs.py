import json
from dataclasses import replace

import pytest
from fakes import ScriptedEngine, Watcher, make_data, make_plan
from simulated_runs import CATALOGUE, response, simulated, write_run

from vecbench.comparing import compare, open_side
from vecbench.errors import DataError, UsageError
from vecbench.report.files import write_predictions
from vecbench.run import run
from vecbench.scoring import STRICT, predictions, score
from vecbench.store import Manifest, RunDirectory, read_responses

ROWS = simulated({"emoji_2": 30, "emoji_7": 20}, seed=0)


@pytest.fixture
def sides(tmp_path):
    """Opens two lists of responses as baseline and candidate."""

    def opened(baseline, candidate):
        paths = [write_run(tmp_path / name, rows) for name, rows in (("a", baseline), ("b", candidate))]
        return [open_side(path, "strict", CATALOGUE) for path in paths]

    return opened


def test_rows_are_paired_whatever_their_order(sides):
    comparison = compare(*sides(ROWS, ROWS[::-1]), CATALOGUE, replicates=100)
    assert comparison.differences.overall.n == 50
    assert {each.change for each in comparison.differences.overall.metrics.values()} == {0}
    assert not comparison.flips.lost
    assert not comparison.flips.gained
    assert (comparison.allowed, comparison.notes) == ({}, ())


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("samples", None, "49 rows in both, 1 only in the baseline"),
        ("images", {"image_sha256": "0" * 64}, "1 rows have another image"),
        ("labels", {"target": "negative"}, "1 rows have another target"),
        ("prompts", {"prompt_sha256": "0" * 64}, "1 rows have another prompt"),
    ],
)
def test_sides_that_differ_are_refused_unless_told(sides, kind, change, said):
    other = ROWS[1:] if change is None else [replace(ROWS[0], **change), *ROWS[1:]]
    both = sides(ROWS, other)
    with pytest.raises(DataError, match=said) as refused:
        compare(*both, CATALOGUE, replicates=100)
    assert f"--allow {kind}" in refused.value.remedy
    assert "s0" in refused.value.message
    comparison = compare(*both, CATALOGUE, allow=[kind], replicates=100)
    assert said in comparison.allowed[kind]
    assert comparison.differences.overall.n == (49 if kind == "samples" else 50)


def test_other_candidates_of_a_task_that_nobody_knows_are_another_question(sides):
    rows = [response("comics", f"s{number}", "a", 0.8) for number in range(5)]
    other = [replace(rows[0], candidates=(*rows[0].candidates, "none of them")), *rows[1:]]
    with pytest.raises(DataError, match="1 rows have another target"):
        compare(*sides(rows, other), CATALOGUE, replicates=100)


def test_every_difference_is_named_at_once(sides):
    other = [replace(row, image_sha256="0" * 64, prompt_sha256="1" * 64) for row in ROWS[:-1]]
    with pytest.raises(DataError) as refused:
        compare(*sides(ROWS, other), CATALOGUE, replicates=100)
    assert refused.value.remedy.startswith("--allow samples --allow images --allow prompts")


def test_sides_without_a_common_sample_are_refused_whatever_is_allowed(sides):
    other = [replace(row, sample_id=f"other {row.sample_id}", image_sha256=None) for row in ROWS]
    with pytest.raises(DataError, match="no sample in common"):
        compare(*sides(ROWS, other), CATALOGUE, allow=["samples"], replicates=100)


def test_samples_that_another_format_names_differently_are_told_by_their_images(sides):
    other = [
        replace(row, sample_id=f"other {row.sample_id}") if row.task == "emoji_7" else row
        for row in simulated({"emoji_2": 30, "emoji_7": 20}, seed=1)
    ]
    comparison = compare(*sides(ROWS, other), CATALOGUE, replicates=100)
    same = [replace(row, sample_id=row.sample_id.removeprefix("other ")) for row in other]
    wanted = compare(*sides(ROWS, same), CATALOGUE, replicates=100)
    for name in ("emoji_2", "emoji_7"):
        found, expected = (each.differences.tasks[name] for each in (comparison, wanted))
        assert found.n == expected.n
        assert found.metrics == expected.metrics
    assert comparison.flips == wanted.flips
    assert wanted.notes == ()
    assert comparison.notes == (
        "20 of 50 rows were matched by their images: the sides name these samples differently.",
    )


def test_an_image_that_two_samples_have_tells_neither(sides):
    alike = [replace(ROWS[0], image_sha256=ROWS[1].image_sha256), *ROWS[1:30]]
    other = [replace(row, sample_id=f"other {row.sample_id}") for row in alike]
    with pytest.raises(DataError, match="28 rows in both, 2 only in the baseline"):
        compare(*sides(alike, other), CATALOGUE, replicates=100)
    with pytest.raises(DataError, match="28 rows have another prompt"):
        compare(*sides(alike, [replace(row, prompt_sha256="0" * 64) for row in other]), CATALOGUE)


def test_plain_files_without_ids_are_paired_line_by_line(tmp_path):
    def written(name, targets):
        rows = [
            {"task": "emoji_2", "target": target, "response": "<answer>positive</answer>"}
            for target in targets
        ]
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return open_side(path, "strict", CATALOGUE)

    targets = ["positive", "positive", "negative"]
    before, after = written("before.jsonl", targets), written("after.jsonl", targets)
    comparison = compare(before, after, CATALOGUE, replicates=100)
    assert comparison.differences.overall.n == 3
    told = [note for note in comparison.notes if "3 rows have no id: they are told by their lines" in note]
    assert len(told) == 2
    with pytest.raises(DataError, match="2 rows have another target"):
        compare(before, written("sorted.jsonl", sorted(targets)), CATALOGUE, replicates=100)


def test_unknown_hashes_are_noted(sides):
    bare = [replace(row, image_sha256=None, prompt_sha256="") for row in ROWS]
    notes = " ".join(compare(*sides(ROWS, bare), CATALOGUE, replicates=100).notes)
    assert "50 of 50 rows lack an image hash" in notes
    assert "50 of 50 rows lack a prompt hash" in notes


def test_errors_of_a_run_are_noted(sides):
    failed = [replace(ROWS[0], response=None, error="out of memory"), *ROWS[1:]]
    [note] = compare(*sides(ROWS, failed), CATALOGUE, replicates=100).notes
    assert note.startswith("1 of 50 rows are errors of the candidate's run")


def test_a_candidate_that_states_fewer_confidences_is_pointed_out(sides):
    silent = [replace(row, response="<answer>positive</answer>") for row in ROWS[:10]] + ROWS[10:]
    [note] = compare(*sides(ROWS, silent), CATALOGUE, replicates=100).notes
    assert note.startswith("0 of 50 answers of the baseline and 10 of the candidate state no confidence")


def test_answers_whose_confidences_are_not_scored_are_in_no_count_of_silence(sides):
    rated = {"kind": "rating", "target": 5.0, "candidates": (), "response": "<answer>4</answer>"}
    ratings = [response("my_rating", str(place), None, None, **rated) for place in range(30)]
    assert not compare(*sides(ratings, ratings), CATALOGUE, replicates=100).notes
    silent = [replace(row, response="<answer>positive</answer>") for row in ROWS[:10]] + ROWS[10:]
    [note] = compare(*sides(ROWS + ratings, silent + ratings), CATALOGUE, replicates=100).notes
    assert note.startswith("0 of 50 answers of the baseline and 10 of the candidate")


def test_of_several_answers_to_a_sample_whole_samples_are_drawn(sides):
    repeated = [replace(row, repeat=repeat) for row in ROWS for repeat in range(3)]
    comparison = compare(*sides(repeated, repeated), CATALOGUE, replicates=100)
    assert (comparison.differences.overall.n, comparison.differences.overall.samples) == (150, 50)
    assert comparison.differences.overall.metrics["accuracy"].p is None
    assert any("whole samples are resampled" in note for note in comparison.notes)


def test_a_protocol_that_a_file_has_fixed_is_told(tmp_path):
    scores = score(predictions(ROWS, STRICT, CATALOGUE), "strict", CATALOGUE, replicates=100)
    for name in ("a", "b"):
        write_predictions(predictions(ROWS, STRICT, CATALOGUE), tmp_path / name / "predictions.jsonl")
        (tmp_path / name / "scores.json").write_text(scores.as_json())
    for file in ("predictions.jsonl", "scores.json"):
        sides = [open_side(tmp_path / name / file, "emocaliber", CATALOGUE) for name in ("a", "b")]
        notes = compare(*sides, CATALOGUE, replicates=100).notes
        told = [note for note in notes if "was read under the protocol strict" in note]
        assert len(told) == 2


@pytest.fixture
def finished(tmp_path):
    """A run with a manifest and predictions."""
    directory = RunDirectory(tmp_path / "run")
    data = make_data(tmp_path / "data", ["joy", "fear"])
    run(make_plan(data), ScriptedEngine, directory, Watcher())
    responses = read_responses(directory.responses)
    write_predictions(predictions(responses, STRICT, CATALOGUE), directory.predictions)
    return directory


@pytest.mark.parametrize("responses", [True, False])
def test_predictions_take_the_manifest_of_their_own_run_only(finished, responses):
    if not responses:
        finished.responses.unlink()
    side = open_side(finished.predictions, "strict", CATALOGUE)
    assert (side.name, side.notes) == ("fake", ())
    other = simulated({"emoji_7" if responses else "emoji_2": 2}, seed=1)
    write_predictions(predictions(other, STRICT, CATALOGUE), finished.predictions)
    side = open_side(finished.predictions, "strict", CATALOGUE)
    assert side.manifest is None
    assert "run.json is not of the run" in side.notes[0]
    copy = finished.predictions.rename(finished.path / "old.jsonl")
    assert open_side(copy, "strict", CATALOGUE).manifest is None


@pytest.mark.parametrize("form", ["directory", "responses.jsonl", "renamed", "predictions.jsonl"])
def test_every_form_of_a_run_gives_the_same_differences(tmp_path, form):
    other = simulated({"emoji_2": 30, "emoji_7": 20}, seed=1)
    baseline = open_side(write_run(tmp_path / "a", ROWS), "strict", CATALOGUE)
    path = run = write_run(tmp_path / "b", other)
    if form == "renamed":
        path = (run / "responses.jsonl").rename(tmp_path / "answers.jsonl")
    elif form == "predictions.jsonl":
        path = tmp_path / "p" / form
        write_predictions(predictions(other, STRICT, CATALOGUE), path)
    elif form == "responses.jsonl":
        path = run / form
    candidate = open_side(path, "strict", CATALOGUE)
    found = compare(baseline, candidate, CATALOGUE, replicates=100)
    whole = open_side(write_run(run, other), "strict", CATALOGUE)
    wanted = compare(baseline, whole, CATALOGUE, replicates=100)
    assert found.differences.overall.metrics == wanted.differences.overall.metrics
    assert found.flips == wanted.flips


def scores_file(folder, rows, protocol="strict"):
    folder.mkdir()
    read = predictions(rows, STRICT, CATALOGUE)
    (folder / "scores.json").write_text(score(read, protocol, CATALOGUE, replicates=100).as_json())
    return folder


def test_scores_alone_give_changes_and_no_test(tmp_path, sides):
    other = simulated({"emoji_2": 30, "emoji_7": 20}, seed=1)
    baseline, candidate = sides(ROWS, other)
    scores = open_side(scores_file(tmp_path / "scores", ROWS), "strict", CATALOGUE)
    wanted = compare(baseline, candidate, CATALOGUE, replicates=100).differences.groups["demo_id_ver"]
    comparison = compare(scores, candidate, CATALOGUE)
    found = comparison.differences.groups["demo_id_ver"]
    assert not comparison.paired
    for key, each in wanted.metrics.items():
        assert found.metrics[key].change == each.change
        assert found.metrics[key].p is None


def test_scores_of_other_rows_or_another_protocol_are_refused(tmp_path, sides):
    baseline, _ = sides(ROWS, ROWS)
    fewer = open_side(scores_file(tmp_path / "fewer", ROWS[1:]), "strict", CATALOGUE)
    with pytest.raises(DataError, match="emoji_2 has 30 rows there, 29 here"):
        compare(baseline, fewer, CATALOGUE)
    read_otherwise = open_side(scores_file(tmp_path / "other", ROWS, "emocaliber"), "strict", CATALOGUE)
    with pytest.raises(DataError, match="protocol: strict there, emocaliber here"):
        compare(baseline, read_otherwise, CATALOGUE)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("scores.json", "{}", "its schema is not"),
        ("scores.json", "[", "not the scores of a run"),
        ("scores.json", '{"schema": "vecbench.scores/1", "run": []}', "run is no mapping"),
        ("scores.json", '{"schema": "vecbench.scores/1", "tasks": NaN}', "NaN is no value"),
        ("scores.json", '{"schema": "vecbench.scores/1", "tasks": {}}', "no 'groups'"),
        ("predictions.jsonl", '{"answer_status": "ok"}\n', "line 1: not a prediction"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message) as refused:
        open_side(tmp_path, "strict", CATALOGUE)
    assert str(tmp_path / name) in refused.value.message


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("overall", "metrics", "accuracy", "value"), "1e999", "accuracy of overall is inf"),
        (("tasks", "emoji_2", "metrics", "brier", "value"), "1" + "0" * 400, "brier of emoji_2 is too large"),
        (("overall", "metrics", "accuracy", "value"), "1e308", "accuracy of overall is 1e[+]308"),
        (("overall", "metrics", "accuracy", "value"), "true", "accuracy of overall is True"),
        (("overall", "metrics", "accuracy"), "0.5", "accuracy of overall is 0.5"),
        (("overall", "tasks"), "5", "tasks of overall is 5"),
        (("overall", "n"), "1" + "0" * 400, "n of overall is too large"),
        (("tasks", "emoji_2", "n"), "true", "n of emoji_2 is True"),
        (("tasks", "emoji_2"), "7", "emoji_2 is 7"),
        (("run", "model"), "{}", "run.model is {}"),
    ],
)
def test_scores_that_no_run_has_are_refused_with_the_place(tmp_path, place, value, message):
    folder = scores_file(tmp_path / "scores", ROWS)
    said = json.loads((folder / "scores.json").read_text())
    *path, last = place
    block = said
    for key in path:
        block = block.setdefault(key, {})
    block[last] = "PLACE"
    (folder / "scores.json").write_text(json.dumps(said).replace('"PLACE"', value))
    with pytest.raises(DataError, match=message) as refused:
        open_side(folder, "strict", CATALOGUE)
    assert len(refused.value.message) < 400


@pytest.mark.parametrize("content", ["", "{}\n"])
def test_responses_that_are_none_are_refused(tmp_path, content):
    (tmp_path / "responses.jsonl").write_text(content)
    with pytest.raises(UsageError, match="holds no responses that vecbench can read"):
        open_side(tmp_path, "strict", CATALOGUE)


def test_what_another_program_wrote_can_be_compared_and_its_faults_are_noted(tmp_path, sides):
    theirs = tmp_path / "answers.jsonl"
    rows = [
        {"task": row.task, "id": row.sample_id, "target": row.target, "response": row.response}
        for row in ROWS
    ]
    theirs.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"task": "emoji_2", "id"')
    ours, _ = sides(ROWS, ROWS)
    comparison = compare(ours, open_side(theirs, "strict", CATALOGUE), CATALOGUE, replicates=100)
    assert comparison.differences.overall.n == 50
    assert any("answers.jsonl: 1 not scored" in note for note in comparison.notes)


def test_a_prediction_that_stands_twice_is_refused(tmp_path):
    write_predictions(predictions(ROWS, STRICT, CATALOGUE), tmp_path / "predictions.jsonl")
    lines = (tmp_path / "predictions.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "predictions.jsonl").write_text("".join([*lines, lines[0]]))
    with pytest.raises(DataError, match="line 51: emoji_2, s0, repeat 0 again"):
        open_side(tmp_path, "strict", CATALOGUE)
    said = json.loads(lines[0]) | {"confidence": 7}
    (tmp_path / "predictions.jsonl").write_text(json.dumps(said) + "\n")
    with pytest.raises(DataError, match="confidence is 7"):
        open_side(tmp_path, "strict", CATALOGUE)


def test_a_directory_without_a_run_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="holds no responses"):
        open_side(tmp_path, "strict", CATALOGUE)
    with pytest.raises(UsageError, match="there is no"):
        open_side(tmp_path / "nowhere", "strict", CATALOGUE)


def test_a_task_that_nobody_knows_is_compared_in_no_group(tmp_path, sides):
    rows = [response("comics", f"s{number}", "a", 0.8) for number in range(5)]
    comparison = compare(*sides(rows, rows), CATALOGUE, replicates=100)
    assert comparison.differences.tasks["comics"].n == 5
    assert comparison.differences.groups == {}
    write_predictions(predictions(rows, STRICT, CATALOGUE), tmp_path / "p" / "predictions.jsonl")
    read = open_side(tmp_path / "p", "strict", CATALOGUE)
    assert compare(comparison.baseline, read, CATALOGUE, replicates=100).differences.overall.n == 5


@pytest.mark.parametrize(
    ("engines", "notes"),
    [
        ([("vllm", {"dtype": "bfloat16"}), ("vllm", {"dtype": "bfloat16", "max_num_seqs": 8})], []),
        (
            [("transformers", {"dtype": "float32"}), ("vllm", {"dtype": "bfloat16"})],
            [
                "The engine is transformers there, vllm here.",
                "The engine's dtype is float32 there, bfloat16 here.",
            ],
        ),
        (
            [("vllm", {"dtype": "bfloat16"}), ("vllm", {"dtype": "bfloat16", "quantization": "fp8"})],
            ["The engine's quantization is none there, fp8 here."],
        ),
        (
            [("openai", {}), ("vllm", {"dtype": "bfloat16"})],
            ["The engine is openai there, vllm here.", "The engine's dtype is unknown there, bfloat16 here."],
        ),
    ],
)
def test_what_computed_the_answers_is_noted_where_it_differs(sides, engines, notes):
    opened = [
        replace(side, manifest=manifest(name, arguments))
        for side, (name, arguments) in zip(sides(ROWS, ROWS), engines, strict=True)
    ]
    assert list(compare(*opened, CATALOGUE, replicates=100).notes) == notes


def test_fields_that_one_endpoint_is_not_sent_are_noted(sides):
    made = [manifest("openai", {}) for _ in range(2)]
    made[1].engine.omitted = {"temperature": "it says no", "seed": "it says no"}
    opened = [replace(side, manifest=each) for side, each in zip(sides(ROWS, ROWS), made, strict=True)]
    assert list(compare(*opened, CATALOGUE, replicates=100).notes) == [
        "Left out of the endpoint's requests is nothing there, seed and temperature here."
    ]


def test_settings_that_answers_depend_on_and_several_engines_are_noted(sides):
    made = [manifest("vllm", {}) for _ in range(2)]
    made[0].answer_settings = {"extra_body": {"top_k": 1}}
    made[1].earlier_engines = [manifest("transformers", {}).engine]
    opened = [replace(side, manifest=each) for side, each in zip(sides(ROWS, ROWS), made, strict=True)]
    assert list(compare(*opened, CATALOGUE, replicates=100).notes) == [
        'extra_body is {"top_k": 1} there, null here.',
        "Several engines, or one with several settings, answered here: run.json lists them.",
    ]


def manifest(engine, arguments):
    return Manifest(
        status="complete",
        model={"name": "a", "revision": "1"},
        engine={"name": engine, "arguments": arguments, "device": "cpu"},
        tasks={},
        pixel_limits={},
        seed=0,
        limit=None,
        repeats=1,
        started="2026-01-01T00:00:00Z",
        packages={},
        hardware={},
    )
