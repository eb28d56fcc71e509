"""The plain network that benchmarks compare with computes the same as ours."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import tf_keras as keras

from benchmarks.naive import plain_network, plain_renderer
from calib_data.sizes import PhotoSize
from pynet_tf import PyNETConfig, build_pynet
from pynet_tf.config import Head
from pynet_tf.layers import OWN_LAYERS, PhotoColours

PHOTO = np.random.default_rng(11).random((1, 64, 96, 4), dtype=np.float32)


@pytest.mark.parametrize(("inputs", "head"), [("rgb", "residual"), ("rgbd", "direct"), ("rgb", "blend")])
def test_all_levels_agree(inputs: Literal["rgb", "rgbd"], head: Head) -> None:
    model = build_pynet(PyNETConfig(inputs, width=2, head=head), seed=4)
    _disturb_norms(model)
    plain = plain_network(model)
    photo = PHOTO[..., : model.input_shape[-1]]
    ours, theirs = model(photo), plain(photo)
    assert set(ours) == set(theirs)
    for level in ours:
        np.testing.assert_allclose(theirs[level], ours[level], rtol=0, atol=1e-4, err_msg=level)


def test_nothing_of_ours_is_left() -> None:
    model = build_pynet(PyNETConfig(width=2, head="residual"), seed=4)
    assert not {type(layer) for layer in plain_network(model).layers} & (set(OWN_LAYERS.values()) - {PhotoColours})


def test_the_renderer_clips_the_full_size_picture() -> None:
    model = build_pynet(PyNETConfig(width=2, head="residual"), seed=4)
    bright = np.clip(PHOTO[..., :3] * 4 - 1.5, 0, 1)
    expected = model(bright)["level1"].numpy()
    assert expected.max() > 1
    picture = plain_renderer(model, PhotoSize(128, 192))(bright)
    np.testing.assert_allclose(picture, np.clip(expected, 0, 1), rtol=0, atol=1e-4)


def _disturb_norms(model: keras.Model) -> None:
    """Scales and shifts other than 1 and 0, which a mix-up of the two would change."""
    random = np.random.default_rng(12)
    for weight in model.weights:
        if "_norm/" in weight.name:
            weight.assign(weight + random.normal(0, 0.2, weight.shape))
