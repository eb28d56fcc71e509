"""One unreadable photograph among many: it is named, counted and passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from calib_data.errors import UserError
from calib_data.parallel import in_parallel
from calib_data.wording import counted

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")

_SHOWN = 20


class Skipped:
    """Files that were passed over, each with a sentence that names it and says why. True when there are any.

    A command shows `summary()` as a warning; with `--strict` a true `Skipped` is a failed gate (exit code 1).
    """

    def __init__(self) -> None:
        self._problems: dict[Path, str] = {}

    def __bool__(self) -> bool:
        return bool(self._problems)

    def __len__(self) -> int:
        return len(self._problems)

    def __iter__(self) -> Iterator[tuple[Path, str]]:
        return iter(self._problems.items())

    def add(self, path: Path, problem: str) -> None:
        """Take down a file; its first problem is kept."""
        self._problems.setdefault(path, problem)

    def summary(self) -> str:
        """How many were skipped, then one line a file."""
        lines = [f"  {problem}" for _, problem in list(self)[:_SHOWN]]
        if len(self) > _SHOWN:
            lines.append(f"  and {len(self) - _SHOWN} more")
        return "\n".join([f"{counted(len(self), 'file')} skipped:", *lines])


def readable(
    items: Iterable[Item],
    load: Callable[[Item], Loaded],
    path_of: Callable[[Item], Path],
    skipped: Skipped,
    workers: int | None = None,
) -> Iterator[tuple[Item, Loaded]]:
    """Yield each item with what `load` makes of it; items that `load` refuses go to `skipped`.

    Args:
        items: Paths, pairs or what else `load` takes.
        load: Reads one item; raises `UserError` if the item's file is at fault. Called from threads.
        path_of: The file by which an item is named.
        skipped: Takes down the items that were refused.
        workers: How many items are loaded ahead at once; as many as there are cores by default.

    Raises:
        UserError: There were items, and not one of them could be read.
    """

    def attempt(item: Item) -> tuple[Item, Loaded] | tuple[Item, UserError]:
        try:
            return item, load(item)
        except UserError as error:
            return item, error

    read = 0
    for item, outcome in in_parallel(attempt, items, workers):
        if isinstance(outcome, UserError):
            skipped.add(path_of(item), outcome.problem)
        else:
            read += 1
            yield item, outcome
    if not read and skipped:
        raise UserError(f"not one file could be read; {skipped.summary()}", "Name a folder with readable photographs.")
