"""The sample model's .onnx files keep their bars on real photographs."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from calib_data.dataset import SAMPLES, find_pairs, find_photos
from calib_data.fit import input_at_size
from calib_data.sizes import PhotoSize
from convert.checking import Check
from convert.onnx_exporter import OnnxExporter
from convert.recipes import ONNX_STANDARD, load_recipe
from convert.runtimes import find_runtime
from pynet_tf import load_model
from quantize.suiting import SUITED_ON, suited

SIZE = PhotoSize(512, 768)
BARS = {"float32": 90, "float16": 55, "dynamic": 55, "int8": 49.5, "int8-full": 48}


@pytest.fixture(scope="module")
def exporter() -> OnnxExporter:
    photos = [input_at_size(pair, SIZE, with_depth=False) for pair in find_pairs(SAMPLES, "train")]
    return OnnxExporter(suited(load_model(), photos[:SUITED_ON]), SIZE, photos=lambda: photos)


@pytest.fixture(scope="module")
def real_check(real_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Check:
    inputs = (input_at_size(pair, SIZE, with_depth=False) for pair in find_photos(real_photos)[::3])
    return Check(load_model(), inputs, tmp_path_factory.mktemp("real"))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ONNX_STANDARD)
def test_its_files_keep_their_bars_on_real_photographs(real_check: Check, exporter, tmp_path, recipe: str) -> None:
    path = tmp_path / f"{recipe}.onnx"
    onnx.save(exporter.export(load_recipe(recipe, ONNX_STANDARD)).model, path)
    facts = real_check.run(path, find_runtime("onnxruntime"))
    assert facts.fidelity is not None, facts.failure
    assert facts.fidelity.mean_psnr >= BARS[recipe]
