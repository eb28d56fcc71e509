"""The orientation is reset in place; damaged EXIF is let be."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from calib_data.exif import PREFIX, as_upright, orientation


def block(order: str, turned: int) -> bytes:
    """IFD0 with orientation and a pointer to an IFD1 with one entry (a thumbnail's)."""
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, turned, 0)
    start = {"<": b"II*\x00", ">": b"MM\x00*"}[order] + struct.pack(order + "I", 8)
    first = struct.pack(order + "H", 1) + entry + struct.pack(order + "I", 26)
    second = struct.pack(order + "H", 1) + struct.pack(order + "HHII", 0x0201, 4, 1, 999) + bytes(4)
    return PREFIX + start + first + second


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turned", range(1, 9))
def test_orientation_is_read_and_reset_and_the_stale_thumbnail_unlinked(order: str, turned: int) -> None:
    before = block(order, turned)
    assert orientation(before) == turned
    after = as_upright(before)
    assert orientation(after) == 1
    assert len(after) == len(before)
    exif = Image.Exif()
    exif.load(after)
    assert exif.get_ifd(1) == {}


def test_a_block_without_prefix_or_orientation() -> None:
    assert orientation(None) == 1
    assert orientation(block("<", 7).removeprefix(PREFIX)) == 7
    assert orientation(block("<", 40)) == 1
    assert orientation(PREFIX + b"II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00") == 1


@pytest.mark.parametrize("end", [26, 30])
def test_the_orientation_is_reset_though_the_rest_cannot_be_read(end: int) -> None:
    entries = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack("<HHII", 0x8769, 4, 1, 9_999)
    whole = PREFIX + b"II*\x00" + struct.pack("<IH", 8, 2) + entries + bytes(4)
    for damaged in (whole, block("<", 6)[: len(PREFIX) + end - 4]):
        assert orientation(damaged) == 6
        assert orientation(as_upright(damaged)) == 1


@given(st.binary(max_size=60), st.integers(0, 54))
def test_damaged_blocks_are_returned_as_they_are_or_repaired_but_never_grow(junk: bytes, cut: int) -> None:
    for damaged in (junk, block("<", 6)[:cut], block("<", 6)[:cut] + junk):
        assert 1 <= orientation(damaged) <= 8
        assert len(as_upright(damaged)) <= len(damaged) + len(PREFIX)
