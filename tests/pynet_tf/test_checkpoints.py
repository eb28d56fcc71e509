"""Checkpoints: whole or not there, the newest few, and one that is damaged is passed over and said."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import tensorflow as tf

from calib_data.errors import UserError
from pynet_tf.checkpoints import Checkpoints


def state(value: float = 0.0) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(value=tf.Variable([float(value)] * 1000))


def saved(folder: Path, steps: list[int], keep: int = 2) -> Checkpoints:
    checkpoints = Checkpoints(folder, keep, pytest.fail)
    for step in steps:
        checkpoints.save(state(step), step)
    return checkpoints


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_is_read_and_older_ones_go(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, [2, 4, 10])
    assert names(tmp_path) == ["step-10", "step-4"]
    found = state()
    assert checkpoints.restore(found) == 10
    assert float(found.value[0]) == 10


def test_without_checkpoints_a_level_begins_at_its_start(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "none", 2, pytest.fail).restore(state()) == 0


@pytest.mark.parametrize("damage", ["truncated", "missing"])
def test_a_damaged_checkpoint_is_said_and_the_one_before_is_taken(tmp_path: Path, damage: str) -> None:
    saved(tmp_path, [2, 4])
    data = next((tmp_path / "step-4").glob("*.data*"))
    data.write_bytes(data.read_bytes()[:100]) if damage == "truncated" else data.unlink()
    said: list[str] = []
    found = state()
    checkpoints = Checkpoints(tmp_path, 2, said.append)
    assert checkpoints.restore(found) == 2
    assert float(found.value[0]) == 2
    assert len(said) == 1
    assert "step-4 cannot be read" in said[0]
    checkpoints.save(state(5), 4)
    assert saved(tmp_path, []).restore(found) == 4
    assert float(found.value[0]) == 5


def test_if_none_can_be_read_nothing_is_trained_anew_in_silence(tmp_path: Path) -> None:
    saved(tmp_path, [2])
    next((tmp_path / "step-2").glob("*.index")).write_bytes(b"")
    with pytest.raises(UserError, match="can be read"):
        Checkpoints(tmp_path, 2, lambda message: None).restore(state())


def test_what_a_kill_left_half_written_is_not_read_and_goes_with_the_next(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, [2])
    partial = tmp_path / "step-4.part"
    partial.mkdir()
    (partial / "state.index").write_bytes(b"half")
    assert checkpoints.restore(state()) == 2
    checkpoints.save(state(6), 6)
    assert names(tmp_path) == ["step-2", "step-6"]


def test_a_full_disk_leaves_the_checkpoints_before(tmp_path: Path, monkeypatch) -> None:
    checkpoints = saved(tmp_path, [2])
    full = state(4)

    def write(path: str) -> str:
        Path(path).with_suffix(".index").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(full, "write", write)
    with pytest.raises(UserError, match="no space left on the disk; the checkpoints before it are intact") as refused:
        checkpoints.save(full, 4)
    assert "--resume" in refused.value.fix
    assert names(tmp_path) == ["step-2"]
    assert checkpoints.restore(state()) == 2
