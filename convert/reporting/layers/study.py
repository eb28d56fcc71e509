"""Signal to quantization noise along the network, and the layer where it first falls off."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.reporting.layers.float_graph import FloatGraph
from convert.reporting.layers.matching import WITHIN_FORM, Match, Matcher
from convert.reporting.layers.tensors import Graph, passes
from convert.reporting.layers.units import LEAST_ENERGY, Units, in_unit, units_of_a_convolution
from convert.reporting.process import RuntimeFailedError
from convert.reporting.record import LayerRow, LayerStudy

LIMIT = 150.0
"""dB; what equal tensors have."""
THRESHOLD = 20.0
"""dB by which a layer is worse than is usual in its file, for it to have fallen off."""
WRONG_SCALE = 1.4
"""Factor, up or down, from which on a map's scale is wrong and not merely rounded."""
GOOD_ENOUGH = 60.0
"""dB from which on nothing has fallen off, whatever is usual in the file."""
_TINY = 1e-30
_LETTING_THROUGH = frozenset({"leaky", "max_pool"})  # kinds whose results are in the units of what they read
_NORM = "_norm"  # ends the name of a convolution's norm
_PASSED_ON = frozenset({"QUANTIZE", "DEQUANTIZE", "RESHAPE", "QuantizeLinear", "DequantizeLinear", "Cast"})


def study(
    graph: Graph,
    reference: Graph,
    layers: FloatGraph,
    photo: NDArray[np.float32],
    folder: Path,
    stage: str,
    photo_name: str,
) -> LayerStudy:
    """Compare a file's tensors with a reference's on one photo.

    Args:
        graph: Of the file.
        reference: Of the float model, or of a float file.
        layers: The float model, whose layers are also applied to what the file's layers read.
        photo: The input `(1, H/2, W/2, C)`, 0..1.
        folder: For what passes between processes.
        stage: The stage's id.
        photo_name: For the report.
    """
    matches, unmatched = Matcher(reference).match(graph)
    result = LayerStudy(
        stage=stage,
        photo=photo_name,
        reference=reference.name,
        threshold=THRESHOLD,
        matched=len(matches),
        unmatched=tuple(unmatched),
        unmatched_reference=len(reference.tensors) - len(matches),
    )
    if not matches:
        failure = "no tensor has the name, operation and shape of one of the reference"
        return result.model_copy(update={"failure": failure})
    try:
        errors = _errors(graph, reference, layers, _results(matches), photo, folder)
    except RuntimeFailedError as failure:
        return result.model_copy(update={"failure": failure.problem})
    rows = _rows(graph, _results(matches), errors)
    return result.model_copy(update={"rows": tuple(rows), "first_fall": _first_fall(rows)})


def sqnr(reference: NDArray[np.float32], values: NDArray[np.float32]) -> float:
    """`10 log10(sum r^2 / sum (r - x)^2)` in dB, within +-150; what is no number is the worst."""
    difference = (reference - values).ravel()
    flat = reference.ravel()
    noise, signal = float(np.dot(difference, difference)), float(np.dot(flat, flat))
    if not math.isfinite(noise):
        return -LIMIT
    if noise == 0:
        return LIMIT
    return float(np.clip(10 * np.log10(max(signal, _TINY) / noise), -LIMIT, LIMIT))


def _largest(reference: NDArray[np.float32], values: NDArray[np.float32]) -> float | None:
    """The largest difference; None where some are no numbers."""
    largest = float(np.abs(reference - values).max())
    return largest if math.isfinite(largest) else None


def worst_scale(reference: NDArray[np.float32], values: NDArray[np.float32]) -> float:
    """Of all maps, the least-squares factor `sum r x / sum r^2` that is furthest from 1.

    Args:
        reference: `(1, h, w, C)`; maps with less than 0.1 % of the mean energy say nothing of their scale.
        values: Likewise.
    """
    energy = np.square(reference, dtype=np.float64).sum(axis=(0, 1, 2))
    loud = energy > LEAST_ENERGY * energy.mean()
    if not loud.any():
        return 1.0
    factors = (reference.astype(np.float64) * values).sum(axis=(0, 1, 2))[loud] / energy[loud]
    away = np.abs(np.log(np.maximum(np.nan_to_num(factors, nan=np.inf), LEAST_ENERGY)))
    return float(factors[away.argmax()])


def layer_of(name: str) -> str:
    """The layer that a tensor of the reference belongs to: `level4_up_p` of `pynet/level4_up_p/conv2d_transpose`."""
    last = name.rpartition(";")[2]
    parts = last.split("/")
    return parts[1] if len(parts) > 2 else parts[0] if len(parts) == 1 else parts[-2]


def _results(matches: Sequence[Match]) -> list[Match]:
    """Of each layer the tensor that it ends in, so that what a layer computes on the way is not counted as layers."""
    last = {layer_of(match.reference.name): match for match in matches}
    return list(last.values())


@dataclass(frozen=True)
class _Error:
    """Of one tensor: SQNR, largest difference, and of the layer by itself, where it was found, SQNR and worst scale."""

    sqnr: float
    largest: float | None
    alone: float | None = None
    scale: float | None = None


def _errors(
    graph: Graph,
    reference: Graph,
    layers: FloatGraph,
    matches: Sequence[Match],
    photo: NDArray[np.float32],
    folder: Path,
) -> dict[str, _Error]:
    """The errors of each matched tensor of the file."""
    by_name = {match.tensor.name: match for match in matches}
    sources = _sources(graph)
    in_layers = {match.tensor.name: match for match in Matcher(layers).match(graph)[0]}
    norms = {layer for tensor in reference.tensors if (layer := layer_of(tensor.name)).endswith(_NORM)}
    units: dict[str, Units] = {}
    errors = {}
    for group in passes([match.tensor for match in matches]):
        names = [tensor.name for tensor in group]
        read = [name for tensor in group for name in sources[tensor.name] if name in in_layers]
        needed = list(dict.fromkeys([*names, *read]))
        ours = dict(zip(needed, graph.read(photo, needed, folder), strict=True))
        theirs = reference.read(photo, [by_name[name].reference.name for name in names], folder / "reference")
        for tensor, expected in zip(group, theirs, strict=True):
            values, handing, inner = ours[tensor.name], sources[tensor.name], in_layers.get(tensor.name)
            by_itself = None
            if inner is not None:
                own = inner.as_reference(values)
                if len(handing) == 1 and handing[0] in ours:
                    handed = in_layers[handing[0]].as_reference(ours[handing[0]])
                    by_itself = layers.layer(inner.reference.name, in_unit(handed, units.get(handing[0])))
                if by_itself is not None:
                    units[tensor.name] = units_of_a_convolution(by_itself, own, _has_norm(inner, norms))
                else:
                    units[tensor.name] = _handed_on(inner, [units[name] for name in handing if name in units])
            values = in_unit(by_name[tensor.name].as_reference(values), units.get(tensor.name))
            error = _Error(sqnr(expected, values), _largest(expected, values))
            if by_itself is not None:
                own = in_unit(own, units[tensor.name])
                error = replace(error, alone=sqnr(by_itself, own), scale=worst_scale(by_itself, own))
            errors[tensor.name] = error
    return errors


def _handed_on(match: Match, handed: Sequence[Units]) -> Units:
    """The units of a result of no convolution: those of what it reads, or one."""
    kind = match.reference.kind
    parts = handed if kind == "concat" else handed[:1] if kind in _LETTING_THROUGH else []
    maps = match.reference.shape[-1]
    units = np.concatenate(parts) if parts else np.ones(0, np.float32)
    return units if len(units) == maps else np.ones(maps, np.float32)


def _has_norm(match: Match, norms: Collection[str]) -> bool:
    return f"{layer_of(match.reference.name)}{_NORM}" in norms


def _sources(graph: Graph) -> dict[str, tuple[str, ...]]:
    """What each tensor's operation reads, constants aside, once each.

    It is seen through steps that only change type or shape, and through those of a rewrite.
    """
    made = {tensor.name: tensor for tensor in graph.tensors}
    constants = {tensor.name for tensor in graph.tensors if not tensor.reads}

    def seen(name: str) -> str:
        while name in made and made[name].reads and (made[name].op in _PASSED_ON or WITHIN_FORM.search(name)):
            name = made[name].reads[0]
        return name

    return {
        tensor.name: tuple(dict.fromkeys(seen(name) for name in tensor.reads if name not in constants))
        for tensor in graph.tensors
    }


def _rows(graph: Graph, matches: Sequence[Match], errors: dict[str, _Error]) -> list[LayerRow]:
    """Rows in order of execution; `fall` is seen through tensors that were not matched."""
    matched = {match.tensor.name: match for match in matches}
    usual = _usual([errors[name].sqnr for name in matched])
    handed: dict[str, float] = {}
    rows = []
    for place, tensor in enumerate(graph.tensors):
        before = min([usual, *(handed.get(name, usual) for name in tensor.reads)])
        error = errors.get(tensor.name)
        handed[tensor.name] = before if error is None else error.sqnr
        if error is None:
            continue
        rows.append(
            LayerRow(
                layer=layer_of(matched[tensor.name].reference.name),
                tensor=tensor.name,
                reference=matched[tensor.name].reference.name,
                op=tensor.op,
                place=place,
                shape=tensor.shape,
                sqnr=round(error.sqnr, 3),
                fall=round(before - error.sqnr, 3),
                alone=None if error.alone is None else round(error.alone, 3),
                scale=None if error.scale is None or not np.isfinite(error.scale) else round(error.scale, 4),
                max_abs=error.largest,
            )
        )
    return rows


def _first_fall(rows: Sequence[LayerRow]) -> str:
    """The first layer that adds far more noise by itself than is usual in the file, or whose scale is wrong.

    What could not be looked at by itself, feature maps of operations without weights, is judged by how far it falls
    below what it reads. Statistics of norms are left out: their values are near zero, and so are their ratios.
    """
    alone = [row.alone for row in rows if row.alone is not None]
    usual = float(np.median(alone)) if alone else LIMIT
    return next((row.layer for row in rows if _falls(row, usual)), "")


def _falls(row: LayerRow, usual: float) -> bool:
    if row.alone is not None:
        wrong_scale = row.scale is None or not 1 / WRONG_SCALE < row.scale < WRONG_SCALE
        return row.alone < GOOD_ENOUGH and (usual - row.alone >= THRESHOLD or wrong_scale)
    is_map = len(row.shape) == 4 and min(row.shape[1:3]) > 1
    return is_map and row.sqnr < GOOD_ENOUGH and row.fall >= THRESHOLD


def _usual(levels: Sequence[float]) -> float:
    """What an undisturbed tensor of this file has: the median of the better half."""
    return float(np.median([level for level in levels if level >= np.median(levels)]))
