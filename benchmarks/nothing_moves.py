"""Whether another version of vecbench still prints the same: every score, bound, table and file.

`store` lets the vecbench that Python imports score, compare and publish the same inputs, and keeps all that
it writes and prints. `compare` takes two such stores and prints every difference; it ends with status 1 if a
value or bound differs by more than 1e-12, if a text differs, or if something is missing. What only the newer
one has is listed, and no failure. Pictures are not looked at, but the points in them are.

Usage:
    PYTHONPATH=OLD python benchmarks/nothing_moves.py store stored-old
    PYTHONPATH=NEW python benchmarks/nothing_moves.py store stored-new --inputs stored-old/inputs
    python benchmarks/nothing_moves.py compare stored-old stored-new
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nothing_moves_layouts import report

PROTOCOLS = ("strict", "emocaliber", "emobserver")
PICTURES = {".png", ".svg", ".pdf"}
SUFFIXES = {"json": ".json", "markdown": ".md", "csv": ".csv", "latex": ".tex"}
"""Format of standard output → the suffix of the file that it is kept in."""

Case = tuple[str, Sequence[Sequence[str]]]
"""A name and its commands, one after the other; OUT in them is the case's own folder."""


def score_cases(inputs: Path) -> Iterator[Case]:
    """`vecbench score`: the most of it for five inputs, and what is usual for all others."""
    full = ["runs/demo", "runs/repeats_a", "speed/two_0", "golden/emocaliber.jsonl", "golden/emobserver.json"]
    usual = [f"runs/{path.name}" for path in sorted((inputs / "runs").iterdir())]
    usual += ["speed/one_0", "speed/all_0", "golden/moved.jsonl", "exports/lm-eval", "exports/emocaliber"]
    usual += [f"corners/{path.name}" for path in sorted((inputs / "corners").iterdir())]
    few = ("--no-figures",)
    for each in full:
        yield score(each, "figures")
        yield score(each, "markdown", "--format", "markdown", "--intervals", *few)
        yield score(each, "latex", "--format", "latex", "--intervals", *few)
        for method in ("platt", "temperature", "isotonic"):
            yield score(each, method, "--recalibrate", method, *few)
        exports = ("--export", "lm-eval", "--export", "emocaliber", "--against", "emocaliber")
        yield score(each, "exports", *exports, *few)
        for protocol in PROTOCOLS[1:]:
            yield score(each, f"{protocol}-figures", "--protocol", protocol)
            for format_ in ("csv", "latex"):
                yield score(each, f"{protocol}-{format_}", "--protocol", protocol, "--format", format_, *few)
    yield score("runs/demo", "json", "--format", "json", *few)
    yield score("corners/faults.jsonl", "emocaliber", "--protocol", "emocaliber")
    yield score("corners/faults.jsonl", "emobserver", "--protocol", "emobserver")
    yield score("corners/faults.jsonl", "exports", *exports, *few)
    yield score("corners/distinct.jsonl", "isotonic", "--recalibrate", "isotonic", *few)
    yield score("corners/one_row.jsonl", "isotonic", "--recalibrate", "isotonic", *few)
    for each in dict.fromkeys([*full, *usual]):
        yield score(each, "intervals", "--intervals", *(() if each.startswith("corners") else few))
        yield score(each, "csv", "--format", "csv", *few)


def score(path: str, name: str, *options: str) -> Case:
    """One scoring of an input, into a folder of its own."""
    return f"score/{path}/{name}", [["score", f"inputs/{path}", "-o", "OUT/scores", *options]]


def compare_cases() -> Iterator[Case]:
    """`vecbench compare`, every report in one go."""
    reports = ["--json", "OUT/all.json", "--markdown", "OUT/summary.md", "--junit", "OUT/junit.xml"]
    gated = ["--gate", "inputs/gates.yaml", "--annotations", *reports]
    pairs = {
        "one": ("speed/one_0", "speed/one_1"),
        "two": ("speed/two_0", "speed/two_1"),
        "distinct": ("speed/all_0", "speed/all_1"),
        "same": ("speed/two_0", "speed/two_0"),
        "demo": ("runs/demo_a", "runs/demo_b"),
        "worse": ("runs/demo_a", "runs/demo_c"),
        "shared-images": ("runs/vecbench_a", "runs/vecbench_b"),
        "repeats": ("runs/repeats_a", "runs/repeats_b"),
        "predictions": ("scored/strict_a/predictions.jsonl", "scored/strict_b/predictions.jsonl"),
        "scores": ("scored/strict_a/scores.json", "scored/strict_b/scores.json"),
        "golden": ("golden/emocaliber.jsonl", "golden/moved.jsonl"),
        "corner": ("corners/one_row.jsonl", "corners/one_row.jsonl"),
    }
    for name, (before, after) in pairs.items():
        yield f"compare/{name}/strict", [["compare", f"inputs/{before}", f"inputs/{after}", *gated]]
    for name in ("two", "demo", "repeats", "golden"):
        for protocol in PROTOCOLS[1:]:
            sides = [f"inputs/{each}" for each in pairs[name]]
            yield f"compare/{name}/{protocol}", [["compare", *sides, "--protocol", protocol, *gated]]
    published = [f"inputs/scored/emocaliber_{name}/predictions.jsonl" for name in ("a", "b")]
    yield "compare/predictions/emocaliber", [["compare", *published, "--protocol", "emocaliber", *gated]]
    published = [f"inputs/scored/emocaliber_{name}/scores.json" for name in ("a", "b")]
    whole = ["--protocol", "emocaliber", "--allow", "samples"]
    yield "compare/scores/emocaliber", [["compare", *published, *whole, *gated]]
    sides = ["inputs/runs/demo_a", "inputs/runs/demo_b"]
    yield "compare/demo/seed", [["compare", *sides, "--seed", "7", "--replicates", "700", *gated]]
    for format_ in ("json", "markdown"):
        yield f"compare/demo/{format_}", [["compare", *sides, "--format", format_]]
    sides = ["inputs/runs/demo_a", "inputs/runs/limited"]
    yield "compare/limited/refused", [["compare", *sides]]
    yield "compare/limited/allowed", [["compare", *sides, "--allow", "samples", *gated]]


def leaderboard_cases() -> Iterator[Case]:
    """`vecbench leaderboard`: boards as they are, and boards of submissions that the inputs bring."""
    for name in ("demo", "vecbench", "synthetic"):
        build = ["leaderboard", "build", f"inputs/boards/{name}", "-o", "OUT/board"]
        yield f"leaderboard/{name}", [[*build, "--verify"] if name == "demo" else build]
    for name in ("demo", "vecbench"):
        check = ["leaderboard", "check", "--write", "OUT/board"]
        checks = [[*check, f"inputs/submissions/{name}_{model}.zip"] for model in "abc"]
        if name == "vecbench":  # whose data does not come with it; one entry stays without
            checks[1:] = [[*each, "--data", "inputs/data"] for each in checks[1:]]
        build = ["leaderboard", "build", "OUT/board"]
        yield f"leaderboard/submitted-{name}", [*checks, build, [*build, "--verify"]]
        add = ["leaderboard", "add", f"inputs/runs/{name}_a", "-o", "OUT/added.zip", "--model-name", "Mine"]
        yield f"leaderboard/added-{name}", [add, ["leaderboard", "check", "OUT/added.zip"]]


def run_cases() -> Iterator[Case]:
    """`vecbench demo`: what is asked and answered is the same, and what is stored is not asked again."""
    yield "demo/generated", [["demo", "-o", "OUT/run", "--limit", "15"]]
    yield "demo/resumed", [["cp", "-r", "inputs/runs/demo", "OUT/run"], ["demo", "-o", "OUT/run"]]


def store(folder: Path, inputs: Path | None, golden: Path, jobs: int, only: str) -> None:
    """Makes or copies the inputs, and keeps what vecbench makes of them."""
    if (folder / "outputs").exists() or (inputs and (folder / "inputs").exists()):
        raise SystemExit(f"{folder} holds a store already")
    folder.mkdir(parents=True, exist_ok=True)
    own = folder / "inputs"
    if inputs is not None:
        shutil.copytree(inputs, own, symlinks=True)
    elif not own.exists():
        from nothing_moves_inputs import make_inputs

        make_inputs(own, golden, lambda *arguments: vecbench(folder, arguments))
    before = digest(own)
    every = [*score_cases(own), *compare_cases(), *leaderboard_cases(), *run_cases()]
    chosen = [case for case in every if only in case[0]]
    began = time.monotonic()
    with ThreadPoolExecutor(jobs) as pool:
        for number, name in enumerate(pool.map(lambda case: keep(folder, case), chosen), start=1):
            print(f"{time.monotonic() - began:5.0f} s  {number}/{len(chosen)}  {name}", flush=True)
    if digest(own) != before:
        raise SystemExit(f"the commands have changed {own}")


def keep(folder: Path, case: Case) -> str:
    """Runs the commands of a case; keeps streams and exit status beside the files that they write."""
    name, commands = case
    place = folder / "outputs" / name
    place.mkdir(parents=True)
    for number, command in enumerate(commands):
        arguments = [part.replace("OUT", f"outputs/{name}") for part in command]
        done = vecbench(folder, arguments, may_fail=True)
        format_ = command[command.index("--format") + 1] if "--format" in command else "table"
        (place / f"{number}-stdout{SUFFIXES.get(format_, '.txt')}").write_text(done.stdout)
        (place / f"{number}-stderr.txt").write_text(f"exit status {done.returncode}\n{done.stderr}")
    for path in sorted(place.rglob("*")):
        if path.suffix in PICTURES:
            path.write_bytes(b"")
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                archive.extractall(path.with_suffix(""))
            path.unlink()
    return name


def vecbench(
    folder: Path, arguments: Sequence[str], *, may_fail: bool = False
) -> subprocess.CompletedProcess[str]:
    """A command of the vecbench that this Python imports, on a terminal of 80 columns without colours."""
    kept = {key: value for key, value in os.environ.items() if key not in {"GITHUB_ACTIONS", "FORCE_COLOR"}}
    environment = kept | {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    program = [] if arguments[0] == "cp" else [sys.executable, "-m", "vecbench"]
    done = subprocess.run(
        [*program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if not may_fail and done.returncode not in {0, 4}:
        raise SystemExit(f"vecbench {' '.join(arguments)}: status {done.returncode}\n{done.stderr}")
    return done


def digest(folder: Path) -> str:
    """SHA-256 of every name and content below a folder."""
    found = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        found.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return found.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    storing = commands.add_parser("store", help="keep what the imported vecbench prints")
    storing.add_argument("folder", type=Path, metavar="DIR")
    storing.add_argument("--inputs", type=Path, metavar="DIR", help="take these instead of making some")
    golden = Path(__file__).resolve().parents[1] / "tests" / "golden"
    storing.add_argument("--golden", type=Path, default=golden, metavar="DIR", help="the golden responses")
    storing.add_argument("--jobs", type=int, default=1, help="commands at a time (default: 1)")
    storing.add_argument("--only", default="", metavar="TEXT", help="cases whose name has this text")
    comparing = commands.add_parser("compare", help="print every difference between two stores")
    comparing.add_argument("old", type=Path, metavar="OLD")
    comparing.add_argument("new", type=Path, metavar="NEW")
    comparing.add_argument("--only", default="", metavar="TEXT", help="cases whose name has this text")
    comparing.add_argument(
        "--allow", action="append", default=[], metavar="REGEX", help="differences that are meant: no failure"
    )
    given = parser.parse_args()
    if given.command == "store":
        inputs = given.inputs.resolve() if given.inputs else None
        store(given.folder.resolve(), inputs, given.golden.resolve(), given.jobs, given.only)
    else:
        sys.exit(report(given.old / "outputs", given.new / "outputs", given.allow, given.only))


if __name__ == "__main__":
    main()
