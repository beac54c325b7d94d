"""What is exported reads back as the same responses, in the shape of the other program's files."""

import json
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from vecbench.errors import RunError, UsageError
from vecbench.interop.exports import EXPORTS
from vecbench.interop.reading import open_responses
from vecbench.interop.spool import ResponseSpool
from vecbench.samples import Sample, open_data
from vecbench.scoring import STRICT, complete_scores, predictions, protocol_named, score_responses
from vecbench.store import Manifest, StoredResponse
from vecbench.tasks import load_catalogue
from vecbench.tasks.prompts import prompt_of

CATALOGUE = load_catalogue()
GOLDEN = Path(__file__).parents[1] / "golden" / "emocaliber"


def response(sample_id, text, task="fi_2", target="positive", **changes):
    values = {
        "key": f"{task}{sample_id}",
        "task": task,
        "sample_id": sample_id,
        "repeat": 0,
        "target": target,
        "candidates": CATALOGUE.tasks[task].labels if task in CATALOGUE.tasks else ("a", "b"),
        "image": f"images/{sample_id}.jpg",
        "image_sha256": "ab" * 32,
        "prompt_sha256": "cd" * 32,
        "response": text,
        "finish_reason": "stop",
        "error": None,
        "n_prompt_tokens": 5,
        "n_output_tokens": 7,
    }
    return StoredResponse(**values | changes)


RESPONSES = [
    response("a", "<answer>positive</answer><confidence>0.9</confidence>"),
    response("b", "<answer>negative</answer><confidence>high</confidence>"),
    response("c", "<answer>nega", finish_reason="length", target="negative"),
    response("d", None, error="out of memory", finish_reason=None),
    response("null", None),
    response("e", "<answer>negative</answer><confidence>80%</confidence>", target="negative"),
    response("e", "half of a surrogate pair: \ud800", target="negative", repeat=2),
    response("a", "<answer>Sad</answer><confidence>1.0</confidence>", "abstract_8", "sadness"),
    response("a/b", "<answer>b</answer><confidence>0.4</confidence>", "../odd task", "b"),
]


def export(name, responses, folder, manifest=None):
    """What the export of that name says of the responses that it writes."""
    folder.mkdir(exist_ok=True)
    with closing(ResponseSpool(folder)) as spool:
        assert list(spool.storing(responses)) == responses
        complete = score_responses(responses, STRICT, CATALOGUE)
        return EXPORTS[name](spool, folder, CATALOGUE, manifest, complete)


def scores(responses):
    rows = predictions(responses, STRICT, CATALOGUE)
    said = complete_scores(rows, "strict", CATALOGUE).scores.content()
    return {key: said[key] for key in ("tasks", "groups", "overall", "repeats", "consistency")}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_scores_as_what_was_exported(tmp_path, name):
    export(name, RESPONSES, tmp_path / "out")
    source = open_responses(tmp_path / "out", CATALOGUE)
    back = list(source.responses)
    assert source.faults == []
    assert len(back) == len(RESPONSES)
    assert scores(back) == scores(RESPONSES)


def test_an_unread_answer_with_a_confidence_is_exported_as_wrong(tmp_path):
    unread = response("z", "<answer>blah</answer><confidence>0.4</confidence>", target="negative")
    for name, rows in {"alone": [unread], "beside": [*RESPONSES[:1], unread]}.items():
        export("lm-eval", rows, tmp_path / name)
        [results] = (tmp_path / name).rglob("results_*.json")
        said = json.loads(results.read_text())["results"]["vecbench_fi_2"]
        assert said["accuracy,none"] == (len(rows) - 1) / len(rows)
        brier = (0.1**2 + 0.4**2) / 2 if len(rows) > 1 else "N/A"
        assert said["brier,none"] == (brier if brier == "N/A" else pytest.approx(brier))


@pytest.mark.parametrize("name", EXPORTS)
def test_the_same_responses_give_the_same_files(tmp_path, name):
    contents = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        export(name, RESPONSES, folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        contents.append({path.relative_to(folder): path.read_bytes() for path in files})
    assert contents[0] == contents[1]
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}  # "../odd task" leads nowhere else


@pytest.mark.parametrize("name", EXPORTS)
def test_a_sample_that_was_retried_is_exported_without_its_failure(tmp_path, name):
    export(name, [response("a", None, error="x"), *RESPONSES[:2]], tmp_path)
    source = open_responses(tmp_path, CATALOGUE)
    assert [(each.sample_id, each.error) for each in source.responses] == [("a", None), ("b", None)]
    assert source.faults == []


AGAIN = [
    response("twice", "<answer>negative</answer><confidence>0.9</confidence>"),
    response("twice", "<answer>positive</answer><confidence>0.2</confidence>"),
    response("lost", "<answer>positive</answer><confidence>0.4</confidence>"),
    response("lost", None, error="out of memory"),
    response("odd", "<answer>sadness</answer>", "abstract_8", "sadness", stated_target="Sad"),
    response("odd", "<answer>awe</answer>", "abstract_8", "sadness", repeat=1, stated_target="Sad"),
]


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("emocaliber", "emocaliber"),
        ("emocaliber", "strict"),
        ("lm-eval", "strict"),
        ("lm-eval", "emobserver"),
        ("inspect", "strict"),
        ("inspect", "emobserver"),
    ],
)
def test_an_export_of_further_responses_scores_as_what_was_exported(tmp_path, name, protocol):
    export(name, AGAIN + RESPONSES, tmp_path)
    source = open_responses(tmp_path, CATALOGUE)
    told = [
        score_responses(each, protocol_named(protocol), CATALOGUE).scores
        for each in (AGAIN + RESPONSES, source.responses)
    ]
    ignored = {"dropped", "notes"} if protocol == "emocaliber" else set()  # which count failures, too
    ignored |= {"reading"} if name == "inspect" else set()  # which quotes half of a surrogate pair
    first, second = (
        {key: each for key, each in said.content().items() if key not in ignored} for said in told
    )
    assert first == second
    assert not source.has_lost_rows


def test_an_export_takes_the_place_of_the_one_before(tmp_path):
    export("lm-eval", RESPONSES, tmp_path)
    kept = tmp_path / "unknown" / "samples_vecbench_fi_8_2026-01-02T03-04-05.678901.jsonl"  # lm-eval's own
    kept.write_text("")
    (tmp_path / "unknown" / "notes.txt").write_text("")
    export("lm-eval", RESPONSES[:1], tmp_path)
    assert sorted(path.name for path in (tmp_path / "unknown").iterdir()) == sorted(
        [
            "notes.txt",
            "results_1970-01-01T00-00-00.json",
            "samples_vecbench_fi_2_1970-01-01T00-00-00.jsonl",
            kept.name,
        ]
    )


def test_emocalibers_files_are_what_its_scripts_write(tmp_path):
    notes = export("emocaliber", RESPONSES, tmp_path)
    files = {
        path.stem: [json.loads(line) for line in path.read_text().splitlines()]
        for path in tmp_path.glob("*.jsonl")
    }
    assert {name: len(rows) for name, rows in files.items()} == {"merged": 7, "error": 2, "merged_conf": 5}
    first = files["merged_conf"][0]
    assert first["task"] == "FI-2"
    assert first["ground_truth"] == "positive"
    assert first["confidence"] == 0.9
    assert first["conversations"][0]["content"][0] == {"type": "image", "image": "images/a.jpg"}
    assert set(files["error"][0]) == {"original_data", "error"}
    assert notes[1:] == [
        "merged_conf.jsonl lacks 2 rows whose confidence is no number, as EmoCaliber's would"
    ]


def prompted(sample_id, profile, task="fi_2"):
    """A response whose prompt is that of a profile, and the prompt."""
    labels = CATALOGUE.tasks[task].labels
    prompt, _ = prompt_of(CATALOGUE.tasks[task], profile, Sample(task, "", ("",), "", labels, None, Path()))
    answer = "<answer>positive</answer><confidence>0.9</confidence>"
    return response(sample_id, answer, prompt_sha256=sha256(prompt.encode()).hexdigest()), prompt


def test_prompts_that_the_responses_say_nothing_of_are_told_as_such(tmp_path):
    responses = [response("a", "<answer>positive</answer><confidence>0.9</confidence>", prompt_sha256="")]
    for name in EXPORTS:
        notes = export(name, responses, tmp_path / name)
        assert notes == ["1 of 1 prompts are not there: the responses say nothing of them"]


def test_prompts_are_rendered_again_where_their_hash_is_that_of_a_profile(tmp_path):
    asked = [prompted("a", "standard"), prompted("b", "direct")]
    responses = [each for each, _ in asked] + [response("c", "<answer>negative</answer>")]
    expected = [prompt for _, prompt in asked] + [None]
    for name in EXPORTS:
        [note] = export(name, responses, tmp_path / name)
        assert note.startswith("1 of 3 prompts are not there: stored is their hash")
    [log] = (tmp_path / "lm-eval").rglob("samples_*.jsonl")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["doc"]["prompt"] for line in lines] == expected
    assert [line["arguments"]["gen_args_0"]["arg_0"] for line in lines] == [
        prompt and f"<image>{prompt}" for prompt in expected
    ]
    assert [line["prompt_hash"] for line in lines] == [
        prompt and sha256(f"<image>{prompt}".encode()).hexdigest() for prompt in expected
    ]
    rows = [json.loads(line) for line in (tmp_path / "emocaliber" / "merged.jsonl").read_text().splitlines()]
    contents = [row["conversations"][0]["content"] for row in rows]
    assert [part["text"] for content in contents for part in content[1:]] == expected[:2]
    back = list(open_responses(tmp_path / "lm-eval", CATALOGUE).responses)
    assert [each.prompt_sha256 for each in back] == [each.prompt_sha256 for each in responses]
    assert [each.image_sha256 for each in back] == [each.image_sha256 for each in responses]


def test_a_spool_gives_the_latest_responses_by_sample_and_leaves_nothing(tmp_path):
    responses = [
        response("b", None, repeat=1, error="out of memory"),
        response("a", "first", "abstract_8"),
        response("b", "zero"),
        response("a", None, "abstract_8", error="lost"),
        response("b", "one", repeat=1),
        response("\ud800", "odd name"),
    ]
    folder = tmp_path / "made" / "here"
    with closing(ResponseSpool(folder)) as spool:
        assert list(spool.storing(iter(responses))) == list(spool) == list(spool) == responses
        assert spool.tasks() == ["fi_2", "abstract_8"]
        assert [[each.response for each in repeats] for repeats in spool.samples("fi_2")] == [
            ["one", "zero"],
            ["odd name"],
        ]
        assert list(spool.failed()) == [responses[3]]
    assert list(tmp_path.iterdir()) == []


def test_a_spool_that_cannot_be_written_says_where(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot write"):
        ResponseSpool(tmp_path / "file")


def test_emocalibers_tables_are_what_its_script_prints(tmp_path):
    source = open_responses(GOLDEN / "responses.jsonl", CATALOGUE)
    export("emocaliber", list(source.responses), tmp_path)
    expected = json.loads((GOLDEN / "expected.json").read_text())
    thresholds, tasks, groups = (
        [line.split("\t") for line in (tmp_path / f"{name}.tsv").read_text().splitlines()]
        for name in ("thresholds", "tasks", "groups")
    )
    assert thresholds[0][1:] == expected["threshold_table"]["header"]
    assert [line[1:] for line in thresholds[1:]] == expected["threshold_table"]["rows"]
    said = dict(zip(*tasks, strict=True)) | dict(zip(*groups, strict=True))
    for name, values in expected["tasks"].items():
        assert said[f"{name} Acc"] == f"{100 * values['accuracy']:.2f}"
        assert said[f"{name} F1"] == f"{100 * values['f1_score']:.2f}"
    columns = {"Acc": "avg_accuracy", "F1": "f1_score", "ECE": "ece", "Brier": "brier_score"}
    for name, values in expected["groups"].items():
        for column, key in (columns | {"ROC AUC": "roc_auc"}).items():
            assert said[f"{name} {column}"] == f"{100 * values[key]:.2f}"
    assert said["Overall Acc"] == f"{100 * expected['overall']['accuracy']:.2f}"


def test_emocalibers_tables_say_what_there_is_not(tmp_path):
    export("emocaliber", RESPONSES, tmp_path)
    names, values = (tmp_path / "groups.tsv").read_text().splitlines()
    said = dict(zip(names.split("\t"), values.split("\t"), strict=True))
    assert said["ID VER Acc"] == said["ID VER ECE"] == "N/A"
    assert said["OOD VER Acc"] == "0.00"  # its matcher does not find sadness in "Sad"
    assert said["OOD VER Brier"] == "N/A"  # as there, where the AUROC is undefined


def test_lm_evals_files_have_its_shape(tmp_path):
    export("lm-eval", RESPONSES, tmp_path)
    [folder] = tmp_path.iterdir()
    [results] = folder.glob("results_*.json")
    said = json.loads(results.read_text())
    assert said["results"]["vecbench_fi_2"]["sample_len"] == 6
    assert said["results"]["vecbench_fi_2"]["accuracy,none"] == pytest.approx(2 / 6)
    assert said["results"]["vecbench_fi_2"]["brier,none"] == pytest.approx((0.1**2 + 0.2**2) / 2)
    assert said["n-samples"]["vecbench_fi_2"] == {"original": 6, "effective": 6}
    [log] = folder.glob("samples_vecbench_fi_2_*.jsonl")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["doc_id"] for line in lines] == [0, 1, 2, 3, 4, 5]
    # What lm-eval itself writes for a task file of ours, and one key of our own.
    assert lines[0].keys() == {
        "doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", "doc_hash",
        "prompt_hash", "target_hash", "accuracy", "coverage", "brier", "ece", "vecbench",
    }  # fmt: skip
    assert len(lines[5]["resps"][0]) == 2
    assert lines[5]["filtered_resps"] == [lines[5]["resps"][0][0]]
    assert lines[0]["brier"] == [0.9, True]


def logs(folder):
    """Task → header, samples and summaries of the inspect_ai logs in a folder."""
    found = {}
    for path in folder.glob("*.eval"):
        with ZipFile(path) as archive:
            read = {name: json.loads(archive.read(name)) for name in archive.namelist()}
        header = read["header.json"]
        samples = {name: each for name, each in read.items() if name.startswith("samples/")}
        found[header["eval"]["task"]] = header, samples, read["summaries.json"]
    return found


def test_an_inspect_log_has_answers_scores_and_metrics(tmp_path):
    export("inspect", RESPONSES, tmp_path)
    found = logs(tmp_path)
    assert found.keys() == {"fi_2", "abstract_8", "../odd task"}
    header, samples, summaries = found["fi_2"]
    assert header["status"] == "success"
    assert header["eval"]["config"]["epochs"] == 3
    [scored] = header["results"]["scores"]
    assert scored["metrics"]["accuracy"]["value"] == 2 / 7
    assert scored["metrics"]["accuracy"]["metadata"]["n"] == 7
    assert scored["metrics"]["accuracy"]["metadata"]["low"] < 2 / 7
    first = samples["samples/a_epoch_1.json"]
    assert first["scores"]["vecbench"]["value"] == "C"
    assert first["scores"]["vecbench"]["answer"] == "positive"
    assert first["scores"]["vecbench"]["metadata"]["confidence"] == 0.9
    assert first["output"]["usage"] == {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}
    assert first["input"][0]["content"][0] == {"type": "text", "text": "[image: images/a.jpg]"}
    [unsure, torn] = (samples[f"samples/{name}_epoch_1.json"]["scores"]["vecbench"] for name in "bc")
    assert unsure["explanation"] == "confidence: not_a_number"
    assert torn["value"] == "N"
    assert samples["samples/c_epoch_1.json"]["output"]["choices"][0]["stop_reason"] == "max_tokens"
    assert samples["samples/d_epoch_1.json"]["error"]["message"] == "out of memory"
    assert [each["id"] for each in summaries] == ["a", "b", "c", "d", "null", "e", "e"]
    assert header["stats"]["model_usage"]["unknown"]["total_tokens"] == 7 * 12


def manifest_of(task, samples):
    """Of a run on a bundled task."""
    sampling = {"temperature": 0, "top_p": 1, "max_tokens": 64, "stop": []}
    digests = dict.fromkeys(("sha256", "prompt_sha256", "data_sha256"), "")
    record = {"version": "1", "data": str(task.data), "samples": samples, "prompt": "standard", "seed": None}
    return Manifest.model_validate(
        {
            "status": "complete",
            "model": {"name": "org/model", "revision": "main"},
            "tasks": {task.id: record | digests | {"sampling": sampling}},
            "pixel_limits": {},
            "seed": 0,
            "limit": None,
            "repeats": 1,
            "started": "2026-01-02T03:04:05+00:00",
            "packages": {"vecbench": "1.0"},
            "hardware": {},
        }
    )


def test_an_inspect_log_shows_the_images_that_are_at_hand(tmp_path):
    task = CATALOGUE.tasks["emoji_7"]
    first, second, *_ = open_data(task.data).samples(task)
    hashes = sha256((first.root / first.image).read_bytes()).hexdigest(), "0" * 64
    responses = [
        response(each.id, "<answer>joy</answer>", task.id, "joy", image=each.image, image_sha256=digest)
        for each, digest in zip((first, second), hashes, strict=True)
    ]
    notes = export("inspect", responses, tmp_path, manifest_of(task, 3))
    assert notes[-1].startswith("1 of 2 rows show no image, but its path")
    header, samples, _ = logs(tmp_path)[task.id]
    shown, changed = (samples[f"samples/{each.id}_epoch_1.json"] for each in (first, second))
    address = shown["input"][0]["content"][0]["image"]
    small = shown["attachments"][address.removeprefix("attachment://")]
    assert small.startswith("data:image/webp;base64,")
    assert len(small) < 10_000
    assert changed["input"][0]["content"][0] == {"type": "text", "text": f"[image: {second.image}]"}
    assert (header["status"], header["eval"]["model"]) == ("cancelled", "org/model")  # two of three are there


def test_a_kind_that_does_not_judge_has_its_answer_as_the_score_of_an_inspect_log(tmp_path):
    rating = response("r", "<answer>6.5</answer>", "a rating", 6.0, kind="rating", candidates=())
    export("inspect", [rating], tmp_path)
    [(_, samples, _)] = logs(tmp_path).values()
    assert samples["samples/r_epoch_1.json"]["scores"]["vecbench"]["value"] == 6.5
    [back] = open_responses(tmp_path, CATALOGUE).responses
    assert (back.kind, back.target) == ("rating", 6.0)


def test_an_inspect_export_takes_the_place_of_the_one_before_and_of_no_other_log(tmp_path):
    export("inspect", RESPONSES, tmp_path)
    (tmp_path / "2026-01-02T03-04-05_fi-8_abc.eval").write_bytes(b"")
    export("inspect", RESPONSES[:1], tmp_path)
    assert len(list(tmp_path.glob("*_vecbench*.eval"))) == 1
    assert (tmp_path / "2026-01-02T03-04-05_fi-8_abc.eval").exists()


def test_inspect_logs_of_two_models_in_one_folder_are_not_read_together(tmp_path):
    export("inspect", RESPONSES, tmp_path)
    for path in list(tmp_path.glob("*fi-2*.eval")):
        with ZipFile(path) as archive, ZipFile(tmp_path / "other.eval", "w") as other:
            for name in archive.namelist():
                other.writestr(name, archive.read(name).replace(b'"model": "unknown"', b'"model": "other"'))
    with pytest.raises(UsageError, match="several files of responses"):
        open_responses(tmp_path, CATALOGUE)


def test_inspect_ai_reads_what_is_exported(tmp_path):
    inspect_log = pytest.importorskip("inspect_ai.log")
    export("inspect", RESPONSES, tmp_path)
    for path in tmp_path.glob("*.eval"):
        log = inspect_log.read_eval_log(str(path))
        header, samples, _ = logs(tmp_path)[log.eval.task]
        assert len(log.samples) == len(samples)
        assert len(inspect_log.read_eval_log_sample_summaries(str(path))) == len(samples)
        [scored] = log.results.scores
        [written] = header["results"]["scores"]
        assert {key: each.value for key, each in scored.metrics.items()} == {
            key: each["value"] for key, each in written["metrics"].items()
        }
