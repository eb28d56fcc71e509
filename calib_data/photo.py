"""Reading photographs and depth maps, and halving them.

Read are JPEG, PNG, WebP and, with pillow-heif installed, HEIC. PNG with 16 bits a channel is read at full depth
(grey with alpha excepted, which becomes 8 bits, as HEIC with 10 or 12 bits does).
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from calib_data.errors import UserError
from calib_data.exif import as_upright, orientation, upright

SHORTEST_SIDE = 64
LARGEST_PIXELS = 50 << 20
"""50 MP: what a sensor of 8192x6144 has just fits."""

_FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "HEIF": "HEIF"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_DEPTH_IS_GREY = 4 / 255  # channels of a grey JPEG differ by rounding
BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error)
"""What decoders raise."""
_RENEW = "Copy or download it again, or leave it out."

# Pillow warns of bombs up to twice its limit; for us they are errors like the larger ones.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

Read = TypeVar("Read")


@dataclass(frozen=True)
class Photo:
    """A photograph, upright, with what is needed to write it back as it was.

    Attributes:
        pixels: (H, W, 3), 0..1, in the file's own colour encoding: sRGB, or that of `icc_profile`.
        alpha: (H, W), 0..1, or None for an opaque photo.
        format: `JPEG`, `PNG`, `WEBP` or `HEIF`.
        bit_depth: 8 or 16 bits a channel.
        grey: Whether the file has one channel of brightness; then all channels of `pixels` are equal.
        icc_profile: The colour profile, or None for sRGB.
        exif: The EXIF block, its orientation reset to upright, or None.
    """

    pixels: NDArray[np.float32]
    alpha: NDArray[np.float32] | None
    format: str
    bit_depth: int
    grey: bool
    icc_profile: bytes | None
    exif: bytes | None


def read_photo(path: Path) -> Photo:
    """Read a photograph; its EXIF orientation is applied.

    Raises:
        UserError: The file is missing, empty, truncated, no picture or of a format that is not read, is CMYK or
            animated, has a side under 64 pixels or more than 50 MP, or is HEIC and pillow-heif is not installed.
    """
    return _read(path, lambda image: _photo(path, image))


def read_depth(path: Path) -> NDArray[np.float32]:
    """Read a grey picture, 8 or 16 bits, as a depth map (H, W), 0..1; by our convention near is bright.

    Raises:
        UserError: As `read_photo`, small sizes excepted; or the picture has colours.
    """
    return _read(path, lambda image: _depth(path, image))


def half_size(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Halve (H, W, C), both sides even, to (H/2, W/2, C): each pixel is the mean of 2x2."""
    height, width, channels = pixels.shape
    if height % 2 or width % 2:
        raise ValueError(f"both sides must be even, not {height}x{width}")
    return pixels.reshape(height // 2, 2, width // 2, 2, channels).mean(axis=(1, 3))


def _read(path: Path, convert: Callable[[ImageFile.ImageFile], Read]) -> Read:
    """Open the picture in `path`, check it and hand it to `convert`; whatever the decoder dislikes is a UserError."""
    formats = _formats(path)
    try:
        with Image.open(path, formats=formats) as image:
            _check_image(path, image)
            return convert(image)
    except UserError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path, "") from error
    except UnidentifiedImageError as error:
        raise UserError(
            f"{path} is not a JPEG, PNG, WebP or HEIC picture, or it is damaged.",
            "Save it in one of these formats, or leave it out.",
        ) from error
    except BROKEN as error:
        raise UserError(f"{path} is truncated or damaged: {error}.", _RENEW) from error


def _formats(path: Path) -> tuple[str, ...]:
    """The decoders to try. What cannot be a picture is refused before one sees it."""
    if path.is_dir():
        raise UserError(f"{path} is a folder, not a photo.", f"Name the photos in it, such as {path}/*.jpg.")
    if not path.is_file():
        raise UserError(f"{path} is not there.", "Check the name of the file.")
    try:
        with path.open("rb") as stream:
            start = stream.read(12)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}.", "Check that the file may be read.") from error
    if not start:
        raise UserError(f"{path} is empty (0 bytes).", _RENEW)
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS:
        _prepare_heif(path)
        return ("HEIF",)
    return ("JPEG", "PNG", "WEBP")


def _prepare_heif(path: Path) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise UserError(
            f"{path} is HEIC, which needs a package that is not installed.", "Run: python -m pip install pillow-heif"
        ) from error
    pillow_heif.register_heif_opener()


def _check_image(path: Path, image: ImageFile.ImageFile) -> None:
    width, height = image.size
    if width * height > LARGEST_PIXELS:
        raise _too_large(path, f": {height}x{width}")
    if image.mode in ("CMYK", "YCCK"):
        raise UserError(
            f"{path} has the four colours of print (CMYK).", "Convert it to RGB in a photo editor and save it again."
        )
    if image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False):
        raise UserError(f"{path} is an animation.", "Save the frame that you want as a picture of its own.")


def _too_large(path: Path, size: str) -> UserError:
    return UserError(
        f"{path} has more pixels than can be processed{size}; 50 MP ({LARGEST_PIXELS:,} pixels) is the limit.",
        "Scale the picture down.",
    )


def _photo(path: Path, image: ImageFile.ImageFile) -> Photo:
    width, height = image.size
    if min(width, height) < SHORTEST_SIDE:
        raise UserError(
            f"{path} is {height}x{width}; both sides must have at least {SHORTEST_SIDE} pixels.",
            "Take the picture in a larger size.",
        )
    channels = _decode(image)
    exif = image.info.get("exif")
    channels = upright(channels, orientation(exif))
    colours = 1 if channels.shape[2] <= 2 else 3
    opaque = channels.shape[2] == colours
    return Photo(
        pixels=_floats(np.broadcast_to(channels[..., :colours], (*channels.shape[:2], 3))),
        alpha=None if opaque else _floats(channels[..., -1]),
        format=_FORMATS[str(image.format)],
        bit_depth=8 * channels.dtype.itemsize,
        grey=colours == 1,
        icc_profile=image.info.get("icc_profile") or None,
        exif=as_upright(exif) if exif else None,
    )


def _depth(path: Path, image: ImageFile.ImageFile) -> NDArray[np.float32]:
    channels = _decode(image)
    depth = _floats(upright(channels, orientation(image.info.get("exif"))))
    colours = depth[..., : 1 if channels.shape[2] <= 2 else 3]
    if float(np.ptp(colours, axis=2).max()) > _DEPTH_IS_GREY:
        raise UserError(
            f"{path} has colours; a depth map is grey, near is bright.",
            "Save the depth map as a grey picture, without a colour scale.",
        )
    return np.ascontiguousarray(colours[..., 0])


def _decode(image: ImageFile.ImageFile) -> NDArray[Any]:
    """Pixels as stored: (H, W, C), uint8 or uint16; C is 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha."""
    if image.format == "PNG" and image.mode in ("RGB", "RGBA") and image.tile and image.tile[0].args in _DEEP:
        return _decode_deep(image)
    if image.mode == "I;16":
        return np.array(image)[..., np.newaxis]
    transparent = image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info
    grey = image.mode in ("1", "L", "LA", "La")
    if grey and transparent and image.mode != "LA":
        return np.array(image.convert("RGBA"))[..., [0, 3]]
    mode = ("L" if grey else "RGB") + ("A" if transparent else "")
    pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    return pixels if pixels.ndim == 3 else pixels[..., np.newaxis]


_DEEP = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}


def _decode_deep(image: ImageFile.ImageFile) -> NDArray[np.uint16]:
    """All 16 bits of a colour PNG, (H, W, 3 or 4).

    Pillow has no such mode and keeps the first byte of each big-endian number. Told that the numbers are
    little-endian it keeps the second, so a second decoding gives the other half.
    """
    with Image.open(image.filename, formats=("PNG",)) as second:
        second.tile = [tile._replace(args=_DEEP[str(tile.args)]) for tile in second.tile]
        low = np.array(second)
    deep = np.array(image).astype(np.uint16)
    deep <<= 8
    deep |= low
    return deep


def _floats(values: NDArray[Any]) -> NDArray[np.float32]:
    """Integers of the full range of their type as float32, 0..1."""
    scaled = values.astype(np.float32)
    scaled /= np.iinfo(values.dtype).max
    return scaled
