"""A run as it is stored in its directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vecbench.errors import UsageError
from vecbench.escaping import in_html
from vecbench.interop.reading import ResponseSource, open_responses
from vecbench.interop.scored import scored_source, warn_of_losses
from vecbench.scoring import Scores, predicted, protocol_named
from vecbench.store import Manifest, RunDirectory
from vecbench.store.kept_tasks import with_kept_tasks
from vecbench.tasks import Catalogue, load_catalogue

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, repr=False)
class Run:
    """A run of some tasks that is stored in a directory; `vecbench.load_run` opens it.

    Everything is read from its files when it is asked for: of a run that is still going on, what there is. A
    run can stand wherever its directory can: `vecbench.score(run)`, `vecbench.compare(run, "results/b")`.

    >>> import vecbench
    >>> run = vecbench.load_run("results/demo")
    >>> run
    <Run results/demo: vecbench-nano on emoji_7, complete>
    >>> run.manifest.seed
    0
    >>> vecbench.score(run)
    <Scores of emoji_7: 20 rows>

    Attributes:
        path: The directory.
        manifest: What run.json says: model, engine, tasks, sampling, versions; None if it is not there.
        include_path: Folders with task files of one's own.
    """

    path: Path
    manifest: Manifest | None
    include_path: tuple[Path, ...] = ()

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        if self.manifest is None:
            return f"<Run {self.path}>"
        tasks = ", ".join(self.manifest.tasks)
        return f"<Run {self.path}: {self.manifest.model.name} on {tasks}, {self.manifest.status}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: whose run it is and how far it is; its scores are `scores()`."""
        from vecbench.report.html import html_table

        if self.manifest is None:
            return html_table([], [["Run", in_html(str(self.path))]])
        counts = self.manifest.counts
        facts = {
            "Run": str(self.path),
            "Model": self.manifest.model.name,
            "Tasks": ", ".join(self.manifest.tasks),
            "Responses": f"{counts.stored:,} of {counts.asked:,}, {counts.errors:,} failed",
            "Status": self.manifest.status,
        }
        return html_table([], ([name, in_html(fact)] for name, fact in facts.items()))

    def responses(self) -> DataFrame:
        """Every stored response, verbatim, in the order in which it was stored.

        Returns:
            A row a line of responses.jsonl, its keys as columns (see docs/run-directory.md), and one more
            column for each attribute of the data by which scores are broken down. Where a sample has several
            lines, the last one counts.

        Raises:
            UsageError: The run has a task that no task file defines.
            DataError: A file cannot be read.

        >>> import vecbench
        >>> responses = vecbench.load_run("results/demo").responses()
        >>> responses.loc[0, ["task", "sample_id", "target", "finish_reason"]].to_dict()
        {'task': 'emoji_7', 'sample_id': 'noto-1f339', 'target': 'love', 'finish_reason': 'stop'}
        """
        from vecbench.frames import response_frame

        source, _ = self._opened()
        frame = response_frame(list(source.responses))
        warn_of_losses(source, self.path)
        return frame

    def predictions(self, protocol: str = "strict") -> DataFrame:
        """What each response says, as a protocol reads it, and whether it is right.

        Args:
            protocol: "strict", "emocaliber" or "emobserver".

        Returns:
            A row a sample and repeat, with these columns, and one more for each attribute of the data by
            which scores are broken down (`attribute NAME` if it is called as one of these).

            - task, sample_id, repeat: Which sample; repeat counts from 0.
            - kind: Name of the answer kind.
            - target, answer: The true answer and the model's; the latter is missing where there is none.
            - answer_status: How the answer came about, or why there is none (see docs/parsing.md).
            - confidence: In [0, 1]; nan where none is stated.
            - confidence_status: How it came about, or why there is none.
            - right: Whether the answer is right: False without one, missing for a kind that does not judge.
            - options: Only if some were scored: option → its probability over the sum of all; missing where
              they were not.

        Raises:
            UsageError: There is no such protocol, or no file defines a task of the run.
            DataError: A file cannot be read.

        >>> import vecbench
        >>> predictions = vecbench.load_run("results/demo").predictions()
        >>> predictions.groupby("task")[["confidence", "right"]].count()
                 confidence  right
        task
        emoji_7          20     20
        """
        from vecbench.frames import prediction_frame

        way = protocol_named(protocol)
        source, catalogue = self._opened()
        rows = predicted(source.responses, way, catalogue)
        judges = {row.task for row in rows if catalogue.answers_of(row.task, row.kind).judges}
        warn_of_losses(source, self.path)
        return prediction_frame(rows, judges)

    def scores(self, protocol: str = "strict") -> Scores:
        """All scores of the run, as `vecbench.score` makes them of its directory.

        Args:
            protocol: "strict", "emocaliber" or "emobserver".

        Raises:
            UsageError: There is no such protocol, or no file defines a task of the run.
            DataError: A file cannot be read.

        >>> import vecbench
        >>> scores = vecbench.load_run("results/demo").scores()
        >>> scores.tasks["emoji_7"].metrics["coverage"].value
        1.0
        """
        way = protocol_named(protocol)
        source, catalogue = self._opened()
        complete = scored_source(source, way, catalogue)
        warn_of_losses(source, self.path, complete.reading)
        return complete.scores

    def _opened(self) -> tuple[ResponseSource, Catalogue]:
        catalogue = with_kept_tasks(load_catalogue(self.include_path), [self.path])
        return open_responses(self.path, catalogue), catalogue


def stored_run(path: Path, include_path: Sequence[Path] = ()) -> Run:
    """The run in a directory, see `vecbench.load_run`."""
    directory = RunDirectory(path)
    if not path.is_dir():
        raise UsageError(f"there is no directory {path}", "Name the directory of a run.")
    if not (directory.manifest.is_file() or directory.responses.is_file()):
        raise UsageError(
            f"{path} holds no run: neither run.json nor responses.jsonl is there",
            "What other programs stored is scored with vecbench.score(path).",
        )
    return Run(path, directory.read_manifest(), tuple(include_path))
