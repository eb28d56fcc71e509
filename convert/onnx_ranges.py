"""The range of every tensor of a float ONNX graph on photographs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from calib_data.errors import UserError
from convert.onnx_equal import session
from convert.onnx_graph import OnnxGraph

COVERED = 0.8
"""The share of photos that stay within a range, at each of its ends."""

Ranges = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class MeasuredRanges:
    """Least and largest value of every tensor on every photo.

    Attributes:
        names: The tensors, the input first.
        lowest: `(photos, tensors)`.
        highest: Likewise.
    """

    names: tuple[str, ...]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]

    def covering(self) -> dict[str, tuple[float, float]]:
        """Each tensor's range for 8 bits: all but the outliers among photos stay within.

        Every photo within would take resolution from all of them; half of them within would clip the others' lights.
        """
        lows, highs = np.quantile(self.lowest, 1 - COVERED, axis=0), np.quantile(self.highest, COVERED, axis=0)
        return {name: (float(low), float(high)) for name, low, high in zip(self.names, lows, highs, strict=True)}


def by_tensor(graph: OnnxGraph, learnt: Ranges) -> dict[str, tuple[float, float]]:
    """Ranges that training has learnt, by the graph's own tensors.

    Args:
        graph: A float32 graph whose tensors are named `layer/step`.
        learnt: Least and largest value by layer, which is that of its last step, or by `layer/step`.
    """
    steps = [name for node in graph.nodes for name in node.output]
    last = {name.partition("/")[0]: name for name in steps}
    learnt_as = {name: layer for layer, name in last.items()}
    names = {name: learnt_as.get(name, name) for name in steps}
    return {name: learnt[known] for name, known in names.items() if known in learnt}


def measure_ranges(graph: OnnxGraph, photos: Iterable[NDArray[np.float32]]) -> MeasuredRanges:
    """Run a float graph on photos and note every tensor's range on each; one photo is in memory at a time.

    The least and largest values are taken inside the graph, so that the tensors themselves need not be kept.

    Args:
        graph: A float32 graph that takes `(1, C, H, W)`.
        photos: Input tensors `(1, H, W, C)`, 0..1.

    Raises:
        UserError: There are no photos, or a range is not finite.
    """
    names = (graph.input.name, *(name for node in graph.nodes for name in node.output))
    runner = session(_with_extremes(graph, names))
    found = []
    for photo in photos:
        turned = np.ascontiguousarray(photo.transpose(0, 3, 1, 2))
        found.append(np.array(runner.run(None, {graph.input.name: turned}), np.float64).reshape(-1, 2))
    if not found:
        raise UserError("there are no photos to calibrate on.", "Name a folder with photos by --calibration.")
    measured = np.array(found)
    _check_finite(names, measured)
    return MeasuredRanges(names, measured[..., 0], measured[..., 1])


def _with_extremes(graph: OnnxGraph, names: Iterable[str]) -> OnnxGraph:
    """The graph with the least and the largest value of each tensor as its outputs, in order."""
    result = graph.copy()
    del result.model.graph.output[:]
    for name in names:
        for op in ("ReduceMin", "ReduceMax"):
            output = f"{name}/{op}"
            result.model.graph.node.append(helper.make_node(op, [name], [output], keepdims=0))
            result.model.graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, []))
    return result


def _check_finite(names: tuple[str, ...], measured: NDArray[np.float64]) -> None:
    for place, name in enumerate(names):
        low, high = measured[:, place, 0].min(), measured[:, place, 1].max()
        if not (np.isfinite(low) and np.isfinite(high)):
            raise UserError(
                f"{name} took values from {low} to {high} on the calibration photos.",
                "Check the model's weights and look at the photos with python -m calib_data.check.",
            )
