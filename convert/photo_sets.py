"""The photos that a conversion is calibrated and checked on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calib_data.dataset import TEST, TRAIN, Pair, find_photos
from calib_data.errors import UserError
from calib_data.files import sha256
from calib_data.fit import input_at_size
from calib_data.sizes import PhotoSize
from calib_data.skipped import Skipped, readable
from calib_data.wording import as_text
from convert.artifact import CalibrationFacts

FEW_PHOTOS = 16


@dataclass
class PhotoSet:
    """Photos of a folder as input tensors of one size.

    Attributes:
        pairs: The photos, with depth maps if `with_depth`.
        size: The photo that comes out of the network.
        with_depth: Whether the depth map is the fourth channel.
        skipped: Takes down the files that cannot be read.
    """

    pairs: Sequence[Pair]
    size: PhotoSize
    with_depth: bool
    skipped: Skipped

    def tensors(self) -> Iterator[NDArray[np.float32]]:
        """Input tensors `(1, H/2, W/2, C)`, 0..1, one after the other.

        Raises:
            UserError: Not one photo can be read.
        """

        def load(pair: Pair) -> NDArray[np.float32]:
            return input_at_size(pair, self.size, self.with_depth)

        for _, tensor in readable(self.pairs, load, lambda pair: pair.original, self.skipped):
            yield tensor

    def facts(self) -> CalibrationFacts:
        """Names of the photos that could be read, and a hash over them."""
        unreadable = {path for path, _ in self.skipped}
        used = [pair.original for pair in self.pairs if pair.original not in unreadable]
        names = [as_text(path.name) for path in used]
        lines = "".join(f"{name} {sha256(path)}\n" for name, path in zip(names, used, strict=True))
        return CalibrationFacts(photos=tuple(names), sha256=hashlib.sha256(lines.encode("utf-8")).hexdigest())


def calibration_set(folder: Path, size: PhotoSize, with_depth: bool, skipped: Skipped) -> PhotoSet:
    """A folder's train split, or the whole of it where it has none."""
    return PhotoSet(find_photos(folder, TRAIN, depth=with_depth, skipped=skipped), size, with_depth, skipped)


def check_set(folder: Path, count: int, apart_from: PhotoSet) -> PhotoSet:
    """The first `count` photos of a folder's test split that are not in the calibration set, in its size and kind.

    Raises:
        UserError: No photo is left.
    """
    calibrated = {pair.original.resolve() for pair in apart_from.pairs}
    found = find_photos(folder, TEST, depth=apart_from.with_depth, skipped=apart_from.skipped)
    pairs = [pair for pair in found if pair.original.resolve() not in calibrated][:count]
    if not pairs:
        raise UserError(
            f"every photo of {folder} is calibrated on; none is left to check on.", "Name other photos by --check."
        )
    return replace(apart_from, pairs=pairs)
