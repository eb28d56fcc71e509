"""A picture inside the artifact and what the artifact makes of it: tells an app whether a phone computes right."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from convert.isolated import run_isolated
from convert.runtimes import DEFAULT_RUNTIME, find_runtime

PHOTO_NAME, BOKEH_NAME = "self-check/photo.npy", "self-check/bokeh.npy"
STEP = 8
"""Every eighth pixel of the picture is stored, both ways."""

_SIDE = 64


def tile(channels: int) -> NDArray[np.uint8]:
    """A tile `(64, 64, channels)` of soft colours with edges and grain, always the same."""
    random = np.random.default_rng(2020)
    soft = ndimage.gaussian_filter(random.uniform(0, 1, (_SIDE, _SIDE, channels)), (9, 9, 0), mode="wrap")
    soft = (soft - soft.min()) / np.ptp(soft)
    edges = 0.3 * (soft[..., :1] > np.median(soft[..., :1])) - 0.15
    grain = random.normal(0, 0.02, soft.shape)
    return np.rint(np.clip(0.8 * soft + 0.1 + edges + grain, 0, 1) * 255).astype(np.uint8)


def repeated(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.float32]:
    """A tile as an input tensor `(1, height, width, C)`, 0..1: repeated by reflection."""
    cropped = pixels[:height, :width]
    below, beside = height - cropped.shape[0], width - cropped.shape[1]
    padded = np.pad(cropped, [(0, below), (0, beside), (0, 0)], mode="reflect")
    return padded[np.newaxis].astype(np.float32) / 255


def self_check(artifact: Path, input_shape: Sequence[int], folder: Path, threads: int) -> dict[str, bytes]:
    """The tile and what the artifact makes of it on the default runtime, as files for the zip inside of it.

    Args:
        artifact: A .tflite file.
        input_shape: Its `(1, H/2, W/2, C)`.
        folder: An existing folder that this may fill.
        threads: How many threads the runtime takes.

    Returns:
        `self-check/photo.npy` (64, 64, C) and `self-check/bokeh.npy` (H/8, W/8, 3), both uint8; nothing where the
        runtime cannot run the artifact, which its record tells.
    """
    photo = tile(input_shape[3])
    given = folder / "self-check.npy"
    np.save(given, repeated(photo, input_shape[1], input_shape[2]), allow_pickle=False)
    outcome = run_isolated(artifact, find_runtime(DEFAULT_RUNTIME), [given], folder, threads)
    given.unlink()
    if outcome.failure:
        return {}
    bokeh = np.load(outcome.outputs[0], allow_pickle=False)[0, ::STEP, ::STEP]
    outcome.outputs[0].unlink()
    return {PHOTO_NAME: _npy(photo), BOKEH_NAME: _npy(np.rint(np.clip(bokeh, 0, 1) * 255).astype(np.uint8))}


def _npy(values: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()
