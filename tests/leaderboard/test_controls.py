"""A submission's control: what a board says of it, and what is refused."""

import csv
import hashlib
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from coloured import COLOURS, blind, seeing
from fakes import ScriptedEngine, Watcher
from PIL import Image

from vecbench.cli.app import app
from vecbench.controls.effects import MARGIN
from vecbench.controls.report import control_reports
from vecbench.engines import Sampling
from vecbench.errors import DataError, UsageError, VecbenchError
from vecbench.leaderboard.archive import CONTROL_MEMBERS, MEMBERS, packed, read_members
from vecbench.leaderboard.control import ControlEffect
from vecbench.leaderboard.entry import Entry, read_entries, read_entry
from vecbench.leaderboard.publication import (
    Recomputed,
    build,
    publish,
    reverify,
    verified_entry,
)
from vecbench.leaderboard.standings import leaderboard
from vecbench.leaderboard.submission import submission_files
from vecbench.leaderboard.verification import verify_files
from vecbench.models import Model
from vecbench.run import RunPlan, TaskRun, run
from vecbench.run.control import control_of
from vecbench.samples import open_data
from vecbench.shipped import leaderboards_folder
from vecbench.store import RunDirectory
from vecbench.tasks import load_catalogue

N = 60
"""Samples of each of the two tasks: of one each has a question of its own, of the other all have the same."""
PATH = Path("x.zip")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A benchmark of two groups of one task, and its data."""
    root = tmp_path_factory.mktemp("coloured")
    (root / "tasks").mkdir()
    (root / "data").mkdir()
    labels, texts = list(COLOURS), {"colours": {"group": "colours", "task": ["asked", "plain"]}}
    for name in ("asked", "plain"):
        own = {"prompts": {"own": "{{ dataset_prompt }}"}, "prompt": "own"} if name == "asked" else {}
        texts[name] = {"group": name, "task": [f"{name}_4"]}
        about = {"labels": labels, "group": name, **own}
        texts[f"{name}_4"] = {"task": f"{name}_4", "metadata": {"version": 1.0, "vecbench": about}}
    rows = []
    for place in range(N):
        label = labels[place % 4]
        image = Image.new("RGB", (16, 16), COLOURS[label])
        image.putpixel((0, 0), (place, 0, 0))
        image.save(root / "data" / f"{place}.png")
        row = {"id": f"s{place}", "image": f"{place}.png", "label": label}
        question = f"Is it {label}? Say joy, fear, anger or love, number {place}."
        rows += [row | {"task": "asked_4", "prompt": question}, row | {"task": "plain_4"}]
    (root / "data" / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, values in texts.items():
        values.setdefault("metadata", {"version": 1, "vecbench": {"display": name.title()}})
        (root / "tasks" / f"{name}.yaml").write_text(json.dumps(values))
    return root


@pytest.fixture(scope="module")
def catalogue(root):
    found = load_catalogue([root / "tasks"])
    assert found.faults == ()
    return found


@pytest.fixture(scope="module")
def data(root):
    return str(root / "data")


@pytest.fixture(scope="module")
def directory(root, catalogue, data):
    """Makes the directory of a run or of a control, each once."""

    def made(model, control=None, *, name=None, tasks=("asked_4", "plain_4"), sampling=None, **options):
        name = name or model.__name__
        sampling = {"max_tokens": 64} | (sampling or {})
        about = [name, control or "run", *tasks, sampling, *(f"{key}-{options[key]}" for key in options)]
        found = RunDirectory(root / "runs" / re.sub(r"\W", "-", "-".join(map(str, about))))
        if not found.path.exists():
            corrupt = control if control and ":" in control else None
            shown = control_of(None if corrupt else control, corrupt, options.get("seed", 0))
            source, drawn = open_data(data), Sampling(**sampling)
            chosen = [catalogue.tasks[task] for task in tasks]
            runs = tuple(TaskRun(each, source, each.prompt, drawn) for each in chosen)
            plan = RunPlan(Model(name, name, "1"), runs, control=shown, **{"seed": 0} | options)
            engine = ScriptedEngine(model())
            run(plan, lambda: engine, found, Watcher())
        return found

    return made


@pytest.fixture(scope="module")
def submitted(directory, catalogue):
    """The files of a model's submission."""

    def made(model, control=None):
        shown = None if control is None else directory(model, control)
        named = {"benchmark": "colours", "name": model.__name__.title(), "control": shown}
        return submission_files(directory(model), catalogue, **named)

    return made


@pytest.fixture(scope="module")
def entry_of(submitted, catalogue, data):
    def made(model, control=None):
        return verified_entry(verify_files(submitted(model, control), PATH, catalogue, data))

    return made


def board(folder, submissions, catalogue, data):
    """A leaderboard's folder with the entries of some submissions, built."""
    for files in submissions:
        publish(verified_entry(verify_files(files, PATH, catalogue, data)), folder, files)
    build(folder, folder, catalogue)
    return folder


def rows_of(text, heading):
    """Model → heading → cell, of the first table below a heading of a page in Markdown."""
    lines = text.partition(f"### {heading}\n")[2].strip().split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {row[0]: dict(zip(cells[0], row, strict=True)) for row in cells[2:]}


def test_from_add_to_a_board_that_is_recomputed(directory, root, data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    own = ["--include-path", str(root / "tasks")]

    def command(*arguments):
        app(["leaderboard", *map(str, arguments), *own], standalone_mode=False)
        return capsys.readouterr().out

    for model in (seeing, blind):
        paths = directory(model).path, directory(model, "blank").path
        command("add", paths[0], "--control", paths[1], "--model-name", model.__name__, "-o", "x.zip")
        said = command("check", "x.zip", "--data", data)
        [line] = [line for line in said.splitlines() if line.startswith("  control  ")]
        assert line.startswith("  control  blank: its confidence ")
        assert ("does not fall without the image" in line) is (model is blind)
        command("check", "x.zip", "--data", data, "--write", "board")
    said = command("build", "board", "--verify", "--data", data)
    assert said.startswith("board: 2 of 2 verified entries recomputed, none differs\n")
    assert set(read_members(next((tmp_path / "board" / "submissions").iterdir()))) == {
        *MEMBERS,
        *CONTROL_MEMBERS,
    }


@pytest.mark.parametrize("name", ["blank", "grey"])
def test_an_entry_says_of_every_group_what_the_control_showed(directory, entry_of, root, catalogue, name):
    control = entry_of(seeing, name).control
    assert (control.name, control.seed, control.keys) == (name, None, True)
    assert control.groups.keys() == {"asked", "plain"}
    paths = directory(seeing).path, [directory(seeing, name).path]
    [report] = control_reports(*paths, "strict", catalogue)
    effects = {each.name: each for each in report.effects if each.scope != "task"}
    for group, said in {**control.groups, "overall": control.overall}.items():
        scores = effects[group].scores
        assert (said.n, said.stated, said.verdict) == (effects[group].n, effects[group].n, "falls")
        for value, key in (
            (said.accuracy, "control_accuracy"),
            (said.confidence_fall, "confidence_fall"),
            (said.auroc, "control_auroc"),
        ):
            expected = scores[key].value, scores[key].low, scores[key].high
            assert (value.value, value.low, value.high) == pytest.approx(expected, abs=1e-6)


def test_a_model_that_ignores_the_image_is_marked_in_words_and_one_that_looks_is_not(
    submitted, catalogue, data, tmp_path
):
    files = [submitted(seeing, "blank"), submitted(blind, "blank")]
    folder = board(tmp_path, files, catalogue, data)
    text, page = (folder / "README.md").read_text(), (folder / "index.html").read_text()
    for heading in ("Asked", "Plain", "Overall"):
        found = rows_of(text, heading)
        assert "¶" in found["Blind"]["Joint"]
        assert found["Blind"]["Control: falls by"].startswith("0.00¶ <sub>[-")
        assert found["Blind"]["Control: falls by"].endswith("], blank, does not fall</sub>")
        assert "¶" not in "".join(found["Seeing"].values())
        assert found["Seeing"]["Control: falls by"].endswith("], blank, falls</sub>")
        assert float(found["Seeing"]["Control: AUROC"].split()[0]) > 50
    # On the page in words, for whoever hears it: beside the value, among the notes, and what the mark says.
    rows = {
        name: row for row in page.split("<tr role=") for name in ("Seeing", "Blind") if f">{name}<" in row
    }
    assert rows["Blind"].count("<small>does not fall</small>") == 3
    assert (
        "<p>¶: Control blank: confidence does not fall, or by less than 5 points: 0.0 points ["
        in rows["Blind"]
    )
    assert "does not fall" not in rows["Seeing"]
    assert "<p>Control blank: confidence falls by " in rows["Seeing"]
    assert (
        "<dt>¶</dt><dd>Where its control takes the image away, confidence does not fall, or by less" in page
    )


def test_only_where_an_entry_has_a_control_there_are_columns_of_it(submitted, catalogue, data, tmp_path):
    names = ("README.md", "leaderboard.csv", "leaderboard.tex", "index.html")
    without = board(tmp_path / "without", [submitted(seeing), submitted(blind)], catalogue, data)
    for name in names:
        text = (without / name).read_text()
        assert not re.search("control[^s]|¶", text, re.IGNORECASE), name
    mixed = board(tmp_path / "mixed", [submitted(seeing), submitted(blind, "blank")], catalogue, data)
    found = rows_of((mixed / "README.md").read_text(), "Overall")
    assert {found["Seeing"][f"Control: {each}"] for each in ("Acc", "falls by", "AUROC")} == {"–"}
    assert found["Blind"]["Control: Acc"].startswith("25.00 <sub>")
    page = (mixed / "index.html").read_text()
    assert page.count("<small>control</small></button></th>") == 9  # three columns of each block
    assert len(re.findall(r"<tr role=\"row\" data-kind.*?>Seeing<.*?</tr>", page)) == 1
    # Ranks and order are those of a board without controls.
    before, after = (leaderboard(read_entries(each), catalogue) for each in (without, mixed))
    assert [each.entry.model.name for each in before.standings] == [
        each.entry.model.name for each in after.standings
    ]
    assert [each.ranks for each in before.standings] == [each.ranks for each in after.standings]
    # Nothing else has moved.
    lines = {}
    for folder in (without, mixed):
        rows = csv.DictReader(io.StringIO((folder / "leaderboard.csv").read_text()))
        listed = [{key: row[key] for key in row if key != "verdict"} for row in rows]
        lines[folder] = [row for row in listed if not row["aggregate"].startswith("control=")]
    assert lines[without] == lines[mixed]


@pytest.mark.parametrize("name", ["demo", "vecbench"])
def test_the_shipped_boards_are_as_they_were(tmp_path, name):
    shipped = leaderboards_folder() / name
    for path in build(shipped, tmp_path, load_catalogue()):
        assert path.read_bytes() == (shipped / path.name).read_bytes()


def test_the_csv_and_the_latex_have_every_block(submitted, catalogue, data, tmp_path):
    folder = board(tmp_path, [submitted(blind, "grey")], catalogue, data)
    rows = csv.DictReader(io.StringIO((folder / "leaderboard.csv").read_text()))
    control = [row for row in rows if row["aggregate"] == "control=grey"]
    assert [(row["level"], row["name"]) for row in control[::3]] == [
        ("group", "asked"),
        ("group", "plain"),
        ("overall", "overall"),
    ]
    assert [row["metric"] for row in control[:3]] == ["control_accuracy", "confidence_fall", "control_auroc"]
    assert [row["verdict"] for row in control[:3]] == ["", "does not fall", ""]
    assert {row["n"] for row in control} == {str(N), str(2 * N)}
    latex = (folder / "leaderboard.tex").read_text().partition("% Verified: controls\n")[2]
    assert r"Acc (\%) & falls by (\%) & AUROC (\%) & Acc (\%)" in latex
    assert re.search(r"Blind & 25\.00 & 0\.00¶ \[-\d\.\d, \d\.\d\] & ", latex)


def test_where_all_are_asked_the_same_a_shuffled_control_says_nothing_of_confidence(
    submitted, entry_of, catalogue, data, tmp_path
):
    entry = entry_of(blind, "shuffled")
    assert (entry.control.seed, entry.control.keys) == (0, True)
    asked, plain = (entry.control.groups[name] for name in ("asked", "plain"))
    assert (asked.verdict, asked.asks_alike) == ("does not fall", None)
    assert (plain.verdict, plain.asks_alike) == (None, True)
    folder = board(tmp_path, [submitted(blind, "shuffled")], catalogue, data)
    text = (folder / "README.md").read_text()
    assert "¶" in rows_of(text, "Asked")["Blind"]["Joint"]
    assert "¶" not in rows_of(text, "Plain")["Blind"]["Joint"]
    assert rows_of(text, "Plain")["Blind"]["Control: falls by"].endswith("], shuffled, need not fall</sub>")


def test_keys_of_a_shuffled_control_take_the_data_and_an_entry_says_if_they_were_checked(
    submitted, catalogue, data, tmp_path
):
    files = submitted(seeing, "shuffled")
    verified = verify_files(files, PATH, catalogue)
    assert not verified.control.has_known_keys
    entry = verified_entry(verified)
    assert entry.control.keys is False
    assert entry.control.said.endswith(" The keys of its responses were not checked.")
    done = publish(entry, tmp_path, files)
    assert reverify(tmp_path, catalogue, data) == {done.entry.stem: Recomputed("more than said")}
    publish(verified_entry(verify_files(files, PATH, catalogue, data)), tmp_path, files)
    assert reverify(tmp_path, catalogue, data) == {done.entry.stem: Recomputed("all")}
    assert reverify(tmp_path, catalogue) == {done.entry.stem: Recomputed("without data")}


@pytest.mark.parametrize("name", ["blank", "shuffled"])
def test_repeats_are_pairs_of_their_own(directory, catalogue, data, name):
    drawn = {"sampling": {"temperature": 0.5}, "repeats": 2}
    runs = directory(seeing, **drawn), directory(seeing, name, **drawn)
    files = submission_files(runs[0], catalogue, benchmark="colours", control=runs[1])
    control = verified_entry(verify_files(files, PATH, catalogue, data)).control
    assert (control.keys, control.overall.n) == (True, 4 * N)
    fewer = submission_files(
        runs[0], catalogue, benchmark="colours", control=directory(seeing, name, sampling=drawn["sampling"])
    )
    assert "repeats is 2 there, 1 here" in refusal(fewer, catalogue, data)


def test_data_of_another_format_tell_the_samples_of_a_control_too(submitted, root, catalogue, tmp_path):
    """Which image stands in for which goes by what the author's data call them."""
    rows = [json.loads(line) for line in (root / "data" / "samples.jsonl").read_text().splitlines()]
    for row in rows:
        shutil.copy(root / "data" / row["image"], tmp_path / f"of-{row['image']}")
        row |= {"id": f"another-{row['id']}", "image": f"of-{row['image']}"}
    (tmp_path / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = {}
    for name in ("blank", "shuffled"):
        verified = verify_files(submitted(seeing, name), PATH, catalogue, str(tmp_path))
        assert verified.coverage.by_image == 2 * N
        found[name] = verified.control.has_known_keys
        assert verified_entry(verified).badge == "verified"
    assert found == {"blank": True, "shuffled": False}


@pytest.mark.parametrize(
    ("control", "said"),
    [
        ({"model": seeing, "control": None}, "no control: its samples' images were shown"),
        ({"model": seeing, "control": "contrast:3"}, "the control contrast:3 leaves the image there"),
        ({"model": seeing, "control": "blank", "limit": 8}, "has 8 samples of each task only"),
        ({"model": seeing, "control": "blank", "tasks": ("asked_4",)}, "lacks tasks of colours: plain_4"),
        ({"model": seeing, "control": "blank", "name": "other"}, "is of another model than x.zip: other (1)"),
        (
            {"model": seeing, "control": "blank", "sampling": {"max_tokens": 32}},
            "asked_4: max_tokens is 64 there, 32 here",
        ),
        (
            {"model": seeing, "control": "blank", "answer_settings": {"system_prompt": "Be kind."}},
            "system_prompt is none there, Be kind. here",
        ),
    ],
    ids=["the run", "a corruption", "a limit", "a task", "another model", "settings", "a system prompt"],
)
def test_what_is_no_control_of_the_run_is_refused(directory, catalogue, control, said):
    with pytest.raises(VecbenchError) as refused:
        verify_files(
            submission_files(directory(seeing), catalogue, benchmark="colours", control=directory(**control)),
            PATH,
            catalogue,
        )
    assert said in refused.value.message
    assert refused.value.exit_status == 2


def test_a_control_is_no_run_to_submit_with_another_one_either(directory, catalogue):
    with pytest.raises(UsageError, match=r"is a control \(blank\)"):
        submission_files(directory(seeing, "blank"), catalogue, control=directory(seeing, "grey"))
    with pytest.raises(UsageError, match="holds no run"):
        submission_files(
            directory(seeing), catalogue, benchmark="colours", control=RunDirectory(Path("nowhere"))
        )


def sealed(files):
    """The files with the hashes that they now have: what a forger would do."""
    said = json.loads(files["submission.json"])
    said["files"] = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in files.items()
        if name != "submission.json"
    }
    return files | {"submission.json": json.dumps(said).encode()}


def refusal(files, catalogue, data):
    with pytest.raises((DataError, UsageError)) as refused:
        verify_files(files, PATH, catalogue, data)
    return refused.value.message


def with_lines(files, change, name="control_responses.jsonl"):
    rows = [json.loads(line) for line in files[name].splitlines()]
    change(rows)
    return sealed(files | {name: b"".join(json.dumps(row).encode() + b"\n" for row in rows)})


def with_manifest(files, change):
    values = json.loads(files["control_run.json"])
    change(values)
    return sealed(files | {"control_run.json": json.dumps(values).encode()})


def test_a_changed_response_of_the_control_is_refused_by_its_hash(submitted, catalogue, data):
    files = dict(submitted(blind, "blank"))
    files["control_responses.jsonl"] = files["control_responses.jsonl"].replace(b"0.95", b"0.15", 1)
    assert "control_responses.jsonl was changed" in refusal(files, catalogue, data)


@pytest.mark.parametrize("name", [*CONTROL_MEMBERS])
def test_one_file_of_a_control_is_none_and_what_is_not_named_is_refused(submitted, tmp_path, name):
    files = dict(submitted(blind, "blank"))
    path = tmp_path / "x.zip"
    path.write_bytes(packed({key: files[key] for key in files if key != name}))
    with pytest.raises(DataError, match=re.escape(f"no {name}")):
        read_members(path)
    folder = tmp_path / "folder"
    folder.mkdir()
    for key, content in files.items():
        (folder / key).write_bytes(content)
    assert read_members(folder) == files
    (folder / name).rename(folder / f"{name}.old")
    with pytest.raises(DataError, match="unexpected file"):
        read_members(folder)


def test_a_control_that_the_submission_does_not_name_is_refused(submitted, catalogue, data):
    files, without = submitted(blind, "blank"), submitted(blind)
    added = {**files, "submission.json": without["submission.json"]}
    assert "files and archive differ: 'control_responses.jsonl, control_run.json'" in refusal(
        added, catalogue, data
    )
    removed = {name: content for name, content in files.items() if name not in CONTROL_MEMBERS}
    assert "files and archive differ" in refusal(removed, catalogue, data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sample_id": "another"}, "no response to the samples"),
        ({"target": "fear"}, "its target is 'fear', the data says 'joy'"),
        ({"image_sha256": "0" * 64}, "another image than the data's"),
        ({"prompt_sha256": "0" * 64}, "another prompt than profile own gives"),
        ({"key": "0" * 64}, "its key is not that of the model"),
        ({"extra": "x"}, "x.zip: control_responses.jsonl, line 1: not a stored response"),
        ({"task": "fi_8"}, "not of the benchmark"),
        ({"response": "a" * 300_000}, "a response of 300000 characters"),
        ({"repeat": 1}, "repeat 1, run.json says 1 repeats"),
    ],
)
def test_the_responses_of_a_control_are_checked_as_those_of_a_run(submitted, catalogue, data, change, said):
    forged = with_lines(submitted(blind, "blank"), lambda rows: rows[0].update(change))
    assert said in refusal(forged, catalogue, data)


def test_a_sample_left_out_of_the_control_is_refused(submitted, catalogue, data):
    files = with_lines(submitted(blind, "blank"), lambda rows: rows.pop(0))
    assert "has responses to 59 samples, run.json says 60" in refusal(files, catalogue, data)
    fewer = with_manifest(files, lambda said: said["tasks"]["asked_4"].update(samples=59))
    # Without the data nobody knows how many there are, but for those of the run.
    assert "other samples than those of the run: 'asked_4 s0'" in refusal(fewer, catalogue, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda said: said.update(control=None),
            "control_run.json: no control: its samples' images were shown",
        ),
        (lambda said: said.update(control={"name": "grey"}), "its key is not that of the model"),
        (lambda said: said.update(control={"name": "none"}), "the control none leaves the image there"),
        (
            lambda said: said["control"].update(seed=3),
            "the seed of its control is 3, that of such a run None",
        ),
        (lambda said: said["control"].update(name="shuffled"), "the seed of its control is None"),
        (lambda said: said["control"].update(strength=2), "the control blank:2 leaves the image there"),
        (lambda said: said.update(limit=8), "control_run.json: a run with --limit 8 leaves samples out"),
        (lambda said: said.update(status="running"), "control_run.json: status is 'running'"),
        (lambda said: said["tasks"].pop("plain_4"), "tasks are not those of the benchmark: 'plain_4'"),
        (lambda said: said["tasks"]["plain_4"].update(sha256="0" * 64), "another task file"),
        (lambda said: said["tasks"]["plain_4"].update(data_sha256="0" * 64), "plain_4: data sha256 is "),
        (lambda said: said["model"].update(name="better"), "its key is not that of the model"),
    ],
)
def test_the_manifest_of_a_control_is_checked_by_itself_and_against_the_runs(
    submitted, catalogue, data, change, said
):
    assert said in refusal(with_manifest(submitted(blind, "blank"), change), catalogue, data)


@pytest.mark.parametrize("name", ["blank", "shuffled"])
@pytest.mark.parametrize("has_data", [True, False])
def test_the_run_itself_is_not_its_control_whatever_its_manifest_says(
    submitted, catalogue, data, name, has_data
):
    files = submitted(blind, name)
    forged = sealed(files | {"control_responses.jsonl": files["responses.jsonl"]})
    said = refusal(forged, catalogue, data if has_data else None)
    assert ("its key is not that of" if has_data else "its keys are those of the run") in said


def test_the_same_answers_under_keys_of_their_own_are_a_control(submitted):
    """They are what a model gives that ignores the image."""
    files = submitted(blind, "blank")
    said = [
        [json.loads(line) for line in files[name].splitlines()]
        for name in ("responses.jsonl", "control_responses.jsonl")
    ]
    assert [each["response"] for each in said[0]] == [each["response"] for each in said[1]]
    assert {each["key"] for each in said[0]}.isdisjoint(each["key"] for each in said[1])


def test_what_is_published_of_a_control_has_no_path_of_the_authors_machine(submitted, root):
    files = submitted(blind, "blank")
    assert json.loads(files["control_run.json"])["tasks"]["asked_4"]["data"] == "data"
    assert not any(str(root).encode() in content for content in files.values())


@pytest.mark.parametrize(
    "change",
    [
        lambda control: control["overall"]["accuracy"].update(value=0.26),
        lambda control: control["groups"]["asked"]["auroc"].update(value=0.51),
        lambda control: control["groups"]["plain"].update(stated=N - 1),
        lambda control: control.update(name="grey"),
    ],
)
def test_numbers_edited_in_an_entry_are_found_out_by_its_submission(
    submitted, catalogue, data, tmp_path, change
):
    files = submitted(blind, "blank")
    done = publish(verified_entry(verify_files(files, PATH, catalogue, data)), tmp_path, files)
    said = json.loads(done.entry.read_text())
    change(said["control"])
    done.entry.write_text(json.dumps(said))
    with pytest.raises(DataError, match="is not what its submission gives: control differs"):
        reverify(tmp_path, catalogue, data)


def test_a_control_taken_out_of_an_entry_is_found_out(submitted, catalogue, data, tmp_path):
    files = submitted(blind, "blank")
    done = publish(verified_entry(verify_files(files, PATH, catalogue, data)), tmp_path, files)
    said = json.loads(done.entry.read_text())
    del said["control"]
    done.entry.write_text(json.dumps(said))
    with pytest.raises(DataError, match="is not what its submission gives: control differs"):
        reverify(tmp_path, catalogue, data)


def test_intervals_of_another_version_are_not_compared_and_values_are(submitted, catalogue, data, tmp_path):
    files = submitted(blind, "blank")
    done = publish(verified_entry(verify_files(files, PATH, catalogue, data)), tmp_path, files)
    said = json.loads(done.entry.read_text())
    said["made_with"]["vecbench"] = "0.0.9"
    said["control"]["overall"]["confidence_fall"]["low"] -= 0.001
    done.entry.write_text(json.dumps(said))
    assert reverify(tmp_path, catalogue, data) == {done.entry.stem: Recomputed("all", (), False)}
    said["control"]["overall"]["confidence_fall"]["value"] += 0.001
    done.entry.write_text(json.dumps(said))
    with pytest.raises(DataError, match="control differs"):
        reverify(tmp_path, catalogue, data)


def test_an_entry_of_the_same_run_with_a_control_takes_the_place_of_the_one_without(
    submitted, catalogue, data, tmp_path
):
    found = []
    for files in (submitted(blind), submitted(blind, "blank")):
        done = publish(verified_entry(verify_files(files, PATH, catalogue, data)), tmp_path, files)
        found.append((done.entry.name, done.replaced, read_entry(done.entry).control is not None))
    [first, second] = found
    assert first == (second[0], (), False)
    assert second[1:] == ((done.entry.stem,), True)


def test_an_entry_without_a_control_does_not_speak_of_one(entry_of):
    assert "control" not in json.loads(entry_of(blind).as_json())


FALL = {"value": 0.1, "low": 0.06, "high": 0.14}
EFFECT = {
    "n": 10,
    "stated": 10,
    "accuracy": {"value": 0.5},
    "confidence_fall": FALL,
    "auroc": {"value": 0.7},
    "verdict": "falls",
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n": 0}, "greater than or equal to 1"),
        ({"stated": 11}, "11 pairs have a confidence, and there are 10"),
        ({"stated": 0}, "of which there are 0"),
        ({"accuracy": {"value": 1.5}}, "1.5 is not from 0 to 1"),
        ({"auroc": {"value": -0.1}}, "-0.1 is not from 0 to 1"),
        ({"auroc": None}, "auroc is of the pairs that have a confidence"),
        ({"confidence_fall": {"value": 0.1}}, "a fall needs its interval"),
        ({"confidence_fall": {"value": -1.5, "low": -1.6, "high": 0}}, "-1.5 is not from -1 to 1"),
        ({"verdict": "rises"}, "verdict is rises, that of its fall falls"),
        ({"verdict": None}, "verdict is None, that of its fall falls"),
        ({"verdict": "up"}, "Input should be 'falls'"),
        ({"asks_alike": True}, "verdict is falls, that of its fall None"),
        ({"other": 1}, "Extra inputs"),
    ],
)
def test_what_no_control_can_show_is_no_effect(change, said):
    ControlEffect.model_validate(EFFECT)
    with pytest.raises(ValueError, match=re.escape(said)):
        ControlEffect.model_validate(EFFECT | change)


@pytest.mark.parametrize(
    ("low", "high", "verdict", "stays"),
    [
        (0.01, MARGIN - 0.001, "does not fall", True),
        (-0.2, -0.01, "rises", True),
        (0.01, MARGIN, "falls", False),
        (-0.01, MARGIN, "undecided", False),
    ],
)
def test_an_effect_is_marked_where_its_fall_is_small_or_none(low, high, verdict, stays):
    fall = {"value": (low + high) / 2, "low": low, "high": high}
    effect = ControlEffect.model_validate(EFFECT | {"confidence_fall": fall, "verdict": verdict})
    assert effect.stays is stays


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda said: said["control"]["groups"].pop("asked"), "are not both of the group asked"),
        (
            lambda said: said["control"]["overall"].update(n=121),
            "control.overall.n is 121, that of the scores 120",
        ),
        (
            lambda said: said["control"].update(name="contrast"),
            "Input should be 'blank', 'grey' or 'shuffled'",
        ),
        (lambda said: said["control"].update(seed=1), "a control blank has no seed"),
        (lambda said: said["control"].update(name="shuffled"), "a control shuffled has a seed"),
    ],
)
def test_a_control_of_other_rows_or_of_another_name_is_no_entrys(entry_of, change, said):
    values = json.loads(entry_of(blind, "blank").as_json())
    change(values)
    with pytest.raises(ValueError, match=re.escape(said)):
        Entry.model_validate(values)


def test_a_reported_entry_has_no_control(entry_of):
    control = json.loads(entry_of(blind, "blank").as_json())["control"]
    said = {"benchmark": "colours", "kind": "reported", "model": {"name": "x"}, "source": {"name": "x"}}
    with pytest.raises(ValueError, match="a reported entry has no checked, control"):
        Entry.model_validate(said | {"control": control})


def test_a_model_without_confidences_has_accuracy_alone(directory, catalogue, data, tmp_path):
    def silent():
        return lambda _: "<answer>joy</answer>"

    runs = directory(silent), directory(silent, "blank")
    files = submission_files(runs[0], catalogue, benchmark="colours", control=runs[1])
    entry = verified_entry(verify_files(files, PATH, catalogue, data))
    assert entry.control.overall.stated == 0
    assert entry.control.said == "Control blank: no pair of answers has a confidence on both sides."
    folder = board(tmp_path, [files], catalogue, data)
    headings = rows_of((folder / "README.md").read_text(), "Overall")["silent"]
    assert [each for each in headings if each.startswith("Control")] == ["Control: Acc"]


def test_a_model_that_declines_where_there_is_no_image_has_fewer_pairs(directory, catalogue, data, tmp_path):
    def declining():
        look = seeing()

        def answer(request):
            is_blank = request.images[0].decode().getpixel((0, 0)) == (255, 255, 255)
            declines = is_blank and re.search(r"number \d?[0-4]\.", request.prompt)
            return "I see nothing." if declines else look(request)

        return answer

    runs = directory(declining), directory(declining, "blank")
    files = submission_files(runs[0], catalogue, benchmark="colours", control=runs[1])
    folder = board(tmp_path, [files], catalogue, data)
    found = rows_of((folder / "README.md").read_text(), "Asked")["declining"]
    assert found["Control: falls by"].endswith("blank, falls, 30 pairs</sub>")


def test_the_archive_is_the_same_bytes_whatever_order_its_files_came_in(submitted, tmp_path):
    files = submitted(blind, "blank")
    backwards = dict(reversed(files.items()))
    assert packed(files) == packed(backwards)
    (tmp_path / "x.zip").write_bytes(packed(files))
    assert read_members(tmp_path / "x.zip") == files
    shutil.rmtree(tmp_path)
