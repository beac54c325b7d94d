"""The commands, and what becomes of their errors.

Nothing heavy is imported before a command needs it: `vecbench --help` must answer at once.
"""

from __future__ import annotations

import errno
import io
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperOption

import vecbench
from vecbench.cli.compare import compare
from vecbench.cli.data import data
from vecbench.cli.leaderboard import leaderboard
from vecbench.cli.push import push
from vecbench.cli.report import report
from vecbench.cli.run import demo, run
from vecbench.cli.score import score
from vecbench.cli.settings import Settings, settings_of
from vecbench.cli.table import table
from vecbench.cli.tasks import tasks
from vecbench.console import warn, whole_lines
from vecbench.errors import DataError, Interrupted, RunError, UsageError, VecbenchError, whole_message
from vecbench.escaping import printable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a system says of a full or broken disk."""
REFUSED = (errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR)
"""What a system says of a path that somebody named and nobody can use."""

app = typer.Typer(
    name="vecbench",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"vecbench {vecbench.__version__}")
        raise typer.Exit


@app.callback(
    epilog="Exit status: 0 done, 1 a gate failed, 2 wrong usage, configuration or data, 3 the run failed, "
    "4 done but incomplete."
)
def vecbench_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Options of commands, in YAML, JSON or TOML."),
    ] = None,
) -> None:
    """Accuracy and calibration of multimodal models on Visual Emotion Comprehension."""


app.command()(demo)
app.command()(run)
app.command()(score)
app.command()(compare)
app.command()(table)
app.command()(report)
app.command()(push)
app.add_typer(tasks, name="tasks")
app.add_typer(data, name="data")
app.add_typer(leaderboard, name="leaderboard")


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and exits with its status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character still gets its table
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, _stop)
    # Accepted anywhere: people add it at the end of a command that failed.
    debug = "--debug" in arguments
    arguments = [_dashed(each) for each in arguments if each != "--debug"]
    settings = Settings()
    with whole_lines():
        try:
            config = _taken(arguments, "--config") or os.environ.get("VECBENCH_CONFIG")
            settings = settings_of(app, Path(config) if config else None)
        except VecbenchError as fault:
            status = _report(fault, debug)
        else:
            status = _status(arguments, debug or settings.defaults.get("debug", False), settings)
        status = _written(status, debug)
    sys.exit(status)


def _taken(arguments: list[str], flag: str) -> str | None:
    """The value of a flag that is accepted anywhere: taken out of the arguments, the last one counts."""
    value = None
    while places := [place for place, each in enumerate(arguments) if each.partition("=")[0] == flag]:
        end = places[0] + (1 if "=" in arguments[places[0]] else 2)
        value = "=".join(arguments[places[0] : end]).partition("=")[2]
        if not value:
            raise UsageError(f"{flag} names no file", f"Write {flag} FILE.")
        del arguments[places[0] : end]
    return value


def _command() -> Callable[..., object]:
    command = typer.main.get_command(app)
    for option in command.params:
        # `--install-completion` is what people look for; the other one is for packagers.
        if isinstance(option, TyperOption) and option.name == "show_completion":
            option.hidden = True
    return command


def _stop(_number: int, _frame: object) -> None:
    """A batch system's SIGTERM ends a command as Ctrl-C does."""
    raise KeyboardInterrupt


def _dashed(argument: str) -> str:
    """`--model_args=x` as `--model-args=x`: lm-eval's users write the one, ours is the other."""
    flag, sign, value = argument.partition("=")
    return flag.replace("_", "-") + sign + value if flag.startswith("--") else argument


def _status(arguments: list[str], debug: bool, settings: Settings) -> int:
    try:
        status = _command()(
            arguments, standalone_mode=False, prog_name="vecbench", default_map=settings.defaults or None
        )
    except VecbenchError as fault:
        fault.remedy = f"{settings.origin(fault.message, arguments)} {fault.remedy}".strip()
        return _report(fault, debug)
    except SystemExit:
        # typer's answer to a reader that has closed our output: it has seen enough, and that is no failure.
        _drop_output()
        return 0
    except Exception as fault:
        if hasattr(fault, "format_message"):  # typer's usage errors; their class differs by version
            message = fault.format_message()
            if message:  # none where a command without its subcommand has printed the help
                _print_error(message, f"{settings.origin(message, arguments)} {_help_hint(fault)}".strip())
            return 2
        if isinstance(fault, OSError):
            problem = (fault.strerror or str(fault)).lower()
            if fault.filename is None and fault.errno in NO_ROOM:
                return _report(_unwritten(fault), debug)
            if fault.filename is not None and fault.errno in REFUSED:
                return _report(DataError(f"{os.fsdecode(fault.filename)}: {problem}"), debug)
        error = RunError(
            f"unexpected {type(fault).__name__}: {whole_message(fault)}",
            "This is a fault of vecbench: please report it with the output of the same command and --debug.",
        )
        error.__cause__ = fault
        return _report(error, debug)
    if status == 130:  # typer's status for Ctrl-C; a run that was under way has reported it by itself
        return _report(
            Interrupted("stopped", "Run the same command again: a run or a download goes on where it was."),
            debug=False,
        )
    return status if isinstance(status, int) else 0


def _written(status: int, debug: bool) -> int:
    """The status, once standard output has taken everything; for what it does not take Python's is 120."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    except OSError as fault:
        _drop_output()
        return status or _report(_unwritten(fault), debug)
    return status


def _drop_output() -> None:
    """What is still to be written goes nowhere: Python would complain once more while it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unwritten(fault: OSError) -> RunError:
    return RunError(f"the output cannot be written: {(fault.strerror or str(fault)).lower()}")


def _report(fault: VecbenchError, debug: bool) -> int:
    from vecbench.engines.secrets import Mask

    # Nobody knows what an exception quotes that was raised somewhere else.
    masked = Mask.of_environment()
    if debug:
        sys.stderr.write(masked("".join(traceback.format_exception(fault))))
    _print_error(masked(fault.message), masked(fault.remedy))
    return fault.exit_status


def _print_error(message: str, remedy: str) -> None:
    with suppress(OSError):  # nobody can be told that nothing can be told
        warn(_line(message), _line(remedy), word="error", style="bold red")


_USER = re.compile(r"(?<=://)[^/\s@]+@")
"""In an address: a name and a password, which may be a key."""


def _line(text: str) -> str:
    return printable(" ".join(_USER.sub("[key]@", text).split()))


def _help_hint(fault: Exception) -> str:
    context = getattr(fault, "ctx", None)
    return f"See: {context.command_path} --help" if context is not None else "See: vecbench --help"
