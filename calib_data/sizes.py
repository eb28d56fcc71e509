"""Sizes of photographs: how they are written, and which ones the network takes."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass

MULTIPLE = 64
LARGEST_SIDE = 16384


@dataclass(frozen=True)
class PhotoSize:
    """Height and width of a photo in pixels."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.height}x{self.width}"

    @property
    def tensor(self) -> tuple[int, int]:
        """Height and width of the network's input tensor, half of the photo's."""
        return self.height // 2, self.width // 2


def nearest_size(height: int, width: int) -> PhotoSize:
    """The size with sides that are multiples of 64 nearest to the given one."""
    return PhotoSize(_nearest(height), _nearest(width))


def padded_size(height: int, width: int) -> PhotoSize:
    """The smallest size with sides that are multiples of 64 that holds the given one."""
    return PhotoSize(-(-height // MULTIPLE) * MULTIPLE, -(-width // MULTIPLE) * MULTIPLE)


def parse_size(text: str) -> PhotoSize:
    """Read `HxW`, both sides multiples of 64; made for argparse's `type=`.

    Raises:
        argparse.ArgumentTypeError: Not of that form, or not multiples of 64; names the nearest sizes that work.
    """
    match = re.fullmatch(r"(\d{1,6})[xX](\d{1,6})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not HxW in pixels, such as 1024x1536")
    height, width = int(match[1]), int(match[2])
    if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
        raise argparse.ArgumentTypeError(f"{text}: sides lie between {MULTIPLE} and {LARGEST_SIDE}")
    size = PhotoSize(height, width)
    if height % MULTIPLE or width % MULTIPLE:
        smaller = PhotoSize(max(MULTIPLE, height // MULTIPLE * MULTIPLE), max(MULTIPLE, width // MULTIPLE * MULTIPLE))
        raise argparse.ArgumentTypeError(
            f"{text}: both sides must be multiples of {MULTIPLE}; the nearest size is "
            f"{nearest_size(height, width)}, the next smaller {smaller}, the next larger {padded_size(height, width)}"
        )
    return size


def _nearest(side: int) -> int:
    return max(MULTIPLE, (side + MULTIPLE // 2) // MULTIPLE * MULTIPLE)
