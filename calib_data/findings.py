"""Kinds of findings of a data set's check: how grave each is, and how it is mended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Kind:
    """A kind of finding: how grave it is, and how it is mended."""

    severity: Severity
    fix: str


KINDS = {
    "unpaired": Kind("error", "Add the partner under the same name, or move the file away."),
    "namesake": Kind("error", "Keep one of the files, or rename the other in all folders."),
    "unreadable": Kind("error", "Fetch or export the file anew, or move the pair away."),
    "constant": Kind("error", "Move the pair away: there is nothing in the picture to learn from."),
    "size": Kind("error", "Export both pictures at one size, cropped alike."),
    "depth-aspect": Kind("error", "Compute the depth map anew from this very photo."),
    "sharper": Kind("error", "Swap the two pictures, or move the pair away."),
    "unrelated": Kind("error", "Find the right partner (numbers may have slipped), or move the pair away."),
    "misaligned": Kind("error", "Align the target to the photo, or move the pair away."),
    "wedge": Kind("error", "Crop the black off both pictures and the depth map, or move the pair away."),
    "duplicate": Kind("error", "Keep one of them."),
    "leak": Kind("error", "Move one of them away: figures on a test picture that was trained on mean nothing."),
    "near-duplicate": Kind("warning", "Keep one of them, unless both are wanted."),
    "greyscale": Kind("warning", "Move it away unless black and white is wanted: colours are not learnt from it."),
    "no-depth": Kind("warning", "Compute the depth map; training and calibration with depth leave the pair out."),
    "depth-coarse": Kind("warning", "Compute the depth map at half the photo's size."),
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: A key of `KINDS`.
        files: The files at fault, the main one first.
        message: What is wrong, with what was measured.
        value: The measure by itself (pixels, ratio, bits), where there is one.
    """

    kind: str
    files: tuple[Path, ...]
    message: str
    value: float | None = None

    @property
    def severity(self) -> Severity:
        """`error`, or `warning` for what may be meant so."""
        return KINDS[self.kind].severity

    @property
    def fix(self) -> str:
        """How to mend it."""
        return KINDS[self.kind].fix
