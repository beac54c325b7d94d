"""A leaderboard of answers of any kind, and of metrics that another package brings."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import ScriptedEngine, Watcher, plugged_in
from PIL import Image
from plugin.vecbench_example.level import LEVEL_ERROR, Level
from plugin.vecbench_example.reliability import RELIABILITY_DEBIASED

from vecbench.answers import Label, known_metrics
from vecbench.cli.leaderboard import verified_again
from vecbench.engines import Sampling
from vecbench.errors import DataError
from vecbench.leaderboard.answers import alike
from vecbench.leaderboard.columns import board_columns
from vecbench.leaderboard.entry import Entry, read_entry
from vecbench.leaderboard.outcomes import TaskOutcomes
from vecbench.leaderboard.publication import Recomputed, build, publish, reverify, verified_entry
from vecbench.leaderboard.ranking import rank_ranges
from vecbench.leaderboard.standings import leaderboard
from vecbench.leaderboard.submission import submission_files
from vecbench.leaderboard.verification import verify, verify_files
from vecbench.metrics import catalogue as metric_catalogue
from vecbench.metrics.catalogue import JUDGED_METRICS
from vecbench.metrics.observations import Observations
from vecbench.metrics.paired import PairedRows, observed_totals, paired_bootstrap
from vecbench.models import Model
from vecbench.parsing import Prediction, Reading
from vecbench.run import RunPlan, TaskRun, run
from vecbench.run.control import control_of
from vecbench.samples import open_data
from vecbench.scoring import complete_scores
from vecbench.shipped import leaderboards_folder
from vecbench.store import RunDirectory
from vecbench.tasks import load_catalogue

PLUGIN_TASKS = Path(__file__).parents[1] / "plugin" / "tasks"
EVERY_KIND = Path(__file__).parents[1] / "every_kind"
VAD = ("valence", "arousal", "dominance")
LEVELS = ("low", "medium", "high")
[HONEST] = (leaderboards_folder() / "demo" / "submissions").glob("*.zip")


class Distance(Level):
    """Levels of which none is right or wrong."""

    metrics = (LEVEL_ERROR, JUDGED_METRICS[1])
    judges = False

    def is_right(self, *_):
        return False


@pytest.fixture
def with_metric(monkeypatch):
    """Installs a metric, as long as the test runs."""

    def install(metric):
        monkeypatch.setattr(metric_catalogue, "installed_metrics", lambda: (metric,))
        known_metrics.cache_clear()

    yield install
    monkeypatch.undo()
    known_metrics.cache_clear()


@pytest.fixture(params=[Level, Distance])
def kind(request, monkeypatch):
    with plugged_in(monkeypatch, request.param):
        known_metrics.cache_clear()
        yield request.param
    known_metrics.cache_clear()


def level_entries(kind, count=3, n=120):
    """Entries of the level board, of models that state the right level more and more often."""
    catalogue, verified = load_catalogue([PLUGIN_TASKS]), verify(HONEST, load_catalogue())
    generator = np.random.default_rng(0)
    targets = generator.choice(3, n)
    tasks = catalogue.select("level_board")
    assert [type(task.answers) for task in tasks] == [kind]
    for number in range(count):
        said = np.where(generator.random(n) < 0.3 + 0.3 * number, targets, generator.choice(3, n))
        rows = [
            Prediction(
                f"{place}", "emoji_level", f"s{place:03}", 0, LEVELS[target], LEVELS,
                Reading(LEVELS[answer], "ok", float(stated), "ok"), f"{place:064x}",
                judged=kind(LEVELS).is_right(LEVELS[answer], LEVELS[target]), kind="level",
            )
            for place, (target, answer, stated) in enumerate(
                zip(targets, said, generator.choice([0.3, 0.6, 0.9], n), strict=True)
            )
        ]  # fmt: skip
        scores = complete_scores(rows, "strict", catalogue).scores
        record = verified.manifest.tasks["emoji_2"]
        entry = verified_entry(
            replace(
                verified,
                submission=verified.submission.model_copy(update={"name": f"Model {number}"}),
                manifest=verified.manifest.model_copy(update={"tasks": {"emoji_level": record}}),
                benchmark=catalogue.groups["level_board"],
                tasks=tuple(tasks),
                predictions=tuple(rows),
                scores=scores,
            )
        )
        digests = {"submission_sha256": f"{number:064x}", "responses_sha256": f"{number:064x}"}
        yield Entry.model_validate(json.loads(entry.as_json()) | digests)


def columns_of(text):
    return next(line for line in text.splitlines() if line.startswith("| Model")).strip("| ").split(" | ")


def test_a_label_board_is_led_by_the_joint_score():
    columns = board_columns([Label()])
    assert [(each.heading, each.is_main, each.test) for each in columns] == [
        ("Joint", True, "influence"),
        ("Acc pooled", True, "shares"),
        ("Acc macro", True, "shares"),
        ("F1 wgt", False, None),
        ("ECE", True, "influence"),
        ("Brier", True, "influence"),
        ("AUROC", False, "influence"),
        ("Skill", False, "influence"),
        ("Cov", False, None),
    ]


def test_what_a_kind_puts_first_comes_first_whatever_it_is():
    class Covered(Label):
        metrics = (*JUDGED_METRICS[1:2], *JUDGED_METRICS[:1])

    assert [each.heading for each in board_columns([Covered()])] == ["Cov pooled", "Cov macro", "Acc"]


def test_the_docs_say_which_columns_there_are_and_what_is_not_compared():
    page = (Path(__file__).parents[2] / "docs" / "leaderboard.md").read_text()
    assert f"```\n{', '.join(each.heading for each in board_columns([Label()]))}\n```" in page
    found = {HONEST.stem: Recomputed("all", ("ece",))}
    said = "\n".join(verified_again(Path("leaderboards/demo"), found))
    assert f"```\n{said}\n```" in page


def test_answers_of_another_kind_have_their_own_columns(kind, tmp_path):
    for entry in level_entries(kind):
        publish(entry, tmp_path)
    build(tmp_path, tmp_path, load_catalogue([PLUGIN_TASKS]))
    text = (tmp_path / "README.md").read_text()
    judged = ["Joint", "Acc pooled", "Acc macro", "Levels", "ECE", "Brier", "AUROC", "Skill", "Cov"]
    expected = judged if kind is Level else ["Levels pooled", "Levels macro", "Cov"]
    assert [each for each in columns_of(text) if not each.startswith("Rank in")] == ["Model", *expected, "n"]
    plain = "Levels" if kind is Level else "Levels pooled and Levels macro"
    assert f"All values × 100, but for {plain}. " in text
    assert f"Values × 100, but for {plain}; " in (tmp_path / "index.html").read_text()
    errors = [each.tasks["emoji_level"].metrics["level_error"].value for each in level_entries(kind)]
    first = next(line for line in text.splitlines() if line.startswith("| Model 2"))
    assert f" {errors[2]:.3f}" in first


def every_answer(seed):
    """What a model says to the tasks of `tests/every_kind`."""
    generator = np.random.default_rng(seed)
    labels = ["joy", "love", "surprise", "neutral", "sadness", "anger", "fear"]

    def answer(request):
        said = {
            "statement": lambda: generator.choice(["correct", "incorrect"]),
            "option": lambda: generator.choice(["A", "B"]),
            "asked": lambda: generator.choice(["joy", "fear"]),
            "joy": lambda: ", ".join(generator.permutation(labels)[:3]),
            "dominance": lambda: ", ".join(f"{name}: {generator.integers(1, 9)}" for name in VAD),
        }
        found = next(
            (made() for word, made in said.items() if word in request.prompt), generator.integers(1, 9)
        )
        return f"<answer>{found}</answer><confidence>{generator.choice([0.3, 0.6, 0.9])}</confidence>"

    return answer


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory):
    """(catalogue, data, submissions) of two models on a benchmark with a task of each kind."""
    root = tmp_path_factory.mktemp("every")
    (root / "data" / "images").mkdir(parents=True)
    generator, rows = np.random.default_rng(0), []
    for place in range(60):
        Image.new("RGB", (8, 8), (place, 50, 100)).save(root / "data" / "images" / f"{place}.png")
        image, following = f"images/{place}.png", f"images/{(place + 1) % 60}.png"
        about = {
            "statement": {"label": "correct", "statement": "a statement", "statement_class": "a"},
            "option": {
                "target": "A",
                "question": "Which option?",
                "options": {"A": "yes", "B": "no"},
                "question_type": str(generator.choice(["Yes-or-No", "What/How"])),
            },
            "rank": {"target": ["joy", "fear", "love"]},
            "tags": {"target": [["joy", "fear"], [], ["love"]][place % 3]},
            "votes": {"votes": generator.integers(1, 5, 3).tolist()},
            "valence": {"target": int(generator.integers(1, 9)), "images": [image, following]},
            "vad": {name: int(each) for name, each in zip(VAD, generator.integers(1, 9, 3), strict=True)},
        }
        rows += [{"task": task, "id": str(place), "image": image, **each} for task, each in about.items()]
    for row in rows:
        if "images" in row:
            del row["image"]
    (root / "data" / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    catalogue = load_catalogue([EVERY_KIND])
    source = open_data(root / "data")
    tasks = [
        TaskRun(task, source, "standard", Sampling(max_tokens=64)) for task in catalogue.select("everything")
    ]
    submissions = []
    for number in range(2):
        directory = RunDirectory(root / f"run{number}")
        engine = ScriptedEngine(every_answer(number))
        run(RunPlan(Model(f"m{number}", "fake", "1"), tuple(tasks)), lambda e=engine: e, directory, Watcher())
        submissions.append(
            submission_files(directory, catalogue, benchmark="everything", name=f"Model {number}")
        )
    return catalogue, str(root / "data"), submissions


def test_a_benchmark_of_every_kind_goes_from_runs_to_a_board_and_is_recomputed(every_kind, tmp_path):
    catalogue, data, submissions = every_kind
    for files in submissions:
        verified = verify_files(files, Path("x.zip"), catalogue, data)
        assert (verified.coverage.data, verified.claimed[0]) == (True, verified.claimed[1])
        entry = verified_entry(verified)
        publish(entry, tmp_path, files)
        # One question is excluded by its task's file.
        rows = {task: (each.n, each.correct is None) for task, each in entry.tasks.items()}
        assert rows == {
            "statement": (60, False),
            "option": (59, False),
            "rank": (60, False),
            "valence": (60, True),
            "vad": (60, True),
            "tags": (60, False),
            "votes": (60, False),
        }
        assert {task: each.n for task, each in entry.outcomes.items()} == {
            "statement": 60,
            "option": 59,
            "rank": 60,
            "tags": 60,
            "votes": 60,
        }
    assert {each.how for each in reverify(tmp_path, catalogue, data).values()} == {"all"}
    build(tmp_path, tmp_path, catalogue)
    text = (tmp_path / "README.md").read_text()
    judged = ["ECE", "Brier", "AUROC", "Skill", "Cov"]
    ranks = ["Rank in Joint", "Rank in Acc pooled", "Joint"]
    assert [columns_of(block) for block in text.split("### ")[1:-1]] == [
        ["Model", *ranks, "Acc pooled", "Acc macro", "F1 wgt", *judged, "n"],
        ["Model", *ranks, "Acc pooled", "Acc macro", *judged, "n"],
        ["Model", *ranks, "Acc pooled", "Acc macro", *judged[:-1], "Ranking pooled", "Ranking macro", "Hit",
         "Order", "Cov", "n"],
        *2 * [["Model", "MAE pooled", "MAE macro", "Pearson", "Spearman", "CCC", "Cov", "n"]],
        ["Model", *ranks, "Acc pooled", "Acc macro", *judged[:-1], "F1 mic pooled", "F1 mic macro",
         "Jaccard", "Cov", "n"],
        ["Model", "Rank in Acc pooled", "Acc pooled", "Acc macro", "ExpHit pooled", "ExpHit macro",
         "Brier sh", "Cov", "n"],
    ]  # fmt: skip


def test_a_control_is_of_answers_of_every_kind_and_of_the_rows_that_count(every_kind, tmp_path):
    catalogue, data, _ = every_kind
    source, sampling = open_data(data), Sampling(max_tokens=64)
    tasks = tuple(TaskRun(task, source, "standard", sampling) for task in catalogue.select("everything"))
    paths = []
    for name in (None, "blank"):
        plan = RunPlan(Model("m", "fake", "1"), tasks, control=control_of(name, None, 0))
        paths.append(RunDirectory(tmp_path / (name or "run")))
        run(plan, lambda: ScriptedEngine(every_answer(0)), paths[-1], Watcher())
    named = {"benchmark": "everything", "name": "M", "control": paths[1]}
    files = submission_files(paths[0], catalogue, **named)
    entry = verified_entry(verify_files(files, Path("x.zip"), catalogue, data))
    groups = entry.control.groups
    assert {name: effect.n for name, effect in groups.items()} == {
        name: each.pooled.n for name, each in entry.groups.items()
    }
    assert groups["judged_options"].n == 59  # one question is excluded by its task's file
    unjudged = {name for name, effect in groups.items() if effect.accuracy is None}
    assert unjudged == {"rated", "rated_vad"}
    assert all(effect.confidence_fall is not None for effect in groups.values())
    done = publish(entry, tmp_path / "board", files)
    assert reverify(tmp_path / "board", catalogue, data) == {done.entry.stem: Recomputed("all")}
    build(tmp_path / "board", tmp_path / "board", catalogue)
    blocks = (tmp_path / "board" / "README.md").read_text().split("### ")[1:-1]
    assert [sum("Control: " in each for each in columns_of(block)) for block in blocks] == [
        3,
        3,
        3,
        2,
        2,
        3,
        3,
    ]


def test_a_verified_entry_has_its_subsets_and_headline_and_they_are_recomputed(every_kind, tmp_path):
    catalogue, data, [files, _] = every_kind
    verified = verify_files(files, Path("x.zip"), catalogue, data)
    entry = verified_entry(verified)
    scores = verified.scores.tasks["option"]
    rows = entry.tasks["option"]
    assert rows.headline.value == pytest.approx(scores.headline.value, abs=1e-6)
    assert rows.subsets["question_type"].keys() == {"Yes-or-No", "What/How"}
    for value, metrics in rows.subsets["question_type"].items():
        assert metrics.keys() == {"joint_score", "accuracy"}
        expected = scores.subsets["question_type"][value].metrics["accuracy"].value
        assert metrics["accuracy"].value == pytest.approx(expected, abs=1e-6)
    assert entry.tasks["valence"].subsets == {}
    path = publish(entry, tmp_path, files).entry
    for change in (
        lambda said: said["subsets"]["question_type"]["What/How"]["accuracy"].update(value=1.0, high=1.0),
        lambda said: said["headline"].update(value=said["headline"]["low"]),
    ):
        said = json.loads(entry.as_json())
        change(said["tasks"]["option"])
        path.write_text(json.dumps(said))
        with pytest.raises(DataError, match="is not what its submission gives: tasks differs"):
            reverify(tmp_path, catalogue, data)


def test_the_table_of_each_group_is_sorted_by_what_leads_its_kind(tmp_path):
    (tmp_path / "entries").mkdir()
    values = {"A": (0.9, 0.2, 0.5, 0.9), "B": (0.8, 0.4, 0.7, 0.1), "C": (0.7, 0.3, 0.6, 0.5)}
    for name, (accuracy, ranking, spearman, mae) in values.items():
        metrics = {
            "judged": {"accuracy": accuracy},
            "judged_options": {"accuracy": 1 - accuracy, "joint_score": accuracy / 2},
            "ranked": {"ranking_score": ranking, "accuracy": accuracy},
            "rated": {"spearman": spearman, "mae": mae},
        }
        groups = {
            group: {"pooled": {"metrics": {key: {"value": value} for key, value in each.items()}}}
            for group, each in metrics.items()
        }
        entry = {"benchmark": "everything", "kind": "reported", "model": {"name": name}}
        said = entry | {"source": {"name": "a test"}, "groups": groups}
        (tmp_path / "entries" / f"{name.lower()}.json").write_text(json.dumps(said))
    build(tmp_path, tmp_path, load_catalogue([EVERY_KIND]))
    blocks = (tmp_path / "README.md").read_text().split("### ")[1:]
    orders = {
        block.split("\n")[0]: "".join(
            line[2] for line in block.splitlines() if line[:2] == "| " and line[3] == " "
        )
        for block in blocks
    }
    assert orders == {
        "judged": "ABC",  # accuracy
        r"judged\_options": "ABC",  # the joint score, not accuracy
        "ranked": "BCA",  # the ranking score, though accuracy is there
        "rated": "BCA",  # Spearman's correlation, not the error
        "About the entries": "ABC",
    }


def test_where_the_mean_of_tasks_counts_there_is_no_pool_and_every_task_is_shown(tmp_path):
    (tmp_path / "tasks").mkdir()
    for name, text in {
        "board": "group: board\ntask: [parts]\nmetadata: {version: 1, vecbench: {display: Board}}",
        "parts": "group: parts\ntask: [one, two]\n"
        "metadata: {version: 1, vecbench: {display: Parts, headline: macro}}",
        **{
            task: f"task: {task}\nmetadata:\n  version: 1\n"
            "  vecbench: {answer: {kind: rating, range: [1, 9]}}"
            for task in ("one", "two")
        },
    }.items():
        (tmp_path / "tasks" / f"{name}.yaml").write_text(text)
    (tmp_path / "entries").mkdir()
    metrics = {key: {"value": 0.5} for key in ("spearman", "pearson")}
    said = {
        "benchmark": "board", "kind": "reported", "model": {"name": "A"}, "source": {"name": "a test"},
        "groups": {"parts": {"macro": metrics, "pooled": {"metrics": metrics}}},
        "tasks": {task: {"metrics": metrics} for task in ("one", "two")},
    }  # fmt: skip
    (tmp_path / "entries" / "a.json").write_text(json.dumps(said))
    build(tmp_path, tmp_path, load_catalogue([tmp_path / "tasks"]))
    text = (tmp_path / "README.md").read_text()
    assert columns_of(text) == ["Model", "Pearson macro", "Spearman macro", "n"]
    assert "| Model | one: Pearson | one: Spearman | two: Pearson | two: Spearman |" in text
    assert "pooled |" not in text
    assert ">Spearman by task</option>" in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize(
    ("task", "change", "said"),
    [
        ("valence", {"target": 12}, "outside the range [1, 9]"),
        ("valence", {"target": "joy"}, "is no rating"),
        ("valence", {"target": 2.5}, "its target is 2.5, the data says"),
        ("vad", {"target": [5, 5]}, "no rating"),
        ("vad", {"target": [5, 5, 2.5]}, "its target is [5, 5, 2.5], the data says"),
        ("vad", {"target": [5, 5, 12]}, "outside the range [1, 9]"),
        ("rank", {"target": ["joy", "joy", "fear"]}, "is no list of different labels"),
        ("tags", {"target": ["joy", "joy"]}, "is no list of different labels"),
        ("rank", {"candidates": ["joy", "fear"]}, "candidates are not the labels of the task"),
        ("option", {"candidates": ["no", "yes"]}, "candidates are in another order than the data's"),
        ("option", {"target": "C"}, "'C'"),
        (
            "valence",
            {"kind": "label", "candidates": ["a", "b"]},
            "its kind is 'label', that of the task rating",
        ),
        ("valence", {"image_sha256": "0" * 64}, "another image than the data's"),
    ],
)
def test_a_response_to_something_else_is_refused_in_every_kind(every_kind, task, change, said):
    catalogue, data, [files, _] = every_kind
    rows = [json.loads(line) for line in files["responses.jsonl"].splitlines()]
    next(row for row in rows if row["task"] == task).update(change)
    content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    submission = json.loads(files["submission.json"])
    submission["files"]["responses.jsonl"] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }
    changed = files | {"responses.jsonl": content, "submission.json": json.dumps(submission).encode()}
    with pytest.raises(DataError) as refused:
        verify_files(changed, Path("x.zip"), catalogue, data)
    assert said in refused.value.message


@pytest.mark.parametrize("kind", [Distance], indirect=True)
def test_the_best_model_comes_first_where_less_is_better(kind):
    entries = {f"{place}": each for place, each in enumerate(level_entries(kind))}
    board = leaderboard(entries, load_catalogue([PLUGIN_TASKS]))
    assert [each.entry.model.name for each in board.standings] == ["Model 2", "Model 1", "Model 0"]
    assert not any(
        range_ for each in board.standings for found in each.ranks.values() for range_ in found.values()
    )


def test_answers_that_are_neither_right_nor_wrong_are_not_counted_as_right(kind):
    entry = next(level_entries(kind))
    rows = entry.tasks["emoji_level"]
    if kind is Level:
        assert rows.correct == round(rows.metrics["accuracy"].value * rows.n)
        assert entry.outcomes["emoji_level"].correct == rows.correct
    else:
        assert (rows.n, rows.correct, dict(entry.outcomes)) == (120, None, {})


def test_a_metric_of_another_package_has_its_column_and_is_recomputed(with_metric, tmp_path):
    with_metric(RELIABILITY_DEBIASED)
    catalogue = load_catalogue()
    verified = verify(HONEST, catalogue)
    entry = verified_entry(verified)
    done = publish(entry, tmp_path, verified.files)
    assert entry.made_with.metrics["reliability_debiased"] == 1
    build(tmp_path, tmp_path, catalogue)
    text = (tmp_path / "README.md").read_text()
    assert columns_of(text)[-3:] == ["Rel", "Cov", "n"]
    assert [*reverify(tmp_path, catalogue)] == [done.entry.stem]
    said = json.loads(done.entry.read_text())
    said["overall"]["pooled"]["metrics"]["reliability_debiased"] = {"value": 0.001}
    done.entry.write_text(json.dumps(said))
    with pytest.raises(DataError, match="what its submission gives: overall differs"):
        reverify(tmp_path, catalogue)


def test_an_entry_with_a_metric_of_a_package_that_is_gone_is_refused_with_its_name(with_metric, tmp_path):
    with_metric(RELIABILITY_DEBIASED)
    done = publish(verified_entry(verify(HONEST, load_catalogue())), tmp_path)
    with_metric(replace(RELIABILITY_DEBIASED, key="another"))
    with pytest.raises(DataError, match="unknown metric 'reliability_debiased'; is it of a package that"):
        read_entry(done.entry)


def test_a_metric_that_a_later_version_has_is_not_asked_of_an_earlier_entry(with_metric, tmp_path):
    catalogue = load_catalogue()
    verified = verify(HONEST, catalogue)
    done = publish(verified_entry(verified), tmp_path, verified.files)
    with_metric(RELIABILITY_DEBIASED)
    assert reverify(tmp_path, catalogue)[done.entry.stem].how == "all"


def test_a_metric_of_another_version_is_not_compared_and_said(with_metric, tmp_path):
    with_metric(RELIABILITY_DEBIASED)
    catalogue = load_catalogue()
    verified = verify(HONEST, catalogue)
    done = publish(verified_entry(verified), tmp_path, verified.files)
    halved = replace(RELIABILITY_DEBIASED, value=lambda totals: RELIABILITY_DEBIASED.value(totals) / 2)
    with_metric(halved)
    with pytest.raises(DataError, match="tasks, groups, overall differs"):
        reverify(tmp_path, catalogue)
    with_metric(replace(halved, version=2))
    found = reverify(tmp_path, catalogue)[done.entry.stem]
    assert (found.how, found.other_versions) == ("all", ("reliability_debiased",))


def outcome_rows(generator, n, overconfident=0.0):
    stated = np.clip(generator.normal(0.6, 0.2, n), 0, 1).round(2)
    return stated, generator.random(n) < stated - overconfident


def judged_entry(stated, right):
    confidences = [None if np.isnan(each) else each for each in stated.tolist()]
    rows = [
        Prediction(
            "", "emoji_2", f"s{place:05}", 0, "positive", ("positive", "negative"),
            Reading("positive" if each else "negative", "ok", confidence, "ok"),
        )
        for place, (confidence, each) in enumerate(zip(confidences, right.tolist(), strict=True))
    ]  # fmt: skip
    n, correct = len(rows), int(right.sum())
    return Entry.model_validate(
        {
            "benchmark": "demo",
            "kind": "verified",
            "model": {"name": "A"},
            "source": {"name": "a test"},
            "tasks": {
                "emoji_2": {"n": n, "correct": correct, "metrics": {"accuracy": {"value": correct / n}}}
            },
            "checked": {"sample_ids": True, "images": True, "prompts": True, "keys": True},
            "submission_sha256": "0" * 64,
            "outcomes": {"emoji_2": TaskOutcomes.of_rows(rows)},
        }
    )


def test_ranks_in_a_metric_of_another_package_tell_the_worse_model_apart(with_metric):
    with_metric(RELIABILITY_DEBIASED)
    generator = np.random.default_rng(1)
    sides = [outcome_rows(generator, 3000, each) for each in (0.0, 0.3, 0.0)]
    entries = [judged_entry(*each) for each in sides]
    rows = [each.tasks["emoji_2"] for each in entries]
    found = rank_ranges(entries, rows, ["emoji_2"], board_columns([Label()]))
    assert found["reliability_debiased", "pooled"] == [(1, 2), (3, 3), (1, 2)]


def columns_with(key):
    """The columns of a board of labels that shows a metric which none does."""
    metric = replace(known_metrics()[key], board="column")
    return [column for column in board_columns([ShownLabel(metric)]) if column.metric == metric]


class ShownLabel(Label):
    """Labels of which a leaderboard shows another metric too."""

    def __init__(self, metric):
        object.__setattr__(self, "metrics", (*Label.metrics[:1], metric))


def test_what_is_never_tested_has_no_ranks_and_what_a_model_cannot_be_tested_in_none_for_it():
    [smece], [nll] = columns_with("smece"), columns_with("nll")
    assert (smece.test, nll.test) == (None, "influence")
    generator = np.random.default_rng(2)
    sides = [outcome_rows(generator, 500) for _ in range(3)]
    for stated, _ in sides[1:]:
        stated[(stated == 0) | (stated == 1)] = 0.5
    sides[0][0][:5] = 1.0  # what a wrong one costs is the clip's doing
    entries = [judged_entry(*each) for each in sides]
    rows = [each.tasks["emoji_2"] for each in entries]
    found = rank_ranges(entries, rows, ["emoji_2"], [smece, nll])
    assert found == {nll.measure: [None, (1, 2), (1, 2)]}


@pytest.mark.parametrize(
    "key", ["brier", "ece", "ece_mass", "auroc", "aurc", "e_aurc", "nll", "confidence_gap", "coverage"]
)
@pytest.mark.parametrize("distinct", [100, 3000])
def test_the_variance_of_any_metric_is_that_of_the_paired_bootstrap(key, distinct):
    """Also of one that takes its bins from the rows, and where every row states a confidence of its own."""
    generator, n = np.random.default_rng(5), 3000
    stated = np.clip(generator.normal(0.6, 0.2, n), 0.01, 0.99)
    stated = (stated * distinct).round() / distinct
    right = generator.random(n) < stated - 0.25
    second = np.where(generator.random(n) < 0.3, 0.9, stated), right ^ (generator.random(n) < 0.1)
    stated[:30], second[0][:60] = np.nan, np.nan
    sides = [
        Observations(np.arange(n), bits, values, np.ones(n, dtype=bool))
        for values, bits in ((stated, right), second)
    ]
    metric = known_metrics()[key]
    pair, no_classes = {"rows": PairedRows.of_rows(tuple(sides))}, np.zeros((2, 1))
    value = metric.value
    if metric.held is not None:
        value = metric.held(observed_totals(pair, {}, no_classes))
    expected = np.cov(paired_bootstrap(pair, {}, {key: value}, no_classes, 2000)[key][:, 0])
    entries = [judged_entry(values, bits) for values, bits in ((stated, right), second)]
    [answers] = alike(entries, ["emoji_2"])
    [found] = answers.estimates([metric], 0.5)
    assert found.covariance == pytest.approx(expected, rel=0.15)
