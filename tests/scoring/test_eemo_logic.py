"""EEmo-Logic's scores of rankings and ratings, to the last digit, on rows that its scripts were run on."""

import json
from collections import Counter
from dataclasses import replace
from itertools import islice, permutations
from pathlib import Path

import pytest

from vecbench.comparing import compare, open_side
from vecbench.interop.reading import open_responses
from vecbench.interop.scored import scored_source
from vecbench.metrics.rankings import ranking_score
from vecbench.scoring import protocol_named, score_responses
from vecbench.scoring.eemo_logic import published_score
from vecbench.scoring.predictions import prediction_lines, predictions
from vecbench.tasks import load_catalogue

GOLDEN = Path(__file__).parents[1] / "golden"
RANKINGS = json.loads((GOLDEN / "eemo_ranking" / "responses.json").read_text())
EXPECTED = json.loads((GOLDEN / "eemo_ranking" / "expected.json").read_text())
RATINGS = json.loads((GOLDEN / "eemo_assessment" / "responses.json").read_text())
EXPECTED_RATINGS = json.loads((GOLDEN / "eemo_assessment" / "expected.json").read_text())
CATALOGUE = load_catalogue()
SEVEN = CATALOGUE.tasks["eemo_top3"].labels


def exactly(value):
    return pytest.approx(value, rel=1e-12, abs=1e-12)


def ranking_lines():
    for name, each in RANKINGS.items():
        yield {"task": "eemo_top3", "id": name, "target": each["gold"], "response": each["response"]}


def rating_lines():
    for name, each in RATINGS.items():
        task = f"eemo_{each['dimension']}"
        yield {"task": task, "id": name, "target": each["gold"], "response": each["response"]}


@pytest.fixture
def scored(tmp_path):
    def of(lines, protocol="eemo-logic"):
        path = tmp_path / "responses.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return scored_source(open_responses(path, CATALOGUE), protocol_named(protocol), CATALOGUE)

    return of


def test_each_ranking_is_read_and_scored_as_the_script_does(scored):
    assert len(RANKINGS) > 200
    for row in scored(ranking_lines()).rows:
        wanted = EXPECTED["rows"][row.sample_id]
        read = row.reading.answer
        assert (None if read is None else list(read)) == wanted["list"], row.sample_id
        score = published_score(read or (), row.target)
        assert score.hit * 100 == exactly(wanted.get("hit", 0))
        assert score.order * 100 == exactly(wanted.get("kendall", 0))
        assert score.total * 100 == exactly(wanted.get("score", 0))


def test_an_unreadable_ranking_counts_as_nothing(scored):
    scores = scored(ranking_lines()).scores
    for rows in (scores.tasks["eemo_top3"], scores.groups["eemo_ranking"].pooled, scores.overall.pooled):
        score = rows.metrics["ranking_score"]
        assert score.value == exactly(
            sum(each.get("score", 0) for each in EXPECTED["rows"].values()) / 100 / len(RANKINGS)
        )
        assert score.n == len(RANKINGS)
        assert score.details["readable"] == EXPECTED["readable"]
        assert score.details["mean_of_readable"] * 100 == exactly(EXPECTED["mean_of_readable"])
        assert rows.metrics["hit"].value + rows.metrics["order"].value == exactly(score.value)


def test_all_rankings_of_three_score_as_the_script_scores_them():
    assert len(EXPECTED["grid"]) > 200
    for each in EXPECTED["grid"]:
        assert published_score(each["pred"], each["gold"]).total * 100 == exactly(each["score"])


def test_names_are_compared_by_alphabet_there_and_by_rank_by_strict():
    gold = ("joy", "anger", "sadness")
    for answer, published, by_rank in (
        (("joy", "sadness", "anger"), 50, 83.333333),
        (("sadness", "anger", "joy"), 83.33, 50),
        (gold, 100, 100),
    ):
        assert published_score(answer, gold).total * 100 == pytest.approx(published)
        assert ranking_score(answer, gold).total * 100 == pytest.approx(by_rank, abs=1e-6)


def test_listing_all_seven_beats_every_constant_ranking_of_three_there_and_is_not_read_by_strict(scored):
    """On EEmo-Bench's own targets the best such list has 80.7, see docs/eemo-ranking.md."""
    counts = Counter(tuple(each["gold"]) for each in RANKINGS.values())

    def mean(answer):
        return sum(n * published_score(answer, gold).total for gold, n in counts.items()) / len(RANKINGS)

    best_of_seven = max(islice(permutations(SEVEN), None, None, 50), key=mean)
    best_of_three = max(permutations(SEVEN, 3), key=mean)
    assert all(published_score(best_of_seven, gold).hit == 0.5 for gold in counts)
    assert mean(best_of_seven) > 2 * mean(best_of_three)
    said = f"<answer>Emotion ranking: {', '.join(best_of_seven)}</answer>"
    lines = [line | {"response": said} for line in ranking_lines()]
    assert scored(lines).scores.tasks["eemo_top3"].metrics["ranking_score"].value == exactly(
        mean(best_of_seven)
    )
    strict = scored(lines, "strict").scores.tasks["eemo_top3"]
    assert strict.metrics["ranking_score"].value == 0
    assert strict.counts["ambiguous"] == strict.unread == len(lines)
    assert strict.metrics["best_constant"].value == exactly(
        max(
            sum(n * ranking_score(answer, gold).total for gold, n in counts.items()) / len(RANKINGS)
            for answer in permutations(SEVEN, 3)
        )
    )


def test_four_emotions_are_too_many_for_strict_and_three_named_twice_are_three(scored):
    line = {"task": "eemo_top3", "target": ["joy", "fear", "anger"]}
    said = ("joy, fear, anger, sadness", "joy, joy, fear, anger", "Joy, Fear, Anger")
    lines = [line | {"id": text, "response": f"<answer>{text}</answer>"} for text in said]
    read = {row.sample_id: row.reading for row in scored(lines, "strict").rows}
    assert read[said[0]].answer is None
    assert read[said[0]].answer_status == "ambiguous"
    assert read[said[1]].answer == read[said[2]].answer == ("joy", "fear", "anger")


def test_strict_scores_by_rank_what_it_reads_as_the_script_does(scored):
    rows = scored(ranking_lines(), "strict").rows
    same = [row for row in rows if list(row.reading.answer or ()) == EXPECTED["rows"][row.sample_id]["list"]]
    assert len(same) > 40
    for row in same:
        score = ranking_score(row.reading.answer, row.target).total
        assert score * 100 == pytest.approx(EXPECTED["rows"][row.sample_id]["score_by_rank"], abs=1e-6)


def test_each_rating_is_read_as_the_script_reads_it(scored):
    assert len(RATINGS) > 200
    for row in scored(rating_lines()).rows:
        wanted, read = EXPECTED_RATINGS["rows"][row.sample_id]["value"], row.reading
        if wanted is None:
            assert (read.answer, read.answer_status) == (None, "no_answer")
        elif isinstance(wanted, str):
            assert read.answer is None
            assert read.answer_status == ("out_of_range" if wanted == "nan" else "not_a_candidate")
        else:
            assert read.answer == exactly(wanted)


def test_correlations_are_of_the_numbers_and_a_groups_of_its_tasks(scored):
    scores = scored(rating_lines()).scores
    wanted = EXPECTED_RATINGS["of_numbers"]
    blocks = {name: scores.tasks[f"eemo_{name}"] for name in ("valence", "arousal", "dominance")}
    blocks["overall"] = scores.groups["eemo_assessment"].pooled
    for name, rows in blocks.items():
        assert rows.metrics["spearman"].value == exactly(wanted[name]["srcc"])
        assert rows.metrics["pearson"].value == exactly(wanted[name]["plcc"])
        assert rows.metrics["pearson"].n == wanted[name].get("n", 3)
    assert scores.overall.pooled.metrics["pearson"].value == exactly(wanted["overall"]["plcc"])


@pytest.mark.parametrize(
    ("response", "read"),
    [
        ("<answer>Dominance:1.0</answer>", 0.0),
        ("<answer>1.0</answer>", 0.0),
        ("<answer>10</answer>", 0.0),
        ("<answer>Score: 0.28, confidence: 0.9</answer>", 0.9),
        ("<answer>Valence: 5.4</answer>", 5.4),
        ("<answer>Valence: -0.03</answer>", -0.03),
        ("<answer>Valence: 84%</answer>", None),
        ("<answer>Valence:\n0.5</answer>", None),
        ("<answer></answer>", None),
    ],
)
def test_the_scripts_faults_are_kept(response, read):
    kind = CATALOGUE.tasks["eemo_valence"].answers
    assert protocol_named("eemo-logic").read(response, (), kind, None, None).answer == read


def test_rankings_and_ratings_together_have_no_score(scored):
    overall = scored([*ranking_lines(), *rating_lines()]).scores.overall.pooled
    score = overall.metrics["ranking_score"]
    assert score.value is None
    assert score.why == "answers of several kinds (ranking, rating) are not pooled"


def test_constant_ratings_have_no_correlation(scored):
    lines = [line | {"response": "<answer>Valence: 0.5</answer>"} for line in rating_lines()]
    score = scored(lines).scores.tasks["eemo_valence"].metrics["pearson"]
    assert score.value is None
    assert "fewer than two different" in score.why


def test_it_scores_rankings_and_ratings_alone(scored):
    source = open_responses(GOLDEN / "mvei" / "responses.json", CATALOGUE)
    rows = [*source.responses]
    complete = score_responses(rows, protocol_named("eemo-logic"), CATALOGUE)
    assert complete.scores.tasks == {}
    assert {row.dropped for row in complete.rows} == {"its answer is neither a ranking nor a rating"}
    four = replace(rows[0], task="mine", kind="ranking", target=["a", "b", "c", "d"], candidates=("a", "b"))
    [row] = score_responses([four], protocol_named("eemo-logic"), CATALOGUE).rows
    assert row.dropped == "its target is no ranking of three, or no rating"


def test_runs_are_compared_by_their_scores(tmp_path):
    sides = []
    for name, response in (("old", "Joy, Fear, Anger"), ("new", "Neutral, Joy, Surprise")):
        path = tmp_path / f"{name}.jsonl"
        said = f"<answer>Emotion ranking: {response}</answer>"
        path.write_text("".join(json.dumps(line | {"response": said}) + "\n" for line in ranking_lines()))
        sides.append(open_side(path, "eemo-logic", CATALOGUE))
    found = compare(*sides, CATALOGUE, replicates=200).differences.tasks["eemo_top3"]
    change = found.metrics["ranking_score"]
    answers = (("joy", "fear", "anger"), ("neutral", "joy", "surprise"))
    old, new = (
        sum(published_score(answer, each["gold"]).total for each in RANKINGS.values()) / len(RANKINGS)
        for answer in answers
    )
    assert change.change == pytest.approx(new - old)
    assert change.low < change.change < change.high


def test_a_number_that_json_has_not_is_a_text_in_the_predictions(tmp_path):
    row = {"task": "eemo_valence", "id": "1", "target": 5.0, "response": "<answer>rating: inf</answer>"}
    (tmp_path / "r.jsonl").write_text(json.dumps(row) + "\n")
    stored = open_responses(tmp_path / "r.jsonl", CATALOGUE).responses
    [line] = prediction_lines(predictions(stored, protocol_named("eemo-logic"), CATALOGUE))
    assert json.loads(line, parse_constant=pytest.fail)["answer"] == "inf"
