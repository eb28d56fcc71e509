"""Decoded pictures kept for their next crop: in memory, or as files of which a crop reads only its own rows.

Reading from either is TensorFlow's work alone. Python functions inside of tf.data would be simpler, but a process that
ends while one runs hangs.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from calib_data.errors import UserError
from calib_data.files import atomic_path, make_folder
from calib_data.parallel import in_parallel
from pynet_tf.decoding import Header, Integers, decode

CacheChoice: TypeAlias = Literal["memory"] | Path | None
"""Keep decoded pictures in memory, keep them in this folder, or keep none."""

DEFAULT_BUDGET_MIB = 2048
"""With what a level-1 batch takes, this stays under 3 GiB."""

_FORMAT = "1"
_MIB = 1 << 20


class MemoryCache:
    """Decoded pictures, one after the other in one tensor of bytes; decodes them all.

    Args:
        headers: The pictures.
        budget_mib: Most memory for them, in MiB.

    Raises:
        UserError: They need more than that, or one cannot be decoded.
    """

    def __init__(self, headers: Sequence[Header], budget_mib: int) -> None:
        needed = sum(header.nbytes for header in headers)
        if needed > budget_mib * _MIB:
            raise UserError(
                f"{len(headers)} pictures, the first of them {headers[0].path}, have to be kept decoded; that takes "
                f"{-(-needed // _MIB)} MiB of memory, and {budget_mib} MiB are allowed.",
                "Name a folder as the cache, or allow more memory.",
            )
        joined, place = _aligned_bytes(needed), 0
        for pixels in in_parallel(decode, headers):
            joined[place : place + pixels.nbytes] = pixels.reshape(-1).view(np.uint8)
            place += pixels.nbytes
        self._bytes = tf.experimental.dlpack.from_dlpack(joined.__dlpack__())  # without a second copy

    def read(self, start: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        """`count` bytes (count,), uint8, from `start` on; both scalar int64."""
        return tf.slice(self._bytes, [start], [count])


class DiskCache:
    """Decoded pictures as `.npy` files in a folder.

    A file's name is a hash of its picture's path, size and time of change, so that later runs find it and a changed
    picture is decoded anew. Files appear whole or not at all: a run that is killed leaves nothing that misleads.

    Args:
        folder: Made if it is not there. Other runs may use it at the same time.

    Raises:
        UserError: `folder` cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder} is a file; the cache is a folder.", "Name another folder for the cache.")
        make_folder(folder)
        self._folder = folder

    def fill(self, headers: Sequence[Header]) -> Iterator[Path]:
        """Decode and write the pictures that are missing, yielding the file of each as it is there.

        Raises:
            UserError: A picture cannot be decoded, or the disk has no room for what is missing.
        """
        missing = [header for header in headers if not self.file(header).exists()]
        needed, free = sum(header.nbytes for header in missing), shutil.disk_usage(self._folder).free
        if needed > free:
            raise UserError(
                f"the cache in {self._folder} needs {-(-needed // _MIB)} MiB more; its disk has {free // _MIB} MiB.",
                "Free some space, name a folder on another disk, or cache nothing.",
            )
        yield from in_parallel(self._write, missing)

    def file(self, header: Header) -> Path:
        """Where a picture is or will be kept."""
        identity = "\0".join((_FORMAT, str(header.path.resolve()), header.stamp, str(header.depth)))
        return self._folder / f"{hashlib.sha256(identity.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.npy"

    def preamble(self, header: Header) -> int:
        """Bytes before the pixels in a picture's file.

        Raises:
            UserError: The file is damaged.
        """
        file, shape = self.file(header), (header.height, header.width, 1 if header.depth else 3)
        try:
            pixels: Integers = np.load(file, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, FileNotFoundError) as error:
            raise _damaged(file, header) from error
        if not isinstance(pixels, np.memmap) or pixels.shape != shape or pixels.nbytes != header.nbytes:
            raise _damaged(file, header)
        return int(pixels.offset)

    def _write(self, header: Header) -> Path:
        file = self.file(header)
        with atomic_path(file) as beside:
            np.save(beside, decode(header), allow_pickle=False)
        return file


def read_file_part(path: tf.Tensor, start: tf.Tensor, count: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """`count` bytes (count,), uint8, of a file of `size` bytes, from `start` on; all scalar int64."""
    one = tf.data.FixedLengthRecordDataset(
        path, record_bytes=count, header_bytes=start, footer_bytes=size - start - count
    )
    return tf.io.decode_raw(one.get_single_element(), tf.uint8)


def _aligned_bytes(count: int) -> NDArray[np.uint8]:
    """Room for `count` bytes that begins where TensorFlow wants tensors to begin."""
    alignment = 64
    room = np.empty(max(1, count) + alignment, np.uint8)
    start = -room.ctypes.data % alignment
    return room[start : start + max(1, count)]


def _damaged(file: Path, header: Header) -> UserError:
    return UserError(f"{file}, the cached copy of {header.path}, is damaged.", "Delete it; it is then made anew.")
