"""An EEmo-Bench of a few rows, made of the demo's images, in each of the forms that it is published in.

Layouts and keys are the published ones; the questions are not.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from miniature import miniature_rows

EMOTIONS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
N_IMAGES, N_PAIRS = 6, 4


def images(folder: Path) -> list[str]:
    """Copies the images; their names."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    names = []
    for number, row in enumerate(miniature_rows()[:N_IMAGES], start=1):
        names.append(f"{number}{row.source.suffix}")
        shutil.copy(row.source, folder / "images" / names[-1])
    return names


def questions(names: list[str]) -> list[dict[str, Any]]:
    """All rows, the pairs' last; `options` as a dict, the open ones without any."""
    rows: list[dict[str, Any]] = []
    shown = [[name] for name in names] + [[names[i], names[-1 - i]] for i in range(N_PAIRS - 1)]
    shown.append([names[0], names[2]])
    for number, listed in enumerate(shown):
        stop = "." if len(listed) == 2 else ""
        yes_no = {"A": f"No{stop}", "B": f"Yes{stop}"}
        # What the nano model can say, so that its answers are read.
        what = dict(zip("ABC", ("positive", "negative", "neutral"), strict=True))
        for kind, question, options, answer in (
            ("Yes-or-No", f"Does number {number} lean towards joy?", yes_no, "AB"[number % 2]),
            ("What/How", f"Which sentiment does number {number} evoke?", what, "ABC"[number % 3]),
        ):
            rows.append(
                {
                    "images": listed,
                    "question": question,
                    "options": options,
                    "correct_answer": answer,
                    "question_type": kind,
                    "perceptual_dimension": "Emotion perception" if number % 2 else None,
                    "question_concern": "Similarity perception" if stop else "Attributes perception",
                }
            )
        if number % 3 == 0:
            rows.append({"images": listed, "question": "Describe it.", "question_type": "Open_ended"})
    return rows


def lists(root: Path) -> Path:
    """`EEmo-Bench(single).json` and `EEmo-Bench(pair).json` beside the images, as the authors' scripts."""
    rows = questions(images(root))
    for part, size in (("single", 1), ("pair", 2)):
        said = [row for row in rows if len(row["images"]) == size]
        written = json.dumps([listed(number, row) for number, row in enumerate(said)], indent=4)
        (root / f"EEmo-Bench({part}).json").write_text(written)
    return root


def listed(number: int, row: dict[str, Any]) -> dict[str, Any]:
    """A row as those lists have it, with the answer key of its images."""
    row = dict(row)
    named = row.pop("images")
    if "options" in row:
        row["options"] = str(row["options"])
    else:
        row |= {"correct_answer": "A long text.", "describing_dimension": "Detailed description"}
    if len(named) == 1:
        return {"id": number, "image_url": named[0], **row}
    shown = {}
    for place, name in enumerate(named, start=1):
        shown[f"image{place}_url"] = name
        shown[f"image{place}"] = f"images\\{name}"
        shown[f"image{place}_label"] = f"[Image{place}] Ranking:{{'Surprise': 33}}     Valence:5.33"
    return {"id": number, **shown, **row}


def logic(root: Path) -> Path:
    """EEmo-Logic's files: `Ebench_1_data(jac_en_check).json` and `Ebench_imgpir(en).json`."""
    rows = questions(images(root))
    singles, pairs, opened = [], [], []
    for row in rows:
        if row["question_type"] == "Yes-or-No":
            (singles if len(row["images"]) == 1 else pairs).append([row])
        else:
            (singles if len(row["images"]) == 1 else pairs)[-1].append(row)
    by_image = []
    for number, (judge, choose, *more) in enumerate(singles):
        emotions = [EMOTIONS[(number + place) % 7] for place in range(3)]
        said = {
            "image_name": judge["images"][0],
            "category": ("Human", "Animal")[number % 2],
            "emotion_list": [[name, 40 - 9 * place] for place, name in enumerate(emotions)],
            "Valence": [2 + number / 9, 0.8, 1.0],
            "Arousal": [4 + number / 9, 0.8, 1.0],
            "Dominance": [6 + number / 9, 0.8, 1.0],
        }
        for prefix, asked in (("judge", judge), ("choose", choose)):
            said |= {f"{prefix}_Q": asked["question"], f"{prefix}_A": asked["options"]}
            said[f"{prefix}_answer"] = asked["correct_answer"]
        if more:
            said["open_ended_Q"] = more[0]["question"]
            opened.append({"image_name": said["image_name"], "open_ended_Q": more[0]["question"]})
        by_image.append(said)
    by_pair = []
    for judge, choose, *more in pairs:
        said = {f"image{place}_url": name for place, name in enumerate(judge["images"], start=1)}
        for prefix, asked in (("judge", judge), ("choose", choose)):
            said |= {f"{prefix}_question": asked["question"], f"{prefix}_options": asked["options"]}
            said[f"{prefix}_answer"] = asked["correct_answer"]
        by_pair.append(said | {"open_ended_question": more[0]["question"] if more else ""})
    (root / "Ebench_1_data(jac_en_check).json").write_text(json.dumps(by_image, indent=4))
    (root / "Ebench_imgpir(en).json").write_text(json.dumps(by_pair, indent=4))
    (root / "Ebench_open_ended(en).json").write_text(json.dumps(opened, indent=4))
    return root


def standard(root: Path) -> Path:
    """EmObserver's `Std-EEmo-Bench-Single-Perception.json` and its sister, below `benchmarks/EEmo-Bench`."""
    folder = root / "benchmarks" / "EEmo-Bench"
    rows = questions(images(folder))
    for part, size in (("Single", 1), ("Pair", 2)):
        said = [row for row in rows if len(row["images"]) == size]
        records = {
            str(number): record(row)
            for number, row in enumerate(said)
            if row["question_type"] != "Open_ended"
        }
        table = folder / f"Std-EEmo-Bench-{part}-Perception.json"
        table.write_text(json.dumps(records, indent=2))
    return root


def record(row: dict[str, Any]) -> dict[str, Any]:
    """A record of that form, without generations."""
    paths = [f"../benchmarks/EEmo-Bench/images/{name}" for name in row["images"]]
    names = ("question_type", "perceptual_dimension", "question_concern")
    return {
        "image_path": paths if len(paths) > 1 else paths[0],
        "prompt": f"{row['question']} Choose between one of the following options: {row['options']}",
        "ground_truth": row["correct_answer"],
        "other_info": {name: row[name] for name in names},
    }


FORMS = {"EEmo-Bench list": lists, "EEmo-Logic list": logic, "EmObserver JSON": standard}
"""The format's name → writes a miniature of it into a folder, and returns what --data takes."""
