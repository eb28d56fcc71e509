"""Words that messages share."""

from __future__ import annotations

import os


def counted(count: int, name: str) -> str:
    """So many of a thing whose plural ends in s: `1 pair`, `2 pairs`."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def as_text(name: str) -> str:
    """A file's name with bytes that are no text escaped: `caf\\xe9.jpg`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
