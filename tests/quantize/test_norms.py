"""Frozen norms: the same function where the statistics are the same, and no seams between tiles."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from calib_data.dataset import SAMPLES, find_photos
from calib_data.errors import UserError
from calib_data.fit import input_at_size
from calib_data.sizes import PhotoSize
from convert.exporter import TFLiteExporter
from convert.flatbuffer import Flatbuffer
from convert.recipes import load_recipe
from pynet_tf import PyNETConfig, build_pynet, load_model
from pynet_tf.metrics import psnr
from pynet_tf.model_files import config_of
from quantize.norms import NORMS, freeze
from tests.quantize.conftest import Make, inputs

MARGIN, TILE = 32, (128, 192)


@pytest.mark.parametrize("head", ["residual", "blend"])
def test_on_the_photo_that_it_was_frozen_on_it_is_the_same_function(make_model: Make, head: str) -> None:
    model = make_model(head=head)
    (photo,) = inputs(1)
    frozen = freeze(model, [photo])
    assert config_of(frozen).norm == "none"
    np.testing.assert_allclose(frozen(photo)["level1"], model(photo)["level1"], atol=1e-5)


def test_statistics_are_those_of_all_photos(make_model: Make) -> None:
    model = make_model(head="residual")
    photos = list(inputs(3))
    both, one = freeze(model, photos), freeze(model, photos[:1])
    assert not np.allclose(both(photos[0])["level1"], one(photos[0])["level1"], atol=1e-5)
    again = freeze(model, photos[::-1])
    np.testing.assert_allclose(both(photos[0])["level1"], again(photos[0])["level1"], atol=1e-5)


def test_the_strategy_instance_keeps_the_network(make_model: Make) -> None:
    model = make_model(head="residual")
    assert NORMS["instance"](model, []) is model


def test_a_network_without_norm_and_no_photos_are_refused(make_model: Make) -> None:
    with pytest.raises(UserError, match="no instance norm"):
        freeze(build_pynet(PyNETConfig(width=2, norm="none")), inputs(1))
    with pytest.raises(UserError, match="no photos"):
        freeze(make_model(head="residual"), [])


def test_integer_recipes_take_a_frozen_network_and_no_operation_of_its_is_float(make_model: Make) -> None:
    frozen = freeze(make_model(head="residual"), inputs(2))
    size = PhotoSize(128, 192)
    exporter = TFLiteExporter(frozen, size, lambda: inputs(1))
    for name in ("int8", "int8-full"):
        file = Flatbuffer.read(exporter.export(load_recipe(name)))
        assert {file.type_name(op.raw.outputs[0]) for op in file.ops()} <= {"int8", "uint8"}


@pytest.mark.slow
def test_tiles_of_the_frozen_sample_model_show_no_seam_and_those_of_the_original_do() -> None:
    model = load_model()
    photos = find_photos(SAMPLES, "train")[:16]
    frozen = freeze(model, [input_at_size(photo, PhotoSize(256, 384), with_depth=False) for photo in photos])
    photo = input_at_size(find_photos(SAMPLES, "test")[0], PhotoSize(512, 768), with_depth=False)
    assert seam_psnr(frozen, photo) >= 50
    assert seam_psnr(model, photo) < 50


def seam_psnr(model: keras.Model, photo: np.ndarray) -> float:
    """A photo as a whole against the same in tiles that overlap by `MARGIN` on each side, dB."""
    run = tf.function(lambda part: tf.clip_by_value(model(part, training=False)["level1"], 0.0, 1.0))
    whole = run(tf.constant(photo)).numpy()
    tiled = np.zeros_like(whole)
    steps = [side - 2 * MARGIN for side in TILE]
    for row in range(0, photo.shape[1], steps[0]):
        for column in range(0, photo.shape[2], steps[1]):
            top, left = (
                max(0, min(place - MARGIN, whole_side - side))
                for place, whole_side, side in zip((row, column), photo.shape[1:3], TILE, strict=True)
            )
            part = run(tf.constant(photo[:, top : top + TILE[0], left : left + TILE[1]])).numpy()
            rows, columns = (
                slice(2 * begin, 2 * (begin + step)) for begin, step in zip((row, column), steps, strict=True)
            )
            place = tiled[:, rows, columns]
            inner = part[:, 2 * (row - top) :, 2 * (column - left) :]
            place[...] = inner[:, : place.shape[1], : place.shape[2]]
    return psnr(whole, tiled)
