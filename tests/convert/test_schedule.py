"""Late operations: the same operations, each after what it reads, and the resized photo made last."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from calib_data.sizes import PhotoSize
from convert.flatbuffer import Flatbuffer
from convert.schedule import make_late
from convert.trace import freeze
from pynet_tf import load_model


def test_the_resized_photo_is_made_when_it_is_needed_and_all_else_stays_in_order(tiny_model: Path) -> None:
    converter = tf.lite.TFLiteConverter.from_concrete_functions([freeze(load_model(tiny_model), PhotoSize(64, 64))])
    file = Flatbuffer.read(converter.convert())
    before = [op.scope for op in file.ops()]
    make_late(file)
    ops = list(file.ops())
    assert sorted(op.scope for op in ops) == sorted(before)
    made = set(file.graph.inputs)
    for op in ops:
        assert {index for index in op.raw.inputs if index >= 0 and not file.is_constant(index)} <= made
        made |= set(op.raw.outputs)
    places = [op.name for op in ops]
    assert len(ops) - places.index("RESIZE_BILINEAR") <= 4
