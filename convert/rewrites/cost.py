"""What a convolution costs in each form: a small model, and the choice by it.

Time is counted in products, those of unfilled tiles and of zero taps included; memory in pointers. Constants are
measured on LiteRT's XNNPACK (docs/performance.md says how).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from convert.rewrites.halves import Taps

TILE, WIDE_TILE = 16, 32
"""Maps that a kernel computes at once, for up to 16 maps and for more, with AVX-512."""
_WIDE_PRICE = 0.7
"""Time of a product in a wide tile, that in a narrow one being 1: 62 against 44 products a nanosecond and core."""
_POINTER_BYTES = 8
_WEIGHT_BYTES = 4
_PRODUCTS_PER_BYTE = 90.0
"""Products that one byte of pointers is worth: the price at which memory is bought with time."""
_PRODUCTS_PER_COPY = 40.0
"""Products that copying one value takes the time of."""
_INPUTS_OF_HALVES, _RESULTS_OF_HALVES = 1.5, 4.5
"""How often halves copy what they read (with edges, means) and what they make (two parts and three sums of half the
columns, a join, its form)."""
_FEWEST_HALVED = 5
"""Columns of taps from which on halves are thought of."""
_MAPS_PER_TAP = 2.0
"""Maps that could be read in the time that a kernel needs to go from one tap to the next."""
_LARGE_TABLE = 4 << 20
"""Bytes of pointers from which on bands are thought of."""
_COLUMNS = (1, 2, 4)
_BANDS = (4, 8, 16)


@dataclass(frozen=True)
class Convolution:
    """A convolution of stride 1 with SAME padding.

    Attributes:
        height: Rows of pixels.
        width: Columns of pixels.
        rows: Rows of taps.
        columns: Columns of taps.
        maps_in: Maps that it reads.
        maps_out: Maps that it makes.
        activated: Whether an activation is fused to it, for which halves have no place.
        bands: How many bands of rows are run as a batch (`convert.rewrites.bands`).
        halves: Whether its bands are computed in halves (`convert.rewrites.halves`).
    """

    height: int
    width: int
    rows: int
    columns: int
    maps_in: int
    maps_out: int
    activated: bool = False
    bands: int = 1
    halves: bool = False

    @property
    def products(self) -> int:
        """Multiplications, those with zero taps included."""
        return self._taps * self.maps_in * self.maps_out

    @property
    def _taps(self) -> int:
        """Taps of all pixels."""
        row = Taps(self.columns // 2).of_row(self.width // 2) if self.halves else self.width * self.columns
        return self.height * self.rows * row

    @property
    def tile(self) -> int:
        """Maps that the kernel computes at once."""
        return TILE if self.maps_out <= TILE else WIDE_TILE

    @property
    def filling(self) -> float:
        """Share of the kernel's tiles that holds maps, 0..1."""
        return self.maps_out / (self.tile * -(-self.maps_out // self.tile))

    @property
    def table_bytes(self) -> int:
        """Pointers that XNNPACK keeps: one for each pixel and tap, none for a 1x1 convolution.

        Source: XNNPACK, `src/indirection.c`.
        """
        return 0 if self.rows * self.columns == 1 else self._taps * _POINTER_BYTES // self.bands

    @property
    def copied(self) -> int:
        """Values copied: to give bands their edges; for halves also means, and what joins them."""
        if self.bands == 1:
            return 0
        given = (self.height + 2 * (self.rows // 2) * self.bands) * self.width * self.maps_in
        if not self.halves:
            return given
        return int(_INPUTS_OF_HALVES * given + _RESULTS_OF_HALVES * self.height * self.width * self.maps_out)

    @property
    def added_weights_bytes(self) -> int:
        """What weights take more in halves: in the file, and packed by the runtime."""
        if not self.halves:
            return 0
        columns = Taps(self.columns // 2).all - self.columns
        return 2 * self.rows * columns * self.maps_in * self.maps_out * _WEIGHT_BYTES

    @property
    def work(self) -> float:
        """Time: products with unfilled tiles and steps from tap to tap, and copies at their price."""
        price = 1.0 if self.tile == TILE else _WIDE_PRICE
        steps = 1 + _MAPS_PER_TAP / self.maps_in
        return price * steps * self.products / self.filling + _PRODUCTS_PER_COPY * self.copied

    @property
    def cost(self) -> float:
        """Time and memory in products, a byte at its price."""
        return self.work + _PRODUCTS_PER_BYTE * (self.table_bytes + self.added_weights_bytes)

    def folded(self, columns: int) -> Convolution:
        """The same function with so many neighbouring columns as one pixel's maps (`convert.rewrites.columns`)."""
        return replace(
            self,
            width=self.width // columns,
            columns=2 * -(-(self.columns // 2) // columns) + 1,
            maps_in=columns * self.maps_in,
            maps_out=columns * self.maps_out,
        )


@dataclass(frozen=True)
class Form:
    """How a convolution is rewritten: so many columns folded, or its rows in so many bands; 1 and 1 for not at all.

    With `halves` the bands are computed in halves.
    """

    columns: int = 1
    bands: int = 1
    halves: bool = False

    def of(self, plain: Convolution) -> Convolution:
        """A convolution in this form."""
        return replace(plain.folded(self.columns), bands=self.bands, halves=self.halves)


def choose(plain: Sequence[Convolution], columns: bool, bands: bool, halves: bool) -> list[Form]:
    """The forms that cost least, the plainest where several cost the same.

    Bands, which add operations, are thought of only where tiles are full as it is and the table is large without. All
    that is of one height is cut into as many, as maps would be copied from one form into another otherwise.

    Args:
        plain: Convolutions as the network has them.
        columns: Whether columns may be folded.
        bands: Whether rows may be cut into bands.
        halves: Whether bands may be computed in halves.
    """
    chosen = [_without_bands(one, columns) for one in plain]
    wanting: dict[int, list[int]] = {}
    for place, (one, form) in enumerate(zip(plain, chosen, strict=True)):
        if bands and one.filling == 1 and form.of(one).table_bytes >= _LARGE_TABLE:
            wanting.setdefault(one.height, []).append(place)
    for places in wanting.values():
        cuts = [[_cut(plain[place], chosen[place], count, halves) for place in places] for count in _BANDS]
        best = min(cuts, key=lambda forms: sum(cost for _, cost in forms))
        for place, (form, _) in zip(places, best, strict=True):
            chosen[place] = form
    return chosen


def _without_bands(plain: Convolution, columns: bool) -> Form:
    forms = [Form(columns=count) for count in (_COLUMNS if columns else (1,)) if plain.width % count == 0]
    return min(forms, key=lambda form: form.of(plain).cost)


def _cut(plain: Convolution, whole: Form, count: int, halves: bool) -> tuple[Form, float]:
    """The cheapest form with so many bands, or without, and its cost."""
    cut = [Form(bands=count)] if _fits(plain, count) else []
    halved = [Form(bands=count, halves=True)] if cut and halves and _fits_in_halves(plain) else []
    costs = [(form, form.of(plain).cost) for form in (whole, *cut, *halved)]
    return min(costs, key=lambda entry: entry[1])


def _fits(plain: Convolution, bands: int) -> bool:
    """Whether bands are of one height, and as high as the taps reach."""
    return plain.rows > 1 and plain.height % bands == 0 and plain.height // bands >= plain.rows // 2


def _fits_in_halves(plain: Convolution) -> bool:
    """Whether columns come in pairs, and taps are enough."""
    return not plain.activated and plain.width % 2 == 0 and plain.columns >= _FEWEST_HALVED
