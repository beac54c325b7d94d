"""Nothing unread in silence: standard error, the files and the exit status tell what was not read."""

import json
import subprocess
import sys

import pytest
from fakes import ANSWER, ScriptedEngine, make_data, make_plan
from simulated_runs import CATALOGUE, response

from vecbench.progress import FIRST, RunProgress
from vecbench.run import run
from vecbench.store import RunDirectory


def score(path, *options):
    command = [sys.executable, "-m", "vecbench", "score", str(path), "--no-figures", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def answers(path, texts):
    """Forty answers, the labels of which are all right, in one of the forms after another."""
    labels = CATALOGUE.tasks["fi_8"].labels
    rows = []
    for number in range(40):
        label = labels[number % len(labels)]
        text, finish = texts[number % len(texts)]
        said = {
            "task": "fi_8",
            "id": f"{number}.jpg",
            "target": label,
            "response": text.replace("LABEL", label),
        }
        rows.append(json.dumps(said | {"finish_reason": finish}))
    path.write_text("\n".join(rows) + "\n")
    return path


READABLE = {
    "another key": '{"emotion": "LABEL", "confidence": 0.9}',
    "a fenced object": '```json\n{"Emotion": "LABEL", "Confidence": "90%"}\n```',
    "lines": "Guess: LABEL\nProbability: 0.85",
}


@pytest.mark.parametrize("text", READABLE.values(), ids=READABLE)
def test_forms_that_people_post_are_read(tmp_path, text):
    done = score(answers(tmp_path / "a.jsonl", [(text, "stop")]))
    assert done.returncode == 0
    assert "Read: all 40 answers, all 40 confidences." in done.stdout
    assert "not read" not in done.stderr


@pytest.mark.parametrize("format_", ["table", "markdown", "json", "csv", "latex"])
def test_answers_that_were_cut_off_are_told_everywhere(tmp_path, format_):
    texts = [
        ("<answer>LABEL</answer><confidence>0.9</confidence>", "stop"),
        ("<think>The LABEL in", "length"),
    ]
    done = score(answers(tmp_path / "a.jsonl", texts), "--format", format_)
    assert done.returncode == 4
    assert "warning: 20 of 40 answers are not read (cut off 20)" in done.stderr
    assert "the model spent all its tokens on reasoning" in done.stderr
    assert "incomplete: more than 20 % of the answers are not read: FI-8 (20 of 40)" in done.stderr
    if format_ in {"table", "markdown", "latex"}:
        assert "Read: 20 of 40 answers, 20 of 40 confidences." in done.stdout
    folder = tmp_path / "a-scores"
    assert "| answer: cut off | 20 | fi\\_8 1.jpg" in (folder / "summary.md").read_text()
    said = json.loads((folder / "scores.json").read_text())
    [unread] = said["reading"]["answers"]["unread"]
    assert (unread["reason"], unread["n"]) == ("truncated", 20)
    assert any("more than 20 %" in note for note in said["notes"])


def test_a_fifth_is_not_too_much_and_is_told_all_the_same(tmp_path):
    texts = [*[("<answer>LABEL</answer>", "stop")] * 4, ("", "stop")]
    done = score(answers(tmp_path / "a.jsonl", texts))
    assert done.returncode == 0
    assert "warning: 8 of 40 answers are not read (empty 8)" in done.stderr
    assert "incomplete" not in done.stderr


def test_a_run_warns_after_its_first_answers_and_not_only_at_its_end(tmp_path):
    data = make_data(tmp_path / "data", ["joy"] * (FIRST + 10))
    seen = []

    class Noting(RunProgress):
        def warned(self, message):
            if "expected" not in message:
                seen.append((self._answered, message))

    plan = make_plan(data)
    for name, text in (("bad", "What a drawing."), ("good", ANSWER)):
        directory = RunDirectory(tmp_path / name)
        with Noting(plan, directory) as observer:
            run(plan, lambda text=text: ScriptedEngine(lambda _: text), directory, observer)
    [(after, message)] = seen
    assert after == FIRST
    assert message.startswith(
        f"emoji_7: of the first answers, {FIRST} of {FIRST} answers are not read (no answer"
    )


def test_python_warns_of_what_was_not_read():
    import pandas as pd

    import vecbench

    rows = [response("fi_2", f"s{place}", None if place else "positive", 0.5) for place in range(4)]
    frame = pd.DataFrame(
        [
            {"task": row.task, "id": row.sample_id, "target": row.target, "response": row.response}
            for row in rows
        ]
    )
    with pytest.warns(UserWarning, match=r"3 of 4 answers are not read \(no answer 3\)"):
        vecbench.score(frame)
