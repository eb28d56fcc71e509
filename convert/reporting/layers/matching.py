"""Which tensor of a file is which of the reference: by name, operation and shape, never by a guess."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.detail import FAR, NEAR
from convert.leaky import NEGATIVE
from convert.reporting.layers.tapping import NCHW_TO_NHWC, NHWC_TO_NCHW
from convert.reporting.layers.tensors import Graph, Tensor
from convert.rewrites.forms import FORM
from convert.tanh import POLYNOMIAL

_PREFIXES = re.compile(r"^(StatefulPartitionedCall/|PartitionedCall/)+")
_ADDED = re.compile(r"(?<=\D)\d{1,3}$")
_FORM = re.compile(FORM + "$")
WITHIN_FORM = re.compile(FORM + "/")
"""In the names of what a rewrite computes on the way to a form, which is no tensor of the network."""
_BETWEEN = re.compile(f"(?:{NEGATIVE}|{NEAR}|{FAR})$|{POLYNOMIAL}/")
_RESHAPE, _NORM = "RESHAPE", "InstanceNormalization"


@dataclass(frozen=True)
class Match:
    """A tensor of a file and the same of the reference.

    Attributes:
        tensor: Of the file.
        reference: Of the reference.
        is_transposed: Whether the file's is `(B, C, H, W)` where the reference's is `(B, H, W, C)`.
    """

    tensor: Tensor
    reference: Tensor
    is_transposed: bool

    def as_reference(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The file's values in the reference's layout and shape."""
        return values.transpose(NCHW_TO_NHWC) if self.is_transposed else values.reshape(self.reference.shape)


class Matcher:
    """Finds tensors of a reference.

    A tensor's name is that of an operation of the reference, or several joined by `;` where operations were fused: then
    the last of them in order of execution is meant. Converters add digits to make names unique; .onnx files leave the
    network's own name out. The operation must be of the same kind and the shape the same, or the shape in the other
    layout, or a form's of `convert.rewrites`. An InstanceNormalization is the last operation of its layer.

    A convolution that adds its bias is the reference's BiasAdd, and one with a fused ReLU the ReLU behind it. A sum may
    stand for a leaky ReLU, and a join of rows for a transposed convolution, whose name it has then.
    """

    def __init__(self, reference: Graph) -> None:
        self._output = reference.output
        self._tensors = {tensor.name: tensor for tensor in reference.tensors}
        self._short = {_inside(name): name for name in self._tensors}
        self._last = {_layer(name): tensor for name, tensor in self._tensors.items()}
        self._order = {tensor.name: place for place, tensor in enumerate(reference.tensors)}
        self._readers: dict[str, list[Tensor]] = {}
        for tensor in reference.tensors:
            for name in tensor.reads:
                self._readers.setdefault(name, []).append(tensor)

    def match(self, graph: Graph) -> tuple[list[Match], list[str]]:
        """The tensors of a file that are found in the reference, in order, and the names of those that are not.

        A tensor of the reference to which several of the file would belong belongs to none of them. A RESHAPE, which
        computes nothing, and what `convert.leaky`, `convert.tanh`, `convert.detail` and `convert.rewrites` compute on
        the way are in neither list.
        """
        own = [tensor for tensor in graph.tensors if not WITHIN_FORM.search(tensor.name)]
        found = {tensor.name: self._find(tensor, graph) for tensor in own}
        claimed = Counter(match.reference.name for match in found.values() if match is not None)
        matches = [match for match in found.values() if match is not None and claimed[match.reference.name] == 1]
        matched = {match.tensor.name for match in matches}
        computed = [one for one in own if one.op != _RESHAPE and not _BETWEEN.search(one.name)]
        return matches, [tensor.name for tensor in computed if tensor.name not in matched]

    def _find(self, tensor: Tensor, graph: Graph) -> Match | None:
        if tensor.name == graph.output:
            return _fitted(tensor, self._tensors[self._output])
        names = tensor.name.split(";")
        parts = [*names, *(_FORM.sub("", name) for name in names if _FORM.search(name))]
        candidates = [self._tensors[name] for part in parts if (name := self._known(part))]
        for candidate in sorted(candidates, key=lambda one: self._order[one.name], reverse=True):
            if tensor.op == _NORM:
                same: Tensor | None = self._last[_layer(candidate.name)]
            else:
                same = self._same_value(tensor, candidate)
            match = None if same is None else _fitted(tensor, same)
            if match is not None:
                return match
        return None

    def _known(self, part: str) -> str | None:
        name = _PREFIXES.sub("", part).removesuffix(":0")
        forms = (part, name, _ADDED.sub("", name))
        return next((self._short.get(one, one) for one in forms if one in self._tensors or one in self._short), None)

    def _same_value(self, tensor: Tensor, reference: Tensor) -> Tensor | None:
        """The tensor behind `reference` that has all that is fused into `tensor`; None if the operations differ."""
        found: Tensor | None = reference
        if found is not None and found.kind == tensor.kind and tensor.has_bias and not found.has_bias:
            found = self._reader(found, "bias") or found
        if found is not None and tensor.has_relu and not found.has_relu and found.kind != "relu":
            found = self._reader(found, "relu")
        if found is None:
            return None
        kinds = {tensor.kind, "relu" if tensor.has_relu else tensor.kind, "bias" if tensor.has_bias else tensor.kind}
        if tensor.kind == "add":
            kinds |= {"bias", "leaky"}
        if tensor.kind == "concat":
            kinds |= {"deconv"}
        return found if tensor.kind and found.kind in kinds else None

    def _reader(self, tensor: Tensor, kind: str) -> Tensor | None:
        readers = [reader for reader in self._readers.get(tensor.name, []) if reader.kind == kind]
        return readers[0] if len(readers) == 1 else None


def _inside(name: str) -> str:
    """A tensor's name without that of the network."""
    return name.partition("/")[2]


def _layer(name: str) -> str:
    return name.rpartition("/")[0]


def _fitted(tensor: Tensor, reference: Tensor) -> Match | None:
    if tensor.shape == reference.shape:
        return Match(tensor, reference, is_transposed=False)
    if len(reference.shape) == len(NHWC_TO_NCHW):
        turned = tuple(reference.shape[axis] for axis in NHWC_TO_NCHW)
        if tensor.shape == turned:
            return Match(tensor, reference, is_transposed=True)
    if _FORM.search(tensor.name) and math.prod(tensor.shape) == math.prod(reference.shape):
        return Match(tensor, reference, is_transposed=False)
    return None
