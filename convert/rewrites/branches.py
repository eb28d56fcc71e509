"""Order of the branches of a block: those of most taps first, as they need most memory on the way.

What a branch leaves behind is small beside what it needs while it is computed: bands with their neighbours' edges, the
means of rows. So the largest is computed while nothing of the others is there yet.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import Any

from convert.flatbuffer import Flatbuffer, Op


def widest_first(file: Flatbuffer) -> None:
    """Compute the branches of joins that read one map in the reverse order; PyNET's blocks have them by rising taps.

    Results do not change: only the order among operations that do not read each other's results does.
    """
    ops = list(file.ops())
    readers: dict[int, list[int]] = defaultdict(list)
    makers: dict[int, int] = {}
    for place, op in enumerate(ops):
        makers |= {int(index): place for index in op.raw.outputs}
        for index in op.raw.inputs:
            readers[int(index)].append(place)
    ranks: list[tuple[int, int, int]] = [(place, 0, place) for place in range(len(ops))]
    for place, op in enumerate(ops):
        if op.name != "CONCATENATION" or op.raw.builtinOptions.axis not in (-1, 3):
            continue
        branches = [_branch(ops, makers, readers, place, int(index)) for index in op.raw.inputs]
        if not all(branches):
            continue  # a map from elsewhere, such as the encoder's
        members = set().union(*branches)
        read = {int(index) for member in members for index in ops[member].raw.inputs}
        if len({index for index in read if makers.get(index) not in members and not file.is_constant(index)}) != 1:
            continue  # not the branches of one block
        for number, branch in enumerate(reversed(branches)):
            for member in branch:
                ranks[member] = (min(members), number, member)
    file.graph.operators = _sorted(ops, makers, ranks)


def _branch(ops: list[Op], makers: dict[int, int], readers: dict[int, list[int]], join: int, made: int) -> set[int]:
    """The operations that lead to one input of a join and to nothing else."""
    found: set[int] = set()
    todo = [made]
    while todo:
        index = todo.pop()
        place = makers.get(index)
        if place is None or place in found or any(reader != join and reader not in found for reader in readers[index]):
            continue
        found.add(place)
        todo += [int(source) for source in ops[place].raw.inputs]
    return found


def _sorted(ops: list[Op], makers: dict[int, int], ranks: list[tuple[int, int, int]]) -> list[Any]:
    """Operations by rank, each after those whose results it reads."""
    before = [{makers[int(index)] for index in op.raw.inputs if int(index) in makers} for op in ops]
    after: dict[int, list[int]] = defaultdict(list)
    for place, needed in enumerate(before):
        for maker in needed:
            after[maker].append(place)
    ready = [ranks[place] for place, needed in enumerate(before) if not needed]
    heapq.heapify(ready)
    order: list[Any] = []
    while ready:
        *_, place = heapq.heappop(ready)
        order.append(ops[place].raw)
        for reader in after[place]:
            before[reader].discard(place)
            if not before[reader]:
                heapq.heappush(ready, ranks[reader])
    return order
