"""Which pairs of a folder a training uses, and which it only watches."""

from __future__ import annotations

from pathlib import Path

from calib_data.dataset import TEST, TRAIN, Pair, find_pairs, scan
from calib_data.skipped import Skipped

_WATCHED_SHARE, _MOST_WATCHED = 20, 16


def split(data: Path, watch: Path | None, depth: bool, skipped: Skipped | None) -> tuple[list[Pair], list[Pair]]:
    """Pairs to train on, and a few to watch.

    Args:
        data: A folder in EBB!'s layout; its train split is trained on.
        watch: A folder to watch; by default the test split of `data`, or one pair in 20 where it has none.
        depth: Whether pairs need a depth map.
        skipped: Takes down incomplete pairs; None refuses them.

    Raises:
        UserError: There are no pairs, or incomplete ones that may not be skipped.
    """
    pairs = find_pairs(data, TRAIN, depth=depth, skipped=skipped)
    if watch:
        watched = find_pairs(watch, TEST, depth=depth, skipped=skipped)
    elif any(pair.split == TEST for pair in scan(data).pairs):
        watched = find_pairs(data, TEST, depth=depth, skipped=skipped)
    else:
        watched = pairs[_WATCHED_SHARE - 1 :: _WATCHED_SHARE][:_MOST_WATCHED]
        pairs = [pair for pair in pairs if pair not in watched]
    return pairs, watched[:_MOST_WATCHED]
