"""Series of pairs in a folder in the layout of EBB!, with a manifest; drawn by several processes, resumable."""

from __future__ import annotations

import hashlib
import io
import json
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from PIL import Image

from calib_data.errors import UserError
from calib_data.files import sha256, write_bytes, write_json
from calib_data.scenes.arrays import Pixels
from calib_data.scenes.pair import Effects, render_pair
from calib_data.sizes import PhotoSize

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Series:
    """What is to be drawn.

    Attributes:
        seed: Decides every scene, together with its number.
        first: Number of the first pair.
        count: How many pairs.
        test: How many of them, from the end, go to `test/`; the others go to `train/`. 0 makes no splits.
        height: Rows of a photo.
        width: Columns of a photo.
        quality: Of the JPEG files, 1..95.
        effects: Noise and exposure.
    """

    seed: int
    first: int
    count: int
    test: int
    height: int
    width: int
    quality: int = 90
    effects: Effects = field(default_factory=Effects)

    @property
    def numbers(self) -> range:
        """Numbers of all pairs."""
        return range(self.first, self.first + self.count)

    def paths(self, number: int) -> dict[str, str]:
        """Files of a pair, relative to the series' folder."""
        split = ""
        if self.test:
            split = "test/" if number >= self.first + self.count - self.test else "train/"
        return {
            "original": f"{split}original/{number}.jpg",
            "bokeh": f"{split}bokeh/{number}.jpg",
            "depth": f"{split}original_depth/{number}.png",
        }


def render_series(series: Series, folder: Path, workers: int) -> Iterator[int]:
    """Draw what `folder` does not hold yet, and yield each number once its files and its entry are written.

    Args:
        series: What to draw.
        folder: Where to; empty, new, or holding a part of the same series.
        workers: Processes; 1 draws in this one.

    Raises:
        UserError: The folder holds something else, or may not be written.
    """
    entries = finished(series, folder)
    todo = [number for number in series.numbers if number not in entries]
    _write_manifest(series, folder, entries)
    for number, contents, facts in _drawn(series, todo, workers):
        files = {}
        for role, path in series.paths(number).items():
            write_bytes(folder / path, contents[role])
            files[role] = {"path": path, "sha256": hashlib.sha256(contents[role]).hexdigest()}
        entries[number] = {"number": number, **facts, "files": files}
        _write_manifest(series, folder, entries)
        yield number


def finished(series: Series, folder: Path) -> dict[int, dict[str, Any]]:
    """Entries of the pairs of this series that `folder` holds, whole and unchanged.

    Raises:
        UserError: The folder holds another series, or files but no series.
    """
    if not folder.is_dir() or not any(folder.iterdir()):
        return {}
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise UserError(f"{folder} is not empty and holds no {MANIFEST}.", "Name a new folder with --out.")
    try:
        held = json.loads(manifest.read_text(encoding="utf-8"))
        settings, pairs = held["series"], held["pairs"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{manifest} is not a manifest of this command.", "Name a new folder with --out.") from error
    wanted = json.loads(json.dumps(asdict(series)))
    if settings != wanted:
        differing = [key for key in wanted if settings.get(key) != wanted[key]]
        raise UserError(
            f"{folder} holds another series (differs in: {', '.join(differing)}).",
            "Name a new folder with --out, or give the options under `series` in its manifest to complete it.",
        )
    return {entry["number"]: entry for entry in pairs if _unchanged(folder, entry)}


def _unchanged(folder: Path, entry: dict[str, Any]) -> bool:
    files = [(folder / file["path"], file["sha256"]) for file in entry["files"].values()]
    return all(path.is_file() and sha256(path) == expected for path, expected in files)


def _write_manifest(series: Series, folder: Path, entries: dict[int, dict[str, Any]]) -> None:
    pairs = [entries[number] for number in sorted(entries)]
    write_json(folder / MANIFEST, {"series": asdict(series), "pairs": pairs})


def _drawn(series: Series, numbers: list[int], workers: int) -> Iterator[tuple[int, dict[str, bytes], dict[str, Any]]]:
    if workers == 1 or len(numbers) < 2:
        for number in numbers:
            yield _draw(series, number)
        return
    with ProcessPoolExecutor(min(workers, len(numbers)), get_context("spawn"), _leave_interrupts) as pool:
        futures = [pool.submit(_draw, series, number) for number in numbers]
        try:
            for future in futures:
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _leave_interrupts() -> None:
    """In a worker: the parent alone answers Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _draw(series: Series, number: int) -> tuple[int, dict[str, bytes], dict[str, Any]]:
    pair = render_pair(series.seed, number, PhotoSize(series.height, series.width), series.effects)
    contents = {
        "original": _jpeg(pair.original, series.quality),
        "bokeh": _jpeg(pair.bokeh, series.quality),
        "depth": _png(pair.depth),
    }
    return number, contents, pair.facts


def _jpeg(pixels: Pixels, quality: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
    return stream.getvalue()


def _png(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return stream.getvalue()
