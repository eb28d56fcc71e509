"""Frozen norms: the same function where the statistics are the same, and no seams between tiles."""

from __future__ import annotations

import numpy as np
import pytest
import tf_keras as keras

from calib_data.dataset import SAMPLES, find_pairs
from calib_data.errors import UserError
from calib_data.fit import input_at_size
from calib_data.sizes import PhotoSize
from convert.exporter import TFLiteExporter
from convert.flatbuffer import Flatbuffer
from convert.recipes import load_recipe
from pynet_tf import PyNETConfig, build_pynet, load_model
from pynet_tf.metrics import psnr
from pynet_tf.model_files import config_of
from quantize.norms import NORMS, even, freeze
from tests.quantize.conftest import Make, inputs

REACH = 960
"""Pixels of the input tensor that a pixel may depend on to each side: the sum over all levels of their taps."""
OVERLAP = 192
"""Pixels of the input tensor by which a tile reaches into its neighbours: 384 of the photo."""


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


@pytest.mark.parametrize("dim", [1.0, 1e-3])
def test_maps_of_one_deviation_before_norms_are_the_same_function(make_model: Make, dim: float) -> None:
    model = make_model(head="residual")
    uneven = build_pynet(config_of(model))
    uneven.set_weights(model.get_weights())
    layer = uneven.get_layer("encoder4_conv3a")
    layer.set_weights([weight * np.resize([1.0, 30.0 * dim], layer.filters) for weight in layer.get_weights()])
    (photo,) = inputs(1)
    made = even(uneven, [photo])
    assert config_of(made) == config_of(uneven)
    np.testing.assert_allclose(made(photo)["level1"], uneven(photo)["level1"], atol=1e-5)
    before, after = (_deviations(one, "encoder4_conv3a", photo) for one in (uneven, made))
    assert before.max() / before.min() > 10
    assert after.max() / after.min() < (1.01 if dim == 1 else before.max() / before.min())


def test_maps_that_are_flat_on_the_photos_are_right_on_one_where_they_are_not(make_model: Make) -> None:
    model = make_model(head="residual")
    uneven = build_pynet(config_of(model))
    uneven.set_weights(model.get_weights())
    layer = uneven.get_layer("encoder4_conv3a")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * np.resize([1000.0, 1.0], layer.filters), bias])
    (photo,) = inputs(1)
    made = even(uneven, [photo * 0.01])
    before, after = (keras.Model(one.input, one.get_layer(f"{layer.name}_norm").output) for one in (uneven, made))
    np.testing.assert_allclose(after(photo), before(photo), atol=0.05)


def test_a_photo_that_gave_no_statistics_has_nearly_the_same_picture(make_model: Make) -> None:
    model = make_model(head="residual")
    first, *others = inputs(4)
    assert psnr(even(model, others)(first)["level1"].numpy(), model(first)["level1"].numpy()) > 80


def test_instance_is_the_strategy_that_evens_maps_and_a_network_without_norm_stays(make_model: Make) -> None:
    assert NORMS["instance"] is even
    plain = build_pynet(PyNETConfig(width=2, norm="none"))
    assert even(plain, inputs(1)) is plain


def test_a_network_without_norm_and_no_photos_are_refused(make_model: Make) -> None:
    with pytest.raises(UserError, match="no instance norm"):
        freeze(build_pynet(PyNETConfig(width=2, norm="none")), inputs(1))
    for strategy in (freeze, even):
        with pytest.raises(UserError, match="no photos"):
            strategy(make_model(head="residual"), [])


def _deviations(model: keras.Model, layer: str, photo: np.ndarray) -> np.ndarray:
    return keras.Model(model.input, model.get_layer(layer).output)(photo).numpy().std((0, 1, 2))


def test_integer_recipes_take_a_frozen_network_and_only_its_head_is_float(make_model: Make) -> None:
    frozen = freeze(make_model(head="residual"), inputs(2))
    size = PhotoSize(128, 192)
    exporter = TFLiteExporter(frozen, size, lambda: inputs(1))
    for name in ("int8", "int8-full"):
        file = Flatbuffer.read(exporter.export(load_recipe(name)))
        floats = [op for op in file.ops() if file.type_name(op.raw.outputs[0]) == "float32" and op.name != "DEQUANTIZE"]
        layers = {op.scope.split("/")[0] for op in floats}
        assert layers == ({"level1", "level1_photo"} if name == "int8" else set())


def test_a_frozen_network_sees_only_its_surroundings_and_the_original_the_whole_photo(make_model: Make) -> None:
    model = make_model(head="residual")
    (photo,) = inputs(1, height=32, width=4 * REACH)
    frozen = freeze(model, inputs(2))
    part = photo[:, :, : 2 * REACH + 64]
    for network, is_local in ((frozen, True), (model, False)):
        whole, tile = (network(one)["level1"][:, :, :128].numpy() for one in (photo, part))
        assert np.allclose(whole, tile, atol=1e-6) == is_local


@pytest.mark.slow
def test_the_frozen_sample_model_leaves_no_seams_between_tiles_that_overlap_by_384_pixels() -> None:
    size, pairs = PhotoSize(1024, 1536), find_pairs(SAMPLES, "train")[:4]
    frozen = freeze(load_model(), (input_at_size(pair, PhotoSize(512, 768), with_depth=False) for pair in pairs))
    photo = input_at_size(find_pairs(SAMPLES, "test")[0], size, with_depth=False)
    _, height, width, _ = photo.shape
    parts = []
    for top in (0, height // 2):
        row = []
        for left in (0, width // 2):
            above, before = max(0, top - OVERLAP), max(0, left - OVERLAP)
            tile = photo[:, above : top + height // 2 + OVERLAP, before : left + width // 2 + OVERLAP]
            picture = frozen(tile)["level1"].numpy()[:, 2 * (top - above) :, 2 * (left - before) :]
            row.append(picture[:, :height, :width])
        parts.append(np.concatenate(row, axis=2))
    assert psnr(frozen(photo)["level1"].numpy(), np.concatenate(parts, axis=1)) >= 50
