"""The path-traced pairs that come with the project."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter, gaussian_laplace

from calib_data import command, pathtrace
from calib_data.check import build_parser as check_parser
from calib_data.check import run as check
from calib_data.dataset import RENDERED, SAMPLES, Pair, find_pairs, scan
from calib_data.files import sha256
from calib_data.pathtraced.series import SCENES
from pynet_tf.focus import sharp_area

COMMITTED = json.loads((RENDERED / "manifest.json").read_text("utf-8"))


def test_the_committed_pairs_are_whole_and_small() -> None:
    series, pairs = COMMITTED["series"], COMMITTED["pairs"]
    assert len(pairs) == series["count"] >= 8
    assert len({entry["scene"] for entry in pairs}) == len(pairs)
    assert sum(path.stat().st_size for path in RENDERED.rglob("*") if path.is_file()) <= 4 << 20
    for entry in pairs:
        assert set(entry["files"]) == {"original", "bokeh", "depth"}
        for file in entry["files"].values():
            assert sha256(RENDERED / file["path"]) == file["sha256"]
        assert 0.04 < entry["camera"]["blur_at_infinity"] < 0.105


def test_the_command_as_it_is_called_by_default_is_that_of_the_committed_pairs() -> None:
    options = pathtrace.build_parser().parse_args(["--out", "x"])
    series = COMMITTED["series"]
    assert [options.seed, options.count, options.samples] == [series["seed"], series["count"], series["samples"]]
    assert [options.size.height, options.size.width] == [series["height"], series["width"]] == [512, 768]
    assert list(SCENES)[: series["count"]] == [entry["scene"] for entry in COMMITTED["pairs"]]


@pytest.mark.parametrize("pair", find_pairs(RENDERED, depth=True), ids=lambda pair: pair.name)
def test_the_background_of_a_committed_pair_is_soft_and_its_subject_is_not(pair: Pair) -> None:
    photo, target, depth = (Image.open(getattr(pair, part)) for part in ("original", "bokeh", "depth"))
    assert photo.size == target.size == (768, 512) and depth.size == (384, 256)
    sharp, soft = (_detail(picture) for picture in (photo, target))
    far = np.asarray(depth.resize(photo.size)) <= np.percentile(np.asarray(depth), 25)
    textured = sharp > 1  # plain walls have the path tracer's grain alone
    assert np.median((soft / sharp)[far & textured]) < 0.6
    pixels = (np.asarray(picture, np.float32) / 255 for picture in (photo, target))
    assert 0.01 < sharp_area(*pixels).mean() < 0.6


def test_the_samples_do_not_pick_up_the_committed_pairs() -> None:
    assert len(scan(SAMPLES).pairs) == 24
    assert not any(RENDERED in pair.original.parents for pair in scan(SAMPLES).pairs)


def test_the_check_finds_nothing_wrong_with_the_committed_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(check_parser(), check, [str(RENDERED)]) == 0
    assert "errors: none" in capsys.readouterr().out


def _detail(picture: Image.Image) -> np.ndarray:
    """Strength of edges `(H, W)`, of 255, over the path tracer's grain."""
    grey = np.asarray(picture.convert("L"), np.float32)
    return gaussian_filter(np.abs(gaussian_laplace(grey, 1.5)), 4)
