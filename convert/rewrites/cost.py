"""What a convolution costs in each form: a small model, and the choice by it.

Time is counted in products, those of unfilled tiles and of zero taps included; memory in pointers. Constants are
measured on LiteRT's XNNPACK (docs/performance.md says how).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

TILE, WIDE_TILE = 16, 32
"""Maps that a kernel computes at once, for up to 16 maps and for more, with AVX-512."""
_WIDE_PRICE = 0.7
"""Time of a product in a wide tile, that in a narrow one being 1: 62 against 44 products a nanosecond and core."""
_POINTER_BYTES = 8
_PRODUCTS_PER_BYTE = 90.0
"""Products that one byte of pointers is worth: the price at which memory is bought with time."""
_PRODUCTS_PER_COPY = 40.0
"""Products that copying one value takes the time of."""
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
        bands: How many bands of rows are run as a batch (`convert.rewrites.bands`).
    """

    height: int
    width: int
    rows: int
    columns: int
    maps_in: int
    maps_out: int
    bands: int = 1

    @property
    def products(self) -> int:
        """Multiplications, those with zero taps included."""
        return self.height * self.width * self.rows * self.columns * self.maps_in * self.maps_out

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
        taps = self.rows * self.columns
        return 0 if taps == 1 else self.height * self.width * taps * _POINTER_BYTES // self.bands

    @property
    def copied(self) -> int:
        """Values copied to give bands their edges."""
        rows = self.height + 2 * (self.rows // 2) * self.bands
        return 0 if self.bands == 1 else rows * self.width * self.maps_in

    @property
    def cost(self) -> float:
        """Products with unfilled tiles and steps from tap to tap; copies and pointers at their prices."""
        price = 1.0 if self.tile == TILE else _WIDE_PRICE
        steps = 1 + _MAPS_PER_TAP / self.maps_in
        work = price * steps * self.products / self.filling
        return work + _PRODUCTS_PER_COPY * self.copied + _PRODUCTS_PER_BYTE * self.table_bytes

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
    """How a convolution is rewritten: so many columns folded, or its rows in so many bands; 1 and 1 for not at all."""

    columns: int = 1
    bands: int = 1

    def of(self, plain: Convolution) -> Convolution:
        """A convolution in this form."""
        return replace(plain.folded(self.columns), bands=self.bands)


def cheapest(plain: Convolution, columns: bool, bands: bool) -> Form:
    """The form that costs least, the plainest where several cost the same.

    Bands, which add operations, are thought of only where tiles are full as it is and the table is large without.

    Args:
        plain: The convolution as the network has it.
        columns: Whether columns may be folded.
        bands: Whether rows may be cut into bands.
    """
    forms = [Form(columns=count) for count in (_COLUMNS if columns else (1,)) if plain.width % count == 0]
    best = min(forms, key=lambda form: form.of(plain).cost)
    if not bands or plain.filling < 1 or best.of(plain).table_bytes < _LARGE_TABLE:
        return best
    return min([best, *(Form(bands=count) for count in _BANDS if _fits(plain, count))], key=lambda f: f.of(plain).cost)


def _fits(plain: Convolution, bands: int) -> bool:
    """Whether bands are of one height, and as high as the taps reach."""
    return plain.rows > 1 and plain.height % bands == 0 and plain.height // bands >= plain.rows // 2
