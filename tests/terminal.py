"""A user's terminal: a pseudo-terminal with a program in it, and what stands on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence

_OF_TERMINALS = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "VLLM_LOGGING_LEVEL")
_SEQUENCE = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]")


class Terminal:
    """Runs a program in a terminal of so many columns."""

    def __init__(self, program: Sequence[str], columns: int, environment: Mapping[str, str]) -> None:
        self._columns = columns
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        plain = {name: value for name, value in os.environ.items() if name not in _OF_TERMINALS}
        # A session of its own, with this as its controlling terminal: ^C reaches it as it reaches a user's.
        self._process = subprocess.Popen(
            program,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**plain, "TERM": "xterm-256color", **environment},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads yet
        )
        os.close(theirs)
        self.received = ""

    def wait(self, until: Callable[[str], bool] = lambda _: False, patience: float = 40.0) -> int | None:
        """Reads until something is received or the program ends, which gives its status."""
        deadline = time.monotonic() + patience
        while not until(self.received):
            assert time.monotonic() < deadline, self.received
            if select.select([self._ours], [], [], 0.05)[0]:
                try:
                    data = os.read(self._ours, 65536)
                except OSError:  # the other end is closed
                    data = b""
                if not data:
                    return self._process.wait(patience)
                self.received += data.decode(errors="replace")
        return None

    def press(self, keys: str) -> None:
        """What a user types."""
        os.write(self._ours, keys.encode())

    def close(self) -> None:
        """Ends the program."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    @property
    def screen(self) -> list[str]:
        """The lines as a terminal shows them, those that have scrolled off too."""
        return screen(self.received, self._columns)


def screen(received: str, columns: int) -> list[str]:
    """What a terminal of so many columns shows of what it was sent."""
    rows: list[list[str]] = [[]]
    row = column = 0
    for piece in _SEQUENCE.findall(received):
        if piece == "\r":
            column = 0
        elif piece == "\n":
            row += 1
        elif piece.startswith("\x1b"):
            count = int(re.sub(r"\D", "", piece) or 1)
            if piece[-1] == "A":
                row = max(0, row - count)
            elif piece[-1] == "K":  # 2K: the whole line
                rows[row] = [] if piece[2:-1] == "2" else rows[row][:column]
            else:
                assert piece[-1] in "mhl", piece
        else:
            if column == columns:
                row, column = row + 1, 0
            while len(rows) <= row:
                rows.append([])
            rows[row] += [" "] * (column + 1 - len(rows[row]))
            rows[row][column] = piece
            column += 1
        while len(rows) <= row:
            rows.append([])
    return ["".join(each).rstrip() for each in rows]
