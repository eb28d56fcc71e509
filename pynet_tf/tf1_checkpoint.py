"""Checkpoints of the original, TensorFlow 1 PyNET, read by name and shape; no graph is loaded and no code runs.

The original names its variables `generator/Variable`, `generator/Variable_1`, ... in the order in which it creates
them: encoder, then level 7 to level 1; within a level its blocks, then the two ways up, then the head; per
convolution kernel, bias and, where there is instance norm, shift and scale. Levels are trained one after the other,
so a checkpoint may end with the head of a level coarser than 1.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
import tf_keras as keras

from calib_data.errors import UserError
from pynet_tf.config import COARSEST_LEVEL, LEVELS, PyNETConfig
from pynet_tf.network import build_pynet

FIRST_VARIABLE = "generator/Variable"

Weight: TypeAlias = Any  # a variable of Keras; TensorFlow is untyped
Shapes: TypeAlias = dict[str, tuple[int, ...]]

_OPTIMIZER = re.compile(r"(.*/)?(Adam(_\d+)?|beta[12]_power(_\d+)?|global_step)")
_ORDER = {"kernel": 0, "bias": 1, "shift": 2, "scale": 3}
_SHOWN = 12
_WHERE = "Name the published checkpoint, such as models/pynet_bokeh_level_0 (files .index and .data-00000-of-00001)."
_RETRY = "Copy or download the checkpoint's .index and .data files again."


@dataclass(frozen=True)
class ImportedModel:
    """A model made from a checkpoint.

    Attributes:
        model: The network with the checkpoint's weights.
        config: What the network is made of, as inferred from the shapes.
        lowest_level: The finest level that the checkpoint has.
        variables: Number of variables that were read.
        optimizer_variables: Names of the optimizer's variables, which were left out.
    """

    model: keras.Model
    config: PyNETConfig
    lowest_level: int
    variables: int
    optimizer_variables: tuple[str, ...]


def import_checkpoint(path: Path) -> ImportedModel:
    """Read a checkpoint of the original PyNET into a model with the `direct` head.

    Args:
        path: The checkpoint's prefix, one of its files, or a folder with one checkpoint.

    Raises:
        UserError: There is no checkpoint, it is truncated or damaged, holds NaN or infinite weights, or its
            variables are not exactly those of a PyNET; those that are missing, extra or misshapen are named.
    """
    prefix = find_prefix(path)
    found = _Checkpoint(prefix)
    config = _config(prefix, found.shapes)
    whole = build_pynet(config)
    variables = tf1_variables(whole)
    lowest_level = _lowest_level(len(found.shapes), variables)
    present = variables[: _length(lowest_level, variables)]
    _check_shapes(prefix, found.shapes, {name: tuple(weight.shape) for name, weight in present})
    for name, weight in present:
        weight.assign(found.read(name))
    return ImportedModel(
        model=_cut(whole, config, lowest_level),
        config=config,
        lowest_level=lowest_level,
        variables=len(present),
        optimizer_variables=found.optimizer_variables,
    )


def tf1_variables(model: keras.Model) -> list[tuple[str, Weight]]:
    """The weights of a whole PyNET, each with its name in the original, in the original's order of creation.

    Args:
        model: A network built down to level 1; one that ends at level 3 or 2 has the first of the same names.
    """
    keyed = []
    for layer in model.layers:
        for weight in layer.weights:
            kind = weight.name.split("/")[-1].split(":")[0]
            keyed.append((_position(layer.name), _ORDER[kind], weight))
    weights = [weight for *_, weight in sorted(keyed, key=lambda entry: entry[:2])]
    return [(f"{FIRST_VARIABLE}_{place}" if place else FIRST_VARIABLE, weight) for place, weight in enumerate(weights)]


def find_prefix(path: Path) -> Path:
    """The prefix of a checkpoint: what its `.index` and `.data` files have in common.

    Args:
        path: The prefix, one of the checkpoint's files, or a folder with one checkpoint.

    Raises:
        UserError: There is no checkpoint, or a folder has several.
    """
    if path.is_dir():
        indices = sorted(path.glob("*.index"))
        if len(indices) != 1:
            names = ", ".join(index.stem for index in indices[:_SHOWN]) or "none"
            raise UserError(f"{path} should hold one checkpoint and holds {len(indices)}: {names}.", _WHERE)
        path = indices[0]
    prefix = path.with_name(re.sub(r"\.(index|meta|data-\d+-of-\d+)$", "", path.name))
    for suffix in (".index", ".data-*"):
        if not list(prefix.parent.glob(f"{glob.escape(prefix.name)}{suffix}")):
            raise UserError(f"there is no checkpoint {prefix}: {prefix.name}{suffix} is missing.", _WHERE)
    return prefix


class _Checkpoint:
    """Names, shapes and values in a checkpoint."""

    def __init__(self, prefix: Path) -> None:
        self._prefix = prefix
        try:
            self._reader = tf.train.load_checkpoint(str(prefix))
            shapes = self._reader.get_variable_to_shape_map()
        except (tf.errors.OpError, IndexError, ValueError) as error:
            raise self._damaged(f"{prefix.name}.index", error) from error
        self.optimizer_variables = tuple(sorted(name for name in shapes if _OPTIMIZER.fullmatch(name)))
        self.shapes: Shapes = {
            name: tuple(shape) for name, shape in shapes.items() if name not in self.optimizer_variables
        }

    def read(self, name: str) -> np.ndarray[Any, np.dtype[np.float32]]:
        """One variable's values, finite float32."""
        try:
            values = self._reader.get_tensor(name)
        except (tf.errors.OpError, IndexError, ValueError) as error:
            raise self._damaged(name, error) from error
        if values.dtype != np.float32:
            raise UserError(
                f"{self._prefix}: {name} is {values.dtype}; PyNET's weights are float32.",
                "Save the checkpoint again in float32.",
            )
        wrong = int(values.size - np.isfinite(values).sum())
        if wrong:
            raise UserError(
                f"{self._prefix}: {wrong} of {values.size} values of {name} are NaN or infinite.",
                "That training diverged: take an earlier checkpoint.",
            )
        return values

    def _damaged(self, part: str, error: Exception) -> UserError:
        reason = str(error).splitlines()[0][:200]
        return UserError(f"{self._prefix} is truncated or damaged, at {part}: {reason}.", _RETRY)


def _position(layer: str) -> tuple[int, int, int, str]:
    """Where a layer stands in the original's order, from its name, such as `level5_block2_conv3a_norm`.

    The convolutions of a block sort as text: `conv3a`, `conv3a_norm`, `conv3b`, ..., `conv9b`. A norm's shift and
    scale thus follow their convolution's kernel and bias.
    """
    encoder = re.fullmatch(r"encoder(\d)_(conv.+)", layer)
    if encoder:
        return -COARSEST_LEVEL - 1, int(encoder[1]), 0, encoder[2]
    block = re.fullmatch(r"level(\d)_block(\d)_(conv.+)", layer)
    if block:
        return -int(block[1]), 0, int(block[2]), block[3]
    level, part, way = re.fullmatch(r"level(\d)_(up|head)(?:_([pq]))?", layer).groups()  # type: ignore[union-attr]
    return -int(level), 1 if part == "up" else 2, 0, way or ""


def _length(level: int, variables: Sequence[tuple[str, Weight]]) -> int:
    """How many of the original's variables there are once the head of `level` has been created."""
    heads = [place for place, (_, weight) in enumerate(variables, 1) if weight.name.startswith(f"level{level}_head/")]
    return heads[-1]


def _lowest_level(count: int, variables: Sequence[tuple[str, Weight]]) -> int:
    """The coarsest level that needs as many variables as the checkpoint has; level 1 where there are too many."""
    return next((level for level in reversed(LEVELS) if _length(level, variables) >= count), LEVELS[0])


def _config(prefix: Path, shapes: Shapes) -> PyNETConfig:
    """Inputs and width, from the kernel of the first convolution, `(3, 3, 4C, w)`."""
    first = shapes.get(FIRST_VARIABLE)
    known = {12: "rgb", 16: "rgbd"}
    if first is None or len(first) != 4 or first[2] not in known or not 1 <= first[3] <= 256:
        names = ", ".join(sorted(shapes)[:_SHOWN]) or "no variables"
        received = names if first is None else f"{FIRST_VARIABLE} of shape {_shown(first)}"
        raise UserError(
            f"{prefix} is no checkpoint of PyNET: expected {FIRST_VARIABLE} of shape 3x3x16xW (or 3x3x12xW without "
            f"depth), found {received}.",
            _WHERE,
        )
    return PyNETConfig(inputs=known[first[2]], width=first[3])  # type: ignore[arg-type]  # one of the two just named


def _check_shapes(prefix: Path, found: Shapes, expected: Shapes) -> None:
    """Refuse variables that are not the expected ones, naming at most a dozen."""
    wrong = [f"{name} is missing, expected {_shown(shape)}" for name, shape in expected.items() if name not in found]
    wrong += [f"{name} is not expected, found {_shown(found[name])}" for name in sorted(found.keys() - expected.keys())]
    wrong += [
        f"{name}: expected {_shown(shape)}, found {_shown(found[name])}"
        for name, shape in expected.items()
        if found.get(name, shape) != shape
    ]
    if wrong:
        more = f"\n  and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        listed = "".join(f"\n  {line}" for line in wrong[:_SHOWN]) + more
        raise UserError(
            f"{prefix}: {len(wrong)} of its variables are not those of a PyNET of width "
            f"{expected[FIRST_VARIABLE][3]}:{listed}",
            "Name a checkpoint of the original PyNET-Bokeh, trained with its default norm and levels.",
        )


def _cut(whole: keras.Model, config: PyNETConfig, lowest_level: int) -> keras.Model:
    """The network down to `lowest_level` with the weights of the whole one."""
    if lowest_level == LEVELS[0]:
        return whole
    model = build_pynet(config, lowest_level)
    for layer in model.layers:
        layer.set_weights(whole.get_layer(layer.name).get_weights())
    return model


def _shown(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a scalar"
