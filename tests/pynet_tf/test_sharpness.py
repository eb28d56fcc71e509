"""A map of fine detail: it shows slight blur, and what reads the picture's maps is left as it was."""

from __future__ import annotations

import numpy as np
import pytest
import tf_keras as keras
from scipy.ndimage import gaussian_filter

from calib_data.errors import UserError
from pynet_tf import PyNETConfig, build_pynet
from pynet_tf.sharpness import see_detail


@pytest.fixture(scope="module", params=["rgb", "rgbd"])
def network(request: pytest.FixtureRequest) -> keras.Model:
    built = build_pynet(PyNETConfig(width=8, inputs=request.param), 3, seed=2)
    return see_detail(built, (3, 6, 4, 7), 4)


def detail(network: keras.Model, photo: np.ndarray) -> np.ndarray:
    shown = keras.Model(network.input, network.get_layer("encoder3_conv3b_leaky").output)
    channels = network.input_shape[-1]
    return shown(photo[np.newaxis, ..., :channels].astype(np.float32)).numpy()[0, 2:-2, 2:-2, 4]


def test_it_tells_slight_blur_and_is_dark_on_plain_slopes(network: keras.Model) -> None:
    sharp = np.random.default_rng(1).random((64, 96, 4))
    energies = [
        float(detail(network, gaussian_filter(sharp, (sigma, sigma, 0))).mean()) if sigma else 0.0
        for sigma in (0.5, 1.0, 2.0)
    ]
    assert energies[0] > 2 * energies[1] > 6 * energies[2] > 0
    slope = np.broadcast_to(np.linspace(0, 1, 96)[:, np.newaxis], (64, 96, 4))
    assert np.abs(detail(network, slope)).max() < 1e-5


def test_it_is_the_same_in_both_directions_and_for_both_signs(network: keras.Model) -> None:
    stripes = np.zeros((64, 64, 4))
    stripes[:, ::4] = 1
    across, down = (detail(network, photo).mean() for photo in (stripes, stripes.swapaxes(0, 1)))
    assert across == pytest.approx(down, rel=1e-4)
    assert detail(network, 1 - stripes).mean() == pytest.approx(across, rel=0.35)
    stripes[..., 3] = 0.7  # depth is not looked at
    assert detail(network, stripes).mean() == pytest.approx(across, rel=1e-4)


def test_level_3_does_not_hang_on_it_at_first(network: keras.Model) -> None:
    photo = np.random.default_rng(3).random((1, 64, 64, network.input_shape[-1])).astype(np.float32)
    before = network(photo)["level3"].numpy()
    encoder = network.get_layer("encoder4_conv3a")
    weights = encoder.get_weights()
    encoder.set_weights([np.where(np.arange(8)[:, np.newaxis] == 4, 0, weights[0]), weights[1]])
    without = network(photo)["level3"].numpy()
    second = network.get_layer("encoder3_conv3b")
    kernel, bias = second.get_weights()
    second.set_weights([kernel * (np.arange(8) != 4), bias])
    np.testing.assert_allclose(network(photo)["level3"].numpy(), without, atol=1e-6)
    second.set_weights([kernel, bias])
    encoder.set_weights(weights)
    assert np.abs(before - without).max() > 1e-4


@pytest.mark.parametrize(
    ("given_up", "into"), [((1, 2, 3), 0), ((1, 1, 2, 3), 0), ((1, 2, 3, 9), 0), ((0, 1, 2, 3), 8)]
)
def test_maps_that_are_not_there_are_refused(given_up: tuple[int, ...], into: int) -> None:
    with pytest.raises(UserError, match="map of detail"):
        see_detail(build_pynet(PyNETConfig(width=8), 7, seed=2), given_up, into)
