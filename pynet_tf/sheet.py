"""A sheet of pictures: photo, output, target and their difference, side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from calib_data.files import atomic_path
from pynet_tf.metrics import Pixels

COLUMNS = ("input", "output", "target")
DIFFERENCE_FACTOR = 4
"""By which the difference of output and target is multiplied before it is shown; what exceeds 1 is cut off."""

_CELL_WIDTH = 400
_GAP, _LINE, _FONT = 6, 24, 16
_QUALITY = 90


class PictureSheet:
    """Gathers rows; each is made small at once, so that memory grows with the rows alone.

    Args:
        most_rows: Rows that are kept; those added later are left out.
    """

    def __init__(self, most_rows: int) -> None:
        self._most_rows = most_rows
        self._rows: list[tuple[str, list[Image.Image]]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, caption: str, photo: Pixels, output: Pixels, target: Pixels) -> None:
        """Add a row of pictures of one size (H, W, 3), 0..1, shown as they are, without any stretch."""
        if len(self) >= self._most_rows:
            return
        difference = DIFFERENCE_FACTOR * np.abs(output - target)
        self._rows.append((caption, [_cell(pixels) for pixels in (photo, output, target, difference)]))

    def write(self, path: Path) -> None:
        """Write the sheet as PNG or JPEG, by the suffix, whole or not at all.

        Raises:
            ValueError: There are no rows.
            UserError: The folder cannot be made or written.
        """
        if not self._rows:
            raise ValueError("a sheet without rows")
        heights = [_LINE + max(cell.height for cell in cells) + _GAP for _, cells in self._rows]
        titles = (*COLUMNS, f"|output - target| x {DIFFERENCE_FACTOR}")
        canvas = Image.new("RGB", (len(titles) * (_CELL_WIDTH + _GAP) + _GAP, _LINE + sum(heights)), "white")
        draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(_FONT)
        lefts = [_GAP + place * (_CELL_WIDTH + _GAP) for place in range(len(titles))]
        for left, title in zip(lefts, titles, strict=True):
            draw.text((left, 2), title, "black", font)
        top = _LINE
        for (caption, cells), height in zip(self._rows, heights, strict=True):
            draw.text((_GAP, top + 2), caption, "black", font)
            for left, cell in zip(lefts, cells, strict=True):
                canvas.paste(cell, (left, top + _LINE))
            top += height
        with atomic_path(path) as beside:
            canvas.save(beside, quality=_QUALITY)


def _cell(pixels: Pixels) -> Image.Image:
    integers = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    height = max(1, round(integers.shape[0] * _CELL_WIDTH / integers.shape[1]))
    return Image.fromarray(integers).resize((_CELL_WIDTH, height), Image.Resampling.LANCZOS)
