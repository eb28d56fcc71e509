"""What Python makes of a sample photo with the artifacts in the app, for the app's tests to compare with.

`python -m tests.android_demo.expected` writes to `android_demo/build/expected/` the photo, and of each artifact NAME:
`NAME.png`, the picture by `python -m pynet_tf.render`; `NAME-input.npy` `(H/2, W/2, C)` and `NAME-output.npy`
`(H, W, 3)`, 0..1, what the network was shown for it and what it made of that.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from calib_data.photo import read_photo
from pynet_tf.render import build_parser, run
from tests.conftest import ROOT

FOLDER = ROOT / "android_demo" / "build" / "expected"
MODELS = ROOT / "android_demo" / "app" / "src" / "main" / "assets" / "models"
SAMPLE = ROOT / "calib_data" / "samples" / "test" / "original" / "18.jpg"


def main() -> int:
    """Write the photo and the pictures as PNG, which loses nothing, and the tensors."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    photo = FOLDER / "photo.png"
    with Image.open(SAMPLE) as image:
        image.convert("RGB").save(photo)
    for model in sorted(MODELS.glob("*.tflite")):
        made = FOLDER / "made"
        if code := run(build_parser().parse_args([str(photo), "--model", str(model), "--out", str(made)])):
            return code
        Path(made / photo.name).replace(FOLDER / f"{model.stem}.png")
        write_tensors(photo, model)
    return 0


def write_tensors(photo: Path, model: Path) -> None:
    """What `model` is shown for a photo, and what it makes of it."""
    from convert.runners import TFLiteRunner
    from pynet_tf.rendering import render

    runner = TFLiteRunner(model)

    def watched(shown: NDArray[np.float32]) -> NDArray[np.float32]:
        bokeh = runner.run(shown)
        for name, tensor in (("input", shown), ("output", bokeh)):
            np.save(FOLDER / f"{model.stem}-{name}.npy", tensor[0].astype(np.float32), allow_pickle=False)
        return bokeh

    render(read_photo(photo).pixels, watched, runner.input_shape)


if __name__ == "__main__":
    sys.exit(main())
