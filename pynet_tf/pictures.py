"""The pictures of a data set as TensorFlow reads them: whole or cropped, from their files or from a cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path

import tensorflow as tf

from calib_data.errors import UserError
from pynet_tf.decoding import Coding, Header, decode, decode_jpeg_crop, decode_png
from pynet_tf.pixel_cache import CacheChoice, DiskCache, MemoryCache, read_file_part


class _Source(IntEnum):
    JPEG, PNG, MEMORY, DISK = range(4)


class Pictures:
    """Originals, targets and depth maps, addressed by their place among `headers`.

    JPEG and PNG files that TensorFlow decodes as the project's reader does are decoded for each crop. All others -
    other formats, orientation, transparency, 16-bit photographs - are decoded once and kept in memory, as are all
    pictures where `cache` asks for it.

    Args:
        headers: The pictures.
        cache: `memory`, a folder that holds decoded pictures for this and later runs, or None.
        budget_mib: Most memory for decoded pictures, in MiB.

    Raises:
        UserError: The decoded pictures do not fit, a picture cannot be decoded, or the folder cannot be used.
    """

    def __init__(self, headers: Sequence[Header], cache: CacheChoice, budget_mib: int) -> None:
        self._headers = headers
        self._disk = DiskCache(cache) if isinstance(cache, Path) else None
        sources = [_source(header, cache) for header in headers]
        if self._disk is not None:
            for _ in self._disk.fill(headers):
                pass
        kept = [header for header, source in zip(headers, sources, strict=True) if source is _Source.MEMORY]
        self._memory = MemoryCache(kept, budget_mib)
        starts = self._starts(sources)
        with tf.device("/CPU:0"):  # tf.data runs there
            self.sizes = tf.constant([(header.height, header.width) for header in headers], tf.int32)
            self._paths = tf.constant([os.fsencode(self._path(header)) for header in headers])
            self._starts_at = tf.constant(starts, tf.int64)
            self._bytes = tf.constant([header.nbytes for header in headers], tf.int64)
            self._deep = tf.constant([header.deep for header in headers])
            self._sources = tf.constant([int(source) for source in sources], tf.int32)
        self._used = sorted(set(sources))

    def crop(
        self, place: tf.Tensor, corner: tf.Tensor, height: tf.Tensor, width: tf.Tensor, channels: int
    ) -> tf.Tensor:
        """(height, width, channels), float32, 0..1.

        Args:
            place: Of the picture, scalar int.
            corner: Row and column of the upper left pixel, (2,) int32.
            height: Rows, int32.
            width: Columns, int32.
            channels: 3 for a photograph, 1 for a depth map.
        """
        part = tf.concat([corner, tf.stack([height, width])], axis=0)
        readers: dict[_Source, Callable[[], tf.Tensor]] = {
            _Source.JPEG: lambda: decode_jpeg_crop(self._paths[place], self.sizes[place], part),
            _Source.PNG: lambda: decode_png(self._paths[place], part, channels),
            _Source.MEMORY: lambda: self._kept(place, part, channels, self._from_memory),
            _Source.DISK: lambda: self._kept(place, part, channels, self._from_disk),
        }
        used = [readers[source] for source in self._used]
        if len(used) == 1:
            return used[0]()
        branch = tf.reduce_sum(tf.cast(self._sources[place] > tf.constant(self._used), tf.int32))
        return tf.switch_case(branch, used)

    def check(self, place: int) -> None:
        """Read one picture again, and what is kept of it.

        Raises:
            UserError: It cannot be read.
        """
        decode(self._headers[place])
        if self._disk is not None:
            self._disk.preamble(self._headers[place])

    def _path(self, header: Header) -> Path:
        return header.path if self._disk is None else self._disk.file(header)

    def _starts(self, sources: Sequence[_Source]) -> list[int]:
        """Where the pixels of each picture begin, in bytes."""
        starts, kept = [], 0
        for header, source in zip(self._headers, sources, strict=True):
            starts.append(self._disk.preamble(header) if self._disk is not None else kept)
            kept += header.nbytes if source is _Source.MEMORY else 0
        return starts

    def _kept(
        self,
        place: tf.Tensor,
        part: tf.Tensor,
        channels: int,
        read: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor],
    ) -> tf.Tensor:
        """A part of a decoded picture, of which only its rows are read."""
        deep, (top, left, height, width) = self._deep[place], tf.unstack(part)
        pixel = channels * tf.where(deep, 2, 1)
        row = tf.cast(self.sizes[place][1] * pixel, tf.int64)
        rows = read(place, tf.cast(top, tf.int64) * row, tf.cast(height, tf.int64) * row)
        values = tf.reshape(rows, (height, self.sizes[place][1], pixel))[:, left : left + width]
        return tf.cond(
            deep,
            lambda: _floats(tf.bitcast(tf.reshape(values, (height, width, channels, 2)), tf.uint16)),
            lambda: _floats(tf.ensure_shape(values, (None, None, channels))),
        )

    def _from_memory(self, place: tf.Tensor, offset: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        return self._memory.read(self._starts_at[place] + offset, count)

    def _from_disk(self, place: tf.Tensor, offset: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        start = self._starts_at[place]
        return read_file_part(self._paths[place], start + offset, count, start + self._bytes[place])


def _source(header: Header, cache: CacheChoice) -> _Source:
    if isinstance(cache, Path):
        return _Source.DISK
    if cache is not None and cache != "memory":
        raise UserError(f"the cache {cache!r} is unknown.", "Take memory, a Path to a folder, or None.")
    if cache == "memory" or header.coding is Coding.OTHER:
        return _Source.MEMORY
    return _Source.JPEG if header.coding is Coding.JPEG else _Source.PNG


def _floats(values: tf.Tensor) -> tf.Tensor:
    return tf.cast(values, tf.float32) / float(values.dtype.max)
