"""Writing photographs back as they came: format, depth, colour profile, EXIF and alpha."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from calib_data.errors import UserError
from calib_data.exif import PREFIX
from calib_data.files import atomic_path
from calib_data.photo import Photo

_QUALITY = 95
_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": _QUALITY, "subsampling": "4:4:4"},
    "PNG": {},
    "WEBP": {"quality": _QUALITY},
    "HEIF": {"quality": _QUALITY},
}
_HOLDS_ALPHA = ("PNG", "WEBP", "HEIF")
_PREVIEW_HEIGHT = 1024
_LONGEST_EXIF = 65_533
_ROWS = 256  # a band of rows at a time keeps the copies small
_PNG_COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}


def write_photo(path: Path, pixels: NDArray[np.float32], like: Photo) -> None:
    """Write a changed photo, whole or not at all, in the format, depth and colour encoding of `like`.

    EXIF, colour profile and alpha are those of `like`; JPEG has no alpha. A grey photo stays grey: its brightness is
    the mean of the channels of `pixels`.

    Args:
        path: The file; its suffix should fit `like.format`, which alone decides the format.
        pixels: (H, W, 3), the size of `like`; values outside 0..1 are clipped.
        like: The photo that was read.

    Raises:
        ValueError: `pixels` has not the size of `like`.
        UserError: The folder cannot be made or written, or the EXIF is too long for the format.
    """
    if pixels.shape != like.pixels.shape:
        raise ValueError(f"pixels are {pixels.shape}, the photo is {like.pixels.shape}")
    alpha = like.alpha if like.format in _HOLDS_ALPHA else None
    channels = _integers(pixels, alpha, like.grey, like.bit_depth)
    with atomic_path(path) as beside:
        if channels.dtype == np.uint16:
            with beside.open("wb") as stream:
                _write_deep_png(stream, channels, like)
        else:
            _save(beside, channels, like)


def write_before_after(path: Path, before: Photo, after: NDArray[np.float32]) -> None:
    """Write a PNG with a photo and what was made of it side by side, at most 1024 pixels high, in 8 bits.

    Args:
        path: The file.
        before: The photo that was read; its colour profile is kept.
        after: (H, W, 3), 0..1, the size of `before`.

    Raises:
        UserError: The folder cannot be made or written.
    """
    height, width = after.shape[:2]
    scale = min(1.0, _PREVIEW_HEIGHT / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    halves = [
        Image.fromarray(_integers(pixels, None, False, 8)).resize(size, Image.Resampling.LANCZOS)
        for pixels in (before.pixels, after)
    ]
    divider = max(2, size[0] // 200)
    canvas = Image.new("RGB", (2 * size[0] + divider, size[1]), "white")
    canvas.paste(halves[0], (0, 0))
    canvas.paste(halves[1], (size[0] + divider, 0))
    profile = {} if before.grey or before.icc_profile is None else {"icc_profile": before.icc_profile}
    with atomic_path(path) as beside:
        canvas.save(beside, format="PNG", **profile)


def _save(path: Path, channels: NDArray[Any], like: Photo) -> None:
    options = dict(_OPTIONS[like.format])
    if like.icc_profile is not None:
        options["icc_profile"] = like.icc_profile
    if like.exif is not None:
        options["exif"] = like.exif
    if like.format == "JPEG" and len(like.exif or b"") > _LONGEST_EXIF:
        raise UserError(
            f"the photo's EXIF has {len(like.exif or b''):,} bytes; a JPEG takes {_LONGEST_EXIF:,} in one piece.",
            "Remove what the camera's maker added to it, or save the photo as PNG.",
        )
    if like.format == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    image = Image.fromarray(channels[..., 0] if channels.shape[2] == 1 else channels)
    image.save(path, format=like.format, **options)


def _integers(
    pixels: NDArray[np.float32], alpha: NDArray[np.float32] | None, grey: bool, bit_depth: int
) -> NDArray[Any]:
    """Colours and alpha as uint8 or uint16, (H, W, 1 to 4)."""
    dtype: type[np.uint8 | np.uint16] = np.uint16 if bit_depth == 16 else np.uint8
    colours = 1 if grey else 3
    channels = np.empty((*pixels.shape[:2], colours + (alpha is not None)), dtype)
    for top in range(0, len(pixels), _ROWS):
        band = slice(top, top + _ROWS)
        seen = pixels[band].mean(axis=2, keepdims=True) if grey else pixels[band]
        channels[band, :, :colours] = _rounded(seen, np.iinfo(dtype).max)
        if alpha is not None:
            channels[band, :, colours] = _rounded(alpha[band], np.iinfo(dtype).max)
    return channels


def _rounded(values: NDArray[np.float32], largest: int) -> NDArray[np.float32]:
    return np.rint(np.clip(values, 0, 1) * np.float32(largest))


def _write_deep_png(stream: IO[bytes], channels: NDArray[np.uint16], like: Photo) -> None:
    """A PNG with 16 bits a channel (ISO/IEC 15948), which Pillow cannot write in colour.

    Args:
        stream: Where to write.
        channels: (H, W, 1 to 4).
        like: Has the colour profile and EXIF.
    """
    height, width, count = channels.shape
    stream.write(b"\x89PNG\r\n\x1a\n")
    _write_chunk(stream, b"IHDR", struct.pack(">IIBBBBB", width, height, 16, _PNG_COLOUR_TYPE[count], 0, 0, 0))
    if like.icc_profile is not None:
        _write_chunk(stream, b"iCCP", b"ICC Profile\x00\x00" + zlib.compress(like.icc_profile))
    if like.exif is not None:
        _write_chunk(stream, b"eXIf", like.exif.removeprefix(PREFIX))
    compressor = zlib.compressobj()
    for rows in _filtered_bands(channels):
        _write_chunk(stream, b"IDAT", compressor.compress(rows))
    _write_chunk(stream, b"IDAT", compressor.flush())
    _write_chunk(stream, b"IEND", b"")


def _filtered_bands(channels: NDArray[np.uint16]) -> Iterator[bytes]:
    """Rows under PNG's filter 2 (difference to the row above), a band at a time."""
    height, width, count = channels.shape
    above = np.zeros((1, 2 * count * width), np.uint8)
    for top in range(0, height, _ROWS):
        rows = channels[top : top + _ROWS].astype(">u2").reshape(-1, width * count).view(np.uint8)
        differences = rows - np.concatenate([above, rows[:-1]])
        yield np.pad(differences, ((0, 0), (1, 0)), constant_values=2).tobytes()
        above = rows[-1:]


def _write_chunk(stream: IO[bytes], kind: bytes, content: bytes) -> None:
    body = kind + content
    stream.write(struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body)))
