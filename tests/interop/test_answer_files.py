"""The answers of other programs, in every form that they write, are the same three answers."""

import json
from pathlib import Path

import pandas as pd
import pytest

from vecbench.errors import UsageError
from vecbench.interop.reader import FileBeginning
from vecbench.interop.readers import READERS
from vecbench.interop.reading import open_responses
from vecbench.tasks import load_catalogue

CATALOGUE = load_catalogue()
ANSWERS = [("awe", "awe", 0.9), ("anger", "anger", 0.8), ("fear", "awe", 0.7)]
TEXTS = [f"<answer>{said}</answer><confidence>{sure}</confidence>" for _, said, sure in ANSWERS]
TARGETS = [target for target, *_ in ANSWERS]


def text(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def jsonl(path, rows):
    return text(path, "".join(json.dumps(row) + "\n" for row in rows))


def rows(**columns):
    """A row for each answer; `columns` has what a row has of it."""
    return [
        {name: value(number) if callable(value) else value for name, value in columns.items()}
        for number in range(len(ANSWERS))
    ]


def target(number):
    return TARGETS[number]


def response(number):
    return TEXTS[number]


def log_rows(**columns):
    own = {"doc_id": lambda n: n, "target": target, "doc_hash": "x", "input": "Which?"}
    return rows(**own, **columns)


def lmms_eval_without_doc(folder):
    return jsonl(
        folder / "org__m" / "20250707_101010_samples_fi_8.jsonl",
        log_rows(filtered_resps=lambda n: [TEXTS[n]]),
    )


def lmms_eval_of_a_text(folder):
    return jsonl(
        folder / "org__m" / "20260707_101010_samples_fi_8.jsonl",
        log_rows(resps=lambda n: [TEXTS[n]], filtered_resps="awe"),
    )


def lmms_eval_with_doc(folder):
    columns = {
        "doc": {"emotion": "?"},
        "resps": lambda n: [[TEXTS[n]]],
        "filtered_resps": lambda n: [TEXTS[n]],
    }
    return jsonl(folder / "org__m" / "20241001_101010_samples_fi_8.jsonl", log_rows(**columns))


def lmms_eval_first(folder):
    logs = log_rows(doc={"emotion": "?"}, resps=lambda n: [[TEXTS[n]]], filtered_resps=lambda n: [TEXTS[n]])
    document = {"args": {"model": "llava"}, "model_configs": {"task": "fi_8"}, "logs": logs}
    return text(folder / "fi_8.json", json.dumps(document, indent=4))


def lm_eval_list(folder, name="pretrained__org__m_fi_8.jsonl"):
    logged = rows(
        doc_id=lambda n: n,
        doc={"emotion": "?"},
        target=target,
        arguments=[["x", {}]],
        resps=lambda n: [[TEXTS[n]]],
        filtered_resps=lambda n: [TEXTS[n]],
    )
    return text(folder / name, json.dumps(logged, indent=2))


def llama_factory(folder):
    return jsonl(
        folder / "generated_predictions.jsonl", rows(prompt="user\nWhich?", predict=response, label=target)
    )


def ms_swift(folder):
    columns = {"logprobs": None, "messages": [{"role": "user", "content": "<image>"}]}
    images = {"images": lambda n: [{"bytes": None, "path": f"{n}.jpg"}]}
    return jsonl(folder / "result.jsonl", rows(response=response, labels=target, **columns, **images))


def vlmevalkit_rows():
    return pd.DataFrame(rows(index=lambda n: n, question="Which?", answer=target, prediction=response))


def vlmevalkit_tsv(folder):
    path = folder / "m_fi_8.tsv"
    vlmevalkit_rows().to_csv(path, sep="\t", index=False, quoting=1)
    return path


def vlmevalkit_json(folder):
    return text(folder / "m_fi_8.json", json.dumps(vlmevalkit_rows().to_dict("records"), indent=4))


def vlmevalkit_workbook(folder):
    pytest.importorskip("openpyxl")
    vlmevalkit_rows().to_excel(folder / "m_fi_8.xlsx", index=False)
    return folder / "m_fi_8.xlsx"


def inspect_log(**changes):
    sample = {
        "id": lambda n: n,
        "epoch": 1,
        "input": "Which?",
        "target": target,
        "output": lambda n: {
            "choices": [{"message": {"content": TEXTS[n]}, "stop_reason": "stop"}],
            "completion": TEXTS[n],
        },
        "metadata": {},
    }
    about = {"task": "me/fi_8", "model": "m"}
    return {"version": 2, "status": "success", "eval": about, "samples": rows(**sample)} | changes


def inspect_json(folder):
    return text(folder / "log.json", json.dumps(inspect_log(), indent=2))


def inspect_archive(folder):
    """A log as its own package stores it; what is in no field of ours is made up."""
    log = pytest.importorskip("inspect_ai.log")
    document = inspect_log()
    document["eval"] |= {"created": "2026-01-02T03:04:05+00:00", "dataset": {}, "config": {}}
    for sample in document["samples"]:
        choice = sample["output"]["choices"][0]
        choice["message"] |= {"role": "assistant", "source": "generate"}
        sample["output"]["model"] = "m"
    path = folder / "log.eval"
    log.write_eval_log(log.EvalLog.model_validate(document), str(path), format="eval")
    return path


def lighteval(folder):
    about = {"query": "", "gold_index": 1, "task_name": "fi_8|0"}
    columns = {
        "doc": lambda n: about | {"choices": ["?", TARGETS[n]], "id": str(n)},
        "model_response": lambda n: {"text": [TEXTS[n]], "logprobs": []},
        "metric": {"acc": 1.0},
    }
    path = folder / "details_fi_8|0_2026-01-02T03-04-05.678901.parquet"
    pd.DataFrame(rows(**columns)).to_parquet(path)
    return path


def lighteval_old(folder):
    columns = {"gold": lambda n: str([TARGETS[n]]), "predictions": lambda n: str([TEXTS[n]])}
    path = folder / "details_community|fi_8|0_2025-01-02T03-04-05.678901.parquet"
    pd.DataFrame(rows(full_prompt="", **columns)).to_parquet(path)
    return path


def plain_rows():
    return pd.DataFrame(rows(task="FI-8", id=str, target=target, response=response))


def plain_csv(folder):
    plain_rows().to_csv(folder / "answers.csv", index=False)
    return folder / "answers.csv"


def plain_semicolons(folder):
    head = {name: f" {name.title()} " for name in plain_rows().columns}
    plain_rows().rename(columns=head).to_csv(folder / "answers.csv", sep=";", index=False)
    return folder / "answers.csv"


def plain_list(folder):
    return text(folder / "list.json", json.dumps(plain_rows().to_dict("records"), indent=2))


def plain_parquet(folder):
    plain_rows().assign(image=[{"bytes": b"x", "path": None}] * 3).to_parquet(folder / "answers.parquet")
    return folder / "answers.parquet"


FORMS = {
    lmms_eval_without_doc: "lmms-eval sample logs",
    lmms_eval_of_a_text: "lmms-eval sample logs",
    lmms_eval_with_doc: "lmms-eval sample logs",
    lmms_eval_first: "lmms-eval 0.1 log",
    lm_eval_list: "lm-eval sample logs",
    llama_factory: "LLaMA-Factory predictions",
    ms_swift: "ms-swift inference results",
    vlmevalkit_tsv: "VLMEvalKit predictions",
    vlmevalkit_json: "VLMEvalKit predictions",
    vlmevalkit_workbook: "VLMEvalKit predictions",
    inspect_json: "inspect_ai log",
    inspect_archive: "inspect_ai log",
    lighteval: "lighteval details",
    lighteval_old: "lighteval details",
    plain_csv: "plain table",
    plain_semicolons: "plain table",
    plain_list: "plain JSON list",
    plain_parquet: "plain Parquet",
}
NO_TASK = {llama_factory, ms_swift}


@pytest.mark.parametrize("written", FORMS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("whole_folder", [False, True], ids=["file", "folder"])
def test_every_form_says_the_same(tmp_path, written, whole_folder):
    path = written(tmp_path)
    task = "FI-8" if written in NO_TASK else None
    source = open_responses(path.parent if whole_folder else path, CATALOGUE, task=task)
    found = list(source.responses)
    assert source.format == FORMS[written]
    assert [(each.task, each.target, each.response) for each in found] == [
        ("fi_8", *each) for each in zip(TARGETS, TEXTS, strict=True)
    ]
    assert len({each.sample_id for each in found}) == 3
    assert source.faults == []


@pytest.mark.parametrize("written", FORMS, ids=lambda each: each.__name__)
def test_no_two_readers_claim_the_same_file(tmp_path, written):
    beginning = FileBeginning(written(tmp_path))
    named = "plain" if FORMS[written].startswith("plain") else FORMS[written]
    assert [reader.name for reader in READERS if reader.recognises(beginning)] == [named]


def test_our_own_responses_are_plain_rows_too_and_come_first():
    """In order of precedence: a format with keys of its own stands before one that takes fewer."""
    log = next(Path(__file__).parents[1].joinpath("golden").rglob("responses.jsonl"))
    named = [reader.name for reader in READERS if reader.recognises(FileBeginning(log))]
    assert named[-1] == "plain"
    assert READERS[-1].name == "plain"


@pytest.mark.parametrize("written", [each for each in FORMS if each not in NO_TASK], ids=lambda e: e.__name__)
def test_a_task_that_somebody_names_is_not_the_one_that_rows_name(tmp_path, written):
    """What rows say is no matter of opinion; what a file's name says is overruled."""
    path = written(tmp_path)
    source = open_responses(path, CATALOGUE, task="emoset_8")
    if written.__name__.startswith("plain"):
        with pytest.raises(UsageError, match="names the task 'FI-8', and --task says emoset_8"):
            list(source.responses)
    else:
        assert {each.task for each in source.responses} == {"emoset_8"}


def test_a_folder_of_lm_evals_lists_is_read_where_they_are_of_one_model(tmp_path):
    lm_eval_list(tmp_path)
    lm_eval_list(tmp_path, "pretrained__org__m_emoset_8.jsonl")
    (tmp_path / "results.json").write_text("{}")
    source = open_responses(tmp_path, CATALOGUE)
    found = [(each.task, each.target, each.response) for each in source.responses]
    said = list(zip(TARGETS, TEXTS, strict=True))
    assert found == [(task, *each) for task in ("emoset_8", "fi_8") for each in said]
    assert (source.format, source.faults) == ("lm-eval sample logs", [])
    with pytest.raises(UsageError, match="the lists of several tasks, and --task names one"):
        open_responses(tmp_path, CATALOGUE, task="fi_8")
    lm_eval_list(tmp_path, "pretrained__org__n_fi_8.jsonl")
    with pytest.raises(UsageError, match="several models: pretrained__org__m, pretrained__org__n"):
        open_responses(tmp_path, CATALOGUE)


def test_a_list_of_a_task_that_nobody_knows_is_of_no_other_model_in_silence(tmp_path):
    lm_eval_list(tmp_path)
    lm_eval_list(tmp_path, "pretrained__org__m_mood.jsonl")
    with pytest.raises(UsageError, match="several models: pretrained__org__m, pretrained__org__m_mood"):
        open_responses(tmp_path, CATALOGUE)
    lm_eval_list(tmp_path / "alone", "pretrained__org__m_mood.jsonl")
    assert [each.task for each in open_responses(tmp_path / "alone", CATALOGUE, task="fi_8").responses] == [
        "fi_8"
    ] * 3
