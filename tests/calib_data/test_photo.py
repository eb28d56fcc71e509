"""Reading photographs of every kind that users have, and refusing the rest in words."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from calib_data.errors import UserError
from calib_data.files import write_json
from calib_data.photo import Photo, half_size, read_depth, read_photo
from calib_data.photo_writing import write_photo

H, W = 72, 96
RNG = np.random.default_rng(7)
NOISE = RNG.integers(0, 256, (H, W, 3), dtype=np.uint8)


def save(path: Path, pixels: np.ndarray | Image.Image, **options: object) -> Path:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


def smooth(height: int = H, width: int = W) -> np.ndarray:
    """A picture that lossy formats keep within a few levels, different in every corner and channel."""
    y, x = np.mgrid[0:height, 0:width] / [[[height]], [[width]]]
    return np.rint(255 * np.stack([x, y, (x + 2 * y) / 3], axis=2)).astype(np.uint8)


def write_deep(path: Path, values: np.ndarray) -> Path:
    """16-bit PNG of (H, W, 1 to 4), through the public writer."""
    grey, opaque = values.shape[2] <= 2, values.shape[2] % 2 == 1
    colours = np.broadcast_to(values[..., : 1 if grey else 3], (*values.shape[:2], 3)) / np.float32(65535)
    alpha = None if opaque else values[..., -1] / np.float32(65535)
    photo = Photo(colours, alpha, "PNG", 16, grey, None, None)
    write_photo(path, photo.pixels, photo)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.png", NOISE, exif=exif)
    with Image.open(path) as stored:
        from PIL import ImageOps

        expected = np.asarray(ImageOps.exif_transpose(stored))
    photo = read_photo(path)
    np.testing.assert_array_equal(np.rint(photo.pixels * 255), expected)
    rewritten = Image.Exif()
    rewritten.load(photo.exif)
    assert rewritten[0x0112] == 1


@pytest.mark.parametrize(("suffix", "kind"), [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")])
def test_formats(tmp_path: Path, suffix: str, kind: str) -> None:
    photo = read_photo(save(tmp_path / f"a.{suffix}", smooth(), quality=95))
    assert (photo.format, photo.bit_depth, photo.grey, photo.alpha) == (kind, 8, False, None)
    assert photo.pixels.dtype == np.float32
    assert np.abs(photo.pixels - smooth() / 255).max() < 6 / 255


def test_the_contents_decide_and_not_the_suffix(tmp_path: Path) -> None:
    save(tmp_path / "a.png", smooth())
    assert read_photo((tmp_path / "a.png").rename(tmp_path / "a.jpg")).format == "PNG"


def test_a_phones_jpeg_with_a_second_picture_is_a_jpeg(tmp_path: Path) -> None:
    first, second = Image.fromarray(smooth()), Image.fromarray(NOISE)
    photo = read_photo(save(tmp_path / "a.jpg", first, format="MPO", save_all=True, append_images=[second]))
    assert photo.format == "JPEG"
    assert np.abs(photo.pixels - smooth() / 255).max() < 16 / 255


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colour_keeps_every_bit(tmp_path: Path, channels: int) -> None:
    values = RNG.integers(0, 65536, (H, W, channels), dtype=np.uint16)
    photo = read_photo(write_deep(tmp_path / "a.png", values))
    assert photo.bit_depth == 16
    np.testing.assert_array_equal(np.rint(photo.pixels * 65535), values[..., :3])
    if channels == 4:
        np.testing.assert_array_equal(np.rint(photo.alpha * 65535), values[..., 3])


def test_sixteen_bit_grey(tmp_path: Path) -> None:
    values = RNG.integers(0, 65536, (H, W), dtype=np.uint16)
    photo = read_photo(save(tmp_path / "a.png", values))
    assert (photo.grey, photo.bit_depth) == (True, 16)
    np.testing.assert_array_equal(np.rint(photo.pixels[..., 1] * 65535), values)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_palette_grey_and_alpha(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(NOISE).convert(mode)
    if mode.endswith("A"):
        image.putalpha(Image.fromarray(NOISE[..., 0]))
    photo = read_photo(save(tmp_path / "a.png", image))
    np.testing.assert_array_equal(np.rint(photo.pixels * 255), np.asarray(image.convert("RGB")))
    assert photo.grey == (mode in {"1", "L", "LA"})
    assert (photo.alpha is not None) == mode.endswith("A")
    if photo.alpha is not None:
        np.testing.assert_array_equal(np.rint(photo.alpha * 255), NOISE[..., 0])


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_a_transparent_colour_becomes_alpha(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (W, H), 0)
    image.paste(Image.new(mode, (W // 2, H), 9 if mode != "RGB" else (9, 9, 9)))
    if mode == "P":
        image.putpalette(bytes(range(256)) * 3)
    photo = read_photo(save(tmp_path / "a.png", image, transparency=(9, 9, 9) if mode == "RGB" else 9))
    assert photo.alpha is not None
    assert photo.alpha[0, 0] == 0
    assert photo.alpha[0, -1] == 1


def test_a_colour_profile_is_kept_as_it_is(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert read_photo(save(tmp_path / "a.jpg", smooth(), icc_profile=profile)).icc_profile == profile


def test_heic(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="pillow-heif is an optional extra: pip install pillow-heif")
    heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = read_photo(save(tmp_path / "a.heic", smooth(), quality=95, exif=exif.tobytes()))
    assert photo.format == "HEIF"
    assert np.abs(photo.pixels - np.rot90(smooth(), -1) / 255).max() < 12 / 255
    write_photo(tmp_path / "b.heic", photo.pixels, photo)
    assert np.abs(read_photo(tmp_path / "b.heic").pixels - photo.pixels).max() < 12 / 255


def test_heic_without_its_package_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.heic").write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(100))
    with pytest.raises(UserError, match="pip install pillow-heif"):
        read_photo(tmp_path / "a.heic")


def jpeg_bytes() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(NOISE).save(stream, "JPEG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"This is a text and no photo.\n" * 9, "is not a JPEG, PNG, WebP or HEIC"),
        (jpeg_bytes()[:-900], "is truncated or damaged"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)
    with pytest.raises(UserError, match=words) as refusal:
        read_photo(path)
    assert str(path) in refusal.value.problem


def test_names_that_are_no_text_are_written_as_json_and_read_again(tmp_path: Path) -> None:
    write_json(tmp_path / "list.json", {"file": "caf\udce9.jpg"})
    assert json.loads((tmp_path / "list.json").read_text("utf-8")) == {"file": "caf\udce9.jpg"}


def test_truncated_png_and_webp_are_refused(tmp_path: Path) -> None:
    for name in ("a.png", "a.webp"):
        path = save(tmp_path / name, NOISE)
        path.write_bytes(path.read_bytes()[:-500])
        with pytest.raises(UserError, match="truncated or damaged"):
            read_photo(path)


def test_folders_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder"):
        read_photo(tmp_path)
    with pytest.raises(UserError, match="is not there"):
        read_photo(tmp_path / "none.jpg")


def test_sizes_outside_the_limits_are_refused(tmp_path: Path) -> None:
    for height, width in ((1, 1), (63, 400), (400, 63)):
        with pytest.raises(UserError, match=f"{height}x{width}; both sides must have at least 64"):
            read_photo(save(tmp_path / "small.png", np.zeros((height, width), np.uint8)))
    assert read_photo(save(tmp_path / "a.png", np.zeros((64, 64), np.uint8))).pixels.shape == (64, 64, 3)
    for side in (7300, 9600, 14000):  # ours, Pillow's warning and Pillow's error
        with pytest.raises(UserError, match="50 MP"):
            read_photo(save(tmp_path / "large.png", Image.new("1", (side, side))))


def test_print_colours_and_animations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="CMYK"):
        read_photo(save(tmp_path / "a.jpg", Image.fromarray(NOISE).convert("CMYK")))
    frames = [Image.fromarray(NOISE), Image.fromarray(smooth())]
    with pytest.raises(UserError, match="animation"):
        read_photo(save(tmp_path / "a.webp", frames[0], save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_depth_maps_of_both_depths(tmp_path: Path, dtype: type) -> None:
    values = RNG.integers(0, np.iinfo(dtype).max, (5, 7), dtype=dtype)
    depth = read_depth(save(tmp_path / "a.png", values))
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, values / np.iinfo(dtype).max, atol=1e-6)


def test_a_grey_depth_map_stored_in_colour_is_read_and_a_coloured_one_refused(tmp_path: Path) -> None:
    grey = NOISE[..., :1].repeat(3, axis=2)
    np.testing.assert_allclose(read_depth(save(tmp_path / "a.png", grey)), grey[..., 0] / 255, atol=1e-6)
    with pytest.raises(UserError, match="has colours"):
        read_depth(save(tmp_path / "b.png", NOISE))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
def test_half_size_is_the_mean_of_two_by_two(height: int, width: int, channels: int) -> None:
    pixels = np.random.default_rng(height).random((2 * height, 2 * width, channels), dtype=np.float32)
    halved = half_size(pixels)
    assert halved.shape == (height, width, channels)
    assert halved.dtype == np.float32
    np.testing.assert_allclose(halved[-1, -1], pixels[-2:, -2:].reshape(4, channels).mean(axis=0), rtol=1e-6)


def test_half_size_refuses_odd_sides() -> None:
    with pytest.raises(ValueError, match="3x4"):
        half_size(np.zeros((3, 4, 3), np.float32))
