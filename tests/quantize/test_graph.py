"""Walking a network layer by layer is running it; the scheme addresses every tensor once."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from calib_data.errors import UserError
from pynet_tf import PyNETConfig, build_pynet
from quantize.graph import OUTPUT, Observer, layers_of, walk
from quantize.scheme import RECIPES, in_float_of, make_scheme
from tests.quantize.conftest import Make, inputs

HEADS = [("residual", "rgb"), ("blend", "rgb"), ("direct", "rgbd"), ("blend", "rgbd")]


@pytest.mark.parametrize(("head", "kind"), HEADS)
def test_walking_computes_what_the_network_computes(make_model: Make, head: str, kind: str) -> None:
    model = make_model(head=head, inputs=kind)
    (photo,) = inputs(1, model.input_shape[-1])
    walked = walk(model, tf.constant(photo), Observer(), layers_of(model))
    np.testing.assert_allclose(walked[OUTPUT], model(photo)[OUTPUT], atol=2e-6)


def test_what_only_moves_values_shares_a_range_and_pictures_are_0_to_1(make_model: Make) -> None:
    model = make_model(head="blend")
    scheme = make_scheme(model, RECIPES["int8-full"])
    group, fixed = scheme.group, scheme.fixed
    for name in ("space_to_depth", "photo_soft", "photo_softer", "level1_soft", "level1_photo", "level1"):
        assert fixed[group[name]] == (0.0, 1.0)
    assert group["level3_block3_join"] == group["level3_block3_conv9b_leaky"] == group["level3_block3_conv3b_leaky"]
    assert group["level4_join0"] == group["encoder4_conv3b_leaky"] == group["encoder5_pool"]
    assert group["level1/strided_slice_1"] == group["level1_gates"] != group["level1_head"]
    assert group["level5_add1"] != group["level5_block1_join"]
    assert fixed["level1/Sigmoid"] == (0.0, 255 / 256)


def test_int8_leaves_the_norms_steps_in_float_and_int8_full_nothing(make_model: Make) -> None:
    model = make_model(head="residual")
    partly, full = (make_scheme(model, RECIPES[name]).group for name in ("int8", "int8-full"))
    assert set(partly) < set(full)
    assert "encoder4_conv3a_norm" in partly and "encoder4_conv3a_norm/Mean" not in partly
    assert {"encoder4_conv3a_norm/Mean", "encoder4_conv3a_norm/Rsqrt"} <= set(full)


def test_heads_of_coarser_levels_are_not_in_the_file_and_have_no_range(make_model: Make) -> None:
    scheme = make_scheme(make_model(head="residual"))
    assert "level7_head" not in scheme.layers
    assert "level2_head" in scheme.layers


def test_a_recipe_without_a_scheme_and_a_model_without_level_1_are_refused() -> None:
    with pytest.raises(UserError, match="'int16x8'"):
        in_float_of("int16x8")
    with pytest.raises(UserError, match="needs level1"):
        make_scheme(build_pynet(PyNETConfig(width=2), lowest_level=5))
