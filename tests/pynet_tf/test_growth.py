"""What a level with the `direct` head begins with: the photo, or the picture of the level below."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from calib_data.errors import UserError
from pynet_tf import PyNETConfig, build_pynet
from pynet_tf.growth import begin
from pynet_tf.metrics import psnr
from tests.conftest import smooth_picture

Picture = NDArray[np.float32]


def built(level: int, below: object = None, **config: object):
    network = build_pynet(PyNETConfig(**{"width": 4, "head": "direct", **config}), level, seed=level)
    begin(network, below)
    return network


def picture(network, photo: Picture, level: int) -> Picture:
    return network(photo)[f"level{level}"].numpy()


@pytest.fixture(scope="module")
def photo() -> Picture:
    return smooth_picture(np.random.default_rng(3), 96, 128)[np.newaxis].astype(np.float32)


def halved(photo: Picture) -> Picture:
    rows, columns = photo.shape[1] // 2, photo.shape[2] // 2
    return photo[..., :3].reshape(1, rows, 2, columns, 2, 3).mean(axis=(2, 4))


@pytest.mark.parametrize(("inputs", "width"), [("rgb", 8), pytest.param("rgbd", 3, marks=pytest.mark.slow)])
def test_level_3_begins_with_the_photo(photo: Picture, inputs: str, width: int) -> None:
    if inputs == "rgbd":
        photo = np.concatenate([photo, photo[..., :1]], axis=-1)
    network = built(
        3, built(4, built(7, inputs=inputs, width=width), inputs=inputs, width=width), inputs=inputs, width=width
    )
    shown = picture(network, photo, 3)
    assert psnr(halved(photo), shown) > 26
    gone = np.abs(shown.mean(axis=(1, 2)) - halved(photo).mean(axis=(1, 2)))
    assert gone.max() < 0.05  # each colour by itself


@pytest.mark.parametrize("level", [2, pytest.param(1, marks=pytest.mark.slow)])
def test_levels_2_and_1_begin_with_the_picture_below_its_pixels_doubled(photo: Picture, level: int) -> None:
    below = built(level + 1, built(3))
    for layer in ("level3_head", "level2_head"):  # as after training: any weights
        if layer in {one.name for one in below.layers}:
            weights = below.get_layer(layer).get_weights()
            drawn = np.random.default_rng(1)
            below.get_layer(layer).set_weights([one + 0.1 * drawn.standard_normal(one.shape) for one in weights])
    shown = picture(built(level, below), photo, level)
    doubled = picture(below, photo, level + 1).repeat(2, axis=1).repeat(2, axis=2)
    inner = (slice(None), slice(8, -8), slice(8, -8))
    assert psnr(doubled[inner], shown[inner]) > 30


def test_a_whole_network_begins_with_the_photo_too(photo: Picture) -> None:
    shown = picture(built(1), photo, 1)
    doubled = halved(photo).repeat(4, axis=1).repeat(4, axis=2)
    assert psnr(doubled, shown) > 24
    assert 0.9 < shown.std() / doubled.std() < 1.1
    edge = np.concatenate([shown[:, :4].ravel(), shown[:, -4:].ravel()])
    wanted = np.concatenate([doubled[:, :4].ravel(), doubled[:, -4:].ravel()])
    assert psnr(wanted, edge) > 22  # no frame where the picture ends


def test_what_was_trained_stays_as_it_is(photo: Picture) -> None:
    trained = build_pynet(PyNETConfig(width=4, head="direct"), 1, seed=5)
    np.testing.assert_array_equal(picture(built(1, trained), photo, 1), picture(trained, photo, 1))


@pytest.mark.parametrize("head", ["direct", "blend"])
def test_heads_that_draw_something_else_are_refused_as_a_start(head: str) -> None:
    below = build_pynet(PyNETConfig(width=1, head="residual" if head == "direct" else "direct"), 7)
    with pytest.raises(UserError, match="the heads of the model to start from draw") as refused:
        begin(build_pynet(PyNETConfig(width=1, head=head), 7), below)
    assert f"--head {'blend' if head == 'direct' else 'direct'}" in refused.value.fix


def test_a_blend_begins_with_the_picture_of_a_residual_head(photo: Picture) -> None:
    below = build_pynet(PyNETConfig(width=2, head="residual"), 5, seed=1)
    head = below.get_layer("level5_head")
    head.set_weights([100 * weight for weight in head.get_weights()])
    assert psnr(picture(below, photo, 5), picture(built(5, below, width=2, head="blend"), photo, 5)) > 40


def test_other_heads_begin_with_what_they_drew() -> None:
    drawn, begun = (build_pynet(PyNETConfig(width=4, head="residual"), 3, seed=1) for _ in range(2))
    begin(begun, None)
    for one, other in zip(drawn.get_weights(), begun.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
