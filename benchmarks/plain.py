"""The plain conversions that TensorFlow's guide gives for each recipe, of the plain network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.errors import UserError

Photos = Callable[[], Iterator[NDArray[np.float32]]]

_SAME_MEANING = {"int8-full": "int8"}


def counterpart(recipe: str) -> str:
    """The plain conversion that means the same as a standard recipe: the plain one knows but one int8."""
    return _SAME_MEANING.get(recipe, recipe)


def convert_plainly(renderer: keras.Model, recipe: str, photos: Photos) -> bytes:
    """Convert by `TFLiteConverter.from_keras_model`.

    Args:
        renderer: A plain network at one size.
        recipe: A name that `counterpart` gives.
        photos: Input tensors `(1, H/2, W/2, C)`, 0..1, for ranges.

    Raises:
        UserError: The converter refuses the network.
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(renderer)
    _OPTIONS[recipe](converter, photos)
    try:
        return bytes(converter.convert())
    except (RuntimeError, ValueError) as error:  # ConverterError among them
        lines = [line.strip() for line in str(error).splitlines() if "error:" in line] or [str(error)]
        raise UserError(
            f"the plain converter refuses {recipe}: {lines[0].strip()[:300]}", "There is nothing to compare with."
        ) from error


def _float32(converter: Any, photos: Photos) -> None:
    """The converter's defaults."""


def _float16(converter: Any, photos: Photos) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def _dynamic(converter: Any, photos: Photos) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _int8(converter: Any, photos: Photos) -> None:
    _calibrated(converter, photos)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8


def _int16x8(converter: Any, photos: Photos) -> None:
    _calibrated(converter, photos)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]


def _calibrated(converter: Any, photos: Photos) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([photo] for photo in photos())


_OPTIONS: dict[str, Callable[[Any, Photos], None]] = {
    "float32": _float32,
    "float16": _float16,
    "dynamic": _dynamic,
    "int8": _int8,
    "int16x8": _int16x8,
}
