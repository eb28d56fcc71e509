"""What is joined is made as large as its neighbours: the same function, and only where a factor passes through."""

from __future__ import annotations

import numpy as np
import pytest
import tf_keras as keras

from pynet_tf import PyNETConfig, build_pynet
from pynet_tf.model_files import config_of
from quantize.joins import enlarge
from tests.quantize.conftest import Make, inputs


@pytest.mark.parametrize(("head", "kind"), [("residual", "rgb"), pytest.param("blend", "rgbd", marks=pytest.mark.slow)])
def test_the_pictures_of_all_levels_stay_and_small_maps_grow(make_model: Make, head: str, kind: str) -> None:
    model = make_model(head=head, inputs=kind)
    quiet = _with_quiet_encoder(model)
    photos = list(inputs(2, model.input_shape[-1]))
    made = enlarge(quiet, photos)
    assert config_of(made) == config_of(quiet)
    pictures, expected = made(photos[0]), quiet(photos[0])
    for level in expected:
        np.testing.assert_allclose(pictures[level], expected[level], atol=1e-5)
    before, after = (_size(one, "encoder3_conv3b_leaky", photos[0]) for one in (quiet, made))
    factor = after / before
    assert factor >= 8
    assert np.log2(factor) == pytest.approx(round(np.log2(factor)), abs=1e-3)


def test_what_reaches_a_sum_or_a_norm_stays(make_model: Make) -> None:
    model = make_model(head="residual")
    photos = list(inputs(1))
    quiet = _with_quiet_encoder(model)
    made = enlarge(quiet, photos)
    for layer in ("level4_block2_conv3b_leaky", "level3_block4_conv9b_leaky", "level7_block1_conv3b_leaky"):
        assert _size(made, layer, photos[0]) == pytest.approx(_size(quiet, layer, photos[0]), rel=1e-3)


def test_where_nothing_gains_the_network_stays() -> None:
    model = build_pynet(PyNETConfig(width=2), seed=3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose):
            layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    assert enlarge(model, inputs(1)) is model


def _with_quiet_encoder(model: keras.Model) -> keras.Model:
    """A copy whose finest encoder stage gives a sixteenth of what it gave."""
    quiet = build_pynet(config_of(model))
    quiet.set_weights(model.get_weights())
    layer = quiet.get_layer("encoder3_conv3b")
    layer.set_weights([weight / 16 for weight in layer.get_weights()])
    return quiet


def _size(model: keras.Model, layer: str, photo: np.ndarray) -> float:
    return float(np.abs(keras.Model(model.input, model.get_layer(layer).output)(photo)).max())
