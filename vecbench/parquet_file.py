"""Opening a Parquet, which pyarrow reads, from the extra `parquet`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vecbench.errors import UsageError

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

BUFFER = 2**16


@contextmanager
def open_parquet(path: Path) -> Iterator[ParquetFile]:
    """A Parquet that is read page by page: one of a single row group is not in memory as a whole.

    Raises:
        ValueError: It cannot be read, be it only found out meanwhile.
        UsageError: pyarrow is not installed.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise UsageError(
            f"{path} is Parquet, and pyarrow is not installed", 'Install it: pip install "vecbench[parquet]"'
        ) from None
    try:
        with ParquetFile(path, buffer_size=BUFFER, pre_buffer=False) as file:
            yield file
    except (ArrowException, OSError) as fault:
        raise ValueError(f"not a Parquet that can be read: {' '.join(str(fault).split())[:200]}") from None
