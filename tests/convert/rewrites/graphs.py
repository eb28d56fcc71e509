"""Small graphs to rewrite, made by the converter, and what they compute."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from convert.flatbuffer import Flatbuffer


def converted(body: Callable[[tf.Tensor], tf.Tensor], shape: tuple[int, ...]) -> bytes:
    """A float32 file of a function of one tensor `(1, H, W, C)`."""
    function = tf.function(body, input_signature=[tf.TensorSpec(shape, tf.float32)])
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()]).convert())


def computed(
    file: Flatbuffer,
    values: np.ndarray,
    kernels: OpResolverType = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
) -> np.ndarray:
    """What a file makes of its input, on built-in kernels or others."""
    interpreter = Interpreter(model_content=file.bytes(), experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def names(file: Flatbuffer) -> list[str]:
    """The operations of a file, in order."""
    return [op.name for op in file.ops()]


def random_values(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Numbers of a normal distribution, float32."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
