"""Made-up photographs and folders for the tests of this room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

EBB = Path(__file__).parents[3] / "shared" / "ebb"
needs_ebb = pytest.mark.skipif(not EBB.is_dir(), reason=f"real photographs are not at {EBB}")

HEIGHT, WIDTH = 256, 384


def make_photo(seed: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.float32]:
    """A colourful photo (H, W, 3), 0.05..0.95, with texture at every scale."""
    chance = np.random.default_rng(seed)
    layers = [
        ndimage.gaussian_filter(chance.standard_normal((height, width, 3)), (sigma, sigma, 0)) * sigma
        for sigma in (0.7, 2, 6, 20)
    ]
    total = np.sum(layers, axis=0)
    total = (total - total.min()) / (total.max() - total.min())
    return (0.05 + 0.9 * total).astype(np.float32)


def make_target(photo: NDArray[np.float32]) -> NDArray[np.float32]:
    """The photo with its left half out of focus, a little brighter."""
    blurred = ndimage.gaussian_filter(photo, (5, 5, 0))
    target = photo.copy()
    target[:, : photo.shape[1] // 2] = blurred[:, : photo.shape[1] // 2]
    return np.clip(target * 1.1, 0, 1)


def make_depth(height: int = HEIGHT // 2, width: int = WIDTH // 2, far: float = 0.0) -> NDArray[np.float32]:
    """A ramp (H, W) from `far` at the top to near (1, bright) at the bottom."""
    return np.repeat(np.linspace(far, 1, height, dtype=np.float32)[:, None], width, axis=1)


def save(path: Path, pixels: NDArray[np.float32]) -> Path:
    """Write 0..1 pixels, (H, W) or (H, W, 3), at 8 bit; JPEG at quality 95."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path, quality=95)
    return path


def make_folder(root: Path, count: int, *, depth: bool = True, first_seed: int = 0) -> Path:
    """A sound folder: `count` pairs from 0 on, directly below `root`."""
    for number in range(count):
        photo = make_photo(first_seed + number)
        save(root / "original" / f"{number}.jpg", photo)
        save(root / "bokeh" / f"{number}.jpg", make_target(photo))
        if depth:
            save(root / "original_depth" / f"{number}.png", make_depth(far=0.01 * number))
    return root


def touch(root: Path, *names: str) -> Path:
    """Empty files, for what looks at names alone."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root
