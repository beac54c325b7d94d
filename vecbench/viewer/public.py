"""`vecbench.write_report`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from vecbench.viewer.report import report_of

if TYPE_CHECKING:
    from vecbench.public import AnyPath


def write_report(
    run: AnyPath,
    against: AnyPath | None = None,
    *,
    output: AnyPath | None = None,
    data: AnyPath | None = None,
    images: bool = True,
    single_file: bool = False,
    max_samples: int = 100_000,
    protocol: str = "strict",
    control: AnyPath | Iterable[AnyPath] = (),
    include_path: AnyPath | Iterable[AnyPath] = (),
) -> Path:
    """Writes a page with the samples of a run, their images and responses, as `vecbench report` does.

    Args:
        run: A run's directory, or a `Run`; or a file or folder that another program wrote, as for `score`.
        against: Another such, seen beside it: samples are matched by task, id and repeat.
        output: The page's folder; None for `report` in the run's directory.
        data: Where the samples and images are now; None for where the run had them.
        images: Whether thumbnails are shown.
        single_file: Whether all is in one file, of at most 25 MB.
        max_samples: Most rows that are shown, the confidently wrong first.
        protocol: How responses are read and scored, as for `score`.
        control: Controls of the run, as for `score`.
        include_path: Folders with task files of one's own.

    Returns:
        The page, `index.html`, which opens from disk.

    Warns:
        UserWarning: What the page cannot show, one sentence each: missing images, rows left out.

    Raises:
        UsageError: There is nothing to read, the folder holds something else, or a file would be too large.
        DataError: A file cannot be read.
        RunError: The page cannot be written.

    >>> import vecbench
    >>> vecbench.write_report("results/demo", output="results/report").name
    'index.html'
    """
    folders, controls = (
        [each] if isinstance(each, str | os.PathLike) else each for each in (include_path, control)
    )
    written = report_of(
        Path(run),
        None if against is None else Path(against),
        None if output is None else Path(output),
        data=None if data is None else Path(data),
        most=max_samples,
        images=images,
        single_file=single_file,
        protocol=protocol,
        controls=[Path(each) for each in controls],
        include_path=[Path(each) for each in folders],
    )
    for notice in written.lacking:
        warnings.warn(notice, stacklevel=2)
    return written.path
