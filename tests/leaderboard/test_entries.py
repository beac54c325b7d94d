"""The shipped leaderboards: their numbers agree with each other, and their files with their entries."""

import base64
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vecbench.errors import DataError, UsageError
from vecbench.leaderboard.entry import Entry, read_entries, read_entry
from vecbench.leaderboard.publication import Recomputed, build, entry_name, publish, reverify, verified_entry
from vecbench.leaderboard.standings import leaderboard
from vecbench.leaderboard.verification import verify
from vecbench.parsing import Reading
from vecbench.scoring import complete_scores
from vecbench.shipped import leaderboards_folder
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
BOARDS = leaderboards_folder()
GROUPS = CATALOGUE.groups["vecbench"].members


@pytest.fixture(scope="module")
def published():
    return read_entries(BOARDS / "vecbench")


def percent(value):
    return round(100 * value, 2)


def test_the_reported_pooled_accuracies_are_those_of_the_counts(published):
    readme = published["emocaliber-readme"]
    for group in GROUPS:
        tasks = [readme.tasks[task] for task in CATALOGUE.groups[group].members]
        pooled = readme.groups[group].pooled
        assert pooled.correct == sum(task.correct for task in tasks)
        assert pooled.n == sum(task.n for task in tasks)
        assert percent(pooled.metrics["accuracy"].value) == percent(pooled.correct / pooled.n)
    everything = [readme.groups[group].pooled for group in GROUPS]
    assert percent(sum(each.correct for each in everything) / sum(each.n for each in everything)) == 62.79


def test_the_reported_task_accuracies_are_those_of_the_counts(published):
    for task in published["emocaliber-readme"].tasks.values():
        # FI-2 is printed as 88.10 for 881 of 1000, WebEmo-25 as 28.28 for 282 of 997.
        assert percent(task.metrics["accuracy"].value) == percent(task.correct / task.n)


def test_the_two_sources_agree_on_the_macro_accuracy_up_to_rounding(published):
    paper, readme = published["emocaliber-paper"], published["emocaliber-readme"]
    for group in GROUPS:
        tasks = [readme.tasks[task] for task in CATALOGUE.groups[group].members]
        mean = sum(task.correct / task.n for task in tasks) / len(tasks)
        assert percent(readme.groups[group].macro["accuracy"].value) == percent(mean)
        assert mean == pytest.approx(paper.groups[group].macro["accuracy"].value, abs=1e-4)


def test_chance_is_that_of_the_label_sets(published):
    for group in GROUPS:
        tasks = [CATALOGUE.tasks[task] for task in CATALOGUE.groups[group].members]
        mean = sum(1 / len(task.labels) for task in tasks) / len(tasks)
        assert percent(published["chance"].groups[group].macro["accuracy"].value) == percent(mean)


def test_the_demos_entry_is_what_its_submission_gives():
    [stored] = (BOARDS / "demo" / "submissions").glob("*.zip")
    [published] = (BOARDS / "demo" / "entries").glob("*.json")
    entry = verified_entry(verify(stored, CATALOGUE))
    assert entry.checked.images
    assert read_entry(published) == entry
    assert published.name == f"{entry_name(entry)}.json"


@pytest.fixture
def earlier(tmp_path):
    """The demo's leaderboard with the entry that version 0.1 made of its submission."""
    shutil.copytree(BOARDS / "demo", tmp_path / "earlier")
    [made] = (Path(__file__).parent / "earlier").glob("*.json")
    return Path(shutil.copy(made, tmp_path / "earlier" / "entries")).parents[1]


def test_an_entry_of_version_0_1_is_recomputed_but_for_its_intervals_and_shown_without_what_is_new(
    earlier, tmp_path
):
    [found] = reverify(earlier, CATALOGUE).values()
    assert found == Recomputed("all", intervals=False)
    build(earlier, tmp_path / "built", CATALOGUE)
    text = (tmp_path / "built" / "README.md").read_text()
    assert "Joint" not in text
    assert "Baseline" not in text


def test_the_values_of_version_0_1_are_not_believed(earlier):
    [path] = (earlier / "entries").glob("*.json")
    said = json.loads(path.read_text())
    said["overall"]["pooled"]["metrics"]["brier"]["value"] -= 0.001
    path.write_text(json.dumps(said))
    with pytest.raises(DataError, match="is not what its submission gives: overall differs"):
        reverify(earlier, CATALOGUE)


@pytest.mark.parametrize("board", sorted(path.parent.name for path in BOARDS.glob("*/entries")))
def test_building_again_gives_the_committed_bytes(board, tmp_path):
    for path in build(BOARDS / board, tmp_path, CATALOGUE):
        assert path.read_bytes() == (BOARDS / board / path.name).read_bytes(), path.name


def test_macro_and_pooled_are_never_in_one_column(published, tmp_path):
    build(BOARDS / "vecbench", tmp_path, CATALOGUE)
    text = (tmp_path / "README.md").read_text()
    assert "## Reported" in text
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ") and " | " in line]
    heading = next(row for row in rows if "Acc macro" in row)
    paper = next(row for row in rows if "EmoCaliber (paper)" in row[0])
    assert paper[heading.index("Acc pooled")] == "–"
    assert paper[heading.index("Acc macro")] == "81.95"


def entry(**changes):
    values = {
        "benchmark": "demo",
        "kind": "reported",
        "model": {"name": "A"},
        "source": {"name": "a paper"},
    }
    return values | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "verified"}, "a verified entry needs checked"),
        ({"kind": "measured"}, "kind: input should be 'verified' or 'reported'"),
        ({"date": "yesterday"}, "date: 'yesterday' is no date: write YYYY-MM-DD or YYYY-MM"),
        ({"date": "٢٠٢٦-٠١-٣١"}, "is no date: write YYYY-MM-DD"),
        ({"date": "2026-02-31"}, "date: 2026-02-31 is no day"),
        ({"date": "2026-13"}, "date: 2026-13 is no day"),
        ({"model": {"name": "A", "link": "https://../"}}, "model.link: not a web address"),
        ({"model": {"name": "A", "link": "https://-/"}}, "model.link: not a web address"),
        ({"model": {"name": "A", "link": "https://a.org:٨٠/"}}, "model.link: not a web address"),
        ({"model": {"name": "A", "link": "file:///etc/passwd"}}, "model.link: not a web address"),
        (
            {"tasks": {"emoji_2": {"metrics": {"luck": {"value": 1}}}}},
            "unknown metric 'luck'; is it of a package that is not",
        ),
        (
            {"tasks": {"emoji_2": {"n": 10, "correct": 5, "metrics": {"accuracy": {"value": 0.6}}}}},
            "tasks.emoji_2: accuracy is not 5/10",
        ),
        ({"accuracy": 0.5}, "accuracy: extra inputs are not permitted"),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(tmp_path, changes, said):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(entry(**changes)))
    with pytest.raises(DataError) as refused:
        read_entry(path)
    assert said in refused.value.message
    assert str(path) in refused.value.message


def test_outcomes_that_contradict_the_scores_are_refused():
    said = json.loads(next((BOARDS / "demo" / "entries").glob("*.json")).read_text())
    for right, problem in (
        (base64.b64encode(bytes(15)).decode(), "outcomes of emoji_2 contradict"),
        (base64.b64encode(bytes(14)).decode(), "are not 120 bits"),
        ("no base64", "not base64"),
    ):
        said["outcomes"]["emoji_2"]["right"] = right
        with pytest.raises(ValueError, match=problem):
            Entry.model_validate(said)


def test_entries_of_two_benchmarks_are_no_leaderboard(tmp_path):
    (tmp_path / "entries").mkdir()
    for name in ("demo", "vecbench"):
        path = tmp_path / "entries" / f"{name}.json"
        path.write_text(json.dumps(entry(benchmark=name)))
    with pytest.raises(DataError, match="entries of demo and vecbench"):
        read_entries(tmp_path)


def test_calibration_of_few_rows_is_marked(tmp_path):
    (tmp_path / "entries").mkdir()
    for name, coverage in (("few", 0.94), ("most", 0.96)):
        metrics = {"coverage": {"value": coverage}, "ece": {"value": 0.123}, "accuracy": {"value": 0.5}}
        values = entry(model={"name": name}, groups={"demo_id_ver": {"pooled": {"metrics": metrics}}})
        (tmp_path / "entries" / f"{name}.json").write_text(json.dumps(values))
    build(tmp_path, tmp_path, CATALOGUE)
    for file in ("README.md", "leaderboard.tex", "index.html"):
        text = (tmp_path / file).read_text()
        assert text.count("12.30*") == 1, file
        assert text.count("12.30") == 2, file
        assert "50.00*" not in text


def test_names_stay_text_in_every_format(tmp_path):
    (tmp_path / "entries").mkdir()
    name = "<script>alert(1)</script> | a_b & 100% $x$ #1 by @ada"
    scores = {"demo_id_ver": {"macro": {"accuracy": {"value": 0.5}}}}
    (tmp_path / "entries" / "odd.json").write_text(json.dumps(entry(model={"name": name}, groups=scores)))
    build(tmp_path, tmp_path, CATALOGUE)
    assert "<script>alert" not in (tmp_path / "index.html").read_text()
    markdown = (tmp_path / "README.md").read_text()
    assert r"&lt;script&gt;alert(1)&lt;/script&gt; \| a\_b &amp; 100% \$x\$ \#1 by \@ada" in markdown
    assert r"\textless{}script\textgreater{}" in (tmp_path / "leaderboard.tex").read_text()
    assert r"a\_b \& 100\% \$x\$ \#1 by @ada" in (tmp_path / "leaderboard.tex").read_text()
    assert f"odd,{name},reported" in (tmp_path / "leaderboard.csv").read_text()


def test_the_shipped_files_name_no_folder_of_anybodys_machine():
    for path in Path(BOARDS).rglob("*.json"):
        assert "/home/" not in path.read_text()


def perfect_groups(said):
    for group in said["groups"].values():
        pooled = group["pooled"]
        pooled["correct"] = pooled["n"]
        pooled["metrics"] = {"accuracy": {"value": 1.0}, "ece": {"value": 0.0}}
        group["macro"] = {"accuracy": {"value": 0.99}}


def without_counts(said):
    for group in said["groups"].values():
        del group["pooled"]["correct"]
        group["pooled"]["metrics"]["accuracy"] = {"value": 0.9}


def nothing_measured(said):
    for key in ("groups", "tasks", "outcomes", "targets", "overall"):
        del said[key]


def pooled(said):
    return said["groups"]["demo_id_ver"]["pooled"]["metrics"]


def in_task_and_group(said, metric, value):
    for rows in (said["tasks"]["emoji_7"], said["groups"]["demo_id_ver"]["pooled"]):
        rows["metrics"][metric] = value
    said["groups"]["demo_id_ver"]["macro"][metric] = value
    macro = said["overall"]["macro"][metric]
    macro["value"] = sum(task["metrics"][metric]["value"] for task in said["tasks"].values()) / 3


@pytest.fixture
def edited(tmp_path):
    """A copy of the demo's leaderboard whose entry is changed by a function."""

    def made(change):
        shutil.copytree(BOARDS / "demo", tmp_path / "board")
        [path] = (tmp_path / "board" / "entries").glob("*.json")
        said = json.loads(path.read_text())
        change(said)
        path.write_text(json.dumps(said))
        return tmp_path / "board"

    return made


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (perfect_groups, "groups"),
        (without_counts, "groups"),
        (nothing_measured, "tasks, groups, overall, outcomes, targets"),
        (lambda said: said.pop("outcomes"), "outcomes"),
        (lambda said: said.pop("overall"), "overall"),
        (lambda said: said.pop("errors"), "errors"),
        (lambda said: said.pop("targets"), "targets"),
        (lambda said: said["targets"]["emoji_7"].update(most_frequent=20), "targets"),
        (lambda said: pooled(said)["brier"].update(low=0.2), "groups"),
        (lambda said: said["groups"].pop("demo_id_ver"), "groups"),
        (lambda said: said["groups"]["demo_id_ver"].pop("macro"), "groups"),
        (lambda said: said["overall"]["macro"].update(accuracy={"value": 0.99}), "overall"),
        (lambda said: pooled(said).update(ece={"value": 0.0}), "groups"),
        (lambda said: said["overall"]["pooled"]["metrics"].update(auroc={"value": 0.706}), "overall"),
        (lambda said: said["overall"]["pooled"]["metrics"].pop("auroc"), "overall"),
        (lambda said: in_task_and_group(said, "ece", {"value": 0.1349}), "tasks, groups, overall"),
        (lambda said: said["decoding"].update(repeats=2) or said.pop("outcomes"), "decoding, outcomes"),
    ],
)
def test_a_verified_entry_that_was_edited_is_found_out_by_its_submission(edited, change, fields):
    board = edited(change)
    with pytest.raises(DataError, match=f"is not what its submission gives: {fields} differs"):
        reverify(board, CATALOGUE)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda said: pooled(said).update(accuracy={"value": 7.0}), "accuracy is 7.0, which is not from 0"),
        (lambda said: pooled(said).update(ece={"value": -3}), "ece is -3.0, which is not from 0 to 1"),
        (
            lambda said: pooled(said)["ece"].update(low=500, high=100),
            "0.134926 is not between low 500.0 and high 100.0",
        ),
        (lambda said: pooled(said)["ece"].update(low=0.2), "is not between"),
        (
            lambda said: said["outcomes"]["emoji_7"]["shared"].pop("emoji_2"),
            "outcomes.emoji_2 and outcomes.emoji_7 share different numbers of images",
        ),
        (
            lambda said: said["outcomes"]["emoji_7"]["shared"].update(emoji_9="AA=="),
            "shared.emoji_9 has 1 bytes, which are not 136 bits",
        ),
        (
            lambda said: said["outcomes"]["emoji_7"]["shared"].update(
                emoji_9=said["outcomes"]["emoji_7"]["right"]
            ),
            "outcomes.emoji_7 shares images with emoji_9, which is no other task",
        ),
    ],
)
def test_an_entry_of_impossible_numbers_is_not_published(edited, tmp_path, change, problem):
    board = edited(change)
    with pytest.raises(DataError) as refused:
        build(board, tmp_path / "built", CATALOGUE)
    assert problem in refused.value.message
    assert not (tmp_path / "built").exists()


def test_an_entry_that_lacks_what_others_have_is_shown_without_ranks(edited, tmp_path):
    board = edited(nothing_measured)
    build(board, tmp_path / "built", CATALOGUE)
    assert "vecbench-nano" in (tmp_path / "built" / "README.md").read_text()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"decoding": {"seed": 10**400}}, "more than 64 bits"),
        ({"decoding": {"max_tokens": 10**10}}, "decoding.max_tokens: input should be less than or equal to"),
        ({"tasks": {"emoji_2": {"n": 10**10, "correct": 0}}}, "tasks.emoji_2.n: input should be less than"),
        ({"errors": 10**10}, "errors: input should be less than"),
    ],
)
def test_a_number_that_nothing_can_be_computed_with_is_refused(tmp_path, changes, problem):
    path = tmp_path / "huge.json"
    path.write_text(json.dumps(entry(**changes)))
    with pytest.raises(DataError) as refused:
        read_entry(path)
    assert problem in refused.value.message


def test_a_seed_is_shown_with_all_its_digits(tmp_path):
    (tmp_path / "entries").mkdir()
    settings = {"temperature": 0.7, "seed": 2**64 - 1}
    (tmp_path / "entries" / "seed.json").write_text(json.dumps(entry(decoding=settings)))
    build(tmp_path, tmp_path, CATALOGUE)
    assert "temperature 0.7, seed 18446744073709551615" in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize("name", ["=cmd", "-rf", "Über", ".hidden", "a b", "a\n"])
def test_an_entry_with_an_odd_file_name_is_refused(tmp_path, name):
    (tmp_path / "entries").mkdir()
    (tmp_path / "entries" / f"{name}.json").write_text(json.dumps(entry()))
    with pytest.raises(DataError, match="is not allowed"):
        read_entries(tmp_path)


def test_an_entry_that_is_no_plain_file_is_refused_and_not_waited_for(tmp_path):
    (tmp_path / "entries").mkdir()
    path = tmp_path / "entries" / "pipe.json"
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"pipe\.json: not a plain file"):
        read_entries(tmp_path)
    path.unlink()
    (tmp_path / "real").write_text(json.dumps(entry()))
    path.symlink_to(tmp_path / "real")
    with pytest.raises(DataError, match=r"pipe\.json: not a plain file"):
        read_entries(tmp_path)


def test_the_same_responses_stand_on_a_leaderboard_once(tmp_path):
    [published] = (BOARDS / "demo" / "entries").glob("*.json")
    said = json.loads(published.read_text())
    first = Entry.model_validate(said)
    second = Entry.model_validate(said | {"model": {"name": "Another name"}})
    done = publish(first, tmp_path)
    path = done.entry
    assert (path.name, done.replaced) == (published.name, ())
    assert publish(first, tmp_path).replaced == (path.stem,)
    with pytest.raises(UsageError, match="has these responses already, as vecbench-nano") as refused:
        publish(second, tmp_path)
    assert f"--replace {path.stem}" in refused.value.remedy
    assert list((tmp_path / "entries").iterdir()) == [path]
    (tmp_path / "entries" / "second-77c94bcf.json").write_text(second.as_json())
    with pytest.raises(DataError, match=f"second-77c94bcf and {path.stem} are of the same responses"):
        build(tmp_path, tmp_path, CATALOGUE)


@pytest.mark.parametrize(
    ("repeats", "stating", "confidence_of"),
    [
        (1, 0.5, lambda number: round(number, 2)),
        (2, 1.0, lambda number: round(number, 2)),
        (1, 0.0, None),
        (1, 0.9, float),  # more decimals than an entry keeps
        (1, 0.9, lambda number: round(number, 1) - 1e-16),  # just below an edge of the ECE's bins, or on it
        (1, 0.9, lambda number: 0.89995 + number / 10_000),
    ],
)
def test_whatever_a_model_answers_has_an_entry(repeats, stating, confidence_of):
    """Repeats, rows without a confidence, a task without any, a task all right."""
    [stored] = (BOARDS / "demo" / "submissions").glob("*.zip")
    verified = verify(stored, CATALOGUE)
    generator = np.random.default_rng(0)
    rows = []
    for each in verified.predictions:
        for repeat in range(repeats):
            right = each.task == "emoji_2" or generator.random() < 0.4
            states = each.task != "fluent_7" and generator.random() < stating
            label = each.target if right else next(name for name in each.candidates if name != each.target)
            confidence = max(0.0, confidence_of(generator.random())) if states else None
            reading = Reading(label, "ok", confidence, "ok" if states else "missing")
            rows.append(replace(each, repeat=repeat, reading=reading))
    scores = complete_scores(rows, "strict", CATALOGUE).scores
    manifest = verified.manifest.model_copy(update={"repeats": repeats})
    entry = verified_entry(replace(verified, predictions=tuple(rows), scores=scores, manifest=manifest))
    assert entry.overall.pooled.n == 324 * repeats
    assert leaderboard({"any": entry}, CATALOGUE).standings[0].entry == entry


def test_a_verified_entry_under_the_name_of_another_submission_is_refused(tmp_path):
    [published] = (BOARDS / "demo" / "entries").glob("*.json")
    (tmp_path / "entries").mkdir()
    (tmp_path / "entries" / "vecbench-nano-00000000.json").write_text(published.read_text())
    with pytest.raises(DataError, match=r"ends in the first digits of its submission_sha256, here -77c94bcf"):
        read_entries(tmp_path)
