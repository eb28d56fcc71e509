"""What tests of the commands share."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from convert.runners import Runner, load_artifact
from tests.pynet_tf.files import HEIGHT, WIDTH, pixels, save


@cache
def _loaded_once(path: Path) -> Runner:
    return load_artifact(path)


@pytest.fixture
def models_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building a model takes seconds, and the commands have no part in it."""
    monkeypatch.setattr("convert.load_artifact", _loaded_once)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five JPEG pairs, 128x192, with 8-bit depth maps at half size."""
    for number in range(5):
        save(tmp_path / "ebb" / "original" / f"{number}.jpg", pixels(number), quality=90)
        save(tmp_path / "ebb" / "bokeh" / f"{number}.jpg", pixels(number + 50), quality=90)
        save(tmp_path / "ebb" / "original_depth" / f"{number}.png", pixels(number, HEIGHT // 2, WIDTH // 2)[..., 0])
    return tmp_path / "ebb"
