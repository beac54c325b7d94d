"""Documents as `vecbench report` writes them, made up: every view and verdict, any number of samples."""

import base64
import io
from functools import cache

from vecbench.viewer.site import in_script, page

LABELS = ["anger", "fear", "joy"]
CHUNK = 200
TASKS = [  # id, group, kind; a view of each
    ("faces", "emotions", "label"),
    ("pairs", "emotions", "choice"),
    ("order", "orders", "ranking"),
    ("valence", "ratings", "rating"),
    ("votes", "shares", "distribution"),
    ("own", "own", "plug-in"),
]
SHARED = 4  # the task whose samples have one prompt
VERDICTS = ["right", "wrong", "unread", "not judged"]
WORDS = ["somebody", "looks", "at", "a", "storm", "and", "waits", "for", "it", "to", "pass"]

KEPT = {"type", "level", "better", "what", "format", "source", "thumbnails", "thumb", "file"}
"""Fields that are words of the format, not texts of a model or of data."""


@cache
def thumbnail(colour):
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (128, 96), colour).save(buffer, "WEBP")
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def column(values):
    distinct = list(dict.fromkeys(value for value in values if value is not None))
    place = {value: code for code, value in enumerate(distinct)}
    return {"values": distinct, "codes": [-1 if value is None else place[value] for value in values]}


def made_up(n=60, *, compared=False, repeats=1, words=30):
    """A report's blocks: (report, rows, texts). Row r is of task r % 6; what it says follows from r alone."""
    count = n * repeats
    task = [row % n % len(TASKS) for row in range(count)]
    repeat = [row // n for row in range(count)]
    runs = range(2 if compared else 1)
    said = [[outcome(row, row % n // 6 % 3, run) for row in range(count)] for run in runs]
    target = [LABELS[row % n // 6 % 3] for row in range(count)]
    rows = {
        "id": [f"sample-{row % n}" for row in range(count)],
        "task": task,
        "repeat": repeat,
        "attributes": {"style": column([("drawn", "painted", None)[row % 3] for row in range(count)])},
        "target": column(target),
        "thumb": column([thumbnail("#c33") if row % 2 else thumbnail("#36c") for row in range(count)]),
        "runs": [run_rows(said[run], target, words, missing=run == 1) for run in runs],
    }
    texts = [
        {
            "images": [
                {"name": f"{row}.jpg", "thumb": thumbnail("#c33"), "width": 640, "height": 480},
                *([{"name": "gone.jpg", "thumb": None, "missing": "no such file"}] if row % 7 == 3 else []),
            ],
            "prompt": 0 if task[row] == SHARED else f"Which emotion does picture {row} evoke?",
            "runs": [run_texts(row, task[row], target[row], said[run][row], words) for run in runs],
        }
        for row in range(count)
    ]
    report = {
        "format": "vecbench.report/1",
        "title": "a model on made-up tasks",
        "version": "0",
        "made": "2026-01-01T00:00:00Z",
        "notices": ["2 images are missing."],
        "n_rows": count,
        "n_shown": count,
        "thumbnails": "inline",
        "chunk": CHUNK,
        "prompts": ["One prompt for all votes."],
        "groups": {
            "emotions": "Emotions",
            "orders": "Orders",
            "ratings": "Ratings",
            "shares": "Shares",
            "own": "Own",
        },
        "tasks": [
            {
                "id": name,
                "name": name.title(),
                "group": group,
                "kind": kind,
                "labels": LABELS if kind == "label" else None,
            }
            for name, group, kind in TASKS
        ],
        "runs": [
            {
                "name": f"run {'ab'[run]}",
                "model": "a model",
                "engine": "transformers",
                "settings": [["temperature", "0"], ["requests per second", "3.2"]],
                "overview": overview(rows, said[run]),
            }
            for run in runs
        ],
    }
    return report, rows, texts


def outcome(row, label, run):
    """(verdict, answer, confidence) of a row; the sure ones are wrong most often."""
    verdict = VERDICTS[(0, 1, 0, 2, 0, 1, 3, 0, 1, 0)[(row * 7 + run * 3 + row // 11) % 10]]
    confidence = None if row % 10 == 9 else (row * 37 % 101) / 100
    answer = {
        "right": LABELS[label],
        "wrong": LABELS[(label + 1 + run * (row % 2)) % 3],
        "not judged": "other",
    }.get(verdict)
    return verdict, answer, confidence


def run_rows(said, target, words, *, missing):
    count = len(said)
    verdicts = [verdict for verdict, _, _ in said]
    return {
        "answer": column([answer for _, answer, _ in said]),
        "right": [{"right": 1, "not judged": None}.get(verdict, 0) for verdict in verdicts],
        "verdict": {"values": VERDICTS, "codes": [VERDICTS.index(verdict) for verdict in verdicts]},
        "confidence": {
            "stated": [confidence for _, _, confidence in said],
            "token": [None if confidence is None else round(confidence / 2, 3) for _, _, confidence in said],
        },
        "answer_status": column(["no answer" if verdict == "unread" else "ok" for verdict in verdicts]),
        "confidence_status": column(["ok" if each[2] is not None else "missing" for each in said]),
        "finish_reason": column([("stop", "length")[row % 5 == 4] for row in range(count)]),
        "error": column(["timed out" if row % 20 == 13 else None for row in range(count)]),
        "tokens": [[100 + row % 9 for row in range(count)], [20] * count, [None] * count],
        "length": [10 * words + row % 300 for row in range(count)],
        "missing": [int(missing and row % 15 == 14) for row in range(count)],
    }


def run_texts(row, task, target, said, words):
    _, answer, confidence = said
    thought = " ".join(WORDS[(row + place) % len(WORDS)] for place in range(words))
    head = f"<think>{thought}</think>\n<answer>"
    response = f"{head}{answer or ''}</answer>\n<confidence>{confidence}</confidence>"
    spans = [[7, 7 + len(thought), "reasoning"], [len(head), len(head) + len(answer or ""), "answer"]]
    return {
        "response": response,
        "spans": spans,
        "reasoning": thought,
        "view": view(TASKS[task][2], target, answer),
    }


def view(kind, target, answer):
    options = [{"letter": letter, "text": text} for letter, text in zip("ABC", LABELS, strict=True)]
    return {
        "label": {"type": "label", "labels": LABELS, "target": target, "answer": answer},
        "choice": {"type": "options", "options": options, "target": ["A"], "answer": ["B"]},
        "ranking": {
            "type": "ranking",
            "target": ["A", "C", "B"],
            "answer": ["A", "B", "C"] if answer else None,
        },
        "rating": {
            "type": "scale",
            "dimensions": [{"name": "valence", "low": 1, "high": 9, "target": 5.2, "answer": 7}],
        },
        "distribution": {
            "type": "shares",
            "labels": [{"label": each, "target": 0.2, "answer": 0.5} for each in LABELS],
        },
        "plug-in": {"type": "text", "target": target, "answer": answer},
    }[kind]


def overview(rows, said):
    everything = list(range(len(TASKS)))
    cell = {"text": "54.2", "low": "50.1", "high": "58.0", "mark": "†", "why": None}
    of_faces = [row for row, task in enumerate(rows["task"]) if task == 0]
    places = [*LABELS, None]
    counts = {}
    for row in of_faces:
        _, answer, _ = said[row]
        if answer in places:
            key = (places.index(rows["target"]["values"][rows["target"]["codes"][row]]), places.index(answer))
            counts[key] = counts.get(key, 0) + 1
    return {
        "tables": [
            {
                "title": "Scores",
                "columns": [{"heading": "Acc", "description": "share of right answers", "better": "higher"}],
                "rows": [
                    score_row("Emotions", "group", [0, 1], cell),
                    score_row("Faces", "task", [0], cell),
                    score_row("drawn", "subset", [0], cell) | {"subset": ["style", "drawn"]},
                    score_row("Overall", "benchmark", everything, cell),
                ],
                "notes": ["† a few rows only"],
            }
        ],
        "reliability": [],
        "confusion": [
            {
                "name": "Faces",
                "tasks": [0],
                "labels": places,
                "counts": [[*key, n] for key, n in counts.items()],
            }
        ],
        "unread": [
            {
                "what": "answer",
                "status": "no answer",
                "name": "no answer",
                "n": 1,
                "remedy": "Allow more tokens.",
            },
            {"what": "confidence", "status": "missing", "name": "missing", "n": 1, "remedy": "Ask for it."},
        ],
        "sources": [
            {
                "name": "Emotions",
                "columns": [{"heading": "ECE", "description": "calibration", "better": "lower"}],
                "rows": [["stated", [cell]], ["token", [cell]]],
                "said": ["It cannot tell."],
            }
        ],
    }


def score_row(name, level, tasks, cell):
    return {"name": name, "level": level, "tasks": tasks, "n": 20, "subset": None, "cells": [cell]}


def attacked(value, attack, key=None):
    """The same blocks with an attack in every text that a model or data may bring."""
    if isinstance(value, dict):
        return {name: attacked(each, attack, name) for name, each in value.items()}
    if isinstance(value, list):
        return [attacked(each, attack, key) for each in value]
    return f"{value}{attack}" if isinstance(value, str) and key not in KEPT else value


def hostile(blocks, attack):
    report, rows, texts = blocks
    runs = [attacked(run, attack) | {"verdict": run["verdict"]} for run in rows["runs"]]
    safe = {"thumb": rows["thumb"], "runs": runs}
    said = attacked(texts, attack)
    for each, before in zip(said, texts, strict=True):
        for run, was in zip(each["runs"], before["runs"], strict=True):
            run["spans"] = was["spans"]
    return attacked(report, attack), attacked({**rows, "runs": [], "thumb": None}, attack) | safe, said


def write(folder, blocks):
    """The page of the blocks, as a file in a folder."""
    report, rows, texts = blocks
    named = [("report", in_script(report)), ("rows", in_script(rows))]
    chunks = [texts[place : place + CHUNK] for place in range(0, len(texts), CHUNK)]
    named += [(f"texts-{place}", in_script(chunk)) for place, chunk in enumerate(chunks)]
    path = folder / "index.html"
    path.write_text("".join(page(report["title"], "data:", named)), encoding="utf-8")
    return path
