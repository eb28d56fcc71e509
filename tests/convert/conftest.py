"""A tiny model's files, made once for all tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from calib_data.sizes import PhotoSize
from convert.exporter import TFLiteExporter
from convert.onnx_exporter import OnnxExporter
from convert.recipes import STANDARD, load_recipe
from pynet_tf import load_model
from tests.conftest import smooth_picture

SIZE = PhotoSize(128, 192)


def inputs(count: int, seed: int = 7) -> Iterator[np.ndarray]:
    """Input tensors `(1, 64, 96, 3)`, 0..1."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        yield smooth_picture(random, *SIZE.tensor)[np.newaxis].astype(np.float32)


@pytest.fixture(scope="session")
def exporter(tiny_model: Path) -> TFLiteExporter:
    """Exports the tiny model at 128x192, calibrated on three pictures."""
    return TFLiteExporter(load_model(tiny_model), SIZE, lambda: inputs(3))


@pytest.fixture(scope="session")
def onnx_exporter(tiny_model: Path) -> OnnxExporter:
    """Exports the tiny model to .onnx files, likewise; its float32 graph is of any size."""
    return OnnxExporter(load_model(tiny_model), SIZE, photos=lambda: inputs(3))


@pytest.fixture(scope="session")
def files(exporter: TFLiteExporter, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The six standard recipes of the tiny model as .tflite files."""
    folder = tmp_path_factory.mktemp("tflite")
    made = {}
    for name in STANDARD:
        made[name] = folder / f"tiny-{SIZE}-{name}.tflite"
        made[name].write_bytes(exporter.export(load_recipe(name)))
    return made
