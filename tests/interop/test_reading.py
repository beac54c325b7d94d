"""Every format is recognised by its content and says the same; whatever is wrong is reported."""

import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vecbench import json_lines
from vecbench.errors import DataError, UsageError
from vecbench.interop.reading import open_responses
from vecbench.scoring import STRICT, predictions, protocol_named, score, score_responses
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
GOLDEN = Path(__file__).parents[1] / "golden"

ANSWERS = [
    ("FI-2", "a.jpg", "positive", "<answer>positive</answer><confidence>0.9</confidence>"),
    ("FI-2", "b.jpg", "negative", "<answer>positive</answer><confidence>0.6</confidence>"),
    ("UnbaisedEmo-6", "c.jpg", "sadness", "<answer>sad</answer><confidence>0.7</confidence>"),
    ("UnbiasedEmo-6", "d.jpg", "joy", "<think>fear?</think><answer></answer>"),
]


def candidates(task):
    return list(CATALOGUE.task_named(task).labels)


def jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def plain_row(answer=ANSWERS[0], **changes):
    task, image, target, response = answer
    return {"task": task, "id": image, "target": target, "response": response} | changes


def emocaliber_row(answer, **changes):
    task, image, target, response = answer
    parts = [{"type": "image", "image": image}, {"type": "text", "text": "Which emotion?"}]
    data = {
        "conversations": [{"role": "user", "content": parts}],
        "task": task,
        "ground_truth": target,
        "candidates": candidates(task),
    }
    return data | {"response": response} | changes


def lm_eval_row(answer, number, repeats=1):
    task, image, target, response = answer
    doc = {"sample_id": image, "task": task, "target": target, "candidates": candidates(task)}
    return {
        "doc_id": number,
        "doc": doc,
        "target": target,
        "resps": [[response] * repeats],
        "filtered_resps": [response],
        "filter": "none",
    }


def plain(folder):
    return jsonl(folder / "answers.jsonl", [plain_row(each) for each in ANSWERS])


def emocaliber_shards(folder):
    jsonl(folder / "0.jsonl", [emocaliber_row(each) for each in ANSWERS[:2]])
    jsonl(folder / "1.jsonl", [emocaliber_row(each) for each in ANSWERS[2:]])
    jsonl(folder / "merged.jsonl", [emocaliber_row(each) for each in ANSWERS])
    return folder


def emocaliber_with_confidence(folder):
    rows = [emocaliber_row(each, confidence=float("nan")) for each in ANSWERS]
    return jsonl(folder / "merged_conf.jsonl", rows)


def emobserver(folder):
    records = {
        image: {
            "image_path": [f"../benchmarks/VECBench/{image}"],
            "prompt": "Which emotion?",
            "ground_truth": target,
            "other_info": {"candidates": candidates(task), "task": task},
            "generations": [response],
        }
        for task, image, target, response in ANSWERS
    }
    (folder / "Std_VECBench_results.json").write_text(json.dumps(records, indent=2))
    return folder


def lm_eval(folder):
    model = folder / "org__model"
    for task in ("FI-2", "UnbiasedEmo-6"):
        rows = [each for each in ANSWERS if CATALOGUE.task_named(each[0]).display == task]
        name = f"vecbench_{CATALOGUE.task_named(task).id}"
        jsonl(
            model / f"samples_{name}_2026-01-02T03-04-05.678901.jsonl",
            [lm_eval_row(each, number) for number, each in enumerate(rows)],
        )
        jsonl(model / f"samples_{name}_2025-01-02T03-04-05.678901.jsonl", [lm_eval_row(rows[0], 0)])
    return folder


def read(path):
    source = open_responses(path, CATALOGUE)
    return source, list(source.responses)


def problems(source):
    return [(fault.line, fault.effect, fault.problem) for fault in source.faults]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (plain, "plain JSONL"),
        (emocaliber_shards, "EmoCaliber shards"),
        (emocaliber_with_confidence, "EmoCaliber"),
        (emobserver, "EmObserver"),
        (lm_eval, "lm-eval sample logs"),
    ],
)
def test_every_format_is_recognised_and_says_the_same(tmp_path, written, name):
    source, responses = read(written(tmp_path))
    assert source.format == name
    assert source.faults == []
    said = {(each.task, each.sample_id, each.target, each.response, each.repeat) for each in responses}
    ids = {"FI-2": "fi_2", "UnbaisedEmo-6": "unbiasedemo_6", "UnbiasedEmo-6": "unbiasedemo_6"}
    assert said == {(ids[task], image, target, text, 0) for task, image, target, text in ANSWERS}
    assert {each.candidates for each in responses if each.task == "fi_2"} == {("positive", "negative")}


def test_the_golden_responses_score_alike_in_both_their_formats():
    scores = []
    for path in (GOLDEN / "emocaliber" / "responses.jsonl", GOLDEN / "emobserver" / "results.json"):
        source = open_responses(path, CATALOGUE)
        rows = predictions(source.responses, STRICT, CATALOGUE)
        assert source.faults == []
        scores.append(score(rows, "strict", CATALOGUE, replicates=100))
    assert scores[0].overall.pooled.n == 1203
    assert scores[0].as_json() == scores[1].as_json()


def test_the_newest_log_of_a_task_is_read_and_the_choice_is_told(tmp_path):
    source, _ = read(lm_eval(tmp_path))
    assert [path.name[-len("2026-01-02T03-04-05.678901.jsonl") :][:4] for path in source.files] == [
        "2026"
    ] * 2
    assert "vecbench_fi_2 has 2 logs; the newest is read" in source.notes[0]


def test_logs_of_several_models_are_not_mixed(tmp_path):
    lm_eval(tmp_path)
    jsonl(tmp_path / "other" / "samples_x_2026-01-02T03-04-05.678901.jsonl", [lm_eval_row(ANSWERS[0], 0)])
    with pytest.raises(UsageError, match="several models: org__model, other"):
        read(tmp_path)


def test_several_generations_are_repeats(tmp_path):
    folder = emobserver(tmp_path)
    path = folder / "Std_VECBench_results.json"
    records = json.loads(path.read_text())
    records["a.jpg"]["generations"] = ["one", "two", "three"]
    path.write_text(json.dumps(records))
    rows = jsonl(tmp_path / "x" / "samples_vecbench_fi_2_2026-01-02T03-04-05.jsonl",
                 [lm_eval_row(ANSWERS[0], 0, repeats=2)])  # fmt: skip
    for source, repeats in ((path, [0, 1, 2]), (rows, [0, 1])):
        assert [each.repeat for each in read(source)[1] if each.sample_id == "a.jpg"] == repeats


def test_a_response_under_another_filter_is_the_same_response(tmp_path):
    row = lm_eval_row(ANSWERS[0], 0)
    path = jsonl(
        tmp_path / "samples_vecbench_fi_2_2026-01-02T03-04-05.jsonl", [row, row | {"filter": "regex"}]
    )
    source, responses = read(path)
    assert len(responses) == 1
    assert source.faults == []
    assert source.notes == [f"{path.name}: 1 line is not read: another filter of the same responses"]


def test_a_sample_that_only_another_filter_has_is_read(tmp_path):
    rows = [lm_eval_row(ANSWERS[0], 0), lm_eval_row(ANSWERS[1], 1) | {"filter": "regex"}]
    source, responses = read(jsonl(tmp_path / "samples_vecbench_fi_2_2026-01-02T03-04-05.jsonl", rows))
    assert [each.sample_id for each in responses] == ["a.jpg", "b.jpg"]
    assert (source.faults, source.notes) == ([], [])


def test_a_log_of_a_task_file_that_is_not_ours_takes_the_task_from_its_name(tmp_path):
    row = lm_eval_row(ANSWERS[0], 7) | {"doc": {"picture": 3}}
    [response] = read(jsonl(tmp_path / "samples_vecbench_fi_2_2026-01-02T03-04-05.jsonl", [row]))[1]
    assert (response.task, response.sample_id) == ("fi_2", "7")


def test_a_failed_sample_is_an_error_row(tmp_path):
    data = emocaliber_row(ANSWERS[0])
    del data["response"]
    rows = [{"original_data": data, "error": "CUDA out of memory"}, emocaliber_row(ANSWERS[1], response=None)]
    source, responses = read(jsonl(tmp_path / "0.jsonl", rows).parent)
    assert [each.error for each in responses] == ["CUDA out of memory", None]
    assert [each.response for each in responses] == [None, None]
    assert [row.reading.answer_status for row in predictions(responses, STRICT, CATALOGUE)] == ["error"] * 2
    assert source.faults == []
    assert not source.has_lost_rows
    assert source.is_incomplete


@pytest.mark.parametrize("nothing", ["", False, None, 0, [], {}])
def test_an_empty_error_is_none(tmp_path, nothing):
    for row in (plain_row(error=nothing), emocaliber_row(ANSWERS[0], error=nothing)):
        source, [response] = read(jsonl(tmp_path / "answers.jsonl", [row]))
        assert (response.response, response.error) == (ANSWERS[0][3], None)
        assert source.faults == []


def test_a_sample_that_failed_without_a_message_failed_all_the_same(tmp_path):
    rows = [{"original_data": emocaliber_row(ANSWERS[0]), "error": ""}]
    source, [response] = read(jsonl(tmp_path / "error.jsonl", rows))
    assert (response.response, response.error) == (None, "failed without a message")
    assert source.faults == []


def test_the_failed_samples_beside_a_merged_file_belong_to_it(tmp_path):
    jsonl(tmp_path / "merged.jsonl", [emocaliber_row(ANSWERS[0])])
    jsonl(tmp_path / "error.jsonl", [{"original_data": emocaliber_row(ANSWERS[1]), "error": "x"}])
    assert [each.error for each in read(tmp_path)[1]] == [None, "x"]


def test_a_missing_shard_is_told(tmp_path):
    folder = emocaliber_shards(tmp_path)
    (folder / "1.jsonl").rename(folder / "3.jsonl")
    source, _ = read(folder)
    assert problems(source) == [
        (None, "not there", "shards are missing, with all their rows: 1.jsonl, 2.jsonl")
    ]
    assert source.is_incomplete


def test_however_many_shards_are_missing_it_is_one_fault(tmp_path):
    jsonl(tmp_path / f"{10**30}.jsonl", [emocaliber_row(ANSWERS[0])])
    [(_, _, problem)] = problems(read(tmp_path)[0])
    assert "9.jsonl and 999," in problem
    assert len(problem) < 200


def test_a_file_of_another_format_is_no_shard_for_its_name(tmp_path):
    source, responses = read(jsonl(tmp_path / "2024.jsonl", [plain_row()]).parent)
    assert (source.format, len(responses), source.faults) == ("plain JSONL", 1, [])
    jsonl(tmp_path / "0.jsonl", [emocaliber_row(ANSWERS[1])])
    (tmp_path / "1.jsonl").touch()  # of a GPU that had nothing to do
    source, _ = read(tmp_path)
    assert [path.name for path in source.files] == ["0.jsonl", "1.jsonl"]
    assert source.notes == ["other responses in the directory are not read: 2024.jsonl (plain JSONL)"]
    assert source.faults == []


def test_a_merged_file_and_a_log_are_not_known_by_their_names_either(tmp_path):
    for name in ("merged.jsonl", "samples_fi_2_2026-01-02T03-04-05.jsonl"):
        folder = jsonl(tmp_path / name.partition("_")[0] / name, [plain_row()]).parent
        assert read(folder)[0].format == "plain JSONL"


def test_a_table_of_samples_is_no_log(tmp_path):
    jsonl(tmp_path / "samples_train.jsonl", [{"image": "a.jpg", "label": "positive"}])
    source, responses = read(plain(tmp_path).parent)
    assert (source.format, len(responses), source.notes) == ("plain JSONL", len(ANSWERS), [])


def test_what_is_not_read_of_a_directory_is_told(tmp_path):
    folder = emocaliber_shards(tmp_path)
    jsonl(folder / "answers.jsonl", [plain_row()])
    assert read(folder)[0].notes == [
        "merged.jsonl is not read: it holds the same rows",
        "other responses in the directory are not read: answers.jsonl (plain JSONL)",
    ]
    jsonl(folder / "responses.jsonl", [plain_row()])
    source, responses = read(folder)
    assert (source.format, len(responses)) == ("plain JSONL", 1)
    assert (
        "0.jsonl (EmoCaliber), 1.jsonl (EmoCaliber), answers.jsonl (plain JSONL), merged" in source.notes[0]
    )


@pytest.mark.parametrize(
    ("row", "effect", "problem"),
    [
        (plain_row(task="mood_3"), "not scored", "unknown task 'mood_3', and the row brings no candidates"),
        (plain_row(task=None), "not scored", "no task is named"),
        (plain_row(task=["FI-2"]), "not scored", "the task is ['FI-2'], not a name"),
        (plain_row(task="x\x1b[2J"), "not scored", "the task is 'x\\x1b[2J', not a name"),
        (plain_row(target=None), "not scored", "no target"),
        (plain_row(target=1), "not scored", "the target is 1, not a label"),
        (plain_row(target="meh"), "counts as wrong", "the target 'meh' is not among the candidates of fi_2"),
        (plain_row(response=["positive"]), "counts as wrong", "the response is ['positive'], not a text"),
        (plain_row(repeat=float("nan")), "not scored", "repeat is nan, not a count"),
        (plain_row(repeat=True), "not scored", "repeat is True, not a count"),
        (plain_row(repeat=-1), "not scored", "repeat is -1, not a count"),
        (plain_row(candidates="ab"), "not scored", "the candidates are 'ab', not a list of labels"),
        (plain_row(candidates=[]), "not scored", "the candidates are [], not a list of labels"),
        (plain_row(candidates=[1, 2]), "not scored", "the candidates are [1, 2], not a list of labels"),
        (
            plain_row(candidates=["a", "\ud800"]),
            "not scored",
            "the candidates are ['a', '\\ud800'], not a list of labels",
        ),
        (plain_row(id={}), "not scored", "the sample id is {}"),
        (plain_row(finish_reason=3), "not scored", "finish_reason is 3, not a text"),
        (
            {"task": "FI-2", "id": "x", "target": "positive"},
            "not scored",
            "no response, and no error either",
        ),
        (
            plain_row(error="late"),
            "counts as wrong",
            "it has a response and an error, and the error outweighs it: 'late'",
        ),
        (
            plain_row(task="id_ver", candidates=["Calm"]),
            "not scored",
            "'id_ver' is a group of tasks, not a task",
        ),
        (
            plain_row(task="ID VER", candidates=["Calm"]),
            "not scored",
            "'ID VER' is a group of tasks, not a task",
        ),
        (plain_row(id="again"), "given again", "fi_2 has a response 0 to the sample 'again' already"),
    ],
)
def test_what_is_wrong_with_a_row_is_reported_with_its_line(tmp_path, row, effect, problem):
    rows = [plain_row(id="again"), row, plain_row(id="last")]
    source, responses = read(jsonl(tmp_path / "answers.jsonl", rows))
    assert problems(source) == [(2, effect, problem)]
    assert len(responses) == (2 if effect == "not scored" else 3)
    assert source.is_incomplete == (effect != "given again")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"task": "FI-2", "targ', "not valid JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"a": 1} {"b": 2}', "not valid JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b'{"a": ' * 100_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "not valid JSON"),
        (b'"' + b"x" * 3000 + b'"', "longer than 1,000 bytes"),
        (b'{"target": "fear", "t\\u0061rget": "anger"}', "the key 'target' is there more than once"),
    ],
)
def test_a_line_that_cannot_be_read_costs_nothing_but_itself(tmp_path, monkeypatch, line, problem):
    if problem.startswith("longer"):
        monkeypatch.setattr(json_lines, "MOST_BYTES", 1000)
    path = plain(tmp_path)
    good = path.read_bytes()
    path.write_bytes(line + b"\n" + good)
    source, responses = read(path)
    assert problems(source) == [(1, "not scored", problem)]
    assert len(responses) == len(ANSWERS)


def test_a_torn_last_line_is_told(tmp_path):
    path = plain(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    source, responses = read(path)
    assert problems(source) == [(4, "not scored", "the line is torn off: it has no end")]
    assert len(responses) == 3


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_torn_emobserver_file_keeps_the_records_before(tmp_path, kept):
    path = emobserver(tmp_path) / "Std_VECBench_results.json"
    text = path.read_text()
    path.write_text(text[: int(len(text) * kept)])
    source, responses = read(path)
    assert len(responses) == {0.3: 1, 0.9: 3, 0.999: 4}[kept]
    assert source.is_incomplete


@pytest.mark.parametrize("tail", [" garbage", '\n{"z": {"generations": ["positive"]}}', "}"])
def test_what_follows_the_end_of_an_emobserver_file_is_told(tmp_path, tail):
    path = emobserver(tmp_path) / "Std_VECBench_results.json"
    last = path.read_text().count("\n") + 1
    path.write_text(path.read_text() + tail)
    source, responses = read(path)
    assert len(responses) == len(ANSWERS)
    [(line, effect, problem)] = problems(source)
    assert (line, effect) == (last + tail.count("\n"), "not scored")
    assert problem.startswith("the object is closed, and what follows cannot be read: ")
    assert source.is_incomplete


def test_an_emobserver_record_that_has_a_key_twice_costs_itself_only(tmp_path):
    path = emobserver(tmp_path) / "Std_VECBench_results.json"
    path.write_text(path.read_text().replace('"prompt"', '"ground_truth": "fear", "prompt"', 1))
    source, responses = read(path)
    assert [each.sample_id for each in responses] == [image for _, image, _, _ in ANSWERS[1:]]
    assert problems(source) == [
        (2, "not scored", "the record 'a.jpg': the key 'ground_truth' is there more than once")
    ]


def test_an_emobserver_record_given_twice_is_not_lost(tmp_path):
    path = emobserver(tmp_path) / "Std_VECBench_results.json"
    text = path.read_text().rstrip().removesuffix("}")
    path.write_text(text + "," + text.lstrip().removeprefix("{") + "}")
    source, responses = read(path)
    assert len(responses) == 2 * len(ANSWERS)
    assert [fault.effect for fault in source.faults] == ["given again"] * len(ANSWERS)
    assert source.faults[0].line > 4


def test_other_candidates_than_the_tasks_are_an_error_that_shows_both(tmp_path):
    rows = [plain_row(), plain_row(candidates=["positive", "neutral", "negative"])]
    with pytest.raises(
        DataError, match=r"line 2: .*positive, neutral, negative there, positive, negative in"
    ):
        read(jsonl(tmp_path / "answers.jsonl", rows))


def test_candidates_in_another_order_and_case_are_the_same_and_stay_as_they_are(tmp_path):
    row = plain_row(candidates=["Negative", "Positive"], target="positive")
    [response] = read(jsonl(tmp_path / "answers.jsonl", [row]))[1]
    assert response.candidates == ("Negative", "Positive")
    assert response.target == "Positive"


def test_a_task_that_nobody_knows_is_scored_with_the_candidates_of_its_rows(tmp_path):
    row = plain_row(task="weather", target="rain", candidates=["rain", "sun"], response="rain")
    [prediction] = predictions(read(jsonl(tmp_path / "answers.jsonl", [row]))[1], STRICT, CATALOGUE)
    assert prediction.correct
    assert score([prediction], "strict", CATALOGUE, replicates=10).groups == {}


def test_a_target_may_be_spelt_as_the_tasks_aliases_have_it(tmp_path):
    row = plain_row(task="Abstract-8", target="Sad", response="sadness")
    [response] = read(jsonl(tmp_path / "answers.jsonl", [row]))[1]
    assert response.target == "sadness"
    assert response.as_stated().target == "Sad"


@pytest.mark.parametrize(
    ("protocol", "target", "right"),
    [("strict", "SAD!", 1), ("emocaliber", "sad", 0), ("emocaliber", "Sadness", 1),
     ("emobserver", "Sadness", 0), ("emobserver", "sadness", 1)],
)  # fmt: skip
def test_published_protocols_compare_the_target_as_the_file_spells_it(tmp_path, protocol, target, right):
    answer = "<answer>sadness</answer><confidence>0.9</confidence>"
    row = plain_row(task="Abstract-8", target=target, response=answer)
    responses = read(jsonl(tmp_path / "answers.jsonl", [row]))[1]
    complete = score_responses(responses, protocol_named(protocol), CATALOGUE)
    assert complete.scores.tasks["abstract_8"].metrics["accuracy"].value == right
    assert complete.rows[0].target == ("sadness" if protocol == "strict" else target)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": 12}, "12"),
        ({"id": None, "image": "i/a.png"}, "i/a.png"),
        ({"id": None}, "line 1"),
        ({"id": None, "image": "data:image/png;base64,AAAA"}, "line 1"),
    ],
)
def test_every_row_gets_a_stable_sample_id(tmp_path, changes, expected):
    path = jsonl(tmp_path / "answers.jsonl", [plain_row(**changes)])
    first, second = (read(path)[1][0] for _ in range(2))
    assert first == second
    assert first.sample_id == expected


def test_blank_lines_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path):
    path = plain(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    source, responses = read(path)
    assert (len(responses), source.faults) == (4, [])


@pytest.mark.parametrize("content", [b"", b"\n\n", b"hello\n", b'{"a": 1}\n', b"\0" * 1000, b"[[[["])
def test_what_holds_no_responses_is_refused(tmp_path, content):
    path = tmp_path / "some.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no responses"):
        read(path)
    with pytest.raises(UsageError, match="no other file of responses"):
        read(tmp_path)


def test_an_empty_object_is_called_what_it_is(tmp_path):
    (tmp_path / "empty.json").write_text("{}")
    with pytest.raises(UsageError, match="its first line has no keys"):
        read(tmp_path / "empty.json")


def test_a_path_that_no_file_can_have_is_refused():
    with pytest.raises((UsageError, DataError)):
        read(Path("x" * 300))


def test_a_directory_whose_only_file_cannot_be_read_says_why(tmp_path, monkeypatch):
    (tmp_path / "x.jsonl").write_text("{}")

    def refused(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    for module in ("plain_file", "json_lines"):
        monkeypatch.setattr(f"vecbench.{module}.open_plain", refused)
    with pytest.raises(DataError, match=r"x\.jsonl: permission denied"):
        open_responses(tmp_path, CATALOGUE)


def test_links_in_a_circle_are_nothing_to_read(tmp_path):
    (tmp_path / "a.jsonl").symlink_to("b.jsonl")
    (tmp_path / "b.jsonl").symlink_to("a.jsonl")
    for path in (tmp_path, tmp_path / "a.jsonl"):
        with pytest.raises(UsageError):
            open_responses(path, CATALOGUE)


def test_a_pipe_is_refused_because_it_can_be_read_once_only(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="no regular file"):
        read(tmp_path / "pipe")


def test_several_files_to_choose_from_are_named(tmp_path):
    jsonl(tmp_path / "a.jsonl", [plain_row()])
    jsonl(tmp_path / "b.jsonl", [plain_row()])
    jsonl(tmp_path / "notes.jsonl", [{"a": 1}])
    with pytest.raises(UsageError, match=r"several files of responses: a\.jsonl, b\.jsonl"):
        read(tmp_path)


def test_scores_go_beside_what_others_generated(tmp_path):
    assert read(plain(tmp_path))[0].default_output == tmp_path / "answers-scores"
    folder = emocaliber_shards(tmp_path / "model.v1")
    assert read(folder)[0].default_output == tmp_path / "model.v1-scores"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("positive"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
FIELDS = ("task", "id", "target", "label", "response", "error", "finish_reason", "image", "repeat")


@settings(max_examples=200)
@given(changes=st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=3), max_size=4))
def test_every_row_is_a_response_or_is_reported(tmp_path_factory, changes):
    rows = [plain_row(), *(plain_row(**each) for each in changes)]
    source, responses = read(jsonl(tmp_path_factory.mktemp("rows") / "answers.jsonl", rows))
    unscored = [fault for fault in source.faults if fault.effect == "not scored"]
    assert len(responses) + len(unscored) == len(rows)
    assert len(predictions(responses, STRICT, CATALOGUE)) <= len(responses)
