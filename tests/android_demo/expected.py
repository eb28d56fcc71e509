"""What Python makes of a sample photo with the artifacts in the app, for the app's tests to compare with.

`python -m tests.android_demo.expected` writes to `android_demo/build/expected/` the photo, and one picture an artifact:
`NAME.png` by `python -m pynet_tf.render`, `NAME-plain.png` by the same arithmetic on kernels without XNNPACK, which are
those of TensorFlow Lite on the JVM.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from calib_data.photo import read_photo
from pynet_tf.render import build_parser, run
from tests.conftest import ROOT

FOLDER = ROOT / "android_demo" / "build" / "expected"
MODELS = ROOT / "android_demo" / "app" / "src" / "main" / "assets" / "models"
SAMPLE = ROOT / "calib_data" / "samples" / "test" / "original" / "18.jpg"


def main() -> int:
    """Write the photo and the pictures as PNG, which loses nothing."""
    from convert.runners import TFLiteRunner
    from pynet_tf.rendering import render

    FOLDER.mkdir(parents=True, exist_ok=True)
    photo = FOLDER / "photo.png"
    with Image.open(SAMPLE) as image:
        image.convert("RGB").save(photo)
    for model in sorted(MODELS.glob("*.tflite")):
        made = FOLDER / "made"
        if code := run(build_parser().parse_args([str(photo), "--model", str(model), "--out", str(made)])):
            return code
        Path(made / photo.name).replace(FOLDER / f"{model.stem}.png")
        plain = TFLiteRunner(model, "litert-builtin")
        pixels = render(read_photo(photo).pixels, plain.run, plain.input_shape)
        Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(FOLDER / f"{model.stem}-plain.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
