"""Finding the same picture twice: by its bytes, and by what it looks like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 16
BITS = _SIDE * _SIDE
NEAR = 16
"""Two pictures whose hashes differ in at most this many of `BITS` bits look alike; others differ in 70 and more."""

_POPULATION = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


def difference_hash(luma: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A 256-bit difference hash (dHash): does brightness rise to the right, on a 16x17 thumbnail?

    Unmoved by size, compression and exposure.

    Args:
        luma: (H, W), 0..1.

    Returns:
        32 bytes.
    """
    thumbnail = np.asarray(Image.fromarray(luma).resize((_SIDE + 1, _SIDE), Image.Resampling.BOX))
    return np.packbits(thumbnail[:, 1:] > thumbnail[:, :-1])


def near_duplicates(hashes: Sequence[NDArray[np.uint8]]) -> Iterator[tuple[int, int, int]]:
    """Yield `(i, j, bits that differ)`, i < j, for the hashes that look alike. Memory grows with their number alone."""
    if not hashes:
        return
    stacked = np.stack(hashes)
    for place in range(len(stacked) - 1):
        distance = _POPULATION[stacked[place + 1 :] ^ stacked[place]].sum(axis=1, dtype=np.uint16)
        for offset in np.flatnonzero(distance <= NEAR):
            yield place, place + 1 + int(offset), int(distance[offset])
