"""A model at one size, and the .tflite files made of it: trace once, calibrate once, convert many."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.errors import UserError
from calib_data.sizes import PhotoSize
from convert.flatbuffer import Flatbuffer
from convert.integers import quantize
from convert.ranged import Ranges, give_ranges
from convert.recipes import Recipe
from convert.rewrites.late_operations import make_late
from convert.rewrites.stage import REWRITES, Choice, rewrite
from convert.trace import BOKEH, PHOTO, freeze
from convert.weights import store_as_float16, store_as_int8
from quantize.calibration import Measured, measure
from quantize.scheme import known_ranges

Photos = Callable[[], Iterable[NDArray[np.float32]]]
_FLOAT_ONLY, _FLOAT_KINDS = "halves", ("float32", "float16")


class TFLiteExporter:
    """Exports one model at one size by any number of recipes.

    Args:
        model: A float PyNET that builds level 1.
        size: The photo that comes out.
        photos: Called once, when the first integer recipe comes; gives input tensors `(1, H/2, W/2, C)`, 0..1.
        rewrites: Names of the rewrites to apply (`convert.rewrites.stage.REWRITES`); all by default.
        learnt: Ranges that training has learnt, by layer, for 8-bit recipes; what they lack is calibrated.
        missing: Told a recipe's name and the tensors that lack a learnt range, if any do.

    1. `freeze` traces the model and makes its weights constants.
    2. The converter makes a float32 file of that.
    3. `rewrite` makes that leaner; all other files come from it. Where convolutions compute in float it may take sums
       of columns (`halves`), which integers would round; there are two such files if that is chosen anywhere.
    4. Ranges of the network's tensors are measured on the photos, if a recipe needs some that are not learnt: 8 bits
       take percentiles, 16 bits have resolution to spare and take the extremes.
    5. `export` changes weights, or quantizes, orders the operations for a low peak of memory, names input and output.
    """

    def __init__(
        self,
        model: keras.Model,
        size: PhotoSize,
        photos: Photos | None = None,
        rewrites: Collection[str] = frozenset(REWRITES),
        learnt: Ranges | None = None,
        missing: Callable[[str, Sequence[str]], None] = lambda _recipe, _tensors: None,
    ) -> None:
        self._model = model
        self._size = size
        self._photos = photos
        self._rewrites = frozenset(rewrites)
        self._learnt = None if learnt is None else {**known_ranges(model), **learnt}
        self._missing = missing

    def export(self, recipe: Recipe) -> bytes:
        """The content of a .tflite file with the signature `photo` to `bokeh`.

        Raises:
            UserError: A rule fits nothing, the converter refuses, or photos are needed and there are none.
        """
        file = Flatbuffer.read(self._rewritten[0] if recipe.kind in _FLOAT_KINDS else self.float32)
        recipe.check_scopes(file)
        if recipe.needs_calibration:
            self._give_ranges(file, recipe)
            file = quantize(file, recipe)
        elif recipe.kind != "float32":
            chosen = [op for op in file.ops() if recipe.type_of(op) == recipe.kind]
            {"float16": store_as_float16, "int8-weights": store_as_int8}[recipe.kind](file, chosen)
        if "late" in self._rewrites:
            make_late(file)
        file.sign({PHOTO: file.graph.inputs[0]}, {BOKEH: file.graph.outputs[0]})
        return file.bytes()

    @functools.cached_property
    def float32(self) -> bytes:
        """The float32 file of which integers are made: rewritten, without signature."""
        if not any(choice.form.halves for choice in self.choices):
            return self._rewritten[0]
        file = Flatbuffer.read(self._converted)
        rewrite(file, self._rewrites - {_FLOAT_ONLY})
        return file.bytes()

    @property
    def choices(self) -> list[Choice]:
        """What the rewrites chose for each convolution of a file that computes in float."""
        return self._rewritten[1]

    @functools.cached_property
    def _rewritten(self) -> tuple[bytes, list[Choice]]:
        """As `float32`, but for files whose convolutions compute in float; and what was chosen."""
        file = Flatbuffer.read(self._converted)
        choices = rewrite(file, self._rewrites)
        return file.bytes(), choices

    @functools.cached_property
    def _converted(self) -> bytes:
        converter = tf.lite.TFLiteConverter.from_concrete_functions([freeze(self._model, self._size)])
        return bytes(converter.convert())

    def _give_ranges(self, file: Flatbuffer, recipe: Recipe) -> None:
        if recipe.kind == "int16x8":
            give_ranges(file, self.measured.extremes, recipe)
        elif self._learnt is None:
            give_ranges(file, self.measured.percentiles, recipe)
        elif missing := give_ranges(file, self._learnt, recipe):
            self._missing(recipe.name, missing)
            give_ranges(file, {**self.measured.percentiles, **self._learnt}, recipe)

    @functools.cached_property
    def measured(self) -> Measured:
        """The ranges of the network's tensors on the calibration photos."""
        if self._photos is None:
            raise UserError("the recipe needs calibration photos.", "Name a folder with photos by --calibration.")
        return measure(self._model, self._photos())
