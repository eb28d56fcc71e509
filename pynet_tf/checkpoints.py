"""Checkpoints that are there whole or not at all, the newest few of them."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from calib_data.errors import UserError
from calib_data.files import make_folder

_PARTIAL = ".part"
_FILES = "state"


class Checkpoints:
    """A folder with one folder `step-N` per checkpoint.

    A checkpoint is written beside under another name, and renamed when it is complete; what a kill leaves half
    written is removed when the next one is saved.

    Args:
        folder: Where they lie.
        keep: How many of the newest stay.
        warn: Receives a sentence for every checkpoint that cannot be read.
    """

    def __init__(self, folder: Path, keep: int, warn: Callable[[str], None]) -> None:
        self._folder = folder
        self._keep = keep
        self._warn = warn

    def save(self, state: tf.train.Checkpoint, step: int) -> None:
        """Write the state after `step` steps.

        Raises:
            UserError: The disk is full or may not be written; earlier checkpoints are intact.
        """
        make_folder(self._folder)
        self._remove_partial()
        final = self._folder / f"step-{step}"
        partial = self._folder / f"step-{step}{_PARTIAL}"
        try:
            partial.mkdir()
            state.write(str(partial / _FILES))
            if final.exists():  # it could not be read
                shutil.rmtree(final)
            partial.rename(final)
        except (OSError, tf.errors.OpError) as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise not_written(error, final) from error
        for old in self._steps()[: -self._keep]:
            shutil.rmtree(self._folder / f"step-{old}")

    def restore(self, state: tf.train.Checkpoint) -> int:
        """Read the newest checkpoint that is whole into `state`; its step, or 0 if there is none.

        Raises:
            UserError: There are checkpoints, but none can be read.
        """
        steps = self._steps()
        for step in reversed(steps):
            folder = self._folder / f"step-{step}"
            try:
                state.read(str(folder / _FILES)).assert_consumed()
            except (tf.errors.OpError, OSError, AssertionError, ValueError, IndexError) as error:
                self._warn(f"{folder} cannot be read ({str(error).splitlines()[0][:120]}); trying the one before.")
                continue
            return step
        if steps:
            raise UserError(
                f"no checkpoint in {self._folder} can be read.", f"Remove {self._folder} to train this level anew."
            )
        return 0

    def _steps(self) -> list[int]:
        if not self._folder.is_dir():
            return []
        names = (re.fullmatch(r"step-(\d+)", path.name) for path in self._folder.iterdir())
        return sorted(int(match[1]) for match in names if match)

    def _remove_partial(self) -> None:
        for path in self._folder.glob(f"step-*{_PARTIAL}"):
            shutil.rmtree(path)


def read_part(folder: Path, **parts: tf.Module) -> None:
    """Read some of what a checkpoint's folder holds, by the names under which it was saved.

    Raises:
        OSError, ValueError, AssertionError, tf.errors.OpError: It is no checkpoint, damaged, or of something else.
    """
    tf.train.Checkpoint(**parts).read(str(folder / _FILES)).expect_partial().assert_existing_objects_matched()


def not_written(error: Exception, path: Path) -> UserError:
    """What is said of a file of a run that could not be written."""
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "space" in str(error).lower()
    reason = "no space left on the disk" if full else str(error).splitlines()[0][:200]
    return UserError(
        f"{path} could not be written: {reason}; the checkpoints before it are intact.",
        "Free some space and go on with --resume." if full else "Mend it and go on with --resume.",
    )
