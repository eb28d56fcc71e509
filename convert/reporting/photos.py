"""The photos that all stages are compared on, on the disk: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib_data.dataset import Pair
from calib_data.files import sha256
from calib_data.fit import cover
from calib_data.photo import read_depth, read_photo
from calib_data.sizes import PhotoSize
from calib_data.skipped import Skipped, readable
from calib_data.tensors import load_input
from calib_data.wording import as_text
from convert.reporting.record import PhotoRecord
from pynet_tf.focus import sharp_area
from pynet_tf.metrics import Area, Pixels

_AHEAD = 2


@dataclass(frozen=True)
class ReportPhoto:
    """One photo, as files of arrays.

    Attributes:
        name: The stem of its file, after that of its split where several have one.
        pair: Its files.
        tensor: .npy of the input `(1, H/2, W/2, C)`, 0..1.
        photo: .npy of the photo itself (H, W, 3), 0..1.
        target: .npy of the target (H, W, 3), 0..1; None where there is none.
        reference: Where the float model's picture (H, W, 3) will lie.
        area: Where the in-focus area (H, W) will lie.
    """

    name: str
    pair: Pair
    tensor: Path
    photo: Path
    target: Path | None
    reference: Path
    area: Path

    def settle(self, picture: Pixels) -> PhotoRecord:
        """Keep the float model's picture (H, W, 3), and find what is in focus.

        That is found from photo and target; where there is no target, the float model's picture stands in for it, so
        that the area is the same for every file that is compared.
        """
        np.save(self.reference, picture, allow_pickle=False)
        shown = picture if self.target is None else load(self.target)
        area = sharp_area(load(self.photo), shown)
        np.save(self.area, area, allow_pickle=False)
        return PhotoRecord(
            name=self.name,
            file=as_text(str(self.pair.original)),
            sha256=sha256(self.pair.original),
            has_target=self.target is not None,
            in_focus_share=float(area.mean()),
            in_focus_from="reference" if self.target is None else "target",
        )

    def in_focus(self) -> Area:
        """The in-focus area (H, W)."""
        return load(self.area)


def lay_out(
    pairs: Sequence[Pair], size: PhotoSize, with_depth: bool, folder: Path, skipped: Skipped
) -> Iterator[ReportPhoto]:
    """Read each photo with its target, fit both to `size`, and write them to `folder`.

    Raises:
        UserError: Not one photo can be read.
    """
    numbers = {pair.original: number for number, pair in enumerate(pairs)}
    alone = len({pair.name for pair in pairs}) == len(pairs)

    def read(pair: Pair) -> ReportPhoto:
        name = as_text(pair.name if alone else f"{pair.split}/{pair.name}")
        return _laid_out(name, pair, size, with_depth, folder / f"{numbers[pair.original]}")

    for _, photo in readable(pairs, read, lambda pair: pair.original, skipped, _AHEAD):
        yield photo


def load(path: Path) -> Any:
    """An array that was laid out."""
    return np.load(path, allow_pickle=False)


def _laid_out(name: str, pair: Pair, size: PhotoSize, with_depth: bool, stem: Path) -> ReportPhoto:
    pixels = cover(read_photo(pair.original).pixels, size)
    target = None if pair.bokeh is None else cover(read_photo(pair.bokeh).pixels, size)
    depth = cover(read_depth(pair.depth), size) if with_depth and pair.depth is not None else None
    photo = ReportPhoto(
        name=name,
        pair=pair,
        tensor=stem.with_name(f"{stem.name}-tensor.npy"),
        photo=stem.with_name(f"{stem.name}-photo.npy"),
        target=None if target is None else stem.with_name(f"{stem.name}-target.npy"),
        reference=stem.with_name(f"{stem.name}-reference.npy"),
        area=stem.with_name(f"{stem.name}-area.npy"),
    )
    np.save(photo.tensor, load_input(pixels, depth)[np.newaxis], allow_pickle=False)
    np.save(photo.photo, pixels, allow_pickle=False)
    if photo.target is not None and target is not None:
        np.save(photo.target, target, allow_pickle=False)
    return photo
