"""Recipes: which part of the network takes which type, as data.

A recipe is JSON: a name, a description and rules. A rule has a scope (a pattern with `*` over the names of the
layers, such as `level3_*` or `*_norm/*`), an op (a builtin name or `*`) and a type; a later rule overrides an
earlier one. `*` as op means every operation that can take the type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from calib_data.errors import UserError
from convert.flatbuffer import Op
from convert.policy import CALIBRATED_TYPES, CAN_TAKE, ELEMENT_TYPES, ElementType, check_can_take

_FOLDER = Path(__file__).parent / "recipes"
STANDARD = ("float32", "float16", "dynamic", "int8", "int8-full", "int16x8")
ONNX_STANDARD = ("float32", "float16", "dynamic", "int8", "int8-full")
_LARGEST_FILE = 1 << 20


class Network(Protocol):
    """A network of a format, as its operations."""

    def ops(self) -> Iterable[Op]:
        """All operations in order."""
        ...


class Rule(BaseModel):
    """One rule: operations `op` of the layers that match `scope` take `type`.

    Attributes:
        scope: A pattern.
        op: A builtin name, or `*`.
        type: What they take.
        optional: Whether networks without such operations may have the rule too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    scope: str = "*"
    op: str = "*"
    type: ElementType
    optional: bool = False

    def matches(self, op: Op) -> bool:
        """Whether the rule speaks of an operation."""
        fits = op.name in CAN_TAKE[self.type] if self.op == "*" else op.name == self.op
        return fits and fnmatchcase(op.scope, self.scope)


class Recipe(BaseModel):
    """How a model becomes a file.

    Attributes:
        name: Lower-case letters, digits and dashes; part of the artifact's name.
        description: One sentence for people.
        rules: Applied in order to every operation, which starts as float32.
        io: Type of input and output: float32 0..1, or uint8 0..255.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    description: str = ""
    rules: tuple[Rule, ...]
    io: Literal["float32", "uint8"] = "float32"

    @property
    def kind(self) -> ElementType:
        """The one type besides float32 that the recipe uses, or float32."""
        others = sorted({rule.type for rule in self.rules} - {"float32"})
        return others[0] if others else "float32"

    @property
    def needs_calibration(self) -> bool:
        """Whether ranges of activations must be measured on photographs."""
        return self.kind in CALIBRATED_TYPES

    def type_of(self, op: Op) -> ElementType:
        """The type that an operation takes."""
        chosen: ElementType = "float32"
        for rule in self.rules:
            if rule.matches(op):
                chosen = rule.type
        return chosen

    def check_scopes(self, network: Network) -> None:
        """Refuse a rule that speaks of nothing in the network.

        Raises:
            UserError: A rule matches no operation.
        """
        ops = list(network.ops())
        for rule in self.rules:
            if not rule.optional and not any(rule.matches(op) for op in ops):
                examples = sorted({op.scope.split("/")[0] for op in ops})
                raise UserError(
                    f"recipe {self.name}: no operation matches scope {rule.scope!r} with op {rule.op!r}.",
                    f"Layers are named like {', '.join(examples[:: max(1, len(examples) // 5)][:5])}.",
                )


def load_recipe(name_or_path: str, standard: Sequence[str] = STANDARD) -> Recipe:
    """Read a recipe that comes with the package by its name, or any other by its path.

    Args:
        name_or_path: Of `standard`, or a path that ends in `.json`.
        standard: `STANDARD` for .tflite files, `ONNX_STANDARD` for .onnx files, some of which have other rules.

    Raises:
        UserError: No such recipe; not JSON; an unknown key or type; an op that cannot take the type; two types that
            cannot be mixed.
    """
    if name_or_path in standard:
        path = _standard_path(name_or_path, standard)
    elif name_or_path.endswith(".json"):
        path = Path(name_or_path)
    else:
        raise UserError(
            f"there is no recipe {name_or_path!r}; known are {', '.join(standard)}.",
            "Take one of these, or name a .json file with a recipe of your own.",
        )
    if not path.is_file():
        raise UserError(f"the recipe {path} is not a file.", "Name a .json file.")
    if path.stat().st_size > _LARGEST_FILE:
        raise UserError(f"the recipe {path} is larger than 1 MiB.", "Name a recipe.")
    try:
        data = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"the recipe {path} is not JSON: {error}.", "Mend it; convert/recipes has examples.") from error
    return _checked(_parsed(path, data))


def _standard_path(name: str, standard: Sequence[str]) -> Path:
    own = _FOLDER / "onnx" / f"{name}.json"
    return own if standard is ONNX_STANDARD and own.is_file() else _FOLDER / f"{name}.json"


def check_names(recipes: Sequence[Recipe]) -> None:
    """Refuse recipes of one name, whose files would overwrite each other.

    Raises:
        UserError: Two recipes have one name.
    """
    for place, recipe in enumerate(recipes):
        if any(recipe.name == other.name for other in recipes[:place]):
            raise UserError(f"two recipes are named {recipe.name}.", "Name each once, or rename one of them.")


def _parsed(path: Path, data: Any) -> Recipe:
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        if first["type"] == "extra_forbidden":
            known = Rule.model_fields if "rules" in first["loc"] else Recipe.model_fields
            raise UserError(
                f"the recipe {path} has an unknown key {place!r}; known are {', '.join(known)}.", "Remove or rename it."
            ) from error
        fix = f"Types are {', '.join(ELEMENT_TYPES)}." if place.endswith("type") else "See convert/recipes."
        raise UserError(f"the recipe {path}: {place}: {first['msg']}.", fix) from error


def _checked(recipe: Recipe) -> Recipe:
    for rule in recipe.rules:
        if rule.op != "*":
            check_can_take(rule.op, rule.type)
    mixed = sorted({rule.type for rule in recipe.rules} - {"float32"})
    if len(mixed) > 1:
        raise UserError(
            f"recipe {recipe.name} mixes {' and '.join(mixed)}; no runtime takes both in one file.",
            "Take one of them, together with float32 where you wish.",
        )
    if recipe.io == "uint8" and recipe.kind != "int8":
        raise UserError(
            f"recipe {recipe.name} has uint8 input and output without int8 operations.",
            'Take "io": "float32", or int8 rules.',
        )
    return recipe
