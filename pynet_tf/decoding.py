"""Pictures of a data set to pixels, decoded as the project's reader `calib_data.photo` decodes them.

Plain JPEG and PNG files can go through TensorFlow's own decoders, which run in parallel and, for JPEG, decode only the
rows and columns of a crop; their pixels equal Pillow's. Everything else - other formats, orientation, transparency,
16-bit photographs - goes through `read_photo` and `read_depth`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image, ImageFile

from calib_data.errors import UserError
from calib_data.exif import orientation
from calib_data.photo import BROKEN, LARGEST_PIXELS, read_depth, read_photo

Integers: TypeAlias = NDArray[Any]
"""uint8 or uint16, the full range of the type."""

_MARGIN = 16
"""Pixels decoded round a JPEG's crop, so that chroma is interpolated across its border as in the whole picture."""

_PNG_START, _PNG_BIT_DEPTH = b"\x89PNG", 24
_UNREADABLE = (*BROKEN, Image.DecompressionBombError, Image.DecompressionBombWarning)


class Coding(Enum):
    """Which decoder of TensorFlow's gives the pixels that the project's reader gives; `OTHER` for none."""

    JPEG = "jpeg"
    PNG = "png"
    OTHER = "other"


@dataclass(frozen=True)
class Header:
    """What a picture's file tells before it is decoded.

    Attributes:
        path: The file.
        height: Rows of the upright picture.
        width: Its columns.
        depth: Whether it is a depth map (one channel) and not a photograph (three).
        coding: How TensorFlow can decode it.
        deep: Whether it has 16 bits a channel.
        stamp: Bytes and time of last change of the file, which tell it from a later one of its name.
    """

    path: Path
    height: int
    width: int
    depth: bool
    coding: Coding
    deep: bool
    stamp: str

    @property
    def nbytes(self) -> int:
        """Bytes of the decoded picture."""
        return self.height * self.width * (1 if self.depth else 3) * (2 if self.deep else 1)


def read_header(path: Path, depth: bool = False) -> Header:
    """Look at a picture without decoding it, HEIC excepted.

    Raises:
        UserError: As `read_photo` or `read_depth`, as far as the first bytes tell.
    """
    with contextlib.suppress(*_UNREADABLE), Image.open(path, formats=("JPEG", "PNG", "WEBP")) as image:
        turned = orientation(image.info.get("exif"))
        width, height = image.size if turned < 5 else image.size[::-1]
        if width * height <= LARGEST_PIXELS and image.mode != "CMYK":
            deep = _is_deep(path)
            return Header(path, height, width, depth, _coding(image, depth, deep, turned), deep, _stamp(path))
    pixels = read_depth(path) if depth else read_photo(path).pixels  # says in words what is wrong, or reads HEIC
    height, width = pixels.shape[:2]
    return Header(path, height, width, depth=depth, coding=Coding.OTHER, deep=False, stamp=_stamp(path))


def decode(header: Header) -> Integers:
    """Decode a whole picture: (H, W, 3), or (H, W, 1) for a depth map, uint8 or, if it is deep, uint16.

    Raises:
        UserError: The file cannot be read, or is of another size than when its header was read.
    """
    values = read_depth(header.path)[..., np.newaxis] if header.depth else read_photo(header.path).pixels
    if values.shape[:2] != (header.height, header.width):
        raise UserError(
            f"{header.path} is {values.shape[0]}x{values.shape[1]}, but was {header.height}x{header.width} before.",
            "Leave the data set as it is during a run; save a PNG whose orientation stands at its end anew.",
        )
    values *= 65535 if header.deep else 255
    return np.rint(values, out=values).astype(np.uint16 if header.deep else np.uint8)


def decode_jpeg_crop(path: tf.Tensor, size: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
    """A part of a plain JPEG, equal to Pillow's decoding.

    Args:
        path: The file, a scalar string.
        size: Height and width of the picture, (2,) int32.
        part: Top, left, height and width, (4,) int32.

    Returns:
        (height, width, 3), float32, 0..1.
    """
    corner, extent = part[:2], part[2:]
    start = tf.maximum(corner - _MARGIN, 0)
    end = tf.minimum(corner + extent + _MARGIN, size)
    window = tf.concat([start, end - start], axis=0)
    wider = tf.io.decode_and_crop_jpeg(tf.io.read_file(path), window, channels=3, dct_method="INTEGER_ACCURATE")
    cropped = tf.slice(wider, tf.concat([corner - start, [0]], axis=0), tf.concat([extent, [3]], axis=0))
    return tf.cast(cropped, tf.float32) / 255.0


def decode_png(path: tf.Tensor, part: tf.Tensor, channels: int) -> tf.Tensor:
    """A part (top, left, height, width) of a plain PNG as (height, width, channels), float32, 0..1.

    Photographs (3 channels) have 8 bits, depth maps (1 channel) 8 or 16.
    """
    kind = tf.uint8 if channels == 3 else tf.uint16  # 8 bits are widened without loss
    whole = tf.io.decode_png(tf.io.read_file(path), channels=channels, dtype=kind)
    cropped = tf.slice(whole, tf.concat([part[:2], [0]], axis=0), tf.concat([part[2:], [channels]], axis=0))
    return tf.cast(cropped, tf.float32) / float(kind.max)


def _coding(image: ImageFile.ImageFile, depth: bool, deep: bool, turned: int) -> Coding:
    if turned != 1 or "transparency" in image.info or (image.format == "PNG" and getattr(image, "is_animated", False)):
        return Coding.OTHER
    if image.format == "PNG":
        modes = ("L", "I;16") if depth else ("RGB", "L")
        return Coding.PNG if image.mode in modes and (depth or not deep) else Coding.OTHER
    return Coding.JPEG if image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L") and not depth else Coding.OTHER


def _is_deep(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(_PNG_BIT_DEPTH + 1)
    return start.startswith(_PNG_START) and start[-1] == 16


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"
