"""The stage between the converter's float32 file and the recipes: the rewrites, and what each has chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ai_edge_litert import schema_py_generated as schema

from calib_data.errors import UserError
from convert.flatbuffer import Flatbuffer, Op
from convert.rewrites.bands import split_bands
from convert.rewrites.branches import widest_first
from convert.rewrites.columns import fold_columns
from convert.rewrites.cost import Convolution, Form, choose
from convert.rewrites.subpixel import make_subpixel

REWRITES = {
    "subpixel": "transposed convolutions as plain ones whose maps are the pixels in between",
    "columns": "convolutions on neighbouring columns at once",
    "bands": "convolutions on bands of rows as a batch",
    "halves": "the columns of such bands in pairs, with fewer products; where all convolutions compute in float",
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
        names: Of `REWRITES`; `late` is for finished files and not applied here, `halves` only for files whose
            convolutions compute in float, and only together with `bands`.
    """
    if "subpixel" in names:
        make_subpixel(file)
    found = list(_convolutions(file))
    forms = choose([plain for _, plain in found], *(name in names for name in ("columns", "bands", "halves")))
    choices = {
        int(op.raw.outputs[0]): Choice(op.scope.split("/")[0], plain, form)
        for (op, plain), form in zip(found, forms, strict=True)
    }
    named = {file.tensor_name(index): choice.form for index, choice in choices.items()}
    fold_columns(file, {index: choice.form.columns for index, choice in choices.items()})
    _cut_into_bands(file, named)
    return list(choices.values())


def _cut_into_bands(file: Flatbuffer, forms: Mapping[str, Form]) -> None:
    """`split_bands` by the names of what convolutions compute."""
    found = {index: forms.get(file.tensor_name(index), Form()) for index in range(len(file.graph.tensors))}
    cut = {index: form for index, form in found.items() if form.bands > 1}
    if cut:
        split_bands(
            file, {index: form.bands for index, form in cut.items()}, [i for i, form in cut.items() if form.halves]
        )
        widest_first(file)


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
            activated = options.fusedActivationFunction != schema.ActivationFunctionType.NONE
            yield op, Convolution(height, width, rows, columns, maps_in, maps_out, activated)
