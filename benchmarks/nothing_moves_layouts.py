"""How the files of two stores are laid side by side, and what differs.

Every file becomes a mapping of keys to values. A key is a tuple of texts whose last is the field; of scores
it is (scope, name, aggregate, metric, field), whichever layout they are written in. What a layout looks like
is said in one function each, in `LAYOUTS` for JSON and in `table` for CSV: adapt those when a layout changes.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

TOLERANCE = 1e-12
SHOWN = 160
"""Characters of a value that are printed."""
MEASURES = (
    "value", "low", "high", "n", "p", "p_holm", "standard_error", "baseline", "candidate", "change", "mean",
    "std", "raw", "recalibrated", "confidence", "accuracy", "coverage", "band_low", "band_high", "rank_best",
    "rank_worst", "method", "why",
)  # fmt: skip
"""The kinds of field that always have a line in the table at the end; others have if they differ."""

Key = tuple[str, ...]
Pairs = Iterator[tuple[Key, Any]]

CHANGING = (
    (r"/[^\s\"'`]*/(inputs|outputs)/", r"\1/"),
    (r"/[^\s\"'`]*/tasks/demo/data", "tasks/demo/data"),
    (r"\d{4}-\d\d-\d\dT\d\d[:-]\d\d[:-]\d\d(\.\d+)?(\+00:00|Z)?", "TIME"),
    (r"[\d.,]+ samples/s", "N samples/s"),
    (r"\b\d+ kB", "N kB"),
)
"""What differs from one run or machine to the next → what is compared in its place."""


def plain(text: str) -> str:
    """A text without times, absolute paths, speeds and sizes of archives."""
    for pattern, instead in CHANGING:
        text = re.sub(pattern, instead, text)
    return text


# Layouts of JSON ----------------------------------------------------------------------------------------


def tree(value: Any, *above: str) -> Pairs:
    """Any JSON, leaf by leaf."""
    if isinstance(value, dict | list) and value:
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from tree(each, *above, str(key))
    else:
        yield above, plain(value) if isinstance(value, str) else value


def scores_1(content: Mapping[str, Any], *above: str) -> Pairs:
    """`vecbench.scores/1`: tasks, groups and overall, each with metrics, groups with macro too."""
    scopes = {"tasks": "task", "groups": "group"}
    blocks = [(scopes[part], *each) for part in scopes for each in content[part].items()]
    for scope, name, block in [*blocks, ("overall", "overall", content["overall"])]:
        yield from block_1(block, *above, scope, name)
    for part, value in content.items():
        if part == "consistency":
            yield from scores_1(value, *above, part)
        elif part not in {*scopes, "overall", "schema"}:
            yield from tree(value, *above, part)


def block_1(block: Mapping[str, Any], *above: str) -> Pairs:
    """One task, group or everything."""
    rows = "rows" if above[-2] == "task" else "pooled"
    for part, value in block.items():
        if part == "macro":
            yield from tree(value, *above, "macro")
        elif part == "metrics":
            yield from tree(value, *above, rows)
        else:  # n, counts, tasks, absent
            yield from tree(value, *above, rows, part)


def scores_2(content: Mapping[str, Any], *above: str) -> Pairs:
    """`vecbench.scores/2`: the same blocks, with kind and subsets, and metrics under their source.

    Those of the stated confidence have the keys of version 1; all others are new.
    """
    scopes = {"tasks": "task", "groups": "group"}
    blocks = [(scopes[part], *each) for part in scopes for each in content[part].items()]
    for scope, name, block in [*blocks, ("overall", "overall", content["overall"])]:
        yield from block_2(block, *above, scope, name)
    for part, value in content.items():
        if part == "consistency":
            yield from scores_2(value, *above, part)
        elif part not in {*scopes, "overall", "schema"}:
            yield from tree(value, *above, part)


def block_2(block: Mapping[str, Any], *above: str) -> Pairs:
    """One task, group, subset or everything."""
    rows = "rows" if above[-2] == "task" else "pooled"
    for part, value in block.items():
        if part == "subsets":
            for attribute, subsets in value.items():
                for subset, each in subsets.items():
                    yield from block_2(each, *above[:-1], f"{above[-1]} [{attribute}={subset}]")
        elif part in {"metrics", "macro"}:
            aggregate = "macro" if part == "macro" else rows
            for key, each in value.items():
                if isinstance(each, dict) and "value" not in each:  # a source and its metrics
                    source = () if key == "stated" else (f"source {key}",)
                    yield from tree(each, *above, aggregate, *source)
                else:
                    yield from tree(each, *above, aggregate, key)
        else:
            yield from tree(value, *above, rows, part)


def lm_eval_results(content: Mapping[str, Any]) -> Pairs:
    """lm-eval's `results_….json`, which has no schema, without what the day and the version have in it."""
    passing = {"date", "total_evaluation_time_seconds", "vecbench_version"}
    yield from tree({key: value for key, value in content.items() if key not in passing})


def submission(content: Mapping[str, Any]) -> Pairs:
    """`submission.json`, without the version and the hashes of files that are compared themselves."""
    yield from tree({key: value for key, value in content.items() if key not in {"vecbench", "files"}})


def manifest(content: Mapping[str, Any]) -> Pairs:
    """`run.json`, without what the machine, the day and the checkout have in it."""
    passing = {"started", "finished", "throughput", "packages", "hardware"}
    for key, value in tree({key: value for key, value in content.items() if key not in passing}):
        if key[-1] != "data":  # where the demo's data lies
            yield key, value


LAYOUTS: Mapping[str, Callable[[Mapping[str, Any]], Pairs]] = {
    "vecbench.scores/1": scores_1,
    "vecbench.scores/2": scores_2,
    "vecbench.submission/1": submission,
    "vecbench.run/1": manifest,
}
"""The schema of a document → its keys and values; all others are read by `tree`."""

RENAMED = {"answer": "label", "answer_status": "label_status"}
"""Columns of predictions.jsonl: their name in a later version → the one in version 1."""


def lines(text: str) -> Pairs:
    """JSONL: the rows by task, sample and repeat where they have such."""
    seen: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines()):
        row = json.loads(line)
        name = f"line {number}"
        if "sample_id" in row:
            name = "/".join(str(row.get(key)) for key in ("task", "sample_id", "repeat"))
        seen[name] += 1
        for key, value in row.items():
            yield from tree(value, f"{name} ({seen[name]})", RENAMED.get(key, key))


# Layouts of CSV -----------------------------------------------------------------------------------------

NAMING = ("entry", "scope", "name", "aggregate", "subset", "source", "metric")
"""The columns that say what a row of scores is about; all others are its fields."""


def table(text: str) -> Pairs:
    """CSV: scores by what they are of, under `level` or `scope`; other rows by their number."""
    for number, row in enumerate(csv.DictReader(io.StringIO(text))):
        key: Key = (f"row {number}",)
        if "metric" in row:
            row["scope"] = row.pop("level", None) or row.get("scope") or ""
            row["aggregate"] = row.get("aggregate") or ("rows" if row["scope"] == "task" else "pooled")
            row["source"] = "" if row.get("source") == "stated" else row.get("source") or ""
            key = tuple(row[name] for name in NAMING if row.get(name))
        for name, value in row.items():
            if "metric" not in row or name not in NAMING:
                yield (*key, str(name)), number_in(value)


def number_in(text: Any) -> Any:
    """A cell as a number, if it is one."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return plain(str(text))


# Texts --------------------------------------------------------------------------------------------------


class Words(HTMLParser):
    """What a page says: its texts and the numbers that it is sorted by; no styles, no scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        told = [
            f"{key}={value}" for key, value in attrs if key.startswith("data-") or key in {"title", "href"}
        ]
        self.said += told

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside not in {"style", "script"} and data.strip():
            self.said.append(data.strip())


def text_lines(path: Path) -> list[str]:
    """The lines of a text; of a page, its words."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".html":
        page = Words()
        page.feed(text)
        return [plain(each) for each in page.said]
    return plain(text).splitlines()


# Comparison ---------------------------------------------------------------------------------------------


def values_of(path: Path) -> dict[Key, Any] | None:
    """The keys and values of a file; None if it is a text, which is compared line by line."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".jsonl":
        return dict(lines(text))
    if path.suffix == ".csv" and text:
        return dict(table(text))
    if path.suffix != ".json" or not text:
        return None
    content = json.loads(text)
    schema = content.get("schema") if isinstance(content, dict) else None
    default = lm_eval_results if "vecbench_version" in content else tree
    return dict(LAYOUTS.get(schema, default)(content))


def distance(old: Any, new: Any) -> float:
    """How far two values are apart: infinitely, if they are not both numbers and not the same."""
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (old, new))
    if numbers and math.isfinite(old) and math.isfinite(new):
        return abs(old - new)
    return 0.0 if repr(old) == repr(new) else math.inf


def files_of(folder: Path, only: str) -> dict[str, Path]:
    """The files of the cases whose name has a text: path in the store, without times in it → file."""
    cases = [each.parent for each in sorted(folder.rglob("0-stderr.txt"))]
    chosen = [case for case in cases if only in case.relative_to(folder).as_posix()]
    files = [path for case in chosen for path in sorted(case.rglob("[!.]*")) if path.is_file()]
    return {plain(path.relative_to(folder).as_posix()): path for path in files}


class Findings:
    """What was compared, what differs, what is new."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = [re.compile(each) for each in allowed]
        self.compared: Counter[str] = Counter()
        self.differing: Counter[str] = Counter()
        self.largest: dict[str, float] = defaultdict(float)
        self.new: dict[str, list[str]] = defaultdict(list)
        self.failures = 0

    def differs(self, kind: str, said: str) -> None:
        meant = any(each.search(said) for each in self.allowed)
        print(("allowed: " if meant else "") + said)
        self.differing[kind] += 1
        self.failures += not meant

    def values(self, file: str, old: Mapping[Key, Any], new: Mapping[Key, Any]) -> None:
        for key, before in old.items():
            kind = next((part for part in reversed(key) if not part.isdigit()), "value")
            place = f"{file}: {' / '.join(key)}"
            self.compared[kind] += 1
            if key not in new:
                self.differs(kind, f"{place}: {before!r:.{SHOWN}} → missing")
                continue
            apart = distance(before, new[key])
            self.largest[kind] = max(self.largest[kind], apart)
            if apart > TOLERANCE * max(1.0, abs(before) if isinstance(before, int | float) else 0.0):
                by = f" (by {apart:.3g})" if math.isfinite(apart) else ""
                self.differs(kind, f"{place}: {before!r:.{SHOWN}} → {new[key]!r:.{SHOWN}}{by}")
        for key in new.keys() - old.keys():
            what = key[-2:] if len(key) > 2 else key[-1:]  # of rows, the column
            self.new[" / ".join(what)].append(f"{file}: {' / '.join(key)}")

    def texts(self, file: str, old: list[str], new: list[str]) -> None:
        kind = f"lines of {Path(file).suffix}"
        self.compared[kind] += len(old)
        if old != new:
            for line in list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]:
                if not line.startswith("@@"):
                    self.differs(kind, f"{file}: {line[:SHOWN]}")

    def show(self) -> None:
        print("\n| kind of field | compared | differing | largest difference |\n| :-- | --: | --: | --: |")
        texts = [kind for kind in sorted(self.compared) if kind.startswith("lines of ")]
        shown = list(dict.fromkeys([*MEASURES, "file", *texts, *sorted(self.differing)]))
        for kind in shown:
            numbers = f"{self.compared[kind]:,} | {self.differing[kind]:,} | {self.largest[kind]:.3g}"
            print(f"| {kind} | {numbers} |")
        others = [kind for kind in self.compared if kind not in shown]
        largest = max((self.largest[kind] for kind in others), default=0.0)
        print(f"| others | {sum(self.compared[kind] for kind in others):,} | 0 | {largest:.3g} |")
        for what, places in sorted(self.new.items()):
            print(f"new: {what}: {len(places)} times, such as {min(places)}")
        print(f"\n{self.failures} differences" if self.failures else "\nNothing moves.")


def report(old: Path, new: Path, allowed: Sequence[str], only: str) -> int:
    """Prints how two stores differ.

    Args:
        old: The outputs that are the measure.
        new: The other ones.
        allowed: Patterns of printed differences that are no failure.
        only: A text that a case's name must have.

    Returns:
        1 if anything differs or is missing, else 0.
    """
    first, second = files_of(old, only), files_of(new, only)
    found = Findings(allowed)
    for name, path in first.items():
        if name not in second:
            found.differs("file", f"{name}: the file is missing")
            continue
        found.compared["file"] += 1
        if path.suffix in {".png", ".svg", ".pdf"}:
            continue  # kept empty
        if path.suffix == ".jsonl" and path.read_bytes() == second[name].read_bytes():
            found.compared["lines of .jsonl"] += path.read_bytes().count(b"\n")  # the most by far
            continue
        before, after = (values_of(each) for each in (path, second[name]))
        if before is None or after is None:
            found.texts(name, text_lines(path), text_lines(second[name]))
        else:
            found.values(name, before, after)
    for name in second.keys() - first.keys():
        found.new["file"].append(name)
    if not first:
        found.differs("file", f"{old} has no files")
    found.show()
    return int(found.failures > 0)
