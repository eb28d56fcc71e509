"""Work on many photographs at once, in order and in little memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None) -> Iterator[Result]:
    """Yield `work(item)` in the order of the items, with threads that work ahead.

    At most `workers` items are under way or waiting to be taken, so memory does not grow with their number. Decoding
    and array arithmetic release the interpreter's lock; work that does not gains nothing.

    Args:
        work: What is done with one item.
        items: Taken one by one as room is made.
        workers: Threads; as many as there are cores by default.

    Raises:
        What `work` raises, at the item that raised it; later items are not begun.
    """
    threads = workers or os.cpu_count() or 1
    waiting = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        under_way: deque[Future[Result]] = deque(pool.submit(work, item) for item in islice(waiting, threads))
        while under_way:
            result = under_way.popleft().result()
            under_way.extend(pool.submit(work, item) for item in islice(waiting, 1))
            yield result
