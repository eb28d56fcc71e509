"""A blend whose detail is rounded finely where it is small: nearer to floats, the same with and without delegates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import OpResolverType
from numpy.typing import NDArray

from convert.detail import FAR, NEAR, refine_detail
from convert.flatbuffer import Flatbuffer
from convert.rewrites.editing import Editor
from tests.convert.rewrites.graphs import computed, converted, names

pytestmark = pytest.mark.filterwarnings("ignore:Statistics for quantized inputs:UserWarning")  # the converter's own

SHAPE = (1, 64, 64, 10)
STEP = np.float32(1 / 255)
"""Of a picture."""
ZERO = -1  # of differences


@pytest.mark.parametrize("delegate", [False, True])
@pytest.mark.parametrize(("detail", "share", "steps"), [(0.05, 0.9, 1.25), (0.45, 1.1, 2.0)])
def test_small_detail_gains_and_large_detail_loses_little(
    delegate: bool, detail: float, share: float, steps: float
) -> None:
    maps = _maps(detail)
    before, after = (_error(file, maps, delegate) for file in (_blend(), _refined()))
    assert np.sqrt(np.mean(after**2)) < share * np.sqrt(np.mean(before**2))
    assert np.abs(after).max() < steps * STEP


def test_it_is_written_as_two_parts() -> None:
    file = _refined()
    made = [file.tensor_name(op.raw.outputs[0]) for op in file.ops()]
    assert sum(name.endswith(NEAR) for name in made) == sum(name.endswith(FAR) for name in made) == 3
    assert [names(file).count(name) for name in ("SUB", "MUL", "ADD")] == [4, 3, 3]  # one and one for the correction


@pytest.mark.parametrize("place", ["SUB", "MUL", "ADD"])
def test_a_blend_of_several_steps_stays(place: str) -> None:
    file = _blend()
    op = next(op for op in file.ops() if op.name == place)
    Editor(file).set_scale(int(op.raw.outputs[0]), 2 * STEP, ZERO)
    before = names(file)
    refine_detail(file)
    assert names(file) == before


def test_floats_and_other_sums_stay() -> None:
    for body in (_blended, lambda maps: (maps[..., :3] - maps[..., 3:6]) * maps[..., 6:7] + maps[..., 7:]):
        file = Flatbuffer.read(converted(body, SHAPE))
        before = names(file)
        refine_detail(file)
        assert names(file) == before


def _blended(maps: tf.Tensor) -> tf.Tensor:
    """As a head ends: photo, background, a gate and a correction, which are the maps of one picture."""
    photo, background, gate, correction = tf.split(maps, [3, 3, 1, 3], axis=-1)
    return (background + gate * (photo - background)) + (correction - 0.5) * 0.5


def _maps(detail: float) -> NDArray[np.float32]:
    """Whole steps of a picture, photo and background up to `detail` apart."""
    random = np.random.default_rng(5)
    maps = random.uniform(0.3, 0.7, SHAPE)
    maps[..., :3] = maps[..., 3:6] + random.uniform(-detail, detail, (*SHAPE[:3], 3))
    maps[..., 6] = random.uniform(0.0, 1.0, SHAPE[:3])
    maps[..., 7:] = random.uniform(0.42, 0.58, (*SHAPE[:3], 3))
    return (np.rint(maps.clip(0, 1) / STEP) * STEP).astype(np.float32)


def _blend() -> Flatbuffer:
    """A file in integers whose blend has a picture's step throughout, as files with learnt ranges have."""
    function = tf.function(_blended, input_signature=[tf.TensorSpec(SHAPE, tf.float32)]).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])

    def photos() -> Iterator[list[NDArray[np.float32]]]:
        yield [np.concatenate([np.zeros((1, 64, 32, 10)), np.ones((1, 64, 32, 10))], axis=2).astype(np.float32)]
        yield [_maps(0.1)]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = photos
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    file = Flatbuffer.read(bytes(converter.convert()))
    difference = next(op for op in file.ops() if op.name == "SUB" and len(set(op.raw.inputs)) == 2)
    product = next(op for op in file.ops() if difference.raw.outputs[0] in op.raw.inputs)
    total = next(op for op in file.ops() if product.raw.outputs[0] in op.raw.inputs)
    last = next(op for op in file.ops() if total.raw.outputs[0] in op.raw.inputs)
    for index, zero in (
        *((int(index), -128) for index in difference.raw.inputs),
        (int(difference.raw.outputs[0]), ZERO),
        (int(product.raw.outputs[0]), ZERO),
        (int(total.raw.outputs[0]), -128),
        (int(last.raw.outputs[0]), -128),
    ):
        Editor(file).set_scale(index, float(STEP), zero)
    return file


def _refined() -> Flatbuffer:
    file = _blend()
    refine_detail(file)
    return file


def _error(file: Flatbuffer, maps: NDArray[np.float32], delegate: bool) -> NDArray[np.float64]:
    kind = OpResolverType.AUTO if delegate else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    return np.asarray(computed(file, maps, kind) - _blended(tf.constant(maps)).numpy().clip(0, 1), np.float64)
