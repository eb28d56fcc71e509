from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from calib_data.errors import UserError
from calib_data.parallel import in_parallel
from calib_data.skipped import Skipped, readable


def _load(path: Path) -> str:
    if "bad" in path.name:
        raise UserError(f"{path} is truncated.", "Fetch it anew.")
    return path.name.upper()


def _itself(path: Path) -> Path:
    return path


def test_unreadable_items_are_named_and_the_others_come_in_order() -> None:
    skipped = Skipped()
    paths = [Path(name) for name in ("a", "bad1", "b", "c", "bad2")]
    loaded = list(readable(paths, _load, _itself, skipped))
    assert loaded == [(Path("a"), "A"), (Path("b"), "B"), (Path("c"), "C")]
    assert [path for path, _ in skipped] == [Path("bad1"), Path("bad2")]
    assert skipped.summary() == "2 files skipped:\n  bad1 is truncated.\n  bad2 is truncated."


def test_nothing_skipped_is_false() -> None:
    skipped = Skipped()
    assert list(readable([], _load, _itself, skipped)) == []
    assert not skipped
    skipped.add(Path("a"), "a has no target")
    assert skipped
    assert skipped.summary() == "1 file skipped:\n  a has no target"


def test_a_long_summary_is_cut() -> None:
    skipped = Skipped()
    for number in range(100):
        skipped.add(Path(str(number)), "gone")
    assert skipped.summary().endswith("and 80 more")


def test_not_one_readable_item_is_an_error() -> None:
    with pytest.raises(UserError, match="not one file"):
        list(readable([Path("bad1"), Path("bad2")], _load, _itself, Skipped()))


def test_faults_of_the_program_are_not_skipped() -> None:
    def broken(path: Path) -> str:
        raise ZeroDivisionError(path)

    with pytest.raises(ZeroDivisionError):
        list(readable([Path("a")], broken, _itself, Skipped()))


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_items_than_workers_are_taken_ahead(workers: int) -> None:
    taken: list[int] = []
    lock = threading.Lock()

    def stream() -> Iterator[int]:
        for item in range(50):
            with lock:
                taken.append(item)
            yield item

    for done, result in enumerate(in_parallel(lambda item: item * 2, stream(), workers)):
        assert result == done * 2
        assert len(taken) <= done + 1 + workers
