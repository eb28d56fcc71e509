"""The picture of the house: libraries import one way, and only command modules compose rooms freely."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

ORDER = ("calib_data", "pynet_tf", "quantize", "convert")
ROOMS = [room for room in ORDER if (ROOT / room).is_dir()]
LIBRARIES = [
    path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "__main__" not in path.read_text("utf-8")
]


def imported(path: Path) -> set[str]:
    """Our own rooms that a module imports, wherever in the module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            names = [node.module]
        found |= {name.partition(".")[0] for name in names} & set(ORDER)
    return found


@pytest.mark.parametrize("path", LIBRARIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_library_imports_only_its_own_room_and_those_below(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    assert imported(path) <= set(ORDER[: ORDER.index(room) + 1])


def test_there_are_libraries_and_commands_to_test() -> None:
    commands = {str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    assert {"convert/tflite.py", "pynet_tf/train.py", "calib_data/render.py"} <= commands
    assert len(LIBRARIES) > 20
