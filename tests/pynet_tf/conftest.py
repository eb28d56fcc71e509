"""What tests of the commands share."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from convert.runners import Runner, load_artifact


@cache
def _loaded_once(path: Path) -> Runner:
    return load_artifact(path)


@pytest.fixture
def models_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building a model takes seconds, and the commands have no part in it."""
    monkeypatch.setattr("convert.load_artifact", _loaded_once)
