"""The log of a training run: `log.jsonl` for programs, TensorBoard for people."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from calib_data.files import write_text
from pynet_tf.checkpoints import not_written

LOG_FILE, TENSORBOARD_FOLDER = "log.jsonl", "tensorboard"


class Logbook:
    """Writes one level's figures by step.

    Args:
        folder: The run's folder.
        level: Which level; its curves have a folder of their own.
    """

    def __init__(self, folder: Path, level: int) -> None:
        self._file = folder / LOG_FILE
        self._level = level
        self._curves = folder / TENSORBOARD_FOLDER / f"level{level}"
        self._board = tf.summary.create_file_writer(str(self._curves))

    def rewind(self, step: int) -> None:
        """Forget what this level wrote after `step`, from which it goes on."""
        if not self._file.exists():
            return
        lines = self._file.read_text("utf-8").splitlines()
        entries = [json.loads(line) for line in lines if line.endswith("}")]
        kept = [entry for entry in entries if entry["level"] != self._level or entry["step"] <= step]
        write_text(self._file, "".join(json.dumps(entry) + "\n" for entry in kept))

    def write(self, step: int, figures: dict[str, Any]) -> None:
        """Write figures by name.

        Raises:
            UserError: The disk is full or may not be written.
        """
        try:
            with self._file.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"level": self._level, "step": step, **figures}) + "\n")
        except OSError as error:
            raise not_written(error, self._file) from error
        with self._drawing(step):
            for name, value in figures.items():
                tf.summary.scalar(name, value)

    def show(self, step: int, pictures: NDArray[np.float32]) -> None:
        """Show pictures `(N, H, W, 3)`, 0..1: input, output, target."""
        with self._drawing(step):
            tf.summary.image("input, output, target", pictures, max_outputs=len(pictures))

    def close(self) -> None:
        """End the level's curves."""
        self._board.close()

    @contextlib.contextmanager
    def _drawing(self, step: int) -> Iterator[None]:
        """Draw in TensorBoard's file.

        Raises:
            UserError: The disk is full or may not be written.
        """
        try:
            with self._board.as_default(step):
                yield
            self._board.flush()
        except tf.errors.OpError as error:
            raise not_written(error, self._curves) from error
