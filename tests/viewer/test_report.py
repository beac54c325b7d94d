"""A report says of every row what was asked, said, read and true, and of itself what it lacks."""

import json
import os
import shutil

import pytest
from fakes import ANSWER, ScriptedEngine, Watcher, make_data, make_plan
from simulated_runs import response, simulated, write_run
from viewer.written import Blocks

import vecbench
from vecbench.errors import RunError, UsageError
from vecbench.run import run as generate
from vecbench.store import RunDirectory
from vecbench.viewer import report as viewer
from vecbench.viewer.report import report_of

LABELS = ["joy", "fear", "joy", "anger", "love"]
NO_IMAGES = {"images": False}


@pytest.fixture
def stored(tmp_path):
    """A run of five samples with images: three right or wrong, one that failed, one without an answer."""
    data = make_data(tmp_path / "data", LABELS)
    directory = RunDirectory(tmp_path / "run")
    answers = iter([ANSWER, ANSWER, ANSWER, None, "I do not know."])
    plan = make_plan(data, answer_settings={"system_prompt": "Be brief."})
    generate(plan, lambda: ScriptedEngine(lambda _: next(answers)), directory, Watcher())
    return directory.path


def written(run, tmp_path, **options):
    report = report_of(run, options.pop("against", None), tmp_path / "report", **options)
    return report, Blocks(report.path)


def test_every_row_says_what_was_asked_said_and_true(stored, tmp_path):
    report, page = written(stored, tmp_path)
    assert (report.shown, report.rows, report.lacking) == (5, 5, ())
    assert page.rows["id"] == [f"s{place}" for place in range(5)]
    assert page.column("target") == LABELS
    assert page.column("answer") == ["joy", "joy", "joy", None, None]
    assert page.column("verdict") == ["right", "wrong", "right", "unread", "unread"]
    assert page.column("answer_status") == ["ok", "ok", "ok", "error", "no_answer"]
    assert page.rows["runs"][0]["right"] == [1, 0, 1, 0, 0]
    assert page.rows["runs"][0]["confidence"]["stated"] == [0.75, 0.75, 0.75, None, None]
    assert page.column("error")[:3] == [None] * 3
    assert page.column("error")[3]
    first = page.texts[0]
    said = first["runs"][0]
    assert said["response"] == ANSWER
    assert [said["response"][begin:end] for begin, end, _ in said["spans"]] == [
        "<think>…</think>",
        "joy",
        "0.75",
    ]
    assert said["view"] == {
        "type": "label",
        "labels": said["view"]["labels"],
        "target": "joy",
        "answer": "joy",
    }
    assert "joy" in page.report["prompts"][first["prompt"]]
    assert first["system"] == "Be brief."
    assert {(each["width"], each["height"]) for row in page.texts for each in row["images"]} == {(8, 8)}
    assert [(report.path.parent / each).is_file() for each in page.column("thumb")] == [True] * 5


def test_the_run_and_its_scores_are_those_of_the_tables(stored, tmp_path):
    _, page = written(stored, tmp_path)
    [run] = page.report["runs"]
    scores = vecbench.load_run(stored)
    with pytest.warns(UserWarning, match="samples without a response"):
        accuracy = scores.scores().tasks["emoji_7"].metrics["accuracy"]
    [table] = run["overview"]["tables"]
    [line] = table["rows"]
    assert (line["name"], line["level"], line["tasks"], line["n"]) == ("Emoji-7", "task", [0], 5)
    place = [each["heading"] for each in table["columns"]].index("Acc")
    assert line["cells"][place]["text"] == f"{100 * accuracy.value:.1f}"
    assert line["cells"][place]["low"] == f"{100 * accuracy.low:.1f}"
    assert table["columns"][place]["better"] == "higher"
    [diagram] = run["overview"]["reliability"]
    assert len(diagram["bins"]) == 10
    [filled] = [each for each in diagram["bins"] if each["n"]]
    assert (filled["low"], filled["high"], filled["n"], filled["confidence"]) == (0.7, 0.8, 3, 0.75)
    assert filled["accuracy"] == pytest.approx(2 / 3)
    [matrix] = run["overview"]["confusion"]
    assert sum(count for *_, count in matrix["counts"]) == 5
    assert matrix["labels"][-1] is None
    assert {(each["what"], each["name"]) for each in run["overview"]["unread"]} == {
        ("answer", "no answer"), ("confidence", "none stated"),
    }  # fmt: skip
    assert dict(map(tuple, run["settings"]))["System prompt"] == "Be brief."


def test_two_runs_are_matched_by_task_sample_and_repeat(tmp_path):
    rows = simulated({"emoji_7": 30}, seed=1)
    first = write_run(tmp_path / "a", rows)
    other = simulated({"emoji_7": 30}, seed=2)
    second = write_run(tmp_path / "b", [*reversed(other[5:]), response("emoji_7", "more", "joy", 0.5)])
    report, page = written(first, tmp_path, against=second, **NO_IMAGES)
    runs = page.rows["runs"]
    assert runs[1]["missing"] == [1] * 5 + [0] * 25
    stated = [json.loads(row.response.split("confidence>")[1].removesuffix("</")) for row in other]
    assert runs[1]["confidence"]["stated"] == [None] * 5 + stated[5:]
    assert [row["runs"][1] is None for row in page.texts] == [True] * 5 + [False] * 25
    assert any("no response to 5 of the 30 rows" in each for each in report.notices)
    assert any("1 rows of b are not shown" in each for each in report.notices)
    assert page.report["title"].startswith("a and b on ")


def test_of_more_rows_than_are_shown_the_confidently_wrong_come_first(tmp_path):
    said = [("joy", 0.2), ("love", 0.5), ("love", 0.9), ("joy", 0.9), ("love", None), ("love", 0.7)]
    run = write_run(
        tmp_path / "run",
        [response("emoji_7", f"s{place}", *each, target="joy") for place, each in enumerate(said)],
    )
    for most, expected in (
        (2, ["s2", "s5"]),
        (4, ["s1", "s2", "s4", "s5"]),
        (5, ["s0", "s1", "s2", "s4", "s5"]),
    ):
        report, page = written(run, tmp_path, most=most, **NO_IMAGES)
        assert page.rows["id"] == expected
        assert (page.report["n_rows"], page.report["n_shown"]) == (6, most)
        assert f"{most} of 6 rows are shown" in report.notices[0]
    assert page.report["runs"][0]["overview"]["tables"][0]["rows"][0]["n"] == 6


def test_rows_come_in_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(viewer, "CHUNK", 4)
    _, page = written(write_run(tmp_path / "run", simulated({"emoji_7": 9}, seed=1)), tmp_path, **NO_IMAGES)
    assert [len(chunk) for chunk in page.chunks] == [4, 4, 1]
    assert page.report["chunk"] == 4


def test_of_several_responses_to_a_sample_the_last_is_shown(tmp_path):
    rows = [
        response("emoji_7", "s1", "fear", 0.1),
        response("emoji_7", "s2", "joy", 0.2),
        response("emoji_7", "s1", "joy", 0.3),
    ]
    _, page = written(write_run(tmp_path / "run", rows), tmp_path, **NO_IMAGES)
    assert page.rows["id"] == ["s1", "s2"]
    assert ["0.3" in page.texts[0]["runs"][0]["response"], page.rows["runs"][0]["confidence"]["stated"]] == [
        True,
        [0.3, 0.2],
    ]


@pytest.mark.parametrize(
    "text",
    [
        "</script><script>alert(1)</script>",
        "]]>",
        "<!--<script>",
        "a\u202eb\u2028c\u2029",
        "\ud800 half \udfff",
        "nul \x00 bell \x07",
    ],
)
def test_no_text_breaks_out_of_its_block(tmp_path, text):
    hostile = response("emoji_7", text, None, None, response=text, reasoning=text, attributes={text: text})
    _, page = written(
        write_run(tmp_path / "run", [hostile, response("emoji_7", "s", "joy", 1)]), tmp_path, **NO_IMAGES
    )
    assert page.rows["id"][0] == text
    assert page.texts[0]["runs"][0]["response"] == text
    assert page.texts[0]["runs"][0]["reasoning"] == text
    raw = (tmp_path / "report" / "index.html").read_bytes().decode("utf-8")
    assert raw.count("<script") == raw.count("</script>") == 4
    assert "\u2028" not in raw
    assert "\x00" not in raw


def test_a_response_of_megabytes_is_clipped_in_its_middle_and_lies_beside(tmp_path):
    long = f"<think>{'😀 long. ' * 150_000}</think><answer>joy</answer><confidence>0.9</confidence>"
    run = write_run(tmp_path / "run", [response("emoji_7", "s", "joy", 0.9, response=long, target="joy")])
    report, page = written(run, tmp_path, **NO_IMAGES)
    said = page.texts[0]["runs"][0]
    assert len(said["response"]) < 20_100
    assert said["clipped"]["characters"] == len(long)
    assert (report.path.parent / said["clipped"]["file"]).read_text("utf-8") == long
    in_utf16 = said["response"].encode("utf-16-le")
    begin, end = said["clipped"]["left_out"]
    assert (
        in_utf16[2 * begin : 2 * end].decode("utf-16-le").strip()
        == f"[… {len(long) - 20_000:,} characters left out …]"
    )
    marked = {what: in_utf16[2 * begin : 2 * end].decode("utf-16-le") for begin, end, what in said["spans"]}
    assert marked == {"answer": "joy", "confidence": "0.9"}
    written(run, tmp_path, single_file=True, **NO_IMAGES)
    assert not (tmp_path / "report" / "responses").exists()


def test_a_missing_and_a_broken_image_are_told_and_the_others_shown(stored, tmp_path):
    (tmp_path / "data" / "images" / "0.png").unlink()
    (tmp_path / "data" / "images" / "1.png").write_bytes(b"no image")
    report, page = written(stored, tmp_path)
    [notice] = report.lacking
    assert notice.startswith(
        "2 of 5 images cannot be shown: images/0.png (no such file or directory), images/1.png (not an image"
    )
    assert "missing" in page.texts[0]["images"][0]
    assert [each is None for each in page.column("thumb")] == [True, True, False, False, False]


def test_an_image_that_has_changed_since_the_run_is_told(stored, tmp_path):
    shutil.copy(tmp_path / "data" / "images" / "0.png", tmp_path / "data" / "images" / "1.png")
    report, page = written(stored, tmp_path)
    assert "1 rows show other images than the run saw" in report.lacking[0]
    assert [row["images"][0].get("changed", False) for row in page.texts] == [
        False,
        True,
        False,
        False,
        False,
    ]


def test_data_that_has_moved_is_named(stored, tmp_path):
    (tmp_path / "data").rename(tmp_path / "moved")
    report, page = written(stored, tmp_path)
    assert "The data of emoji_7 is not here" in report.lacking[0]
    assert "--data DIR" in report.lacking[0]
    assert page.texts[0]["images"][0]["thumb"] is None
    report, page = written(stored, tmp_path, data=tmp_path / "moved")
    assert report.lacking == ()
    assert page.texts[0]["images"][0]["thumb"]


def test_data_of_the_hub_is_not_downloaded_for_a_report(stored, tmp_path, monkeypatch):
    monkeypatch.setenv("VECBENCH_CACHE", str(tmp_path / "cache"))
    for asks in ("_commit", "_quietly"):  # whoever asks the Hub fails
        monkeypatch.setattr(f"vecbench.samples.hub.{asks}", None)
    commit = "0123456789" * 4
    manifest = json.loads((stored / "run.json").read_text())
    manifest["tasks"]["emoji_7"]["data"] = f"hf:somebody/faces@{commit}"
    (stored / "run.json").write_text(json.dumps(manifest))
    report, _ = written(stored, tmp_path)
    assert f"hf:somebody/faces@{commit} is not downloaded" in report.lacking[0]
    copy = tmp_path / "cache" / "data" / "somebody__faces" / commit
    shutil.copytree(tmp_path / "data", copy)
    report, _ = written(stored, tmp_path)
    assert "is not downloaded" in report.lacking[0]  # not as a whole: the client has left no note
    note = copy / ".cache" / "huggingface" / "download" / "samples.csv.metadata"
    note.parent.mkdir(parents=True)
    note.touch()
    report, page = written(stored, tmp_path)
    assert report.lacking == ()
    assert page.texts[0]["images"][0]["thumb"]


def test_a_table_of_several_in_the_folder_is_found_by_its_hash(stored, tmp_path):
    (tmp_path / "data" / "samples.csv").rename(tmp_path / "data" / "zebra.csv")
    (tmp_path / "data" / "another.csv").write_text("task,id,image,label\nemoji_7,s0,images/4.png,joy\n")
    report, page = written(stored, tmp_path)
    assert report.lacking == ()
    assert page.texts[0]["images"][0]["name"] == "images/0.png"


def test_responses_of_another_program_are_shown_with_images_of_a_folder(tmp_path):
    data = make_data(tmp_path / "data", ["joy"])
    (data / "samples.csv").unlink()
    line = {
        "task": "emoji_7",
        "id": 1,
        "label": "joy",
        "response": "<answer>joy</answer>",
        "image": "images/0.png",
    }
    (tmp_path / "answers.jsonl").write_text(json.dumps(line) + "\n")
    report, page = written(tmp_path / "answers.jsonl", tmp_path)
    assert "1 of 1 images cannot be shown" in report.lacking[-1]
    assert page.texts[0]["prompt"] is None
    report, page = written(tmp_path / "answers.jsonl", tmp_path, data=data)
    assert report.lacking == ()
    assert page.column("thumb") != [None]
    assert ["Responses", "plain JSONL: answers.jsonl"] in page.report["runs"][0]["settings"]


@pytest.mark.parametrize("rows", [[response("emoji_7", "s", None, None)], simulated({"emoji_7": 1}, seed=1)])
def test_a_run_of_one_sample_or_without_a_confidence_is_shown(tmp_path, rows):
    report, page = written(write_run(tmp_path / "run", rows), tmp_path, **NO_IMAGES)
    assert report.shown == 1
    assert len(page.report["runs"][0]["overview"]["reliability"]) == (rows[0].response != "no idea")


def test_an_unfinished_run_says_so(stored, tmp_path):
    lines = (stored / "responses.jsonl").read_bytes().splitlines(keepends=True)
    (stored / "responses.jsonl").write_bytes(b"".join(lines[:3]) + lines[3][:20])
    report, page = written(stored, tmp_path)
    assert page.rows["id"] == ["s0", "s1", "s2"]
    assert any(each.startswith("Incomplete: 3 of 5 responses are there") for each in report.notices)


def test_a_published_protocol_is_shown_as_it_reads(tmp_path):
    _, page = written(
        write_run(tmp_path / "run", simulated({"fi_8": 12}, seed=1)),
        tmp_path,
        protocol="emocaliber",
        **NO_IMAGES,
    )
    assert ["Read as", "emocaliber"] in page.report["runs"][0]["settings"]
    assert {row["runs"][0]["view"]["type"] for row in page.texts} == {"text"}


def test_without_images_none_stays_of_an_earlier_report(stored, tmp_path):
    written(stored, tmp_path)
    assert list((tmp_path / "report" / "thumbnails").glob("*.webp"))
    _, page = written(stored, tmp_path, **NO_IMAGES)
    assert sorted(os.listdir(tmp_path / "report")) == ["index.html"]
    assert page.report["thumbnails"] == "none"
    assert {row["images"][0]["thumb"] for row in page.texts} == {None}


def test_a_single_file_holds_its_images(stored, tmp_path):
    report, page = written(stored, tmp_path, single_file=True)
    assert sorted(os.listdir(tmp_path / "report")) == ["index.html"]
    assert all(each.startswith("data:image/webp;base64,") for each in page.column("thumb"))
    assert "img-src data:;" in report.path.read_text("utf-8")


def test_a_single_file_that_is_too_large_is_refused_and_the_earlier_one_stays(stored, tmp_path, monkeypatch):
    report, _ = written(stored, tmp_path, single_file=True)
    before = report.path.read_bytes()
    monkeypatch.setattr(viewer, "MOST_BYTES", 5000)
    with pytest.raises(UsageError, match="larger than") as refused:
        written(stored, tmp_path, single_file=True)
    assert "--max-samples" in refused.value.remedy
    assert report.path.read_bytes() == before
    assert sorted(os.listdir(tmp_path / "report")) == ["index.html"]


@pytest.mark.parametrize("name", ["notes.txt", "index.html", "thumbnails/mine.png", "responses/mine.md"])
def test_a_folder_of_somebody_else_is_refused_before_anything_is_read(tmp_path, name):
    other = tmp_path / "report" / name
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    with pytest.raises(UsageError, match="holds what is no report's") as refused:
        written(tmp_path / "nowhere", tmp_path)
    assert refused.value.remedy
    assert other.read_text() == "mine"


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "report").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        written(tmp_path, tmp_path)


@pytest.mark.parametrize("fault", [KeyboardInterrupt, RunError("no space left")])
def test_a_report_that_fails_leaves_nothing_or_the_earlier_one(stored, tmp_path, monkeypatch, fault):
    def fails(*_, **__):
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(viewer, "page", fails)
        with pytest.raises((KeyboardInterrupt, RunError)):
            written(stored, tmp_path)
    assert not (tmp_path / "report").exists()
    report, _ = written(stored, tmp_path)
    before = report.path.read_bytes()
    monkeypatch.setattr(viewer, "page", fails)
    with pytest.raises((KeyboardInterrupt, RunError)):
        written(stored, tmp_path)
    assert report.path.read_bytes() == before
    assert len(list((tmp_path / "report" / "thumbnails").glob("*.webp"))) == 5


def test_what_the_page_lacks_is_warned_of_in_python(stored, tmp_path):
    (tmp_path / "data" / "images" / "0.png").unlink()
    with pytest.warns(UserWarning, match="1 of 5 images cannot be shown"):
        path = vecbench.write_report(stored)
    assert path == stored / "report" / "index.html"
    assert Blocks(path).report["n_shown"] == 5
