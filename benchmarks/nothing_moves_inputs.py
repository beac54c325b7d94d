"""What `nothing_moves.py` scores, compares and publishes: made once, by the version that is the measure.

The runs come from engines that answer from a script, through the makers of tests/; everything is drawn from
seeds. Only the times in a run's manifest differ from one making to the next.
"""

from __future__ import annotations

import csv
import json
import random
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

import compare_speed  # noqa: E402
import leaderboard as synthetic  # noqa: E402
from fakes import ScriptedEngine, Watcher  # noqa: E402
from miniature import FORMATS  # noqa: E402
from PIL import Image  # noqa: E402

from vecbench.engines import Request, Sampling  # noqa: E402
from vecbench.models import Model  # noqa: E402
from vecbench.run import RunPlan, TaskRun, run  # noqa: E402
from vecbench.samples import Sample, open_data  # noqa: E402
from vecbench.shipped import leaderboards_folder  # noqa: E402
from vecbench.store import RunDirectory  # noqa: E402
from vecbench.tasks import load_catalogue  # noqa: E402
from vecbench.tasks.prompts import prompt_of, prompt_profile  # noqa: E402

CATALOGUE = load_catalogue()
DEMO = ("emoji_2", "emoji_7", "fluent_7")
SKILLS = {"a": 0.62, "b": 0.66, "c": 0.35}
"""How often the simulated models are right, on the whole."""

GATES = """\
alpha: 0.05
rules:
  - {metric: accuracy, max_drop: 0.01, when: significant}
  - {metric: accuracy, max_drop: 0.02, when: significant, detect: 0.1, name: a named rule}
  - {metric: ece, max_rise: 0.01, when: significant}
  - {metric: brier, max_rise: 0.05, relative: true, when: significant}
  - {metric: auroc, max_drop: 0.02}
  - {metric: f1_macro, max_drop: 0.0}
  - {metric: nll, max_rise: 0.1, relative: true}
  - {metric: coverage, at_least: 0.98}
  - {metric: coverage, at_least: 0.9, when: significant}
  - {metric: ece, at_most: 0.2, when: significant}
  - {metric: smece, below: 0.9}
  - {metric: confidence_gap, at_most: 0.5}
  - {metric: aurc, max_rise: 0.5}
"""

Answer = Callable[[Sample, str], str | None]
"""(sample, key of the request) → response; None fails the request."""


def make_inputs(folder: Path, golden: Path, vecbench: Callable[..., None]) -> None:
    """Writes every input.

    Args:
        folder: Where to; made.
        golden: A folder with `emocaliber/responses.jsonl` and `emobserver/results.json`.
        vecbench: Runs a command of vecbench; paths start where those of the cases do.
    """
    folder.mkdir(parents=True)
    runs = folder / "runs"
    vecbench("demo", "-o", "inputs/runs/demo")
    for name in SKILLS:
        scripted_run(runs / f"demo_{name}", DEMO, name)
    for name in ("a", "b"):
        scripted_run(runs / f"repeats_{name}", DEMO, name, repeats=3, temperature=0.7)
    scripted_run(runs / "limited", DEMO, "a", limit=15)
    vecbench_data(folder / "data")
    for name in SKILLS:
        scripted_run(runs / f"vecbench_{name}", benchmark_tasks(), name, data=folder / "data")
    for name, write in FORMATS.items():
        kept = folder / "miniature" / name.lower().replace(" ", "-")
        kept.mkdir(parents=True)
        scripted_run(runs / f"miniature_{kept.name}", benchmark_tasks(), "a", data=write(kept))
    (folder / "speed").mkdir()
    for name, digits in (("one", 1), ("two", 2), ("all", 17)):
        for seed in (0, 1):
            compare_speed.write_run(folder / "speed" / f"{name}_{seed}", CATALOGUE, digits, seed)
    golden_responses(folder / "golden", golden)
    corners(folder / "corners")
    (folder / "gates.yaml").write_text(GATES)
    derived(vecbench)
    boards(folder / "boards")


def benchmark_tasks() -> list[str]:
    """The tasks of VECBench."""
    groups = CATALOGUE.groups["vecbench"].members
    return [task for group in groups for task in CATALOGUE.groups[group].members]


def scripted_run(
    folder: Path,
    tasks: Iterable[str],
    model: str,
    *,
    data: Path | None = None,
    repeats: int = 1,
    temperature: float | None = None,
    limit: int | None = None,
) -> None:
    """A run of a simulated model: manifest, responses, and nothing scored."""
    plans, asked = [], {}
    for task in (CATALOGUE.tasks[name] for name in tasks):
        source = open_data(data or task.data)
        profile = prompt_profile(task, None, own_prompts=source.brings_prompts(task))
        sampling = Sampling(task.temperature, task.top_p, task.max_tokens, task.stop)
        if temperature is not None:
            sampling = replace(sampling, temperature=temperature)
        plans.append(TaskRun(task, source, profile, sampling))
        for sample in source.samples(task, limit):
            asked[prompt_of(task, profile, sample)[0], sample.image] = sample

    def answered(request: Request) -> str | None:
        return answer(asked[request.prompt, request.image.name], request.key, model)

    plan = RunPlan(Model(f"lab/{model}", f"lab/{model}", "1"), tuple(plans), limit=limit, repeats=repeats)
    run(plan, lambda: ScriptedEngine(answered, ahead=8), RunDirectory(folder), Watcher())


def answer(sample: Sample, key: str, model: str) -> str | None:
    """What a model says: right more often on some images than on others, and now and then oddly spelt."""
    stream = random.Random(f"{model}/{key}")
    difficulty = random.Random(sample.image).uniform(-0.3, 0.3)
    chance = min(0.97, max(0.03, SKILLS[model] + difficulty))
    others = [label for label in sample.candidates if label != sample.target]
    label = sample.target if stream.random() < chance else stream.choice(others)
    confidence = round(min(1.0, max(0.0, stream.gauss(chance + 0.08, 0.12))), 2)
    odd = stream.random()
    if odd < 0.004 and model == "c":
        return None
    if odd < 0.01:
        return "I cannot tell."
    if odd < 0.02:
        return f"<answer>{label}</answer>"
    for most, spelling in ((0.04, f"{100 * confidence:.0f}%"), (0.045, "1.7"), (0.05, "high")):
        if odd < most:
            return f"<answer>{label}</answer><confidence>{spelling}</confidence>"
    if odd < 0.08:
        return (
            f"It is {label.upper()}.\n<answer>{label.title()}.</answer> <confidence>{confidence}</confidence>"
        )
    return f"<think>Muted colours.</think><answer>{label}</answer><confidence>{confidence}</confidence>"


def vecbench_data(root: Path) -> None:
    """A VECBench of the published size; tasks of one source (FI-8 and FI-2, say) share their images."""
    with_sizes = {name: CATALOGUE.tasks[name].expected_n[1] for name in benchmark_tasks()}
    (root / "images").mkdir(parents=True)
    with (root / "samples.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["task", "id", "image", "label"])
        for place, (name, n) in enumerate(with_sizes.items()):
            source, labels = name.split("_")[0], CATALOGUE.tasks[name].labels
            for number in range(n):
                path = root / "images" / f"{source}-{number}.png"
                if not path.exists():
                    Image.new("RGB", (8, 8), (place, number // 256, number % 256)).save(path)
                writer.writerow([name, f"s{number}", f"images/{path.name}", labels[number % len(labels)]])


def golden_responses(folder: Path, golden: Path) -> None:
    """The golden responses, and once more with every fourth one taken from the row before it in its task."""
    folder.mkdir()
    text = (golden / "emocaliber" / "responses.jsonl").read_text()
    (folder / "emocaliber.jsonl").write_text(text)
    shutil.copy(golden / "emobserver" / "results.json", folder / "emobserver.json")
    rows = [json.loads(line) for line in text.splitlines()]
    before: dict[str, str | None] = {}
    for number, row in enumerate(rows):
        own = row["response"]
        if number % 4 == 0:
            row["response"] = before.get(row["task"], own)
        before[row["task"]] = own
    (folder / "moved.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def corners(folder: Path) -> None:
    """Small files in which something is undefined, constant, extreme or broken."""
    labels = CATALOGUE.tasks["fi_8"].labels
    stream = random.Random(0)

    def row(
        number: int, label: str | None, confidence: object = None, task: str = "fi_8"
    ) -> dict[str, object]:
        said = "no idea" if label is None else f"<answer>{label}</answer>"
        said += "" if confidence is None else f"<confidence>{confidence}</confidence>"
        return {"task": task, "id": f"{number}.jpg", "target": labels[number % 8], "response": said}

    def right(number: int) -> str:
        return labels[number % 8]

    def some(number: int) -> str:
        return right(number) if stream.random() < 0.6 else labels[0]

    odd = {"candidates": ["red", "blue"], "target": "red", "response": "<answer>blue</answer>"}
    files = {
        "one_row": [row(0, right(0), 0.9)],
        "two_rows": [row(0, right(0), 0.9), row(1, labels[0], 0.4)],
        "constant": [row(number, right(number), 1.0) for number in range(40)],
        "all_wrong": [row(number, labels[(number + 1) % 8], 0.0) for number in range(40)],
        "no_confidence": [row(number, some(number)) for number in range(60)],
        "few_confidences": [row(n, some(n), 0.7 if n % 5 == 0 else None) for n in range(60)],
        "unreadable": [row(number, None) for number in range(20)],
        "separated": [
            row(n, right(n) if n % 2 else labels[(n + 1) % 8], 0.9 if n % 2 else 0.1) for n in range(60)
        ],
        "distinct": [row(n, some(n), stream.random()) for n in range(400)],
        "several_groups": [
            row(n, some(n), round(stream.random(), 1), task)
            for task in ("fi_8", "emoset_8", "artphoto_8", "abstract_8")
            for n in range(50)
        ],
        "faults": [
            *(row(number, some(number), 0.8) for number in range(30)),
            row(3, labels[0], 0.2),
            row(31, some(31), 0.5) | {"target": "nothing"},
            row(32, some(32), 0.5) | {"task": "mood"},
            row(33, some(33)) | {"response": None, "error": "out of memory"},
            *({"task": "colours", "id": str(number), **odd} for number in range(9)),
        ],
    }
    folder.mkdir()
    for name, rows in files.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    with (folder / "faults.jsonl").open("a") as file:
        file.write('{"task": "fi_8", "tar')


def derived(vecbench: Callable[..., None]) -> None:
    """What this version makes of the runs: exports, predictions and scores without responses, submissions."""
    exports = ("--export", "lm-eval", "--export", "emocaliber", "--no-figures")
    vecbench("score", "inputs/runs/repeats_a", "-o", "inputs/exports", *exports)
    for protocol in ("strict", "emocaliber"):
        for name in ("a", "b"):
            place = ("-o", f"inputs/scored/{protocol}_{name}")
            vecbench("score", f"inputs/runs/demo_{name}", *place, "--protocol", protocol, "--no-figures")
    for board in ("demo", "vecbench"):
        for name in SKILLS:
            file = f"inputs/submissions/{board}_{name}.zip"
            named = ("--model-name", f"Model {name}", "--note", "simulated", "--link", "https://example.org")
            vecbench("leaderboard", "add", f"inputs/runs/{board}_{name}", "-o", file, *named)


def boards(folder: Path) -> None:
    """The shipped leaderboards' entries, and a board of twelve synthetic ones."""
    for name in ("demo", "vecbench"):
        for part in ("entries", "submissions"):
            if (leaderboards_folder() / name / part).is_dir():
                shutil.copytree(leaderboards_folder() / name / part, folder / name / part)
    (folder / "synthetic" / "entries").mkdir(parents=True)
    for place, entry in enumerate(synthetic.synthetic_entries(12)):
        name = f"model-{place:04}-{entry.submission_sha256[:8]}.json"
        (folder / "synthetic" / "entries" / name).write_text(entry.as_json())
