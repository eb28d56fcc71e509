"""Words that messages share."""

from __future__ import annotations


def counted(count: int, name: str) -> str:
    """So many of a thing whose plural ends in s: `1 pair`, `2 pairs`."""
    return f"{count} {name}{'' if count == 1 else 's'}"
