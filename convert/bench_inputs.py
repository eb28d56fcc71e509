"""A photo of the size and kind that each artifact takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calib_data.dataset import TEST, find_photos
from calib_data.errors import UserError
from calib_data.fit import input_at_size
from calib_data.sizes import PhotoSize
from calib_data.skipped import Skipped
from convert.input_sides import input_sides
from convert.runtimes import RUNTIMES, Runtime


def tensor_shape(path: Path, size: PhotoSize) -> tuple[int, int, int, int]:
    """`(1, H, W, C)` of an artifact's input, where it leaves sides free those of a size.

    Raises:
        UserError: Missing, damaged, or not a PyNET.
    """
    sides = input_sides(path)
    height, width = (side or own for side, own in zip(sides[:2], size.tensor, strict=True))
    return 1, height, width, sides[2]


def write_photo(shape: tuple[int, int, int, int], photos: Path, target: Path) -> None:
    """Write the first test photo of a folder as a .npy of a shape, 0..1, with its depth where it has four channels.

    Raises:
        UserError: The folder has no photo, or none with depth.
    """
    with_depth = shape[3] == 4
    pair = find_photos(photos, TEST, depth=with_depth, skipped=Skipped())[0]
    tensor = input_at_size(pair, PhotoSize(2 * shape[1], 2 * shape[2]), with_depth)
    np.save(target, tensor, allow_pickle=False)


def runtimes_for(path: Path, wanted: Sequence[Runtime]) -> list[Runtime]:
    """The runtimes among those wanted that run a file, all installed ones if none are named.

    Raises:
        UserError: None of them runs the file.
    """
    among = list(wanted) or [one for one in RUNTIMES.values() if one.installed and not one.optional]
    found = [one for one in among if one.suffix == path.suffix]
    if not found:
        names = ", ".join(one.name for one in RUNTIMES.values() if one.suffix == path.suffix)
        raise UserError(
            f"none of {', '.join(one.name for one in among)} runs {path.name}.", f"Take --runtime of {names}."
        )
    return found
