"""The way back to float: as few units as reach a wished PSNR, found greedily, as NNCF's accuracy-aware control does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Measure = Callable[[Sequence[str]], float]
Watch = Callable[[Sequence[str]], Iterable[str]]


@dataclass(frozen=True)
class Try:
    """A set of units left float.

    Attributes:
        reverted: Which.
        psnr: Of the picture against the float network, dB, mean over photos.
        operations: Share of the operations that are float, 0..1.
        is_best: Whether no other try has both fewer float operations and more dB.
    """

    reverted: tuple[str, ...]
    psnr: float
    operations: float
    is_best: bool = False


@dataclass(frozen=True)
class Proposal:
    """What was tried and what is proposed.

    Attributes:
        wished: PSNR in dB that was to be reached.
        reached: Whether it was.
        chosen: The try with the fewest float operations that reaches it, or the one nearest to it.
        tried: All, fewest float operations first.
    """

    wished: float
    reached: bool
    chosen: Try
    tried: tuple[Try, ...]


def propose(
    without: Mapping[str, float], operations: Mapping[str, float], wished: float, measure: Measure, watch: Watch
) -> Proposal:
    """Revert units until the wish is reached: those first whose float gives most, and again most for its operations.

    Of each order the shortest beginning that reaches the wish is found by halving; then units of it that turn out not
    to be needed, the costliest first, go back to integers.

    Args:
        without: For each unit the PSNR with it alone left float, dB.
        operations: Each unit's share of the operations.
        wished: PSNR in dB.
        measure: PSNR with these units left float.
        watch: Passes units on and shows how far the last part is.
    """
    search = _Search(operations, wished, measure)
    start = search.psnr(())
    if start < wished:
        gain = {unit: max(1e-3, psnr - start) for unit, psnr in without.items()}
        orders = (gain.__getitem__, lambda unit: gain[unit] / max(operations[unit], 1e-6))
        for worth in orders:
            search.shortest(sorted(without, key=worth, reverse=True))
        best = search.cheapest()
        if best is not None:
            search.without_needless(best.reverted, watch)
    chosen = search.cheapest()
    tried = search.tried()
    nearest = chosen or max(tried, key=lambda one: one.psnr)
    return Proposal(wished, chosen is not None, next(t for t in tried if t.reverted == nearest.reverted), tried)


def recipe_of(
    name: str, in_float: Iterable[str], reverted: Sequence[str], layers: Mapping[str, Sequence[str]], found: set[str]
) -> dict[str, Any]:
    """A recipe for `python -m convert.tflite --recipe FILE`.

    Args:
        name: The recipe's.
        in_float: Patterns of the layers that the scheme leaves in float anyway.
        reverted: Units to leave in float.
        layers: The layers of each unit.
        found: The layers that have operations in a file; a rule that speaks of nothing would be refused.
    """
    scopes = [f"{layer}/*" for unit in reverted for layer in layers[unit] if layer in found]
    return {
        "name": name,
        "description": f"8-bit integers; as quantize.analyze proposes, {len(reverted)} units stay float.",
        "rules": [
            {"scope": "*", "op": "*", "type": "int8"},
            *({"scope": f"{pattern}/*", "op": "*", "type": "float32", "optional": True} for pattern in in_float),
            *({"scope": scope, "op": "*", "type": "float32"} for scope in dict.fromkeys(scopes)),
        ],
        "io": "uint8",
    }


class _Search:
    """What has been measured so far."""

    def __init__(self, operations: Mapping[str, float], wished: float, measure: Measure) -> None:
        self._operations, self._wished, self._measure = operations, wished, measure
        self._tried: dict[tuple[str, ...], Try] = {}

    def psnr(self, reverted: Sequence[str]) -> float:
        """Of a set, measured once."""
        units = tuple(sorted(reverted))
        if units not in self._tried:
            share = sum(self._operations[unit] for unit in units)
            self._tried[units] = Try(units, self._measure(units), share)
        return self._tried[units].psnr

    def shortest(self, order: Sequence[str]) -> None:
        """Look for the shortest beginning that reaches the wish."""
        low, high = 0, len(order)
        if self.psnr(order) < self._wished:
            return
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.psnr(order[:middle]) >= self._wished else (middle, high)

    def without_needless(self, reverted: Sequence[str], watch: Watch) -> None:
        """Take units back to integers as long as the wish is reached."""
        kept = list(reverted)
        for unit in watch(sorted(reverted, key=self._operations.__getitem__, reverse=True)):
            fewer = [other for other in kept if other != unit]
            if self.psnr(fewer) >= self._wished:
                kept = fewer

    def cheapest(self) -> Try | None:
        """The try with the fewest float operations that reaches the wish."""
        reached = [one for one in self._tried.values() if one.psnr >= self._wished]
        return min(reached, key=lambda one: one.operations, default=None)

    def tried(self) -> tuple[Try, ...]:
        """All, fewest float operations first, the best marked."""
        ordered = sorted(self._tried.values(), key=lambda one: (one.operations, -one.psnr))
        marked, highest = [], float("-inf")
        for one in ordered:
            marked.append(Try(one.reverted, one.psnr, one.operations, one.psnr > highest))
            highest = max(highest, one.psnr)
        return tuple(marked)
