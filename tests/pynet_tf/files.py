"""Small pairs on disk, and the plan that cuts crops from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from pynet_tf.schedule import LevelPlan
from tests.conftest import smooth_picture

HEIGHT, WIDTH = 128, 192


def plan(level: int = 1, batch: int = 2, crop: int = 32) -> LevelPlan:
    return LevelPlan(level, 10, batch, crop, 1e-3)


def pixels(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.rint(smooth_picture(np.random.default_rng(seed), height, width) * 255).astype(np.uint8)


def save(path: Path, picture: np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, **options)
    return path
