"""What every command shares: its parser, its exit codes, its progress and its last line.

A command module is thin: it builds a parser with `parser`, and hands a function that takes the parsed
options and returns an exit code to `run`. Exit codes: 0 good, 1 a gate failed, 2 the call or the input
is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from calib_data.errors import UserError

GOOD, GATE_FAILED, WRONG_INPUT = 0, 1, 2

Item = TypeVar("Item")
_PLAIN_WIDTH = 200


def console() -> Console:
    """Where results are printed: coloured on a terminal, wide plain text elsewhere."""
    if sys.stdout.isatty():
        return Console(markup=False, emoji=False)
    return Console(width=_PLAIN_WIDTH, no_color=True, highlight=False, markup=False, emoji=False)


def progress_console() -> Console:
    """Where bars are drawn."""
    return Console(stderr=True, markup=False, emoji=False)


def parser(module: str, description: str, example: str) -> argparse.ArgumentParser:
    """A parser for `python -m module`, whose help ends with an example."""
    return argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def whole(least: int) -> Callable[[str], int]:
    """Reads whole numbers from `least` on, for argparse's `type=`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
        return int(text)

    return read


def keras_file(text: str) -> Path:
    """Reads the name of a `.keras` file to write, for argparse's `type=`."""
    path = Path(text)
    if path.suffix != ".keras":
        raise argparse.ArgumentTypeError(f"{text} does not end in .keras; name it {path.stem}.keras")
    return path


def refuse_under_one(options: argparse.Namespace, *names: str) -> None:
    """Refuse counts that are given and under 1.

    Args:
        options: Parsed.
        names: Attributes of it.

    Raises:
        UserError: One is.
    """
    for name in names:
        value, flag = getattr(options, name), f"--{name.replace('_', '-')}"
        if value is not None and value < 1:
            raise UserError(f"{flag} is {value}; 1 or more is allowed.", f"Leave {flag} out.")


def run(
    arguments: argparse.ArgumentParser,
    body: Callable[[argparse.Namespace], int],
    argv: Sequence[str] | None = None,
) -> int:
    """Parse, run `body`, and turn what a user can mend into one message and exit code 2."""
    options = arguments.parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file's name may have bytes that are no text
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with _terminated_as_interrupt():
            return body(options)
    except UserError as error:
        return _refuse(error.problem, error.fix)
    except KeyboardInterrupt:
        return _refuse(
            "interrupted; files that were not finished have been removed.",
            f"Run the same command again{' with --resume' if getattr(options, 'resume', None) is False else ''}.",
        )
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader (head, less) has left
        return WRONG_INPUT
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _refuse(
                f"no space left on the disk while writing {error.filename or 'a file'}; nothing half-written remains.",
                "Free some space, or name a folder on another disk with --out.",
            )
        if error.filename is not None:
            return _refuse(f"{error.filename}: {error.strerror}.", "Check that the path exists and may be used.")
        raise


def main(arguments: argparse.ArgumentParser, body: Callable[[argparse.Namespace], int]) -> NoReturn:
    """Run a command and leave the process with its exit code."""
    sys.exit(run(arguments, body))


def warn(message: str) -> None:
    """Print a warning to standard error."""
    print(f"warning: {message}", file=sys.stderr, flush=True)


def tell(message: str) -> None:
    """Print one plain line to standard output at once; in one write, so that threads' lines stay apart."""
    print(f"{message}\n", end="", flush=True)


def next_step(command_line: str) -> None:
    """Print the last line of a command: what to run next."""
    tell(f"next: {command_line}")


def progress(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """Yield `items` under a progress bar on a terminal, or with about ten plain lines elsewhere."""
    if sys.stderr.isatty():
        yield from _bar(items, total, what)
        return
    step = max(1, -(-total // 10))
    for count, item in enumerate(items, 1):
        yield item
        if count % step == 0 or count == total:
            print(f"{what}: {count}/{total}", file=sys.stderr, flush=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table for `console().print`: the first column to the left, the others to the right."""
    result = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        result.add_column(column, justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        result.add_row(*row)
    return result


def _bar(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=progress_console()) as bar:
        yield from bar.track(items, total=total, description=what)


def _refuse(problem: str, fix: str) -> int:
    print(f"error: {problem}\n  fix: {fix}", file=sys.stderr, flush=True)
    return WRONG_INPUT


@contextlib.contextmanager
def _terminated_as_interrupt() -> Iterator[None]:
    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread, where signals cannot be handled
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
