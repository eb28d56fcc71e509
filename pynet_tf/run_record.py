"""What decides a training run, in `run.json` of its folder, and what of it may differ on resume."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any

from calib_data.dataset import Pair
from calib_data.errors import UserError
from calib_data.files import sha256, write_json
from pynet_tf.schedule import LevelPlan

RUN_FILE = "run.json"
_KEPT = "level*"  # checkpoints and models
_FREE = ("save_every", "log_every", "keep")  # decide nothing about weights; evaluations of `quantize.train` do


@dataclass(frozen=True)
class RunRecord:
    """A run as it is asked for.

    Attributes:
        settings: What must be the same on resume, as JSON, but for what is logged, saved and kept; `plan` has the
            options of each level.
        start: SHA-256 of the model with whose weights it begins, which must be the same too; None without one.
        pairs: Fingerprint of the pairs to train on.
        watched: That of the pairs to watch.
    """

    settings: dict[str, Any]
    start: str | None
    pairs: dict[str, Any]
    watched: dict[str, Any]

    @classmethod
    def of(
        cls, settings: dict[str, Any], pairs: Sequence[Pair], watched: Sequence[Pair], start: Path | None
    ) -> RunRecord:
        """That of settings, pairs and the file of the model to begin with, if any."""
        plain = json.loads(json.dumps(settings))
        return cls(plain, None if start is None else sha256(start), _fingerprint(pairs), _fingerprint(watched))

    def claim(self, folder: Path, resume: bool, warn: Callable[[str], None]) -> bool:
        """Write it to the run's folder, or compare it with what an earlier run has written there.

        Args:
            folder: The run's.
            resume: Whether to go on with the run that is there.
            warn: Receives a sentence for all that differs and may.

        Returns:
            Whether the best so far was found on the pairs that are watched now.

        Raises:
            UserError: The folder holds a run and `resume` is not set, or one with other settings or another start.
        """
        file = folder / RUN_FILE
        if resume and not file.exists():
            raise UserError(f"{folder} holds no run to resume.", "Leave --resume out to begin one.")
        if not resume:
            if file.exists() and any(folder.glob(_KEPT)):  # otherwise it ended before it kept anything
                raise UserError(
                    f"{folder} holds a run already.", "Add --resume to go on with it, or name another --out."
                )
            self._write(file)
            return True
        before = _read(file)
        differing = sorted(key for key, value in self.settings.items() if value != before.get(key) and key not in _FREE)
        if differing:
            raise UserError(
                f"{folder} holds a run with another {', '.join(differing)}.",
                "Resume with the same options, or name another --out.",
            )
        if before.get("start", self.start) != self.start:
            raise UserError(
                f"{folder} holds a run that began with {'another model' if before['start'] else 'no model'}.",
                "Name the model with which it began, if any, or another --out.",
            )
        if before.get("pairs") != self.pairs:
            warn(f"the pairs are others than those with which {folder} began; its crops change.")
        same = bool(before.get("watched", self.watched) == self.watched)
        if not same:
            warn("the watched pairs are others than before; the best of them is sought anew.")
        self._write(file)
        return same

    def _write(self, file: Path) -> None:
        write_json(file, self.settings | {"start": self.start, "pairs": self.pairs, "watched": self.watched})


def _read(file: Path) -> dict[str, Any]:
    """The record of an earlier run; options that its version did not have are at their defaults.

    Raises:
        UserError: The file is damaged.
    """
    options = {field.name: field.default for field in dataclasses.fields(LevelPlan) if field.default != MISSING}
    try:
        before = json.loads(file.read_text("utf-8"))
        return {**before, "plan": [options | plan for plan in before["plan"]]}
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{file} is damaged: {error}.", "Name another --out; --from takes a model of this run to begin with."
        ) from error


def _fingerprint(pairs: Sequence[Pair]) -> dict[str, Any]:
    """How many pairs, and a hash of their names."""
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(os.fsencode(f"{pair.split}/{pair.name}\n"))
    return {"count": len(pairs), "sha256": digest.hexdigest()}
