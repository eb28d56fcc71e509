"""A model, and the .onnx graphs made of it: trace once, calibrate once, convert many."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from calib_data.errors import UserError
from calib_data.sizes import PhotoSize
from convert.onnx_graph import OnnxGraph
from convert.onnx_integers import quantize
from convert.onnx_ranges import Ranges, measure_ranges
from convert.onnx_simplify import Layout, with_ends
from convert.onnx_weights import compute_in_float16, store_as_int8
from convert.recipes import Recipe

Photos = Callable[[], Iterable[NDArray[np.float32]]]
DEFAULT_OPSET = 17


@dataclass(frozen=True)
class OnnxForm:
    """What an .onnx file looks like from outside.

    Attributes:
        opset: Version of ONNX's operations, 15 to 18.
        layout: `nhwc` as the other formats have it, or `nchw`; of input and output.
        any_size: Whether height and width are free; any multiples of 32 then.
    """

    opset: int = DEFAULT_OPSET
    layout: Layout = "nhwc"
    any_size: bool = False


class OnnxExporter:
    """Exports one network by any number of recipes.

    Args:
        float32: What `convert.onnx_trace.trace` made of a model.
        size: The photo that comes out, unless the form leaves height and width free.
        form: What the files look like from outside; of the network's opset.
        photos: Called once, when the first integer recipe comes; gives input tensors `(1, H/2, W/2, C)`, 0..1.
        ranges: Least and largest value of tensors by name, such as quantization-aware training learns them; they
            replace what is measured on the photos, which are not needed if all that a recipe touches is named.

    1. Ranges are measured on the photos, if a recipe needs some that are not given (`lacking`).
    2. Types are changed by the recipe.
    3. The ends of the form are added, and the file is checked with ONNX's own checker.
    """

    def __init__(
        self,
        float32: OnnxGraph,
        size: PhotoSize,
        form: OnnxForm | None = None,
        photos: Photos | None = None,
        ranges: Ranges | None = None,
    ) -> None:
        self.float32 = float32
        self._size = size
        self._form = form or OnnxForm()
        self._photos = photos
        self._given = dict(ranges or {})

    def export(self, recipe: Recipe) -> OnnxGraph:
        """A checked graph from `photo` to `bokeh`.

        Raises:
            UserError: A rule fits nothing, a type does not exist in ONNX, or ranges are missing.
        """
        recipe.check_scopes(self.float32)
        form = self._form
        sides = None if form.any_size else self._size.tensor
        graph = with_ends(self._typed(recipe), form.layout, sides)
        onnx.checker.check_model(graph.model, full_check=True)
        return graph

    def left_in_float(self, recipe: Recipe) -> dict[str, int]:
        """How many operations of each kind an integer recipe leaves in float."""
        if not recipe.needs_calibration:
            return {}
        ops = (op for op in self.float32.ops() if op.name != "Clip")
        return dict(sorted(Counter(op.name for op in ops if recipe.type_of(op) == "float32").items()))

    def lacking(self, recipe: Recipe) -> list[str]:
        """The tensors that integer operations read or make and for which no range is given; the ends are 0..1."""
        if not recipe.needs_calibration:
            return []
        *operations, clip = self.float32.ops()
        chosen = [op.raw for op in operations if recipe.type_of(op) == recipe.kind]
        known = {*self._given, *self.float32.constants(), self.float32.input.name, clip.raw.input[0], ""}
        touched = (name for node in chosen for name in (*node.input, *node.output))
        return [name for name in dict.fromkeys(touched) if name not in known]

    @functools.cached_property
    def ranges(self) -> Ranges:
        """The range of every tensor: as given, else measured."""
        computed = {name for node in self.float32.nodes for name in node.output}
        unknown = sorted(set(self._given) - computed)
        if unknown:
            raise UserError(
                f"ranges are given for {unknown[0]}, which the network does not have.",
                f"Tensors are named like {', '.join(sorted(computed)[:3])}.",
            )
        if computed <= set(self._given):
            return self._given
        if self._photos is None:
            raise UserError("the recipe needs calibration photos.", "Name a folder with photos by --calibration.")
        return {**measure_ranges(self.float32, self._photos()).covering(), **self._given}

    def _typed(self, recipe: Recipe) -> OnnxGraph:
        if recipe.kind == "float32":
            return self.float32
        chosen = [op.raw for op in self.float32.ops() if recipe.type_of(op) == recipe.kind]
        if recipe.kind == "float16":
            return compute_in_float16(self.float32, chosen)
        if recipe.kind == "int8-weights":
            return store_as_int8(self.float32, chosen)
        if recipe.kind == "int8":
            return quantize(self.float32, recipe, self.ranges if self.lacking(recipe) else self._given)
        raise UserError(
            f"recipe {recipe.name} takes {recipe.kind}, which .onnx files do not.",
            "Take float32, float16, int8-weights or int8.",
        )
