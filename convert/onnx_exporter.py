"""A model, and the .onnx graphs made of it: trace once, calibrate once, convert many."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.errors import UserError
from calib_data.sizes import PhotoSize
from convert.onnx_graph import OnnxGraph
from convert.onnx_integers import quantize
from convert.onnx_ranges import Ranges, by_tensor
from convert.onnx_simplify import Layout, with_ends
from convert.onnx_trace import trace
from convert.onnx_weights import compute_in_float16, store_as_int8
from convert.recipes import Recipe
from quantize.calibration import measure
from quantize.scheme import known_ranges

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
    """Exports one model by any number of recipes.

    Args:
        model: A float PyNET that builds level 1.
        size: The photo that comes out, unless the form leaves height and width free.
        form: What the files look like from outside.
        photos: Called once, when the first integer recipe comes; gives input tensors `(1, H/2, W/2, C)`, 0..1.
        learnt: Ranges that training has learnt, by layer, for integer recipes; what they lack is calibrated.
        missing: Told a recipe's name and the tensors that lack a learnt range, if any do.

    1. `convert.onnx_trace.trace` makes the float32 graph; all files come from it.
    2. Ranges of the network's tensors are measured on the photos, if a recipe needs some that are not learnt.
    3. Types are changed by the recipe.
    4. The ends of the form are added, and the file is checked with ONNX's own checker.
    """

    def __init__(
        self,
        model: keras.Model,
        size: PhotoSize,
        form: OnnxForm | None = None,
        photos: Photos | None = None,
        learnt: Ranges | None = None,
        missing: Callable[[str, Sequence[str]], None] = lambda _recipe, _tensors: None,
    ) -> None:
        self._model = model
        self._size = size
        self._form = form or OnnxForm()
        self._photos = photos
        self._learnt = None if learnt is None else {**known_ranges(model), **learnt}
        self._missing = missing

    def export(self, recipe: Recipe) -> OnnxGraph:
        """A checked graph from `photo` to `bokeh`.

        Raises:
            UserError: A rule fits nothing, a type does not exist in ONNX, or photos are needed and there are none.
        """
        recipe.check_scopes(self.float32)
        form = self._form
        sides = None if form.any_size else self._size.tensor
        graph = with_ends(self._typed(recipe), form.layout, sides)
        onnx.checker.check_model(graph.model, full_check=True)
        return graph

    @functools.cached_property
    def float32(self) -> OnnxGraph:
        """The float32 graph, of any size, without the form's ends."""
        return trace(self._model, self._size, self._form.opset)

    def left_in_float(self, recipe: Recipe) -> dict[str, int]:
        """How many operations of each kind an integer recipe leaves in float."""
        if not recipe.needs_calibration:
            return {}
        ops = (op for op in self.float32.ops() if op.name != "Clip")
        return dict(sorted(Counter(op.name for op in ops if recipe.type_of(op) == "float32").items()))

    @functools.cached_property
    def measured(self) -> Ranges:
        """The ranges of the network's tensors on the calibration photos, by layer."""
        if self._photos is None:
            raise UserError("the recipe needs calibration photos.", "Name a folder with photos by --calibration.")
        return measure(self._model, self._photos()).percentiles

    def _ranges(self, recipe: Recipe) -> dict[str, tuple[float, float]]:
        if self._learnt is None:
            return by_tensor(self.float32, self.measured)
        learnt = by_tensor(self.float32, self._learnt)
        missing = self._lacking(recipe, learnt)
        if not missing:
            return learnt
        self._missing(recipe.name, missing)
        return by_tensor(self.float32, self.measured) | learnt

    def _lacking(self, recipe: Recipe, ranges: Ranges) -> list[str]:
        """The tensors that integer operations read or make and which have no range; the ends are 0..1."""
        *operations, clip = self.float32.ops()
        chosen = [op.raw for op in operations if recipe.type_of(op) == recipe.kind]
        known = {*ranges, *self.float32.constants(), self.float32.input.name, clip.raw.input[0], ""}
        touched = (name for node in chosen for name in (*node.input, *node.output))
        return [name for name in dict.fromkeys(touched) if name not in known]

    def _typed(self, recipe: Recipe) -> OnnxGraph:
        if recipe.kind == "float32":
            return self.float32
        chosen = [op.raw for op in self.float32.ops() if recipe.type_of(op) == recipe.kind]
        if recipe.kind == "float16":
            return compute_in_float16(self.float32, chosen)
        if recipe.kind == "int8-weights":
            return store_as_int8(self.float32, chosen)
        if recipe.kind == "int8":
            return quantize(self.float32, recipe, self._ranges(recipe))
        raise UserError(
            f"recipe {recipe.name} takes {recipe.kind}, which .onnx files do not.",
            "Take float32, float16, int8-weights or int8.",
        )
