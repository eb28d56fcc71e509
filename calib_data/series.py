"""Series of rendered pairs in a folder in the layout of EBB!, with a manifest; whole or resumable."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from calib_data.errors import UserError
from calib_data.files import sha256, write_bytes, write_json

MANIFEST = "manifest.json"
STOPPED_DOWN = 16.0
"""F-number of EBB!'s sharp photographs: a ninth of the blur at f/1.8, which hardly shows and yet tells the focus."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Series:
    """What is to be rendered.

    Attributes:
        seed: Decides every scene, together with its number.
        first: Number of the first pair.
        count: How many pairs.
        test: How many of them, from the end, go to `test/`; the others go to `train/`. 0 makes no splits.
        height: Rows of a photo.
        width: Columns of a photo.
        quality: Of the JPEG files, 1..95.
    """

    seed: int
    first: int
    count: int
    test: int
    height: int
    width: int
    quality: int = 90

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


class SeriesFolder:
    """The folder of a series, with a manifest of the pairs that it holds.

    Args:
        series: What is to be rendered.
        folder: Empty, new, or holding a part of the same series.

    Raises:
        UserError: The folder holds another series, or files but no series.
    """

    def __init__(self, series: Series, folder: Path) -> None:
        self._series = series
        self._folder = folder
        self._entries = _finished(series, folder)

    @property
    def missing(self) -> list[int]:
        """Numbers of the pairs that are not there, whole and unchanged."""
        return [number for number in self._series.numbers if number not in self._entries]

    def begin(self) -> list[int]:
        """Write the manifest, without which a folder is nobody's series; `missing`."""
        self._write_manifest()
        return self.missing

    def add(self, number: int, contents: dict[str, bytes], facts: dict[str, Any]) -> None:
        """Write a pair's files, as `encoded` makes them, and its entry."""
        files = {}
        for role, path in self._series.paths(number).items():
            write_bytes(self._folder / path, contents[role])
            files[role] = {"path": path, "sha256": hashlib.sha256(contents[role]).hexdigest()}
        self._entries[number] = {"number": number, **facts, "files": files}
        self._write_manifest()

    def _write_manifest(self) -> None:
        """Write the series and the entries of all its pairs that are there."""
        pairs = [self._entries[number] for number in sorted(self._entries)]
        write_json(self._folder / MANIFEST, {"series": asdict(self._series), "pairs": pairs})


def encoded(original: Pixels, bokeh: Pixels, depth: Pixels, quality: int) -> dict[str, bytes]:
    """A pair's files: two JPEG `(H, W, 3)` and a grey PNG `(H/2, W/2)`, by the roles of `Series.paths`."""
    return {"original": _jpeg(original, quality), "bokeh": _jpeg(bokeh, quality), "depth": _png(depth)}


def _finished(series: Series, folder: Path) -> dict[int, dict[str, Any]]:
    """Entries of the pairs of this series that `folder` holds, whole and unchanged."""
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


def _jpeg(pixels: Pixels, quality: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
    return stream.getvalue()


def _png(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return stream.getvalue()
