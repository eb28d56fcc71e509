"""The orientation in a block of EXIF: reading it, and resetting it without touching anything else."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

PREFIX = b"Exif\x00\x00"

_ORIENTATION, _EXIF_IFD = 0x0112, 0x8769
_SIDES = ((0x0100, 0x0101), (0xA002, 0xA003))  # width and height, as IFD0 and the Exif IFD name them
_ENTRY = 12


def orientation(exif: bytes | None) -> int:
    """The EXIF orientation, 1 (upright) to 8; 1 where there is none or it cannot be read.

    Args:
        exif: A block of EXIF, with or without its `Exif` prefix.
    """
    try:
        block = _Block(exif or b"")
        value = next(block.short(place) for tag, place in block.entries(block.first) if tag == _ORIENTATION)
    except (StopIteration, struct.error):
        return 1
    return value if 1 <= value <= 8 else 1


def upright(pixels: NDArray[np.generic], turned: int) -> NDArray[np.generic]:
    """Turn and mirror pixels (H, W, ...) stored under an orientation of 1 to 8 (EXIF 2.32, 4.6.4) as they are seen."""
    if turned >= 5:
        pixels = pixels.swapaxes(0, 1)
    if turned in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if turned in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def as_upright(exif: bytes) -> bytes:
    """The same EXIF for the picture once it has been turned upright and changed.

    Orientation becomes 1, the recorded width and height change places where the picture was turned by 90 degrees,
    and the thumbnail, which shows the picture as it was, is unlinked. All other bytes stay as they are, and all from
    where a block cannot be read on.
    """
    block, turned = None, orientation(exif) >= 5
    with contextlib.suppress(struct.error):
        block = _Block(exif)
        places = {}
        for tag, place in block.entries(block.first):
            places[tag] = place
            if tag == _ORIENTATION:
                block.set_short(place, 1)
        block.end_at(block.first)
        if _EXIF_IFD in places:
            places.update(block.entries(block.long(places[_EXIF_IFD])))
        for width, height in _SIDES:
            if turned and width in places and height in places:
                block.swap(places[width], places[height])
    return exif if block is None else PREFIX + bytes(block.tiff)


class _Block:
    """A TIFF structure, read and patched in place; a place is an entry's offset."""

    def __init__(self, exif: bytes) -> None:
        self.tiff = bytearray(exif.removeprefix(PREFIX))
        self._order = {b"II": "<", b"MM": ">"}.get(bytes(self.tiff[:2]), "<")
        self.first = self._unpack("I", 4)

    def entries(self, directory: int) -> Iterator[tuple[int, int]]:
        """Tag and place of each entry of a directory."""
        for number in range(self._unpack("H", directory)):
            place = directory + 2 + _ENTRY * number
            yield self._unpack("H", place), place

    def short(self, place: int) -> int:
        return self._unpack("H", place + 8)

    def long(self, place: int) -> int:
        return self._unpack("I", place + 8)

    def set_short(self, place: int, value: int) -> None:
        struct.pack_into(self._order + "H", self.tiff, place + 8, value)

    def swap(self, one: int, other: int) -> None:
        """Exchange type and value of two entries, but not their tags."""
        tiff = self.tiff
        tiff[one + 2 : one + _ENTRY], tiff[other + 2 : other + _ENTRY] = (
            tiff[other + 2 : other + _ENTRY],
            tiff[one + 2 : one + _ENTRY],
        )

    def end_at(self, directory: int) -> None:
        """Make `directory` the last of the chain."""
        struct.pack_into(self._order + "I", self.tiff, directory + 2 + _ENTRY * self._unpack("H", directory), 0)

    def _unpack(self, kind: str, place: int) -> int:
        return int(struct.unpack_from(self._order + kind, self.tiff, place)[0])
