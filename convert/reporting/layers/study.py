"""Signal to quantization noise along the network, and the layer where it first falls off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.reporting.layers.matching import NHWC_TO_NCHW, Match, Matcher
from convert.reporting.layers.tensors import Graph, passes
from convert.reporting.process import RuntimeFailedError
from convert.reporting.record import LayerRow, LayerStudy

LIMIT = 150.0
"""dB; what equal tensors have."""
THRESHOLD = 10.0
"""dB by which a layer's noise rises above that of what it reads, for it to have fallen off."""


def study(
    graph: Graph, reference: Graph, photo: NDArray[np.float32], folder: Path, stage: str, photo_name: str
) -> LayerStudy:
    """Compare a file's tensors with a reference's on one photo.

    Args:
        graph: Of the file.
        reference: Of the float model, or of a float file.
        photo: The input `(1, H/2, W/2, C)`, 0..1.
        folder: For what passes between processes.
        stage: The stage's id.
        photo_name: For the report.
    """
    matches, unmatched = Matcher(reference).match(graph)
    common = {
        "stage": stage,
        "photo": photo_name,
        "reference": reference.name,
        "threshold": THRESHOLD,
        "unmatched": tuple(unmatched),
        "unmatched_reference": len(reference.tensors) - len(matches),
    }
    if not matches:
        return LayerStudy(**common, failure="no tensor has the name, operation and shape of one of the reference")
    try:
        errors = _errors(graph, reference, matches, photo, folder)
    except RuntimeFailedError as failure:
        return LayerStudy(**common, failure=failure.problem)
    rows = _rows(graph, matches, errors)
    first = next((row for row in rows if row.fall >= THRESHOLD), None)
    return LayerStudy(**common, rows=tuple(rows), first_fall="" if first is None else first.layer)


def sqnr(reference: NDArray[np.float32], values: NDArray[np.float32]) -> float:
    """`10 log10(sum r^2 / sum (r - x)^2)` in dB, within +-150; what is no number is the worst."""
    difference = reference.astype(np.float64) - values
    noise, signal = float(np.square(difference).sum()), float(np.square(reference, dtype=np.float64).sum())
    if not math.isfinite(noise):
        return -LIMIT
    if noise == 0:
        return LIMIT
    return float(np.clip(10 * np.log10(max(signal, 1e-30) / noise), -LIMIT, LIMIT))


def layer_of(name: str) -> str:
    """The layer that a tensor of the reference belongs to: `level4_up_p` of `pynet/level4_up_p/conv2d_transpose`."""
    last = name.rpartition(";")[2]
    parts = last.split("/")
    return parts[1] if len(parts) > 2 else parts[0] if len(parts) == 1 else parts[-2]


def _errors(
    graph: Graph, reference: Graph, matches: Sequence[Match], photo: NDArray[np.float32], folder: Path
) -> dict[str, tuple[float, float]]:
    """SQNR and largest difference of each matched tensor of the file."""
    by_name = {match.tensor.name: match for match in matches}
    errors = {}
    for group in passes([match.tensor for match in matches]):
        names = [tensor.name for tensor in group]
        wanted = [by_name[name].reference.name for name in names]
        ours = graph.read(photo, names, folder)
        theirs = reference.read(photo, wanted, folder / "reference")
        for name, values, expected in zip(names, ours, theirs, strict=True):
            turned = expected.transpose(NHWC_TO_NCHW) if by_name[name].is_transposed else expected
            errors[name] = sqnr(turned, values), float(np.abs(turned - values).max())
    return errors


def _rows(graph: Graph, matches: Sequence[Match], errors: dict[str, tuple[float, float]]) -> list[LayerRow]:
    reads = {tensor.name: tensor.reads for tensor in graph.tensors}
    handed: dict[str, float] = {}
    usual = _usual([errors[match.tensor.name][0] for match in matches])
    places = {tensor.name: place for place, tensor in enumerate(graph.tensors)}
    matched = {match.tensor.name: match for match in matches}
    rows = []
    for tensor in graph.tensors:
        before = min([usual, *(handed.get(name, usual) for name in reads[tensor.name])])
        if tensor.name not in matched:
            handed[tensor.name] = before
            continue
        own, largest = errors[tensor.name]
        handed[tensor.name] = own
        rows.append(
            LayerRow(
                layer=layer_of(matched[tensor.name].reference.name),
                tensor=tensor.name,
                reference=matched[tensor.name].reference.name,
                op=tensor.op,
                place=places[tensor.name],
                shape=tensor.shape,
                sqnr=round(own, 3),
                fall=round(before - own, 3),
                max_abs=largest,
            )
        )
    return rows


def _usual(levels: Sequence[float]) -> float:
    """What an undisturbed tensor of this file has: the median of the better half."""
    return float(np.median([level for level in levels if level >= np.median(levels)]))
