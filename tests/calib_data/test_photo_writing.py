"""A photo that is read and written back is the same photo."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from calib_data.errors import UserError
from calib_data.photo import read_photo
from calib_data.photo_writing import write_photo

H, W = 300, 80  # taller than the bands in which rows are written
RNG = np.random.default_rng(3)
NOISE = RNG.integers(0, 256, (H, W, 3), dtype=np.uint8)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(orientation: int = 1) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "Maker"
    block[0x0100], block[0x0101] = W, H
    block.get_ifd(0x8769).update({0x920A: 50.0, 0xA002: W, 0xA003: H})
    block.get_ifd(0x8825)[1] = "N"
    return block


def rewritten(path: Path) -> Path:
    photo = read_photo(path)
    write_photo(path.with_stem("out"), photo.pixels, photo)
    return path.with_stem("out")


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_png_comes_back_bit_for_bit(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(NOISE).convert(mode)
    if mode.endswith("A"):
        image.putalpha(Image.fromarray(NOISE[..., 1]))
    image.save(tmp_path / "a.png", icc_profile=PROFILE, exif=exif())
    with Image.open(rewritten(tmp_path / "a.png")) as written:
        assert (written.format, written.mode) == ("PNG", mode)
        assert written.info["icc_profile"] == PROFILE
        assert written.getexif()[0x010F] == "Maker"
        np.testing.assert_array_equal(np.asarray(written), np.asarray(image))


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("opaque", [False, True])
def test_sixteen_bits_come_back_bit_for_bit(tmp_path: Path, grey: bool, opaque: bool) -> None:
    Image.fromarray(RNG.integers(0, 65536, (H, W), dtype=np.uint16)).save(
        tmp_path / "a.png", icc_profile=PROFILE, exif=exif()
    )
    deep = read_photo(tmp_path / "a.png")
    pixels = deep.pixels if grey else RNG.integers(0, 65536, (H, W, 3)).astype(np.float32) / 65535
    alpha = None if opaque else deep.pixels[..., 0]
    like = type(deep)(pixels, alpha, "PNG", 16, grey, deep.icc_profile, deep.exif)
    write_photo(tmp_path / "out.png", pixels, like)
    with Image.open(tmp_path / "out.png") as written:
        written.load()
        assert written.info["icc_profile"] == PROFILE
        assert written.getexif()[0x010F] == "Maker"
        if grey and not opaque:  # Pillow, like our reader, takes the upper 8 bits of these
            np.testing.assert_array_equal(np.asarray(written)[..., 3], np.rint(alpha * 65535).astype(np.uint16) >> 8)
            return
    again = read_photo(tmp_path / "out.png")
    assert (again.grey, again.bit_depth) == (grey, 16)
    np.testing.assert_array_equal(np.rint(again.pixels * 65535), np.rint(pixels * 65535))
    if alpha is not None:
        np.testing.assert_array_equal(np.rint(again.alpha * 65535), np.rint(alpha * 65535))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_turned_photo_is_written_upright_with_the_rest_of_its_exif(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(NOISE).save(path, exif=exif(6), icc_profile=PROFILE)
    with Image.open(rewritten(path)) as written:
        assert written.size == (H, W)
        assert written.info["icc_profile"] == PROFILE
        block = written.getexif()
        assert block[0x0112] == 1
        assert block[0x010F] == "Maker"
        assert (block[0x0100], block[0x0101]) == (H, W)
        details = block.get_ifd(0x8769)
        assert (float(details[0x920A]), details[0xA002], details[0xA003]) == (50.0, H, W)
        assert block.get_ifd(0x8825)[1] == "N"


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_lossy_formats_lose_little(tmp_path: Path, suffix: str) -> None:
    y, x = np.mgrid[0:H, 0:W]
    smooth = np.rint(np.stack([255 * x / W, 255 * y / H, 128 + 0 * x], axis=2)).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / f"a.{suffix}", quality=95)
    photo = read_photo(tmp_path / f"a.{suffix}")
    again = read_photo(rewritten(tmp_path / f"a.{suffix}"))
    assert again.format == photo.format
    assert np.sqrt(np.mean((again.pixels - photo.pixels) ** 2)) < 2 / 255


def test_values_outside_the_range_are_clipped_and_grey_is_the_mean(tmp_path: Path) -> None:
    Image.fromarray(NOISE[..., 0]).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    pixels = np.stack([photo.pixels[..., 0] * 0 + value for value in (-1, 0.5, 2)], axis=2).astype(np.float32)
    write_photo(tmp_path / "b.png", pixels, photo)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "b.png")), 128)


def test_exif_too_long_for_a_jpeg_is_refused_in_words(tmp_path: Path) -> None:
    Image.fromarray(NOISE).save(tmp_path / "a.jpg")
    photo = dataclasses.replace(read_photo(tmp_path / "a.jpg"), exif=bytes(70_000))
    with pytest.raises(UserError, match="EXIF has 70,000 bytes; a JPEG takes 65,533"):
        write_photo(tmp_path / "b.jpg", photo.pixels, photo)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_a_wrong_size_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    Image.fromarray(NOISE).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"\(10, 10, 3\)"):
        write_photo(tmp_path / "b.png", np.zeros((10, 10, 3), np.float32), photo)
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UserError, match="a file has that name"):
        write_photo(tmp_path / "taken" / "b.png", photo.pixels, photo)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "taken"]
