"""What `python -m pynet_tf.render` makes of a sample photo with an artifact, for the app's engine tests to compare with.

`python -m tests.android_demo.expected MODEL.tflite` writes it to `android_demo/build/expected/`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from pynet_tf.render import build_parser, run
from tests.conftest import ROOT

FOLDER = ROOT / "android_demo" / "build" / "expected"
SAMPLE = ROOT / "calib_data" / "samples" / "test" / "original" / "18.jpg"


def main(model: str) -> int:
    """Write the photo and the picture as PNG, which loses nothing."""
    made = FOLDER / "made"
    made.mkdir(parents=True, exist_ok=True)
    photo = FOLDER / "photo.png"
    with Image.open(SAMPLE) as image:
        image.convert("RGB").save(photo)
    code = run(build_parser().parse_args([str(photo), "--model", model, "--out", str(made)]))
    Path(made / photo.name).replace(FOLDER / "rendered.png")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
