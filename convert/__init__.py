"""From a model to a file that a phone runs, and what is known about that file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convert.runners import Runner, load_artifact

__all__ = ["Runner", "load_artifact"]


def __getattr__(name: str) -> Any:
    """Import the runners only when they are asked for."""
    if name in __all__:
        from convert import runners

        return getattr(runners, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
