"""What the rewrites chose, as a table: for each block its forms, arithmetic, tile filling and pointers."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from calib_data import command
from convert.rewrites.cost import Convolution
from convert.rewrites.stage import Choice

_GIGA = 1e9
_MIB = 1 << 20
COLUMNS = ("block", "form", "GMAC", "lean", "tiles filled", "lean", "pointers MiB", "lean")


def explanation(choices: Sequence[Choice]) -> Table:
    """One line a block, in the order of the network, and the sum; `lean` is the chosen form of the figure before it."""
    blocks: dict[str, list[Choice]] = {}
    for choice in choices:
        blocks.setdefault(choice.scope.partition("_conv")[0], []).append(choice)
    rows = [(name, _forms(members), *_figures(members)) for name, members in blocks.items()]
    return command.table("", COLUMNS, [*rows, ("all", "", *_figures(choices))])


def _forms(choices: Sequence[Choice]) -> str:
    """Such as `3x3:2c 5x5:8b 9x9:8b+h`: 2 columns folded, 8 bands, 8 bands in halves; a dash for nothing rewritten."""
    forms: dict[str, dict[str, None]] = {}
    for one in choices:
        bands = f"{one.form.bands}b{'+h' if one.form.halves else ''}"
        what = f"{one.form.columns}c" if one.form.columns > 1 else bands if one.form.bands > 1 else "-"
        forms.setdefault(f"{one.plain.rows}x{one.plain.columns}", {})[what] = None
    return " ".join(f"{side}:{'/'.join(whats)}" for side, whats in forms.items() if set(whats) != {"-"}) or "-"


def _figures(choices: Sequence[Choice]) -> tuple[str, ...]:
    plain, lean = [one.plain for one in choices], [one.chosen for one in choices]
    return (
        *(f"{sum(one.products for one in form) / _GIGA:.2f}" for form in (plain, lean)),
        *(f"{_filling(form):.0%}" for form in (plain, lean)),
        *(f"{sum(one.table_bytes for one in form) / _MIB:.1f}" for form in (plain, lean)),
    )


def _filling(convolutions: Sequence[Convolution]) -> float:
    """The mean filling, weighted by the time that the products take."""
    products = sum(one.products for one in convolutions)
    return products / sum(one.products / one.filling for one in convolutions)
