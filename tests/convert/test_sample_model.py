"""The sample model: it does what its card says, and its files keep their bars."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from calib_data.dataset import SAMPLES, find_pairs, find_photos
from calib_data.fit import cover, input_at_size
from calib_data.photo import half_size, read_photo
from calib_data.sizes import PhotoSize
from convert.checking import Check
from convert.exporter import TFLiteExporter
from convert.fidelity import psnr
from convert.flatbuffer import Flatbuffer, inventory
from convert.recipes import STANDARD, load_recipe
from convert.runners import KerasRunner
from convert.runtimes import find_runtime
from pynet_tf import SAMPLE_MODEL, load_model
from quantize.suiting import SUITED_ON, suited

SIZE = PhotoSize(512, 768)
WHOLE = PhotoSize(1024, 1536)
BARS = {"float32": 90, "float16": 60, "dynamic": 50, "int8": 49, "int8-full": 47.5, "int16x8": 60}
SLACK = {"int8": 0.5, "int8-full": 0.5}


@pytest.mark.slow
def test_it_is_nearer_to_the_targets_than_the_photos_and_any_one_blur() -> None:
    runner, rows = KerasRunner(SAMPLE_MODEL), []
    for pair in find_pairs(SAMPLES, "test"):
        assert pair.bokeh is not None
        photo, target = (cover(read_photo(path).pixels, WHOLE) for path in (pair.original, pair.bokeh))
        picture = runner.run(half_size(photo)[np.newaxis])[0]
        blurred = [gaussian_filter(photo, (sigma, sigma, 0)) for sigma in (4, 5, 6, 7, 8)]
        rows.append([psnr(target, candidate) for candidate in (picture, photo, *blurred)])
        assert np.abs((picture - target).mean((0, 1))).max() < 0.05  # colours are kept
    model, identity, *blurs = np.mean(rows, axis=0)
    assert model > identity + 3.8
    assert model > max(blurs) + 1.3


@pytest.fixture(scope="module")
def exported() -> Callable[[str], bytes]:
    """The sample model's file by a recipe's name, each made once."""
    photos = [input_at_size(pair, SIZE, with_depth=False) for pair in find_pairs(SAMPLES, "train")]
    exporter = TFLiteExporter(suited(load_model(), photos[:SUITED_ON]), SIZE, lambda: photos)
    return functools.cache(lambda recipe: exporter.export(load_recipe(recipe)))


@pytest.fixture(scope="module")
def real_checks(real_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Check, Check]:
    """All real photographs for the fast runtime, each third of them for those without fast kernels."""
    inputs = [input_at_size(pair, SIZE, with_depth=False) for pair in find_photos(real_photos)]
    every, third = (Check(load_model(), some, tmp_path_factory.mktemp("real")) for some in (inputs, inputs[::3]))
    return every, third


@pytest.mark.slow
@pytest.mark.parametrize("recipe", STANDARD)
def test_its_files_keep_their_bars_on_real_photographs(exported, real_checks, tmp_path, recipe: str) -> None:
    path = tmp_path / f"{recipe}.tflite"
    path.write_bytes(exported(recipe))
    for runtime in ("litert-xnnpack", "litert-builtin", "tflite-runtime"):
        slowly = runtime != "litert-xnnpack" or recipe == "int16x8"  # of which XNNPACK takes nothing
        facts = real_checks[slowly].run(path, find_runtime(runtime))
        if (recipe, runtime) == ("int16x8", "tflite-runtime"):
            assert "RSQRT" in facts.failure
            continue
        assert facts.fidelity is not None, facts.failure
        slack = 0 if runtime == "litert-xnnpack" else SLACK.get(recipe, 3)
        assert facts.fidelity.mean_psnr >= BARS[recipe] - slack


@pytest.mark.slow
@pytest.mark.parametrize("recipe", STANDARD)
def test_its_ops_are_those_of_the_golden_inventory(exported, recipe: str, request: pytest.FixtureRequest) -> None:
    entries = inventory(Flatbuffer.read(exported(recipe)))
    text = "".join(f"{e.op} v{e.version} {e.inputs} -> {e.output} x{e.count}\n" for e in entries)
    golden = Path(__file__).parent / "data" / f"ops-sample-{recipe}.txt"
    if request.config.getoption("--update-golden"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")
