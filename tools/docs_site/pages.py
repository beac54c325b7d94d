"""What the site shows of declarations: metrics, benchmarks, the names of the package, the commands."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping

import vecbench
from tools.docs_site.demo import REPORT
from tools.docs_site.places import LEADERBOARDS, ROOT
from vecbench.answers.registry import kinds, metrics_of
from vecbench.metrics.definition import Metric
from vecbench.tasks import Catalogue, Task, load_catalogue

INTERVALS = {
    "wilson": "Wilson's, of the rows that count",
    "percentile": "percentiles of the bootstrap over images",
    "gaps": "from the gaps of its bins",
    "own": "one of its own",
    "none": "none",
}
ROWS = {
    "all": "all",
    "confident": "those that state a confidence",
    "answered": "those that have an answer",
}
SHOWN = {"always": "in every table", "wide": "where there is room", "asked": "in `scores.json` and CSV"}
BOARD = {
    "headline": "first column, by which boards rank",
    "main": "a column, also beside those of other groups",
    "column": "a column",
    None: "no column",
}


def _table(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _number(value: float) -> str:
    return f"{value:g}".replace("inf", "∞").replace("-", "−")


def _range(metric: Metric) -> str:
    low, high = metric.range
    return f"{_number(low)} to {_number(high)}"


def metrics() -> str:
    """Every metric as it is declared: a table of all, then each with what else is said of it."""
    kinds_of: dict[Metric, list[str]] = {}
    for name, kind in kinds().items():
        for metric in metrics_of(kind()):
            kinds_of.setdefault(metric, []).append(name)
    anchors: dict[Metric, str] = {}
    for metric in kinds_of:
        same = [each for each in anchors if each.key == metric.key]
        anchors[metric] = metric.key + (f"-{len(same) + 1}" if same else "")
    overview = _table(
        ["Key", "What it is", "Column", "Better", "Range"],
        [
            [f"[`{each.key}`](#{anchor})", each.description, each.heading, each.better or "–", _range(each)]
            for each, anchor in anchors.items()
        ],
    )
    parts = ["## All of them", overview, "## One by one"]
    return "\n\n".join([*parts, *(_metric(each, anchors[each], kinds_of[each]) for each in kinds_of)])


def _metric(metric: Metric, anchor: str, kinds_with: list[str]) -> str:
    interval = INTERVALS[metric.interval]
    if metric.why_no_interval:
        interval += f" ({metric.why_no_interval})"
    if metric.takes_of_each:
        interval += f"; takes {metric.takes_of_each} right and {metric.takes_of_each} wrong rows"
    said = {
        "Better": metric.better or "neither",
        "Range": f"{_range(metric)}, printed {'times 100' if metric.unit == 'share' else 'as it is'}",
        "Column": f"`{metric.heading}`, {SHOWN[metric.shown]}",
        "Rows": ROWS[metric.over],
        "Interval": interval,
        "Leaderboard": BOARD[metric.board],
        "Undefined": metric.undefined and f"where {metric.undefined}",
        "Answers": ", ".join(f"`{kind}`" for kind in kinds_with),
    }
    lines = [f"- **{name}**: {text}" for name, text in said.items() if text]
    return "\n\n".join([f"### `{metric.key}` {{ #{anchor} }}", metric.description, "\n".join(lines)])


def benchmarks() -> str:
    """Every benchmark with its groups and tasks, and each task once as `vecbench tasks show` does."""
    catalogue = load_catalogue()
    parts: list[str] = []
    told: set[str] = set()
    ordered = sorted(catalogue.benchmarks(), key=lambda group: group.id)
    shown = _shown(",".join(benchmark.id for benchmark in ordered))
    for benchmark in ordered:
        tasks = catalogue.select(benchmark.id)
        rows = [_task_row(catalogue, task) for task in tasks]
        headings = ["Task", "Name", "Group", "Answers", "Labels", "Samples", "Data"]
        parts += [f"## {benchmark.display}", f"`--tasks {benchmark.id}`", _table(headings, rows)]
        parts += [_folded(task, shown[task.id]) for task in tasks if task.id not in told]
        told |= {task.id for task in tasks}
    return "\n\n".join(parts)


def _task_row(catalogue: Catalogue, task: Task) -> list[str]:
    group = catalogue.groups[task.group].display if task.group else "–"
    return [
        f"`{task.id}`",
        task.display,
        group,
        task.answers.name,
        str(len(task.labels) or "–"),
        task.expected_rows(),
        "bundled" if task.data else "`--data`",
    ]


def _shown(names: str) -> Mapping[str, str]:
    """Task → what the command says of it, without where this checkout lies."""
    text = _printed("vecbench", "tasks", "show", names).replace(f"{ROOT}/", "")
    parts = re.split(r"^(?=\w+ \(.*\), version )", text, flags=re.MULTILINE)
    return {part.split(" ", 1)[0]: part.rstrip() for part in parts if part}


def _folded(task: Task, text: str) -> str:
    lines = ["````text", *text.splitlines(), "````"]
    return f'??? note "{task.id}: labels, settings, prompt"\n\n' + "\n".join(f"    {line}" for line in lines)


def command_line() -> str:
    """Every command with its arguments and options, as typer writes them."""
    text = _printed("typer", "vecbench.cli.app", "utils", "docs", "--name", "vecbench")
    text = re.sub(r"\*\*Commands\*\*:\n\n(?:\* .*\n)+", "", text)  # cut short; the table of contents has them
    text = re.sub(r"<span[^>]*>(.*?)</span>", r"    \1", text)  # examples, which help shows dimmed
    return re.sub(r"^#", "##", text.partition("\n")[2], flags=re.MULTILINE).replace("### ", "## ")


def _printed(*module: str) -> str:
    command = [sys.executable, "-m", *module]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return done.stdout


def python() -> str:
    """The public names, functions first, for mkdocstrings to fill in."""
    names = sorted(vecbench.__all__, key=lambda name: (name[0].isupper(), name))
    return "\n\n".join(f"::: vecbench.{name}" for name in names)


def leaderboards() -> str:
    """Links to the bundled leaderboards."""
    pages = sorted(LEADERBOARDS.glob("*/index.html"))
    titles = {page: re.findall(r"<title>(.*?)</title>", page.read_text("utf-8"))[0] for page in pages}
    return "\n".join(f"- [{title}](/{page.relative_to(ROOT).as_posix()})" for page, title in titles.items())


def report() -> str:
    """A link to the report of the demo's run."""
    return f"[**Open the report of this run**](/{REPORT}/index.html)"


MADE: Mapping[str, Callable[[], str]] = {
    "metrics": metrics,
    "benchmarks": benchmarks,
    "command line": command_line,
    "python": python,
    "leaderboards": leaderboards,
    "report": report,
}
"""What a page can name."""
