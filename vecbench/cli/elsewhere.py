"""Where a command writes scores and responses besides: other programs' files, tools that track runs."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vecbench.console import stderr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from vecbench.interop.exports import Export
    from vecbench.interop.reading import ResponseSource
    from vecbench.loggers.registry import AskedLogger
    from vecbench.scoring import CompleteScores
    from vecbench.store import StoredResponse
    from vecbench.tasks import Catalogue


def asked_loggers(log: Sequence[str] | None) -> Sequence[AskedLogger]:
    """What `--log` asks for, before anything is computed."""
    if not log:
        return ()
    from vecbench.loggers.registry import asked_loggers

    return asked_loggers(log)


def log_complete(loggers: Sequence[AskedLogger], complete: CompleteScores, output: Path) -> None:
    """Logs scores with the figures that lie in their directory."""
    from vecbench.store import RunDirectory

    run = str(complete.scores.run.get("model") or output.resolve().name)
    for logger in loggers:
        logger.log(complete.scores, run, RunDirectory(output).figures.glob("*.png"))
        stderr().print(f"logged: {logger.name}, {run}", soft_wrap=True, markup=False)


def exports_named(names: Sequence[str]) -> Mapping[str, Export]:
    """What `--export` asks for."""
    if not names:
        return {}
    from vecbench.interop.exports import export_named  # reads samples, which takes a while to import

    return {name: export_named(name) for name in names}


@dataclass(frozen=True)
class Exporting:
    """The responses to go through, and what exports those that were."""

    responses: Iterator[StoredResponse]
    write: Callable[[CompleteScores], None]


@contextmanager
def exporting(
    exports: Mapping[str, Export], source: ResponseSource, catalogue: Catalogue, output: Path
) -> Iterator[Exporting]:
    """For the block to go through the responses, and then to export them."""
    if not exports:
        yield Exporting(source.responses, lambda _: None)
        return
    from vecbench.interop.spool import ResponseSpool

    def write_all(complete: CompleteScores) -> None:
        for name, write in exports.items():
            notes = write(spool, output / name, catalogue, source.manifest, complete)
            stderr().print(f"exported: {output / name}", soft_wrap=True)
            control = source.manifest.control if source.manifest else None
            silent = [f"a control, which these files do not say: {control.said}"] if control else []
            for note in (*notes, *silent):
                stderr().print(f"  {note}", soft_wrap=True)

    with closing(ResponseSpool(output)) as spool:
        yield Exporting(spool.storing(source.responses), write_all)
