from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calib_data.dataset import find_pairs
from calib_data.errors import UserError
from calib_data.files import sha256
from calib_data.scenes import series as module
from calib_data.scenes.pair import Effects, RenderedPair
from calib_data.scenes.series import DrawnSeries, render_series
from calib_data.series import MANIFEST, SeriesFolder
from calib_data.sizes import PhotoSize

SERIES = DrawnSeries(seed=3, first=10, count=3, test=1, height=64, width=128)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers in the order in which they are drawn; plain colours stand in for scenes."""
    numbers: list[int] = []

    def paint(seed: int, number: int, size: PhotoSize, effects: Effects, focuses: int) -> RenderedPair:
        numbers.append(number)
        photo = np.full((size.height, size.width, 3), (seed * 7 + number) % 256, np.uint8)
        return RenderedPair(photo, photo // 2, photo[::2, ::2, 0], {"kind": "plain"})

    monkeypatch.setattr(module, "render_pair", paint)
    return numbers


def test_layout_splits_and_manifest(tmp_path: Path, drawn: list[int]) -> None:
    assert list(render_series(SERIES, tmp_path, 1)) == [10, 11, 12] == drawn
    pairs = find_pairs(tmp_path, depth=True)
    assert [(pair.split, pair.name) for pair in pairs] == [("train", "10"), ("train", "11"), ("test", "12")]
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert manifest["series"]["seed"] == 3 and [entry["number"] for entry in manifest["pairs"]] == [10, 11, 12]
    for entry in manifest["pairs"]:
        for file in entry["files"].values():
            assert sha256(tmp_path / file["path"]) == file["sha256"]
    with Image.open(tmp_path / "test/original_depth/12.png") as depth:
        assert depth.size == (64, 32) and depth.mode == "L"


def test_without_a_test_split_there_are_no_folders_for_it(tmp_path: Path, drawn: list[int]) -> None:
    list(render_series(DrawnSeries(3, 0, 2, 0, 64, 64), tmp_path, 1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bokeh", MANIFEST, "original", "original_depth"]


def test_a_series_cut_short_goes_on(tmp_path: Path, drawn: list[int]) -> None:
    cut = render_series(SERIES, tmp_path, 1)
    assert next(cut) == 10
    cut.close()  # type: ignore[attr-defined]
    assert SeriesFolder(SERIES, tmp_path).missing == [11, 12]
    files = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert files == ["10.jpg", "10.jpg", "10.png", MANIFEST]
    assert list(render_series(SERIES, tmp_path, 1)) == [11, 12]
    assert drawn == [10, 11, 12]


def test_a_series_cut_in_its_first_pair_goes_on(tmp_path: Path, drawn: list[int]) -> None:
    SeriesFolder(SERIES, tmp_path).begin()
    (tmp_path / "train" / "original").mkdir(parents=True)
    (tmp_path / "train" / "original" / "10.jpg").write_bytes(b"half")
    assert list(render_series(SERIES, tmp_path, 1)) == [10, 11, 12]


class _Pool:
    """Stands in for processes: notes how many scenes are under way, and is killed at the last one."""

    most = under_way = 0

    def __init__(self, workers: int, *_: object) -> None:
        self.workers = workers

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def shutdown(self, **_: object) -> None:
        pass

    def submit(self, work: Callable[..., object], series: DrawnSeries, scene: list[int]) -> _Pool:
        _Pool.under_way += 1
        _Pool.most = max(_Pool.most, _Pool.under_way)
        self.job = lambda: work(series, scene)
        self.killed = scene[-1] == series.numbers[-1]
        taken = _Pool(self.workers)
        taken.__dict__.update(self.__dict__)
        return taken

    def result(self) -> object:
        _Pool.under_way -= 1
        if self.killed:
            raise BrokenProcessPool("a child process terminated abruptly")
        return self.job()


def test_few_scenes_are_under_way_and_a_killed_process_is_said(
    tmp_path: Path, drawn: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ProcessPoolExecutor", _Pool)
    series = DrawnSeries(seed=3, first=0, count=30, test=0, height=64, width=64)
    done = []
    with pytest.raises(UserError, match="was killed") as refused:
        for number in render_series(series, tmp_path, 3):
            done.append(number)
    assert "fewer --workers" in refused.value.fix
    assert done == list(range(29))
    assert _Pool.most == 6


def test_a_changed_or_lost_file_is_drawn_anew(tmp_path: Path, drawn: list[int]) -> None:
    list(render_series(SERIES, tmp_path, 1))
    (tmp_path / "train/bokeh/11.jpg").write_bytes(b"broken")
    (tmp_path / "test/original/12.jpg").unlink()
    assert list(render_series(SERIES, tmp_path, 1)) == [11, 12]
    assert SeriesFolder(SERIES, tmp_path).missing == []


def test_folders_with_something_else_are_refused(tmp_path: Path, drawn: list[int]) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(UserError, match="not empty"):
        next(render_series(SERIES, tmp_path, 1))
    (tmp_path / MANIFEST).write_text("[]")
    with pytest.raises(UserError, match="not a manifest"):
        next(render_series(SERIES, tmp_path, 1))
    assert drawn == []


def test_another_series_is_refused_with_what_differs(tmp_path: Path, drawn: list[int]) -> None:
    list(render_series(SERIES, tmp_path, 1))
    other = DrawnSeries(seed=4, first=10, count=3, test=1, height=64, width=128, quality=80)
    with pytest.raises(UserError, match="seed, quality"):
        SeriesFolder(other, tmp_path)
