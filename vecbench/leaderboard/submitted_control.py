"""The control of a submission: that it is one of the submission's run, and what it says of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vecbench.comparing.sides import RowKey, Side
from vecbench.controls.report import ControlReport, stated_report
from vecbench.errors import DataError
from vecbench.leaderboard.samples import MOST_NAMED
from vecbench.leaderboard.submitted_run import CONTROL_FILES, SubmittedRun, submitted_run
from vecbench.scoring import STRICT
from vecbench.store import Control, StoredResponse
from vecbench.tasks import Catalogue, Task

_OF_THE_RUN = {"control", "model", "model revision"}
"""Settings that the control has otherwise, or that are compared elsewhere."""
_SAME_OPTIONS = "Run the control with the same options and data."


@dataclass(frozen=True, slots=True)
class SubmittedControl:
    """A control that has passed.

    Attributes:
        report: What it says of the run, by the confidences that are stated.
        responses: How many it has.
        has_known_keys: Whether every key of its responses is that of what it is said to have shown; not of
            other samples' images without the data, or by the ids of another format of it.
    """

    report: ControlReport
    responses: int
    has_known_keys: bool

    @property
    def control(self) -> Control:
        """What was shown."""
        return self.report.control


def submitted_control(
    files: Mapping[str, bytes],
    run: SubmittedRun,
    path: Path,
    tasks: Sequence[Task],
    catalogue: Catalogue,
    data: str | None,
) -> SubmittedControl:
    """Checks a submission's control by itself, as its run is checked, and against that run.

    Args:
        files: The submission's, those of a control among them.
        run: The submission's, which has passed.
        path: Where the submission is; named in the errors.
        tasks: All of the benchmark.
        catalogue: Brings the tasks.
        data: See `check_samples`.

    Raises:
        DataError: It is no run that could be handed in, or differs from the run in more than what was shown.
        UsageError: It is of another model.
    """
    where = f"{path}: {CONTROL_FILES.responses}"
    found = submitted_run(files, CONTROL_FILES, path, tasks, catalogue, data)
    if not {each.key for each in found.responses}.isdisjoint(each.key for each in run.responses):
        raise DataError(
            f"{where}: its keys are those of the run, which shows its samples' images", _SAME_OPTIONS
        )
    _require_same_settings(run, found, f"{path}: {CONTROL_FILES.manifest}")
    odd = sorted({*map(_row, run.responses)} ^ {*map(_row, found.responses)})
    if odd:
        named = ", ".join(f"{task} {sample:.80}" for task, sample, _ in odd[:MOST_NAMED])
        raise DataError(f"{where}: other samples than those of the run: {named!r}", _SAME_OPTIONS)
    real, control = _side(run, path), _side(found, Path(f"{path}: {CONTROL_FILES.manifest}"))
    report = stated_report(real, control, catalogue)
    return SubmittedControl(report, len(found.responses), found.coverage.prompts)


def _require_same_settings(run: SubmittedRun, control: SubmittedRun, where: str) -> None:
    differing = run.manifest.differing_settings(control.manifest)
    if run.manifest.repeats != control.manifest.repeats:
        differing["repeats"] = run.manifest.repeats, control.manifest.repeats
    said = [
        f"{name:.80} is {ours!s:.80} there, {theirs!s:.80} here"
        for name, (ours, theirs) in differing.items()
        if name not in _OF_THE_RUN
    ]
    if said:
        raise DataError(
            f"{where}: differs from run.json in more than what was shown: {'; '.join(said)}", _SAME_OPTIONS
        )


def _row(response: StoredResponse) -> RowKey:
    return response.task, response.sample_id, response.repeat


def _side(run: SubmittedRun, path: Path) -> Side:
    """The run as what is held against another one."""
    prompts = {_row(each): each.prompt_sha256 for each in run.responses}
    return Side(path, STRICT.name, run.rows, prompts=prompts, tells_candidates=True, manifest=run.manifest)
