"""Anyone's responses to questions whose answers are no labels, or that show several images."""

import json
from contextlib import closing
from hashlib import sha256

import pytest
from kinds import ALL, SEVEN, Choice, Ranking, Rating, catalogue_of, task_of

from vecbench.answers import Label, registry
from vecbench.interop.exports import EXPORTS
from vecbench.interop.lm_eval import process_results
from vecbench.interop.reading import open_responses
from vecbench.interop.spool import ResponseSpool
from vecbench.scoring.complete import score_responses
from vecbench.scoring.protocols import STRICT
from vecbench.store import ResponseLog, StoredResponse, read_responses

CATALOGUE = catalogue_of(
    task_of(Choice(), subsets=("question_type",)),
    task_of(Ranking(SEVEN), labels=SEVEN),
    task_of(Rating()),
)
OPTIONS = {"A": "No.", "B": "Yes."}


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    monkeypatch.setattr(registry, "kinds", lambda: ALL)


def read(tmp_path, *rows, name="answers.jsonl"):
    path = tmp_path / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = open_responses(path, CATALOGUE)
    return source, list(source.responses)


def problems(source):
    return [(fault.line, fault.effect, fault.problem) for fault in source.faults]


def choice(**changes):
    return {"task": "my_choice", "id": "x", "options": OPTIONS, "target": "B", "response": "B"} | changes


def ranking(**changes):
    return {"task": "my_ranking", "id": "x", "target": ["joy", "fear"], "response": "joy, fear"} | changes


def rating(**changes):
    return {"task": "my_rating", "id": "x", "target": 5.5, "response": "5"} | changes


@pytest.mark.parametrize(
    ("row", "target", "candidates"),
    [
        (choice(), "B", ("No.", "Yes.")),
        (choice(options=json.dumps(OPTIONS)), "B", ("No.", "Yes.")),
        (choice(task="My choice"), "B", ("No.", "Yes.")),
        (ranking(), ["joy", "fear"], SEVEN),
        (ranking(candidates=list(reversed(SEVEN))), ["joy", "fear"], tuple(reversed(SEVEN))),
        (rating(), 5.5, ()),
        (rating(target=5), 5.0, ()),
        (rating(target="5.5"), 5.5, ()),
    ],
)
def test_a_row_of_a_known_task_is_read_as_its_kind_says(tmp_path, row, target, candidates):
    source, [response] = read(tmp_path, row)
    assert source.faults == []
    assert (response.target, response.candidates) == (target, candidates)
    assert response.kind == CATALOGUE.task_named(row["task"]).answers.name
    assert response.stated_target == (row["target"] if row["target"] == "5.5" else None)


@pytest.mark.parametrize(
    ("row", "kind", "target", "candidates"),
    [
        (choice(task="mine"), "choice", "B", ("No.", "Yes.")),
        (choice(task="mine", kind="choice"), "choice", "B", ("No.", "Yes.")),
        (choice(task="mine", candidates=["B", "C"]), "label", "B", ("B", "C")),
        (rating(task="mine", kind="rating"), "rating", 5.5, ()),
        (
            ranking(task="mine", kind="ranking", candidates=["joy", "fear", "awe"]),
            "ranking",
            ["joy", "fear"],
            ("joy", "fear", "awe"),
        ),
    ],
)
def test_a_row_of_an_unknown_task_names_its_kind_or_brings_options_or_is_of_labels(
    tmp_path, row, kind, target, candidates
):
    source, [response] = read(tmp_path, row)
    assert source.faults == []
    assert (response.task, response.kind) == ("mine", kind)
    assert (response.target, response.candidates) == (target, candidates)


def test_every_row_keeps_its_own_options(tmp_path):
    options = [OPTIONS, {"A": "Both.", "B": "None.", "C": "The first."}, OPTIONS]
    rows = [choice(id=f"{n}", options=each, target="A") for n, each in enumerate(options)]
    for task in ("my_choice", "mine"):
        _, responses = read(tmp_path, *(row | {"task": task} for row in rows))
        assert [each.candidates for each in responses] == [tuple(each.values()) for each in options]


def test_a_target_of_one_row_is_none_of_another_with_fewer_options(tmp_path):
    three = {"A": "Both.", "B": "None.", "C": "The first."}
    rows = [choice(id=f"{n}", options=each, target="C") for n, each in enumerate([three, OPTIONS, three])]
    source, responses = read(tmp_path, *rows)
    assert [each.target for each in responses] == ["C", "C", "C"]
    assert [(line, effect) for line, effect, _ in problems(source)] == [(2, "counts as wrong")]


@pytest.mark.parametrize(
    ("row", "effect", "problem"),
    [
        (choice(target="C"), "counts as wrong", "the target 'C' is the letter of no option of my_choice"),
        (choice(target=1), "not scored", "the target is 1, not a choice"),
        (choice(options=None), "not scored", "the row brings no options"),
        (choice(options="A, B"), "not scored", "the options are 'A, B'"),
        (
            choice(task="mine", options=None),
            "not scored",
            "unknown task 'mine', and the row brings no candidates",
        ),
        (choice(task="mine", kind="chioce"), "not scored", "unknown answer kind 'chioce'"),
        (choice(kind=3), "not scored", "the kind is 3, not a name"),
        (choice(kind=["choice"]), "not scored", "the kind is ['choice'], not a name"),
        (
            choice(kind="rating"),
            "not scored",
            "the kind is 'rating', and my_choice has answers of the kind 'choice'",
        ),
        (
            ranking(target=["joy", "awe"]),
            "not scored",
            "the target ['joy', 'awe'] ranks something else than the candidates of my_ranking",
        ),
        (ranking(target="joy, fear"), "not scored", "the target is 'joy, fear', not a ranking"),
        (ranking(target={"joy": 1}), "not scored", "the target is {'joy': 1}, not a ranking"),
        (rating(target=12), "not scored", "the target 12 is not from 1 to 9 of my_rating"),
        (rating(target="much"), "not scored", "the target is 'much', not a rating"),
        (rating(target=[5]), "not scored", "the target is [5], not a rating"),
        (rating(target=True), "not scored", "the target is True, not a rating"),
        (rating(target=None), "not scored", "no target"),
        (
            rating(task="mine", kind="rating", target="much"),
            "not scored",
            "the target is 'much', not a rating",
        ),
        (choice(images="a.png"), "not scored", "images is 'a.png', not a list of texts"),
        (choice(images=["a.png", 3]), "not scored", "images is ['a.png', 3], not a list of texts"),
        (
            choice(images=["a.png", "b.png"], images_sha256=["00"]),
            "not scored",
            "images_sha256 is ['00'], not a hash for every image",
        ),
        (
            choice(images=["a.png"], images_sha256=[3]),
            "not scored",
            "images_sha256 is [3], not a hash for every image",
        ),
    ],
)
def test_what_is_wrong_with_a_row_is_reported_with_its_line(tmp_path, row, effect, problem):
    source, responses = read(tmp_path, choice(id="first"), row, rating(id="last"))
    assert problems(source) == [(2, effect, problem)]
    assert [each.sample_id for each in responses if each.sample_id != "x"] == ["first", "last"]
    assert len(responses) == (2 if effect == "not scored" else 3)


@pytest.mark.parametrize("target", [12, "much"])
def test_a_failed_sample_with_a_bad_target_has_its_reason_already(tmp_path, target):
    source, [response] = read(tmp_path, rating(target=target, response=None, error="a bad target"))
    assert (source.faults, response.target) == ([], target)


def test_a_failed_sample_whose_target_is_no_text_and_of_another_kind_is_not_scored(tmp_path):
    row = {"task": "FI-2", "id": "x", "target": 1, "response": None, "error": "late"}
    source, responses = read(tmp_path, row)
    assert (responses, problems(source)) == ([], [(1, "not scored", "the target is 1, not a label")])


def test_options_that_no_table_could_show_are_candidates_all_the_same(tmp_path):
    odd = {"A": "", "B": "two\nlines"}
    source, [response] = read(tmp_path, choice(options=odd))
    assert source.faults == []
    stored = tmp_path / "responses.jsonl"
    with ResponseLog(stored) as log:
        log.append(response)
    source = open_responses(stored, CATALOGUE)
    assert list(source.responses) == [response]
    assert source.faults == []


def test_columns_are_subsets_where_the_task_says_so(tmp_path):
    source, [plain, bare] = read(
        tmp_path, choice(question_type="Yes-or-No", other="x"), choice(id="y", question_type=None)
    )
    assert source.faults == []
    assert plain.attributes == {"question_type": "Yes-or-No"}
    assert bare.attributes == {"question_type": ""}
    _, [response] = read(tmp_path, rating(question_type="Yes-or-No"))
    assert response.attributes == {}


SEVERAL = {"images": ["a.png", "b.png"], "images_sha256": ["00", "11"]}


def test_several_images_are_kept_and_have_one_hash(tmp_path):
    _, [response, unnamed, alone] = read(
        tmp_path,
        rating(**SEVERAL),
        {name: value for name, value in rating(images=["a.png", "b.png"]).items() if name != "id"},
        rating(id="y", images=["a.png"], images_sha256=["00"]),
    )
    assert (response.image, response.images) == ("a.png", ("a.png", "b.png"))
    assert response.image_sha256 == sha256(b"0011").hexdigest()
    assert response.images_sha256 == ("00", "11")
    assert (unnamed.sample_id, unnamed.image_sha256) == ("a.png + b.png", None)
    assert (alone.image, alone.images, alone.image_sha256, alone.images_sha256) == ("a.png", (), "00", ())


def stored(**changes):
    values = {
        "key": "k",
        "task": "my_choice",
        "sample_id": "s",
        "repeat": 0,
        "target": "B",
        "candidates": ("No.", "Yes."),
        "image": "a.png",
        "image_sha256": "ab",
        "prompt_sha256": "cd",
        "response": "<answer>B</answer>",
        "finish_reason": "stop",
        "error": None,
        "n_prompt_tokens": 5,
        "n_output_tokens": 7,
        "kind": "choice",
    }
    return StoredResponse(**values | changes)


OURS = [
    stored(
        attributes={"question_type": "What/How"}, images=("a.png", "b.png"), images_sha256=("00", None)
    ),
    stored(sample_id="odd", target="E", response=None, finish_reason=None, error="of no option",
           attributes={"question_type": ""}),
    stored(task="my_ranking", target=["joy", "fear"], candidates=SEVEN, kind="ranking"),
    stored(task="my_rating", target=5.5, candidates=(), kind="rating"),
    stored(task="mine", target=5.5, candidates=(), kind="rating", attributes={"dimension": "valence"}),
]  # fmt: skip


def test_a_run_of_any_kind_is_read_back_as_it_was_stored(tmp_path):
    path = tmp_path / "responses.jsonl"
    with ResponseLog(path) as log:
        for each in OURS:
            log.append(each)
    assert list(read_responses(path)) == OURS
    source = open_responses(path, CATALOGUE)
    assert list(source.responses) == OURS
    assert source.faults == []


def test_a_line_of_a_run_of_labels_says_nothing_new():
    line = json.loads(stored(kind="label", candidates=("A", "B")).to_line())
    assert not {"kind", "images", "images_sha256", "attributes"} & line.keys()


def test_a_spool_keeps_targets_of_any_kind(tmp_path):
    with closing(ResponseSpool(tmp_path)) as spool:
        assert list(spool.storing(OURS)) == list(spool) == OURS


def test_an_export_for_lm_eval_reads_back_and_judges_as_the_kind_does(tmp_path, monkeypatch):
    complete = score_responses(OURS, STRICT, CATALOGUE)
    monkeypatch.setattr(Choice, "read", lambda _, text, __: (text, "ok"))
    with closing(ResponseSpool(tmp_path)) as spool:
        assert list(spool.storing(OURS)) == OURS
        EXPORTS["lm-eval"](spool, tmp_path, CATALOGUE, None, complete)
    [log] = (tmp_path / "unknown").glob("samples_vecbench_my_choice_*.jsonl")
    assert [json.loads(line)["accuracy"] for line in log.read_text().splitlines()] == [1.0, 0.0]
    for path in (tmp_path / "unknown").glob("samples_*.jsonl"):
        for line in map(json.loads, path.read_text().splitlines()):
            assert process_results(line["doc"], line["filtered_resps"]).keys() == set(line["metrics"])
    results = json.loads(next((tmp_path / "unknown").glob("results_*.json")).read_text())
    for name, said in results["results"].items():
        metrics = {
            key.removesuffix(",none") for key in said if key.endswith(",none") and "_stderr" not in key
        }
        assert results["higher_is_better"][name].keys() == metrics
    source = open_responses(tmp_path / "unknown", CATALOGUE)
    said = {(each.task, each.sample_id): each for each in source.responses}
    assert source.faults == []
    for each in OURS:
        found = said[each.task, each.sample_id]
        for name in ("target", "candidates", "kind", "attributes", "images", "images_sha256", "response"):
            assert getattr(found, name) == getattr(each, name), (each, name)


def test_two_images_of_emobserver_are_two_images(tmp_path):
    record = {
        "image_path": ["a.png", "b.png"],
        "ground_truth": "B",
        "other_info": {"task": "my_choice", "question_type": "What/How", "options": OPTIONS},
        "generations": ["B"],
    }
    (tmp_path / "results.json").write_text(json.dumps({"7": record}))
    source = open_responses(tmp_path / "results.json", CATALOGUE)
    [response] = source.responses
    assert source.faults == []
    assert (response.images, response.image) == (("a.png", "b.png"), "a.png")
    assert response.attributes == {"question_type": "What/How"}


def test_labels_of_an_unknown_task_are_read_as_ever(tmp_path):
    rows = [
        {"task": "mine", "id": f"{n}", "target": target, "candidates": ["joy", "fear"], "response": "joy"}
        for n, target in enumerate(["joy", " JOY", "awe"])
    ]
    source, responses = read(tmp_path, *rows)
    assert [(each.target, each.stated_target) for each in responses] == [
        ("joy", None),
        ("joy", " JOY"),
        ("awe", None),
    ]
    assert problems(source) == [
        (3, "counts as wrong", "the target 'awe' is not among the candidates of mine")
    ]
    assert {each.kind for each in responses} == {Label.name}


def test_a_long_target_is_shown_short(tmp_path):
    source, _ = read(tmp_path, {"task": "FI-2", "id": "x", "target": "no" * 50, "response": "positive"})
    [(_, _, problem)] = problems(source)
    shown = repr("no" * 50)[:59] + "…"
    assert problem == f"the target {shown} is not among the candidates of fi_2"


def test_a_task_has_one_kind(tmp_path):
    rows = [{"id": "1", "target": 5.0, "kind": "rating"}, {"id": "2", "target": "joy", "kind": "label"}]
    said = {"task": "two", "candidates": ["joy", "fear"], "response": "5"}
    source, responses = read(tmp_path, *({**said, **row} for row in rows))
    assert [each.sample_id for each in responses] == ["1"]
    assert problems(source) == [(2, "not scored", "its kind is label, and two began as rating")]
