"""Whether two ONNX graphs compute the same, seen by running both."""

from __future__ import annotations

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from calib_data.errors import UserError
from convert.onnx_graph import OnnxGraph
from pynet_tf.metrics import psnr

LEAST_PSNR = 100.0
_SEED = 17


def session(graph: OnnxGraph) -> onnxruntime.InferenceSession:
    """A session of onnxruntime on a graph, on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph.model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def check_equal(first: OnnxGraph, second: OnnxGraph, shape: tuple[int, ...]) -> None:
    """Refuse two graphs whose pictures of one random photo differ by more than rounding.

    Args:
        first: A float32 graph with one input and one output.
        second: Likewise.
        shape: Of the input, `(1, H, W, C)`.

    Raises:
        UserError: The pictures have a PSNR of less than 100 dB; both not finite in the same places counts as equal.
    """
    photo = np.random.default_rng(_SEED).random(shape, np.float32)
    before, after = (_run(graph, photo) for graph in (first, second))
    if np.array_equal(before, after, equal_nan=True):
        return
    found = psnr(before, after)
    if not found >= LEAST_PSNR:
        raise UserError(
            f"the simplified graph gives another picture than tf2onnx's: {found:.1f} dB between them.",
            "Install the versions of constraints.txt; if it stays, please report it with the model.",
        )


def _run(graph: OnnxGraph, photo: NDArray[np.float32]) -> NDArray[np.float32]:
    return session(graph).run(None, {graph.input.name: photo})[0]
