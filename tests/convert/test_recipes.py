"""Recipes: what comes with the package, and what is said about those that are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calib_data.errors import UserError
from convert.recipes import STANDARD, check_names, load_recipe


@pytest.mark.parametrize("name", STANDARD)
def test_the_standard_recipes_load_by_name(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.description
    assert recipe.needs_calibration == name.startswith("int")


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    rules = [{"type": "int8"}, {"scope": "level3_*", "op": "CONV_2D", "type": "float32"}]
    recipe = load_recipe(_write(tmp_path, {"name": "mine", "rules": rules, "io": "uint8"}))
    assert (recipe.name, recipe.kind, len(recipe.rules)) == ("mine", "int8", 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "red"}, r"unknown key 'colour'; known are name, description, rules, io"),
        ({"rules": [{"type": "int8", "layer": "x"}]}, r"unknown key 'rules.0.layer'; known are scope, op, type"),
        ({"rules": [{"type": "int4"}]}, r"Types are float32, float16, int8-weights, int8, int16x8"),
        ({"rules": [{"op": "SOFTMAX", "type": "int8"}]}, r"'SOFTMAX' does not occur in PyNET"),
        ({"rules": [{"op": "TRANSPOSE_CONV", "type": "int8-weights"}]}, r"2\.14 refuses int8 weights"),
        ({"rules": [{"op": "MEAN", "type": "float16"}]}, r"it has no weights.*(?s:.*)float32, int8, int16x8"),
        ({"rules": [{"type": "int8"}, {"type": "int16x8"}]}, r"mixes int16x8 and int8"),
        ({"io": "uint8"}, r"uint8 input and output without int8"),
        ({"io": "int4"}, r"io: Input should be"),
        ({"name": "No Spaces"}, r"name: String should match"),
        ({"rules": 3}, r"rules: Input should be"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(tmp_path: Path, change: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_recipe(_write(tmp_path, {"name": "mine", "rules": [{"type": "float16"}], **change}))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("int9", None, "known are float32"), ("none.json", None, "is not a file"), ("bad.json", b"{", "is not JSON")],
)
def test_files_that_are_no_recipes(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    path = tmp_path / name if name.endswith(".json") else Path(name)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        load_recipe(str(path))


def test_two_recipes_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="two recipes are named int8"):
        check_names([load_recipe("int8"), load_recipe("float32"), load_recipe("int8")])


def _write(folder: Path, recipe: dict) -> str:
    path = folder / "recipe.json"
    path.write_text(json.dumps(recipe), "utf-8")
    return str(path)
