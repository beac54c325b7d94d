"""How responses are read together: sentences or none, on which scale, in the forms that a task declares."""

import json

import pytest

import vecbench
from vecbench.comparing import compare
from vecbench.comparing.pairs import both_sides
from vecbench.errors import DataError, UsageError
from vecbench.interop.reading import open_responses
from vecbench.scoring import predictions, protocol_named, protocol_with, score_responses
from vecbench.scoring.scales import scale_note
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
LABELS = CATALOGUE.tasks["fi_8"].labels


def written(folder, texts, name="answers.jsonl", task="fi_8", labels=LABELS):
    rows = [
        {
            "task": task,
            "id": str(place),
            "target": labels[place % 2],
            "response": text,
            "finish_reason": "stop",
        }
        for place, text in enumerate(texts)
    ]
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def confidences(folder, stated, protocol="strict", catalogue=CATALOGUE, task="fi_8"):
    path = written(folder, [f"Answer: {LABELS[0]}\nConfidence: {each}" for each in stated], task=task)
    rows = predictions(open_responses(path, catalogue).responses, protocol_named(protocol), catalogue)
    return [row.reading.confidence for row in rows]


def test_a_whole_one_beside_numbers_above_one_is_no_confidence(tmp_path):
    assert confidences(tmp_path, ["85", "90", "95", "1", "1.0", "0.9", "100%"]) == [
        *(None, None, None, None),
        *(1.0, 0.9, 1.0),
    ]
    assert confidences(tmp_path, ["1", "0.9", "1"]) == [1.0, 0.9, 1.0]


def test_a_slip_changes_the_meaning_of_no_other_answer(tmp_path):
    assert confidences(tmp_path, ["1"] * 19 + ["85"]) == [1.0] * 19 + [None]
    assert confidences(tmp_path, ["1"] * 18 + ["85"]) == [None] * 19


def test_a_declared_scale_is_never_doubted(tmp_path):
    stated = ["85", "1", "95"]
    assert confidences(tmp_path, stated, "strict+scale-100") == [0.85, 0.01, 0.95]
    assert confidences(tmp_path, stated, "strict+scale-1") == [None, 1.0, None]


def test_published_protocols_read_ones_as_they_always_did(tmp_path):
    texts = [f"<answer>joy</answer><confidence>{each}</confidence>" for each in (85, 1)]
    rows = predictions(
        open_responses(written(tmp_path, texts), CATALOGUE).responses, protocol_named("emocaliber"), CATALOGUE
    )
    assert [row.reading.confidence for row in rows] == [1.0, 1.0]


@pytest.mark.filterwarnings("ignore:.* are not read")
def test_numbers_off_the_scale_are_said_with_what_to_do(tmp_path):
    path = written(
        tmp_path, ["Answer: awe\nConfidence: 85"] * 3 + ["Answer: awe\nConfidence: 1", "Answer: awe"]
    )
    notes = vecbench.score(path).notes
    assert [note.partition(":")[0] for note in notes] == ["FI-8"]
    assert "3 of 4 stated confidences are above 1; is the scale 0 to 100?" in notes[0]
    assert "--confidence-scale 100" in notes[0]
    assert vecbench.score(path, confidence_scale=100).notes == ()
    below = written(tmp_path, ["Answer: awe\nConfidence: 0.9"])
    assert "1 of 1 stated confidences are below 1" in vecbench.score(below, confidence_scale=100).notes[0]
    assert vecbench.score(below, confidence_scale=1).notes == ()
    assert scale_note({"confidence_missing": 0}, 10) is None


@pytest.mark.filterwarnings("ignore:.* are not read")
def test_numbers_up_to_100_are_never_read_as_shares_in_silence(tmp_path):
    """Of 40 answers, 30 are 85, 90 or 95, and 10 a whole 1, which is the lowest."""
    stated = ["85", "90", "95", "1"] * 10
    path = written(tmp_path, [f"<answer>awe</answer><confidence>{each}</confidence>" for each in stated])
    scores = vecbench.score(path)
    assert "30 of 40 stated confidences are above 1" in scores.notes[0]
    counts = scores.tasks["fi_8"].counts
    assert (counts["confident"], counts["confidence_out_of_range"]) == (0, 40)
    declared = vecbench.score(path, confidence_scale=100)
    assert declared.notes == ()
    assert declared.tasks["fi_8"].counts["confident"] == 40


@pytest.mark.filterwarnings("ignore:.* are not read")
@pytest.mark.parametrize(
    ("stated", "declared", "note"),
    [
        ([7, 8, 9, 10], None, "4 of 4 stated confidences are above 1; is the scale 0 to 10?"),
        ([7, 8, 9, 10], None, "Declare it: --confidence-scale 10, or `scale: ten` in the task's file."),
        ([7, 8, 9, 85], None, "4 of 4 stated confidences are above 1; is the scale 0 to 100?"),
        ([7, 8, 9, 85], None, "Declare it: --confidence-scale 100, or `scale: percent` in the task's file."),
        ([7, 8], 1, "above 1; is the scale 0 to 10?"),
        ([85, 0.9], 1, "1 of 2 stated confidences are above 1; is the scale 0 to 100?"),
        ([85, 9], 10, "1 of 2 stated confidences are above 10 on the scale that is declared;"),
        ([85, 9], 10, "is the scale 0 to 100? Declare it: --confidence-scale 100,"),
        ([0.9, 9], 10, "below 1 on the scale that is declared; is the scale 0 to 1?"),
        ([0.9, 90], 100, "Declare it: --confidence-scale 1, or `scale: unit` in the task's file."),
    ],
)
def test_the_scale_is_named_that_would_read_numbers_off_the_declared_one(tmp_path, stated, declared, note):
    path = written(tmp_path, [f"Answer: awe\nConfidence: {each}" for each in stated])
    (said,) = vecbench.score(path, confidence_scale=declared).notes
    assert note in said


@pytest.mark.filterwarnings("ignore:.* are not read")
def test_one_number_in_many_that_is_off_its_scale_is_a_slip(tmp_path):
    path = written(tmp_path, ["Answer: awe\nConfidence: 9"] * 19 + ["Answer: awe\nConfidence: 90"])
    assert vecbench.score(path, confidence_scale=10).notes == ()


def test_parts_of_a_confidence_are_sources_of_their_own(tmp_path):
    texts = [
        f"<answer>awe</answer><vision_confidence>{vision}</vision_confidence>"
        f"<reasoning_confidence>{reasoning}</reasoning_confidence>"
        for vision, reasoning in (("0.9", "0.6"), ("0.9", "?"), ("1", "9"), ("1", "1"), ("1.0", "1.0"))
    ]
    rows = predictions(
        open_responses(written(tmp_path, texts), CATALOGUE).responses, protocol_named("strict"), CATALOGUE
    )
    # A whole 1 beside numbers above 1 may be 1 of 10.
    assert [row.confidences for row in rows] == [
        {"vision": 0.9, "reasoning": 0.6},
        {"vision": 0.9},
        {},
        {},
        {"vision": 1.0, "reasoning": 1.0},
    ]
    assert [row.reading.confidence for row in rows] == [pytest.approx(0.72), None, None, None, 1.0]


@pytest.mark.filterwarnings("ignore:.* are not read")
def test_without_sentences_only_fields_are_read_and_the_scores_say_so(tmp_path):
    path = written(tmp_path, ["The answer is amusement.", "Answer: anger"])
    read, unread = vecbench.score(path), vecbench.score(path, sentences=False)
    assert [each.tasks["fi_8"].counts["sentence"] for each in (read, unread)] == [1, 0]
    assert [each.tasks["fi_8"].counts["answered"] for each in (read, unread)] == [2, 1]
    assert (read.protocol, unread.protocol) == ("strict", "strict+no-sentences")
    assert vecbench.score(path, "strict+no-sentences").content() == unread.content()


def test_names_of_readings_are_one_for_one():
    assert protocol_named("strict+scale-100+no-sentences").name == "strict+no-sentences+scale-100"
    assert protocol_with("strict", sentences=True, confidence_scale=None) == "strict"
    for name in ("strict+sentence", "emocaliber+no-sentences", "+no-sentences", "strict+"):
        with pytest.raises(UsageError):
            protocol_named(name)
    with pytest.raises(UsageError, match="reads as its program does"):
        protocol_with("emocaliber", sentences=False, confidence_scale=None)
    with pytest.raises(UsageError, match="1, 10 or 100"):
        protocol_with("strict", sentences=True, confidence_scale=5)


def test_two_sides_are_read_alike(tmp_path):
    texts = ["The answer is amusement.", "It evokes anger.", "Answer: awe"]
    first, second = (written(tmp_path, texts, name) for name in ("a.jsonl", "b.jsonl"))
    for protocol, answered in ((None, 3), ("strict+no-sentences", 1)):
        sides = both_sides([first, second], protocol, CATALOGUE)
        assert [sum(row.reading.answer is not None for row in side.rows) for side in sides] == [answered] * 2
        assert not compare(*sides, CATALOGUE, replicates=200).allowed


def test_scores_of_another_reading_are_not_compared(tmp_path):
    path = written(tmp_path, ["The answer is amusement.", "Answer: anger"])
    content = score_responses(
        open_responses(path, CATALOGUE).responses, protocol_named("strict+no-sentences"), CATALOGUE
    ).scores.content()
    earlier = content | {"protocol": "strict"}
    earlier["overall"] = content["overall"] | {"counts": {"ok": 1, "no_answer": 1}}
    for said in (content, earlier):  # versions that read no sentences do not count them
        scores = tmp_path / "scores.json"
        scores.write_text(json.dumps(said))
        sides = both_sides([scores, path], None, CATALOGUE)
        with pytest.raises(DataError, match=r"strict\+no-sentences there, strict here"):
            compare(*sides, CATALOGUE, replicates=200)
        assert compare(
            *both_sides([scores, path], "strict+no-sentences", CATALOGUE), CATALOGUE, replicates=200
        )


OWN = """\
task: mine_2
metadata:
  version: 1.0
  vecbench:
    labels: [joy, fear]
    reasoning: [["<ponder>", "</ponder>"]]
    prompts:
      standard: "Which of {{ labels }}?"
      mine:
        template: "Which of {{ labels }}? {mood: LABEL, sureness: 0-100}"
        fields: {answer: mood, confidence: [sureness]}
        scale: percent
      lettered: {template: "A. joy B. fear?", lettered: true}
"""


def own_catalogue(folder):
    (folder / "mine_2.yaml").write_text(OWN)
    found = load_catalogue([folder / "mine_2.yaml"])
    assert found.faults == ()
    return found


@pytest.mark.parametrize(
    ("profile", "text", "answer", "confidence"),
    [
        ("mine", "<ponder>Mood: joy</ponder>Mood: fear\nSureness: 85", "fear", 0.85),
        ("standard", "<ponder>Answer: joy</ponder>Answer: fear\nConfidence: 85", "fear", None),
        ("standard", "B", None, None),
        ("lettered", "B", "fear", None),
        (None, "Mood: fear\nSureness: 0.85", "fear", 0.85),  # nobody knows which prompt was asked
        (None, "B", None, None),
    ],
)
def test_responses_are_read_as_the_prompt_profile_says(tmp_path, profile, text, answer, confidence):
    catalogue = own_catalogue(tmp_path)
    source = open_responses(written(tmp_path, [text], task="mine_2", labels=["fear", "joy"]), catalogue)
    source.resolution._profiles = {"mine_2": profile} if profile else {}
    (row,) = predictions(source.responses, protocol_named("strict"), catalogue)
    assert (row.reading.answer, row.reading.confidence) == (answer, confidence)
