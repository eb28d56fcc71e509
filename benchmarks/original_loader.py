"""The original's loader, written plainly: every photo decoded once into arrays of float64 that stay in memory.

One crop of each photo is chosen while loading; a batch is a random choice among them, each turned and mirrored by
chance. 512x512x4 in and 1024x1024x3 out for 4,894 photos are the 153 GiB that its users report at level 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from calib_data.dataset import Pair

Arrays = tuple[NDArray[np.float64], NDArray[np.float64]]
Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


def load_training_data(pairs: Sequence[Pair], crop: int, side: int, depth: bool, random: np.random.Generator) -> Arrays:
    """One random crop of each photo: (N, crop, crop, C) in, (N, side, side, 3) out, 0..1.

    Args:
        pairs: Pairs with their targets, and with depth maps at half size if `depth`.
        crop: Side of the crop of the half-size photo.
        side: Side of the level's output.
        depth: Whether the depth map is the fourth channel.
        random: Chooses the crops.
    """
    photos = np.zeros((len(pairs), crop, crop, 4 if depth else 3))
    targets = np.zeros((len(pairs), side, side, 3))
    for number, pair in enumerate(pairs):
        with Image.open(pair.original) as image:
            size = image.width // 2, image.height // 2
            photo = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BICUBIC))
        if depth:
            with Image.open(_there(pair.depth)) as image:
                photo = np.dstack([photo, np.asarray(image.convert("L"))])
        left, top = (int(random.integers(0, whole - crop + 1)) for whole in size)
        photos[number] = photo[top : top + crop, left : left + crop] / 255.0
        with Image.open(_there(pair.bokeh)) as image:
            target = image.convert("RGB").crop((2 * left, 2 * top, 2 * (left + crop), 2 * (top + crop)))
            targets[number] = np.asarray(target.resize((side, side), Image.Resampling.BICUBIC)) / 255.0
    return photos, targets


def random_batch(data: Arrays, size: int, random: np.random.Generator) -> Batch:
    """`size` of the loaded crops, turned and mirrored, as float32."""
    photos, targets = data
    chosen = random.integers(0, len(photos), size)
    photo_batch, target_batch = photos[chosen], targets[chosen]
    for place in range(size):
        turns = int(random.integers(0, 4))
        photo_batch[place] = np.rot90(photo_batch[place], turns)
        target_batch[place] = np.rot90(target_batch[place], turns)
        if random.random() < 0.5:
            photo_batch[place] = photo_batch[place][:, ::-1]
            target_batch[place] = target_batch[place][:, ::-1]
    return photo_batch.astype(np.float32), target_batch.astype(np.float32)


def _there(path: object) -> str:
    if path is None:
        raise ValueError("a pair lacks its target or its depth map")
    return str(path)
