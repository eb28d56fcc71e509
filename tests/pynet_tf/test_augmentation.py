"""Many pairs of one: turns, sizes, tones, sharpness and exposure, for photo, target and depth map alike."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from calib_data.colour import to_encoded, to_linear
from calib_data.dataset import SAMPLES, find_pairs
from calib_data.photo import read_photo
from pynet_tf.augmentation import exposure_between
from pynet_tf.pipeline import crops
from tests.pynet_tf.files import HEIGHT, WIDTH, pixels, plan, save


def test_crops_are_turned_and_mirrored_in_all_ways(tmp_path: Path) -> None:
    picture = pixels(3, 64, 64)
    for part in ("original", "bokeh"):
        save(tmp_path / part / "0.png", picture)
    seen = {target.numpy().tobytes() for _, target in crops(find_pairs(tmp_path), plan(batch=1), False, 2).take(80)}
    assert len(seen) == 8


def test_upright_crops_are_mirrored_only(tmp_path: Path) -> None:
    picture = pixels(3, 64, 64)
    for part in ("original", "bokeh"):
        save(tmp_path / part / "0.png", picture)
    upright = dataclasses.replace(plan(batch=1), upright=True)
    stream = crops(find_pairs(tmp_path), upright, False, 2).take(20)
    seen = {target.numpy()[0].tobytes(): target.numpy()[0] for _, target in stream}
    one, other = seen.values()
    np.testing.assert_array_equal(one, other[:, ::-1])


def test_zoomed_crops_are_the_photo_reduced_and_their_parts_fit_together(tmp_path: Path) -> None:
    """A ramp over the whole photo: its range in a crop tells how much of the photo the crop shows."""
    ramp = np.broadcast_to(np.linspace(0, 255, 256).round().astype(np.uint8)[None, :, None], (128, 256, 3)).copy()
    save(tmp_path / "original" / "0.png", ramp)
    save(tmp_path / "bokeh" / "0.png", ramp)
    save(tmp_path / "original_depth" / "0.png", ramp[::2, ::2, 0])
    zoomed = dataclasses.replace(plan(batch=1), zoom=4.0, upright=True)
    shown = []
    for inputs, target in crops(find_pairs(tmp_path), zoomed, True, 2).take(60):
        assert inputs.shape == (1, 32, 32, 4)
        assert target.shape == (1, 64, 64, 3)
        halved = target.numpy().reshape(1, 32, 2, 32, 2, 3).mean((2, 4))
        np.testing.assert_allclose(inputs[..., :3], halved, atol=0.02)
        np.testing.assert_allclose(inputs[..., 3:], halved[..., :1], atol=0.05)
        shown.append(np.ptp(target) * 256)
    assert 60 < min(shown) < 70, "crops as they are come up"
    assert 115 < max(shown) < 135, "and the whole height, but no more"


def test_tones_change_both_photos_alike_and_never_the_depth(folder: Path) -> None:
    for pair in find_pairs(folder):
        save(pair.bokeh, np.asarray(Image.open(pair.original)), quality=90)
    pairs = find_pairs(folder)
    toned = dataclasses.replace(plan(batch=1), tones=0.3)
    changes = []
    for before, after in zip(crops(pairs, plan(batch=1), True, 2).take(12), crops(pairs, toned, True, 2), strict=False):
        inputs, target = (tensor.numpy() for tensor in after)
        np.testing.assert_allclose(inputs[..., :3], target.reshape(1, 32, 2, 32, 2, 3).mean((2, 4)), atol=0.02)
        np.testing.assert_array_equal(inputs[..., 3], before[0][..., 3])
        assert target.min() >= 0
        assert target.max() <= 1
        changes.append((inputs - before[0].numpy())[..., :3].mean((0, 1, 2)))
    assert np.std(changes, axis=0).min() > 0.01, "each crop has tones of its own"
    assert np.ptp(changes, axis=1).max() > 0.01, "and colours"


def test_fine_detail_of_both_photos_is_multiplied_by_one_factor_and_nothing_else_is(folder: Path) -> None:
    random = np.random.default_rng(6)
    fine = np.indices((HEIGHT, WIDTH)).sum(0) % 2 * 2 - 1  # a blur leaves nothing of it
    for pair in find_pairs(folder):
        ground = random.uniform(0.3, 0.7, 3)
        for path, contrast in ((pair.original, 0.04), (pair.bokeh, 0.02)):
            picture = np.rint(255 * (ground + contrast * fine[..., np.newaxis])).astype(np.uint8)
            save(path, picture, quality=100, subsampling=0)
    pairs = find_pairs(folder)
    sharper = dataclasses.replace(plan(batch=1), sharpness=2.0)
    factors = []
    for before, after in zip(
        crops(pairs, plan(batch=1), True, 2).take(24), crops(pairs, sharper, True, 2), strict=False
    ):
        was, now = (target.numpy() for _, target in (before, after))
        np.testing.assert_allclose(now.mean((0, 1, 2)), was.mean((0, 1, 2)), atol=1e-3)
        np.testing.assert_array_equal(after[0][..., 3], before[0][..., 3])
        factors.append(now.std((1, 2)).mean() / was.std((1, 2)).mean())
    assert 0.45 < min(factors) < 0.7
    assert 1.5 < max(factors) < 2.1
    assert len({round(factor, 2) for factor in factors}) > 12, "each crop has a factor of its own"


@pytest.mark.parametrize("exposure", [0.7, 1.4])
def test_targets_of_another_exposure_are_brought_to_that_of_their_photos(folder: Path, exposure: float) -> None:
    pairs = find_pairs(folder)
    for pair in pairs:
        light = exposure * to_linear(np.asarray(Image.open(pair.original)) / 255)
        save(pair.bokeh, np.rint(to_encoded(light) * 255).astype(np.uint8), quality=95)
    alike = dataclasses.replace(plan(batch=1), same_exposure=True)
    for before, after in zip(crops(pairs, plan(batch=1), True, 2).take(8), crops(pairs, alike, True, 2), strict=False):
        np.testing.assert_array_equal(after[0], before[0])
        photo = before[0].numpy()[..., :3]
        was, now = (target.numpy().reshape(1, 32, 2, 32, 2, 3).mean((2, 4)) for _, target in (before, after))
        assert abs((was - photo).mean()) > 0.03
        assert abs((now - photo).mean()) < 0.01


def test_the_difference_in_exposure_is_found_under_blur_and_lights() -> None:
    manifest = json.loads((SAMPLES / "manifest.json").read_text("utf-8"))
    rendered = {str(pair["number"]): pair["exposure_shift"] for pair in manifest["pairs"]}
    random, shifts, errors = np.random.default_rng(4), [], []
    for pair in find_pairs(SAMPLES, "train"):
        photo, target = (read_photo(path).pixels[:, 256:1280] for path in (pair.original, pair.bokeh))
        factor = random.lognormal(0.0, 0.1)
        shifts.append(rendered[pair.original.stem] * factor)
        shifted = tf.constant(to_encoded(factor * to_linear(target)))
        errors.append(np.log(float(exposure_between(tf.constant(photo), shifted)) / shifts[-1]))
    assert np.abs(errors).max() < 0.1
    assert np.std(errors) < np.std(np.log(shifts)) / 2


def test_a_changed_crop_is_a_function_of_its_number(folder: Path) -> None:
    pairs, options = find_pairs(folder), {"zoom": 2.0, "tones": 0.2, "sharpness": 2.0, "same_exposure": True}
    changed = dataclasses.replace(plan(), **options)
    through = list(crops(pairs, changed, False, 3).take(4))
    resumed = list(crops(pairs, changed, False, 3, 2).take(2))
    for one, other in zip(through[2:], resumed, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
