"""The stage between the converter's float32 file and the recipes: the rewrites, and what each has chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ai_edge_litert import schema_py_generated as schema

from calib_data.errors import UserError
from convert.flatbuffer import Flatbuffer, Op
from convert.rewrites.bands import split_bands
from convert.rewrites.columns import fold_columns
from convert.rewrites.cost import Convolution, Form, cheapest
from convert.rewrites.subpixel import make_subpixel

REWRITES = {
    "subpixel": "transposed convolutions as plain ones whose maps are the pixels in between",
    "columns": "convolutions on neighbouring columns at once",
    "bands": "convolutions on bands of rows as a batch",
    "late": "operations that make more than they free run only when their result is needed",
}
"""Every rewrite by name, in the order of application, with what it does."""


@dataclass(frozen=True)
class Choice:
    """What was chosen for one convolution.

    Attributes:
        scope: Its layer, such as `level3_block4_conv9a`.
        plain: As the network has it.
        form: What becomes of it.
    """

    scope: str
    plain: Convolution
    form: Form

    @property
    def chosen(self) -> Convolution:
        """As the file has it."""
        return self.form.of(self.plain)


def chosen_names(only: Sequence[str], without: Sequence[str]) -> frozenset[str]:
    """The rewrites to apply: those of `only`, or all if it is empty, but none of `without`.

    Raises:
        UserError: There is none of a name.
    """
    for name in (*only, *without):
        if name not in REWRITES:
            raise UserError(f"there is no rewrite {name!r}; known are {', '.join(REWRITES)}.", "Take one of these.")
    return frozenset(only or REWRITES) - frozenset(without)


def rewrite(file: Flatbuffer, names: Collection[str]) -> list[Choice]:
    """Apply rewrites to a float32 file, in place, and tell what was chosen for each convolution of stride 1.

    Args:
        file: The converter's float32 file.
        names: Of `REWRITES`; `late` is for finished files and not applied here.
    """
    if "subpixel" in names:
        make_subpixel(file)
    choices: dict[int, Choice] = {}
    for op, plain in _convolutions(file):
        form = cheapest(plain, "columns" in names, "bands" in names)
        choices[int(op.raw.outputs[0])] = Choice(op.scope.split("/")[0], plain, form)
    banded = {file.tensor_name(index): choice.form.bands for index, choice in choices.items()}
    fold_columns(file, {index: choice.form.columns for index, choice in choices.items()})
    split_bands(file, {index: banded.get(file.tensor_name(index), 1) for index in range(len(file.graph.tensors))})
    return list(choices.values())


def _convolutions(file: Flatbuffer) -> Iterator[tuple[Op, Convolution]]:
    """Convolutions of stride 1 with SAME padding, odd sides, and constant weights."""
    for op in file.ops():
        if op.name != "CONV_2D" or not all(file.is_constant(index) for index in op.raw.inputs[1:]):
            continue
        options = op.raw.builtinOptions
        maps_out, rows, columns, maps_in = (int(side) for side in file.tensor(op.raw.inputs[1]).shape)
        strides = {options.strideH, options.strideW, options.dilationHFactor, options.dilationWFactor}
        if strides == {1} and options.padding == schema.Padding.SAME and rows % 2 == columns % 2 == 1:
            _, height, width, _ = (int(side) for side in file.tensor(op.raw.outputs[0]).shape)
            yield op, Convolution(height, width, rows, columns, maps_in, maps_out)
