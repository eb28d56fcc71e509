"""Choosing a subset of photographs that covers what the whole set holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_OUTERMOST = 3.0


def standardised(features: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """Features as points: each with mean 0 and standard deviation 1, cut at 3 so that no oddity rules.

    A feature that a photo lacks (depth without a map) is taken as the mean of the others.

    Args:
        features: Name to value, one mapping a photo.

    Returns:
        Points (N, F), columns in the order of the names.
    """
    names = sorted({name for one in features for name in one})
    values = np.array([[one.get(name, np.nan) for name in names] for one in features], np.float64)
    values -= np.nanmean(values, axis=0)
    spread = np.nanstd(values, axis=0)
    values /= np.where(spread > 1e-9, spread, 1.0)
    return np.clip(np.nan_to_num(values), -_OUTERMOST, _OUTERMOST)


def farthest_points(points: NDArray[np.float64], count: int, seed: int) -> list[int]:
    """Farthest-point selection (Gonzalez, 1985): each choice is the point farthest from all chosen before.

    The greatest distance from any point to its nearest choice is at most twice the least possible.

    Args:
        points: (N, F).
        count: How many to choose, 1..N.
        seed: Draws the first one.

    Returns:
        Places of the chosen points in order of choice; of equally far points the first.
    """
    chosen = [int(np.random.default_rng(seed).integers(len(points)))]
    nearest = _distances(points, chosen[0])
    while len(chosen) < count:
        nearest[chosen[-1]] = -1.0  # points may coincide, but none is chosen twice
        chosen.append(int(nearest.argmax()))
        nearest = np.where(nearest < 0, nearest, np.minimum(nearest, _distances(points, chosen[-1])))
    return chosen


def coverage(points: NDArray[np.float64], chosen: Sequence[int]) -> float:
    """Greatest distance from any point (N, F) to the nearest chosen one, in standard deviations; less is better."""
    nearest = np.min([_distances(points, place) for place in chosen], axis=0)
    return float(nearest.max())


def random_coverage(points: NDArray[np.float64], count: int, seed: int, draws: int = 20) -> float:
    """Mean `coverage` of random choices of the same count, to compare with."""
    chance = np.random.default_rng(seed)
    return float(np.mean([coverage(points, chance.permutation(len(points))[:count].tolist()) for _ in range(draws)]))


def _distances(points: NDArray[np.float64], place: int) -> NDArray[np.float64]:
    return np.linalg.norm(points - points[place], axis=1)
