"""Ranges of the network's tensors, by the tensors of its ONNX graph."""

from __future__ import annotations

from collections.abc import Mapping

from convert.onnx_graph import OnnxGraph

Ranges = Mapping[str, tuple[float, float]]


def by_tensor(graph: OnnxGraph, ranges: Ranges) -> dict[str, tuple[float, float]]:
    """Ranges of a network, measured or learnt, by the graph's own tensors.

    Args:
        graph: A float32 graph whose tensors are named `layer/step`.
        ranges: Least and largest value by layer, which is that of its last step, or by `layer/step`.
    """
    steps = [name for node in graph.nodes for name in node.output]
    last = {name.partition("/")[0]: name for name in steps}
    known_as = {name: layer for layer, name in last.items()}
    names = {name: known_as.get(name, name) for name in steps}
    return {name: ranges[known] for name, known in names.items() if known in ranges}
