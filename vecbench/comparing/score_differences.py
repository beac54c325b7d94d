"""The differences between two sides of which one has no rows: values, and no test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from vecbench.answers import is_of_one_run, known_metrics
from vecbench.comparing.differences import AllDifferences, Difference, Differences, with_worst
from vecbench.comparing.pairs import Kind, protocol_difference
from vecbench.comparing.sides import Side
from vecbench.errors import DataError
from vecbench.scoring import Scores, protocol_named, score, score_responses
from vecbench.scoring.scores import OVERALL
from vecbench.tasks import Catalogue


def score_differences(baseline: Side, candidate: Side, catalogue: Catalogue) -> AllDifferences:
    """What scores alone say: of both sides, in one protocol or one that is unknown."""
    first, second = (_score_content(side, catalogue) for side in (baseline, candidate))
    known = known_metrics()
    why = "scores without rows cannot be paired, so there is no test: compare the runs themselves"

    def values(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Difference]:
        found = {}
        for key in (key for key in old if not is_of_one_run(key)):
            each = old[key], new.get(key, {})
            found[key] = Difference(each[0].get("value"), each[1].get("value"), why=why)
            if key in known:
                found[key] = with_worst(found[key], known[key], [said.get("bounds") for said in each])
        return found

    def differences(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Differences:
        metrics = values(old["metrics"], new["metrics"])
        macro = values(old.get("macro", {}), new.get("macro", {}))
        tasks = tuple(old.get("tasks", [name]))
        return Differences(int(new["n"]), int(new["n"]), tasks, metrics, macro=macro)

    blocks = {
        level: {
            name: differences(name, old, second[level][name])
            for name, old in first[level].items()
            if name in second[level]
        }
        for level in ("tasks", "groups")
    }
    names = {name: task.display for name, task in catalogue.tasks.items()}
    names |= {name: group.display for name, group in catalogue.groups.items()}
    overall = differences(OVERALL, first["overall"], second["overall"])
    return AllDifferences(blocks["tasks"], blocks["groups"], overall, names)


def _score_content(side: Side, catalogue: Catalogue) -> Mapping[str, Any]:
    if side.scores is not None:
        return side.scores
    scored: Scores
    if side.responses:
        scored = score_responses(side.responses, protocol_named(side.protocol or ""), catalogue).scores
    else:
        scored = score(side.rows, side.protocol or "", catalogue, replicates=0)
    return scored.content()


def score_faults(baseline: Side, candidate: Side) -> dict[Kind, str]:
    """In what scores differ that must be the same; their prompts and images are unknown."""
    protocol = protocol_difference(baseline, candidate)
    found: dict[Kind, str] = {} if protocol is None else {"protocol": protocol}
    counts = [_rows_per_task(side) for side in (baseline, candidate)]
    if not counts[0].keys() & counts[1].keys():
        raise DataError(
            f"{baseline.path} and {candidate.path} have no task in common",
            "Compare scores of the same tasks.",
        )
    other = [
        f"{name} has {counts[0].get(name, 0):,} rows there, {counts[1].get(name, 0):,} here"
        for name in dict.fromkeys([*counts[0], *counts[1]])
        if counts[0].get(name) != counts[1].get(name)
    ]
    if other:
        found["samples"] = ", ".join(other)
    return found


def _rows_per_task(side: Side) -> dict[str, int]:
    if side.scores is not None:
        return {name: int(task["n"]) for name, task in side.scores["tasks"].items()}
    return dict(Counter(row.task for row in side.rows if row.dropped is None))
