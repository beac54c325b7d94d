"""EEmo-Bench's published numbers, recomputed from counts; strict beside the published verdicts on answers."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from vecbench.interop.reading import open_responses
from vecbench.interop.scored import scored_source
from vecbench.parsing import Prediction, Reading
from vecbench.scoring import protocol_named
from vecbench.scoring.aggregate import score
from vecbench.tasks import load_catalogue

REAL = Path(
    os.environ.get("VECBENCH_REAL_DATA", Path(__file__).parents[2].resolve().parent / "shared" / "real")
)
CATALOGUE = load_catalogue()
TYPES = ("Yes-or-No", "What/How")
SIZES = {"eemo_single": (1960, 1960), "eemo_pair": (1006, 1005)}

PAIRS = {
    "DeepSeek-VL2-tiny": ((507, 386), (50.40, 38.41, 44.41)),
    "DeepSeek-VL-7B-Chat": ((532, 389), (52.88, 38.71, 45.80)),
    "Janus-Pro-7B": ((535, 437), (53.18, 43.48, 48.33)),
    "LLaVA-OneVision-72B": ((654, 584), (65.01, 58.11, 61.56)),
    "mPLUG-Owl2-7B": ((612, 384), (60.83, 38.21, 49.52)),
    "Qwen2-VL-7B": ((553, 547), (54.97, 54.43, 54.70)),
    "GPT-4o": ((648, 618), (64.41, 61.49, 62.95)),
}
"""Model → right answers about pairs of either type; what is printed of them, with their mean."""

OVERALL = {
    "DeepSeek-VL2-tiny": ((54.62, 46.99, 50.40, 38.41), 48.63),
    "DeepSeek-VL-7B-Chat": ((60.18, 50.14, 52.88, 38.71), 51.98),
    "Janus-Pro-7B": ((57.53, 48.83, 53.18, 43.48), 51.53),
    "LLaVA-OneVision-72B": ((66.36, 64.64, 65.01, 58.11), 64.16),
    "mPLUG-Owl2-7B": ((61.00, 50.31, 60.83, 38.21), 53.57),
    "Qwen2-VL-7B": ((59.98, 59.39, 54.97, 54.43), 57.99),
    "GPT-4o": ((68.25, 64.80, 64.41, 61.49), 65.31),
}
"""Model → what is printed of single images and pairs; the grand overall."""


def answers(task, counts):
    """Rows of a task with so many right answers of either type, in which item 220 is right too."""
    rows = []
    for kind, size, right in zip(TYPES, SIZES[task], counts, strict=True):
        rows += [(f"{kind} {number}", kind, number < right) for number in range(size)]
    if task == "eemo_pair":
        rows.append(("220", TYPES[1], True))
    return [
        Prediction(
            name,
            task,
            name,
            0,
            "A",
            ("Yes", "No"),
            Reading("A" if is_right else "B", "ok", None, "missing"),
            kind="choice",
            attributes={"question_type": kind, "perceptual_dimension": "", "question_concern": ""},
        )
        for name, kind, is_right in rows
    ]


@pytest.mark.parametrize("model", PAIRS)
def test_printed_cells_of_pairs_follow_from_counts(model):
    counts, printed = PAIRS[model]
    task = score(answers("eemo_pair", counts), "strict", CATALOGUE, replicates=0).tasks["eemo_pair"]
    types = task.subsets["question_type"]
    assert [types[kind].n for kind in TYPES] == [1006, 1005]
    cells = [100 * types[kind].metrics["accuracy"].value for kind in TYPES]
    assert [round(cell, 2) for cell in cells] == [*printed[:2]]
    # What is printed as their mean is the mean of the rounded cells.
    assert 100 * task.headline.value == pytest.approx(printed[2], abs=0.0101)


@pytest.mark.parametrize("model", OVERALL)
def test_the_printed_overall_is_the_pool_of_all_rows(model):
    cells, overall = OVERALL[model]
    counts = [cell * size / 100 for cell, size in zip(cells, (1960, 1960, 1006, 1005), strict=True)]
    assert 100 * sum(counts) / 5931 == pytest.approx(overall, abs=0.0101)


def test_the_group_pools_the_rows_that_count():
    """Of GPT-4o's cells on single images no whole counts are: the nearest ones."""
    rows = [*answers("eemo_single", (1338, 1270)), *answers("eemo_pair", PAIRS["GPT-4o"][0])]
    group = score(rows, "strict", CATALOGUE, replicates=0).groups["eemo_perception"]
    assert group.pooled.n == 5931
    assert group.pooled.headline.value == (1338 + 1270 + 648 + 618) / 5931
    assert 100 * group.pooled.headline.value == pytest.approx(65.31, abs=0.02)


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """The published answers as one leaderboard's file; its verdicts: (model, id) → whether right."""
    folder = REAL / "eemo-bench"
    if not folder.is_dir():
        pytest.skip(f"the published answers, which may not be copied, are not at {folder}")
    with gzip.open(folder / "items.jsonl.gz", "rt") as lines:
        items = {each["id"]: each for each in map(json.loads, lines)}
    verdicts = {}
    with gzip.open(folder / "answers.jsonl.gz", "rt") as lines:
        for each in map(json.loads, lines):
            items[each["id"]][f"response({each['model']})"] = each["response"]
            verdicts[each["model"], str(each["id"])] = each["verdict"] == 1
    path = tmp_path_factory.mktemp("board") / "pair.json"
    path.write_text(json.dumps([*items.values()]))
    return path, verdicts


def scored(path, model, protocol="strict"):
    source = open_responses(Path(f"{path}#{model}"), CATALOGUE)
    complete = scored_source(source, protocol_named(protocol), CATALOGUE)
    assert source.faults == []
    return complete


def test_strict_agrees_with_the_published_verdicts(board):
    path, verdicts = board
    agree, n = 0, 0
    kinds = Counter()
    for model in dict.fromkeys(model for model, _ in verdicts):
        complete = scored(path, model)
        types = complete.scores.tasks["eemo_pair"].subsets["question_type"]
        assert [types[kind].n for kind in TYPES] == [1006, 1005]
        rows = [row for row in complete.rows if row.sample_id != "220"]
        for row in rows:
            published = verdicts[model, row.sample_id]
            n += 1
            agree += row.correct == published
            if row.correct != published:
                assert published  # strict never calls right what the authors call wrong
                kinds[row.reading.answer_status] += 1
    assert agree / n >= 0.985
    # What docs/eemo-bench.md says of it.
    assert (agree, n) == (10_022, 10_055)
    assert kinds == {"no_answer": 13, "not_a_candidate": 1, "ambiguous": 14, "ok": 5}


def test_emobserver_makes_other_numbers_of_them(board):
    path, verdicts = board
    found = {}
    for model in dict.fromkeys(model for model, _ in verdicts):
        complete = scored(path, model, "emobserver")
        rows = {kind: [] for kind in TYPES}
        for row in complete.rows:
            if row.sample_id != "220":
                rows[row.attributes["question_type"]].append(row.correct)
        means = [sum(each) / len(each) for each in rows.values()]
        headline = complete.scores.tasks["eemo_pair"].headline.value
        found[model] = (round(50 * sum(means), 2), round(100 * headline, 2))
    assert found == {
        "deepseek-vl2-tiny": (45.20, 45.18),
        "deepseek_vl": (45.40, 45.38),
        "llava-onevision-72b": (56.88, 56.86),
        "mPLUG_owl2_7b": (49.32, 49.30),
        "qwen2-7b": (48.03, 48.01),
    }
