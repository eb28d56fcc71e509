"""The same network as two .tflite files: by one of our recipes, and plainly."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tf_keras as keras
from numpy.typing import NDArray

from benchmarks.naive import plain_renderer
from benchmarks.plain import convert_plainly, counterpart
from calib_data import command
from calib_data.errors import UserError
from calib_data.sizes import PhotoSize
from calib_data.skipped import Skipped
from convert.exporter import TFLiteExporter
from convert.photo_sets import calibration_set
from convert.recipes import STANDARD, load_recipe
from pynet_tf.model_files import config_of


@dataclass(frozen=True)
class FilePair:
    """Two files that mean the same.

    Attributes:
        recipe: Name of our recipe.
        photo: A .npy that both take.
        ours: Our file.
        plain: The plain one, or None where the converter refuses.
        refusal: Why it does.
    """

    recipe: str
    photo: Path
    ours: Path
    plain: Path | None
    refusal: str


def read_photos(folder: Path, count: int, size: PhotoSize, model: keras.Model) -> list[NDArray[np.float32]]:
    """The first photos of a folder as input tensors `(1, H/2, W/2, C)`, 0..1."""
    photos = calibration_set(folder, size, config_of(model).inputs == "rgbd", Skipped())
    photos.pairs = photos.pairs[:count]
    return list(photos.tensors())


def make_pairs(
    model: keras.Model, size: PhotoSize, names: Sequence[str], photos: Sequence[NDArray[np.float32]], folder: Path
) -> list[FilePair]:
    """Convert a model both ways.

    Args:
        model: A PyNET that builds level 1.
        size: The photo that comes out.
        names: Standard recipes; all six if empty.
        photos: Input tensors for ranges; the first becomes the photo to run on.
        folder: An existing folder for the files.

    Raises:
        UserError: A recipe is not a standard one, or ours cannot be converted.
    """
    unknown = sorted(set(names) - set(STANDARD))
    if unknown:
        raise UserError(f"{', '.join(unknown)} has no plain counterpart.", f"Take of {', '.join(STANDARD)}.")
    photo = folder / "photo.npy"
    np.save(photo, photos[0], allow_pickle=False)
    exporter = TFLiteExporter(model, size, lambda: photos)
    renderer = plain_renderer(model, size)

    @functools.cache
    def plain(recipe: str) -> tuple[Path | None, str]:
        command.tell(f"converting {recipe} plainly")
        path = folder / f"{recipe}-plain.tflite"
        try:
            path.write_bytes(convert_plainly(renderer, recipe, lambda: iter(photos)))
        except UserError as error:
            return None, error.problem
        return path, ""

    pairs = []
    for name in names or STANDARD:
        command.tell(f"converting {name}")
        ours = folder / f"{name}.tflite"
        ours.write_bytes(exporter.export(load_recipe(name)))
        pairs.append(FilePair(name, photo, ours, *plain(counterpart(name))))
    return pairs
