"""Artifacts on an emulated 64-bit Arm processor give what they give here; `make arm` prints the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calib_data.sizes import PhotoSize
from tests.conftest import smooth_picture

pytestmark = pytest.mark.arm
SIZE = PhotoSize(128, 128)


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample model as int8, float32 and float16 at a size that an emulator can manage."""
    from convert.exporter import TFLiteExporter
    from convert.recipes import load_recipe
    from pynet_tf import load_model

    random = np.random.default_rng(3)
    photos = [smooth_picture(random, *SIZE.tensor)[np.newaxis].astype(np.float32) for _ in range(4)]
    exporter = TFLiteExporter(load_model(), SIZE, lambda: iter(photos))
    folder = tmp_path_factory.mktemp("arm")
    made = {}
    for name in ("int8", "float32", "float16"):
        made[name] = folder / f"{name}.tflite"
        made[name].write_bytes(exporter.export(load_recipe(name)))
    return made


def test_arm_gives_what_this_processor_gives(
    artifacts: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from convert.runners import TFLiteRunner
    from tests.android_demo.emulated import RUNTIMES, run, set_up

    set_up()
    photo = smooth_picture(np.random.default_rng(4), *SIZE.tensor)[np.newaxis].astype(np.float32)
    table = {}
    for runtime in RUNTIMES:
        for recipe, path in artifacts.items():
            port = TFLiteRunner(path)
            tensor = port.to_tensor(photo)
            ours, theirs = (
                port.to_picture(run(runtime, path, tensor, tmp_path, emulated)) for emulated in (False, True)
            )
            table[runtime.name, recipe] = float(np.abs(ours - theirs).max())
    with capsys.disabled():
        print("\nrecipe    runtime           largest difference between x86-64 and 64-bit Arm, 0..1")
        for (runtime_name, recipe), difference in table.items():
            print(f"{recipe:9} {runtime_name:17} {difference:.2e}")
    for recipe in ("float32", "float16"):
        assert table["litert", recipe] <= 1e-4
        assert table["tflite-runtime", recipe] <= 1e-4
    assert table["litert", "int8"] == 0
