"""The cost model: figures of known forms, and choices that follow from them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convert.rewrites.cost import Convolution, Form, choose


def square(side: int, maps_in: int, maps_out: int, height: int = 256, width: int = 384) -> Convolution:
    return Convolution(height, width, side, side, maps_in, maps_out)


def cheapest(plain: Convolution, columns: bool, bands: bool, halves: bool = False) -> Form:
    """What is chosen for a convolution by itself."""
    return choose([plain], columns, bands, halves)[0]


@pytest.mark.parametrize(
    ("side", "columns", "taps"), [(3, 2, 3), (5, 2, 3), (7, 2, 5), (9, 2, 5), (7, 4, 3), (9, 4, 3)]
)
def test_folding_needs_as_many_taps_as_cover_the_reach(side: int, columns: int, taps: int) -> None:
    folded = square(side, 8, 8).folded(columns)
    assert (folded.rows, folded.columns, folded.width) == (side, taps, 384 // columns)
    assert folded.products == 384 // columns * 256 * side * taps * 64 * columns**2


def test_pointers_are_one_a_pixel_and_tap_and_a_band() -> None:
    assert square(9, 8, 8).table_bytes == 8 * 81 * 256 * 384
    assert Form(bands=8).of(square(9, 8, 8)).table_bytes == 81 * 256 * 384
    assert square(1, 8, 8).table_bytes == 0


@pytest.mark.parametrize(("maps", "filling"), [(3, 3 / 16), (8, 0.5), (16, 1.0), (24, 0.75), (32, 1.0), (64, 1.0)])
def test_filling_counts_tiles_of_16_or_32_maps(maps: int, filling: float) -> None:
    assert square(3, 8, maps).filling == filling


def test_half_filled_tiles_are_folded_and_full_ones_cut_into_bands() -> None:
    assert cheapest(square(9, 32, 8), columns=True, bands=True) == Form(columns=4)
    assert cheapest(square(9, 128, 32), columns=True, bands=True) == Form(bands=16)


def test_a_rewrite_that_is_left_out_is_not_chosen() -> None:
    assert cheapest(square(9, 32, 8), columns=False, bands=False) == Form()
    assert cheapest(square(9, 128, 32), columns=False, bands=True) == Form(bands=16)
    assert cheapest(square(9, 128, 32), columns=True, bands=False).bands == 1


def test_bands_are_no_choice_where_tiles_can_be_filled() -> None:
    assert cheapest(square(9, 32, 8), columns=False, bands=True) == Form()


def test_small_tables_are_never_cut_into_bands() -> None:
    assert cheapest(square(9, 128, 32, 32, 48), columns=False, bands=True) == Form()


def test_forms_that_do_not_fit_are_not_chosen() -> None:
    assert cheapest(square(9, 32, 8, 256, 383), columns=True, bands=False) == Form()
    assert cheapest(square(9, 128, 32, 257, 384), columns=False, bands=True) == Form()


@pytest.mark.parametrize("maps", [8, 32])
@pytest.mark.parametrize("side", [3, 5, 7, 9])
def test_the_choice_never_costs_more_than_the_plain_form(side: int, maps: int) -> None:
    plain = square(side, 4 * maps, maps)
    assert cheapest(plain, columns=True, bands=True, halves=True).of(plain).cost <= plain.cost


def test_halves_are_chosen_where_they_save_more_than_their_sums_cost() -> None:
    chosen = {side: cheapest(square(side, 128, 32), columns=True, bands=True, halves=True) for side in (3, 5, 7, 9)}
    assert {side for side, form in chosen.items() if form.halves} == {5, 7, 9}
    for side, form in chosen.items():
        assert form.halves == (form.of(square(side, 128, 32)).products < square(side, 128, 32).products)


def test_halves_need_pairs_of_columns() -> None:
    assert not cheapest(square(9, 128, 32, 256, 383), columns=False, bands=True, halves=True).halves


def test_halves_have_no_place_for_an_activation() -> None:
    activated = replace(square(9, 128, 32), activated=True)
    assert cheapest(activated, columns=False, bands=True, halves=True) == Form(bands=16)


def test_halves_take_pointers_for_the_pixels_that_they_compute() -> None:
    halved = Form(bands=8, halves=True).of(square(9, 128, 32))
    assert halved.table_bytes == 256 // 8 * 9 * (5 * 192 + 4 * 193 + 5 * 192) * 8
    assert halved.added_weights_bytes == 2 * 4 * 9 * 5 * 128 * 32


def test_what_is_of_one_height_is_cut_into_as_many_bands() -> None:
    forms = choose([square(side, maps, 32) for side in (3, 5, 7, 9) for maps in (32, 128)], True, True, True)
    assert len({form.bands for form in forms}) == 1
