"""lm-evaluation-harness itself, on these very task files, beside vecbench on the same samples.

Both generate with the bundled model on the transformers library, greedily. Without lm-eval it fails.
"""

import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import make_data
from miniature import emocaliber

from vecbench.shipped import demo_model, tasks_folder

pytestmark = pytest.mark.lm_eval

LIMIT = 16
METRICS = ("accuracy", "coverage", "brier", "ece")
# lm-eval says a length in all, and the model's own generation_config says 48 new tokens, which wins.
GREEDY = "do_sample=false,temperature=0.0,max_gen_toks=48"


def go(*command):
    # Two processes that compute on all cores would wait for each other.
    settings = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | settings,
    )
    assert done.returncode in {0, 4}, done.stdout[-3000:] + done.stderr[-6000:]
    return done


def on_lm_eval(output, tasks, *arguments, path=None):
    path = path or go("vecbench", "tasks", "path").stdout.strip()
    model = f"pretrained={demo_model()},dtype=float32"
    command = ["lm_eval", "run", "--model", "hf-multimodal", "--model_args", model, "--device", "cpu"]
    command += ["--include_path", path, "--tasks", tasks, "--apply_chat_template", "--batch_size", "1"]
    go(*command, "--gen_kwargs", GREEDY, "--log_samples", "--output_path", output, *arguments)
    [folder] = Path(output).iterdir()
    return folder


def on_vecbench(output, tasks, *arguments):
    command = ["vecbench", "run", "-m", demo_model(), "-t", tasks, "--engine", "transformers", "-o", output]
    go(*command, "-a", "dtype=float32,batch_size=1", "--gen-kwargs", GREEDY, *arguments)
    return output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("parity")


@pytest.fixture(scope="module")
def demo(folder):
    ours = on_vecbench(folder / "demo", "demo", "--limit", LIMIT)
    theirs = on_lm_eval(folder / "lm-eval-demo", "vecbench_demo", "--limit", LIMIT)
    return ours, theirs


@pytest.fixture(scope="module")
def miniature(folder):
    data = emocaliber(folder / "data")  # rows that bring their own prompts
    ours = on_vecbench(folder / "mini", "vecbench", "--data", data)
    theirs = on_lm_eval(folder / "lm-eval-mini", "vecbench", "--metadata", json.dumps({"data": str(data)}))
    return ours, theirs


@pytest.fixture(params=["demo", "miniature"])
def both(request):
    return request.getfixturevalue(request.param)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def number(value):
    """What lm-eval says; None for nan, or for the text that it spells it as."""
    return None if math.isnan(float(value)) else value


def our_rows(ours):
    return {(row["task"], row["sample_id"]): row for row in lines(ours / "responses.jsonl")}


def their_rows(theirs):
    rows = [row for path in theirs.glob("samples_*.jsonl") for row in lines(path)]
    return {(row["doc"]["task"], row["doc"]["sample_id"]): row for row in rows}


def test_every_sample_has_the_same_prompt_and_the_same_response(both):
    ours, theirs = our_rows(both[0]), their_rows(both[1])
    assert ours.keys() == theirs.keys()
    assert len(ours) > 20
    for key, row in ours.items():
        prompt = theirs[key]["doc"]["prompt"]
        assert hashlib.sha256(prompt.encode()).hexdigest() == row["prompt_sha256"]
        assert prompt in theirs[key]["arguments"]["gen_args_0"]["arg_0"]
        assert [[row["response"]]] == theirs[key]["resps"], key


def test_the_scores_of_every_task_are_the_same(both):
    ours, theirs = both
    [path] = theirs.glob("results_*.json")
    said = json.loads(path.read_text())["results"]
    tasks = json.loads((ours / "scores.json").read_text())["tasks"]
    assert tasks
    for name, task in tasks.items():
        found = {metric: number(said[f"vecbench_{name}"][f"{metric},none"]) for metric in METRICS}
        expected = {metric: task["metrics"][metric]["value"] for metric in METRICS}
        assert found == pytest.approx(expected, abs=1e-12), name


def test_scoring_their_log_pools_the_groups_as_ours(both, tmp_path):
    ours, theirs = both
    done = go("vecbench", "score", theirs, "-o", tmp_path / "scores", "--no-figures")
    assert "lm-eval" in done.stdout + done.stderr
    expected = json.loads((ours / "scores.json").read_text())
    found = json.loads((tmp_path / "scores" / "scores.json").read_text())
    for level in ("tasks", "groups"):
        assert found[level].keys() == expected[level].keys()
        for name, scores in expected[level].items():
            assert found[level][name]["metrics"] == scores["metrics"], name
    # Their log does not tell which images tasks share: intervals over everything may differ.
    values = [
        {key: score["value"] for key, score in each["overall"]["metrics"].items() if key != "calibration_p"}
        for each in (found, expected)
    ]
    del values[0]["ece_null"], values[1]["ece_null"]
    assert values[0] == values[1]


def test_an_export_is_what_lm_eval_logs(demo, tmp_path):
    from datasets import load_dataset
    from lm_eval.utils import get_file_task_name, get_latest_filename, make_table

    ours, theirs = demo
    go("vecbench", "score", ours, "-o", tmp_path, "--no-figures", "--export", "lm-eval")
    [exported] = (tmp_path / "lm-eval").iterdir()
    expected, found = their_rows(theirs), their_rows(exported)
    assert found.keys() == expected.keys()
    same = {"doc", "doc_hash", "target", "target_hash", "resps", "filtered_resps", "filter", *METRICS}
    for key, row in found.items():
        assert {name: row[name] for name in same} == {name: expected[key][name] for name in same}
        asked, theirs_asked = (each["arguments"]["gen_args_0"] for each in (row, expected[key]))
        assert asked["arg_0"] in theirs_asked["arg_0"]  # which has the chat template around it
        assert asked["arg_1"].items() >= theirs_asked["arg_1"].items()
        assert row["prompt_hash"] == hashlib.sha256(asked["arg_0"].encode()).hexdigest()
    results = [
        json.loads(
            Path(get_latest_filename([str(path) for path in folder.glob("results_*.json")])).read_text()
        )
        for folder in (exported, theirs)
    ]
    ours_said, theirs_said = (each["results"] for each in results)
    assert theirs_said.keys() - ours_said.keys() == results[1]["group_subtasks"].keys()
    for name, said in ours_said.items():
        assert said == pytest.approx(theirs_said[name], abs=1e-12)
    tasks_alone = results[1] | {
        "results": {name: theirs_said[name] for name in ours_said},
        "group_subtasks": {},
    }
    assert make_table(results[0], sort_results=True) == make_table(tasks_alone, sort_results=True)
    for path in exported.glob("samples_*.jsonl"):
        rows = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
        assert len(rows) == LIMIT
        assert get_file_task_name(path.name).removeprefix("vecbench_") == rows[0]["doc"]["task"]


OWN = {
    "option": "answer: {kind: choice}",
    "pair": "answer: {kind: choice}",
    "tags": "labels: [joy, fear, love]\n    answer: {kind: label_set}",
    "rank": "labels: [joy, love, neutral, sadness, anger, fear, surprise]\n"
    "    answer: {kind: ranking, top: 3}",
    "valence": "noun: valence\n    answer: {kind: rating, range: [1, 9]}",
}
"""Task → what its file says of its answers."""
ABOUT = {
    "mvei_statements": {"statement": "It may evoke joy.", "statement_class": "emotion interpretation"},
    "option": {"question": "What is evoked?", "options": {"A": "joy", "B": "fear", "C": "love"}},
    "pair": {"question": "Which evokes joy?", "options": {"A": "the first", "B": "the second"}},
    "tags": {},
    "rank": {},
    "valence": {},
}
TARGETS = {
    "mvei_statements": ("correct", "incorrect"),
    "option": ("A", "B", "C"),
    "pair": ("A", "B"),
    "tags": (["joy"], [], ["joy", "love"]),
    "rank": (["joy", "love", "neutral"], ["fear", "anger", "sadness"]),
    "valence": (7.5, 3),
}


@pytest.fixture(scope="module")
def kinds(folder):
    """Answers of every kind about one emoji, and options about two: our run, and lm-eval's."""
    tasks, data = folder / "kinds", folder / "kinds-data"
    (data / "images").mkdir(parents=True)
    tasks.mkdir()
    for name, answer in OWN.items():
        text = f"task: vecbench_{name}\nmetadata:\n  version: 1\n  vecbench:\n    {answer}\n"
        (tasks / f"{name}.yaml").write_text(text)
        go("vecbench", "tasks", "complete", tasks / f"{name}.yaml")
    pair = tasks / "pair.yaml"
    pair.write_text(pair.read_text().replace('"<image>{{prompt}}"', '"<image><image>{{prompt}}"'))
    shipped = Path(go("vecbench", "tasks", "path").stdout.strip()) / "mvei" / "mvei_statements.yaml"
    shutil.copy(shipped, tasks)
    pictures = sorted((tasks_folder() / "demo" / "data" / "images" / "twemoji").glob("*.png"))[:LIMIT]
    rows = []
    for place, picture in enumerate(pictures):
        shutil.copy(picture, data / "images")
        for task, targets in TARGETS.items():
            images = [f"images/{each.name}" for each in (picture, pictures[place - 1])]
            shown = {"images": images} if task == "pair" else {"image": images[0]}
            row = {"task": task, "id": f"{task}-{place}", **shown}
            rows.append(row | ABOUT[task] | {"target": targets[place % len(targets)]})
    (data / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    chosen = ["--data", data, "--include-path", tasks]
    ours = on_vecbench(folder / "kinds-run", ",".join(TARGETS), *chosen)
    names = ",".join(f"vecbench_{name}" for name in TARGETS)
    metadata = json.dumps({"data": str(data)})
    return ours, on_lm_eval(folder / "lm-eval-kinds", names, "--metadata", metadata, path=tasks)


def test_answers_of_every_kind_have_the_same_prompts_responses_and_scores(kinds):
    ours, theirs = our_rows(kinds[0]), their_rows(kinds[1])
    assert ours.keys() == theirs.keys()
    assert len(ours) == len(TARGETS) * LIMIT
    for key, row in ours.items():
        prompt = theirs[key]["doc"]["prompt"]
        assert hashlib.sha256(prompt.encode()).hexdigest() == row["prompt_sha256"]
        assert [[row["response"]]] == theirs[key]["resps"], key
    [path] = kinds[1].glob("results_*.json")
    said = json.loads(path.read_text())["results"]
    for name, task in json.loads((kinds[0] / "scores.json").read_text())["tasks"].items():
        # A rating is neither right nor wrong: lm-eval has its coverage alone.
        metrics = METRICS if name != "valence" else ("coverage",)
        found = {metric: number(said[f"vecbench_{name}"][f"{metric},none"]) for metric in metrics}
        expected = {metric: task["metrics"][metric]["value"] for metric in metrics}
        assert found == pytest.approx(expected, abs=1e-12), name
        assert ("accuracy,none" in said[f"vecbench_{name}"]) == (name != "valence")


def test_lm_eval_finds_every_task_and_group():
    command = ["lm_eval", "validate", "--include_path", tasks_folder(), "--tasks", "vecbench,vecbench_demo"]
    assert "valid" in go(*command).stdout.lower()


def test_the_task_of_the_docs_is_the_same_in_both(tmp_path):
    tasks = tmp_path / "my-tasks"
    tasks.mkdir()
    page = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text()
    for name, content in re.findall(r"```yaml\n# my-tasks/(\S+)\n(.*?)```", page, flags=re.DOTALL):
        (tasks / name).write_text(content)
    data = make_data(tmp_path / "my-data", ["joy", "fear", "anger"], task="comics_3")
    ours = on_vecbench(tmp_path / "ours", "comics", "--data", data, "--include-path", tasks)
    metadata = json.dumps({"data": str(data)})
    theirs = on_lm_eval(tmp_path / "theirs", "vecbench_comics", "--metadata", metadata, path=tasks)
    responses = {key: [[row["response"]]] for key, row in our_rows(ours).items()}
    assert len(responses) == 3
    assert {key: row["resps"] for key, row in their_rows(theirs).items()} == responses
    [path] = theirs.glob("results_*.json")
    said = json.loads(path.read_text())["results"]["vecbench_comics_3"]
    scores = json.loads((ours / "scores.json").read_text())["tasks"]["comics_3"]["metrics"]
    for metric in METRICS:
        expected = pytest.approx(scores[metric]["value"], abs=1e-12)
        assert number(said[f"{metric},none"]) == expected, metric


def test_what_init_writes_lm_eval_reads(tmp_path):
    from lm_eval.tasks import TaskManager

    data = make_data(tmp_path / "data", ["joy", "fear", "joy"], task="mine_2")
    for place, more in enumerate(([], ["--short"])):
        path = tmp_path / str(place) / "mine_2.yaml"
        go("vecbench", "tasks", "init", "mine_2", "--labels", "joy,fear", "--data", data, "-o", path, *more)
        if more:
            go("vecbench", "tasks", "complete", path)
        loaded = TaskManager(include_path=str(path.parent), include_defaults=False).load(["vecbench_mine_2"])
        task = loaded["tasks"]["vecbench_mine_2"]
        first, *others = task.eval_docs
        assert len(others) == 2
        assert task.doc_to_text(first).startswith(
            "<image>Which emotion might this image evoke? Choose exactly"
        )
        assert task.doc_to_target(first) == "joy"
        found = task.process_results(first, ["<answer>joy</answer><confidence>0.5</confidence>"])
        assert found == {"accuracy": 1.0, "coverage": 1.0, "brier": (0.5, True), "ece": (0.5, True)}
        assert task.aggregation()["brier"]([found["brier"]]) == 0.25
