"""Photographs to batches: a streaming tf.data pipeline that can begin at any step.

Every crop is a function of the seed and of its running number alone, so a resumed run sees the same crops as an
uninterrupted one, and nothing but the batches under way is held in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from calib_data.checks import ASPECT_TOLERANCE
from calib_data.dataset import BOKEH, DEPTH, Pair
from calib_data.errors import UserError
from calib_data.parallel import in_parallel
from pynet_tf.augmentation import drawn_side, exposed_alike, reduced, sharpened, toned, turned
from pynet_tf.decoding import Header, read_header
from pynet_tf.pictures import Pictures
from pynet_tf.pixel_cache import DEFAULT_BUDGET_MIB, CacheChoice
from pynet_tf.schedule import LevelPlan

Batch: TypeAlias = tuple[Any, Any]
"""Input and target, of one device or of several."""

_SHUFFLE, _CROP, _TURN = 0, 1, 2
_PREFETCHED = 2
_MOST_THREADS = 16
"""Each holds one pair's crops, about 60 MiB at the paper's sizes: memory is bounded on machines with many cores."""


class CropStream:
    """Random crops of one data set for one level, without end.

    All headers are read at once, in about a millisecond a pair, so that what does not fit is refused before training.

    Args:
        pairs: Pairs with their targets, and with depth maps if `depth`.
        plan: The level's batch, crop and level.
        depth: Whether the input has the depth map as fourth channel.
        seed: Decides order, crops, turns and flips.
        cache: `memory` keeps decoded pictures in RAM, a folder keeps them there for this and later runs, None decodes
            each crop from its file. The batches are the same.
        cache_mib: Most memory that `memory` may take, in MiB.
        threads: Pairs decoded at a time; by default as many as there are cores, at most 16.
        shard: Which equal part of each batch, of how many: (1, 4) gives the second quarter.

    Raises:
        UserError: A picture cannot be read, is smaller than the crop or has not the size of its partner; there are no
            pairs; the batch has no such parts; or the cache cannot hold the pictures.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        plan: LevelPlan,
        depth: bool,
        seed: int,
        *,
        cache: CacheChoice = None,
        cache_mib: int = DEFAULT_BUDGET_MIB,
        threads: int | None = None,
        shard: tuple[int, int] = (0, 1),
    ) -> None:
        _check_shard(shard, plan)
        self._plan, self._seed, self._shard = plan, seed, shard
        self._threads = threads or min(os.cpu_count() or 1, _MOST_THREADS)
        self._groups = _headers(pairs, depth)
        for group in self._groups:
            _check_group(group, plan)
        self._depth, self._files = depth, len(self._groups[0])
        self._pictures = Pictures([header for group in self._groups for header in group], cache, cache_mib)

    def batches(self, first_step: int = 0) -> tf.data.Dataset:
        """The batches from step `first_step` on.

        Returns:
            A dataset of `(input (B, crop, crop, C), target (B, side, side, 3))`, 0..1, the target at the size of the
            level's output.
        """
        size = self._plan.batch // self._shard[1]
        numbers = tf.data.Dataset.range(first_step * size, tf.int64.max)
        load = tf.autograph.experimental.do_not_convert(self._load)
        loaded = numbers.map(load, num_parallel_calls=self._threads, deterministic=True)
        options = tf.data.Options()
        options.autotune.enabled = False
        options.threading.private_threadpool_size = self._threads
        options.threading.max_intra_op_parallelism = 1
        return loaded.batch(size, drop_remainder=True).prefetch(_PREFETCHED).with_options(options)

    def explained(self, batches: Iterable[Batch], first_step: int = 0) -> Iterator[Batch]:
        """The batches from step `first_step` on, as `batches` or a distribution of them gives them.

        Raises:
            UserError: One cannot be loaded.
        """
        step, waiting = first_step, iter(batches)
        while True:
            try:
                batch = next(waiting)
            except StopIteration:
                return
            except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError):
                raise  # another worker is gone, and no picture broken
            except tf.errors.OpError as error:
                raise self.explain(error, step) from error
            yield batch
            step += 1

    def explain(self, error: tf.errors.OpError, step: int) -> UserError:
        """What is wrong where the dataset raised `error` for the batch of `step`, by reading its pictures again."""
        size = self._plan.batch // self._shard[1]
        places = {int(self._place(self._number(tf.constant(step * size + k, tf.int64)))) for k in range(size)}
        for place in sorted(places):
            for file in range(self._files):
                try:
                    self._pictures.check(self._files * place + file)
                except UserError as found:
                    return found
        pictures = [header for place in sorted(places) for header in self._groups[place]]
        names = ", ".join(str(header.path) for header in pictures)
        return UserError(
            f"the batch of step {step} cannot be loaded: {error.message.splitlines()[0]}. Its pictures: {names}.",
            "Look for broken pictures with python -m calib_data.check, and resume.",
        )

    def _load(self, place_in_stream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        number, crop = self._number(place_in_stream), self._plan.crop
        place = self._place(number)
        first = self._files * tf.cast(place, tf.int32)
        size = self._pictures.sizes[first]
        side = drawn_side(2 * crop, size, self._plan.zoom, _seed(self._seed, number, _CROP))
        corner = self._corner(number, size, side)
        photo, target = (self._photo(file, corner, side) for file in (first, first + 1))
        if self._plan.same_exposure:
            target = exposed_alike(photo, target)
        if self._plan.tones:
            photo, target = toned(photo, target, self._plan.tones, _seed(self._seed, number, _TURN))
        if self._plan.sharpness != 1:
            photo, target = sharpened(photo, target, self._plan.sharpness, _seed(self._seed, number, _TURN))
        layers = [_halved(photo)]
        if self._depth:
            depth = self._depth_map(first + 2, size // 2, corner // 2, side // 2)
            layers.append(reduced(depth, crop, "bilinear"))
        target = _at_level(target, self._plan)
        turns = tf.random.stateless_uniform([2], _seed(self._seed, number, _TURN), maxval=4, dtype=tf.int32)
        if self._plan.upright:
            turns *= [0, 1]
        return turned(tf.concat(layers, axis=-1), turns), turned(target, turns)

    def _photo(self, file: tf.Tensor, corner: tf.Tensor, side: int | tf.Tensor) -> tf.Tensor:
        """(2 crop, 2 crop, 3) of the square of `side` pixels at `corner`."""
        return reduced(self._pictures.crop(file, corner, side, side, channels=3), 2 * self._plan.crop)

    def _depth_map(self, file: tf.Tensor, half: tf.Tensor, corner: tf.Tensor, side: int | tf.Tensor) -> tf.Tensor:
        """(side, side, 1) of the depth map brought to the size `half` of the half-size photo, at `corner` in it."""
        size = self._pictures.sizes[file]

        def resized() -> tf.Tensor:
            whole = self._pictures.crop(file, tf.zeros(2, tf.int32), size[0], size[1], channels=1)
            fitting = tf.image.resize(whole, half, "bilinear", antialias=True)
            return tf.clip_by_value(tf.slice(fitting, tf.concat([corner, [0]], axis=0), (side, side, 1)), 0.0, 1.0)

        return tf.cond(
            tf.reduce_all(size == half),
            lambda: self._pictures.crop(file, corner, side, side, channels=1),
            resized,
        )

    def _number(self, place_in_stream: tf.Tensor) -> tf.Tensor:
        """The running number of a crop in the whole, of which this stream may be a part."""
        part, parts = self._shard
        size = self._plan.batch // parts
        return place_in_stream // size * self._plan.batch + part * size + place_in_stream % size

    def _place(self, number: tf.Tensor) -> tf.Tensor:
        """Which pair: each once in an epoch, in an order of the epoch's own."""
        count = tf.constant(len(self._groups), tf.int64)
        seed = _seed(self._seed, number // count, _SHUFFLE)
        return tf.random.experimental.index_shuffle(number % count, seed, count - 1)

    def _corner(self, number: tf.Tensor, size: tf.Tensor, side: int | tf.Tensor) -> tf.Tensor:
        """Upper left pixel of the crop: even, so that it is one of the input tensor and of the depth map."""
        places = tf.random.stateless_uniform([2], _seed(self._seed, number, _CROP), maxval=1.0)
        return tf.cast(places * tf.cast((size - side) // 2 + 1, tf.float32), tf.int32) * 2


def crops(
    pairs: Sequence[Pair],
    plan: LevelPlan,
    depth: bool,
    seed: int,
    first_step: int = 0,
    *,
    cache: CacheChoice = None,
    cache_mib: int = DEFAULT_BUDGET_MIB,
    threads: int | None = None,
    shard: tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
    """Batches of random crops for one level, from step `first_step` on, without end.

    Arguments and errors are those of `CropStream`, the result is that of `CropStream.batches`.
    """
    stream = CropStream(pairs, plan, depth, seed, cache=cache, cache_mib=cache_mib, threads=threads, shard=shard)
    return stream.batches(first_step)


def check_pairs(pairs: Sequence[Pair], plan: LevelPlan, depth: bool) -> None:
    """Refuse pairs of which crops cannot be cut at this level, by their headers alone.

    Raises:
        UserError: As `CropStream`.
    """
    for group in _headers(pairs, depth) if pairs else ():
        _check_group(group, plan)


def check_crop(size: tuple[int, int], plan: LevelPlan, name: str) -> None:
    """Refuse photos that are smaller than the crop.

    Raises:
        UserError: `size` (height, width) in pixels is under twice the crop.
    """
    if min(size) < 2 * plan.crop:
        fitting = min(size) // 64 * 32
        raise UserError(
            f"{name} is {size[0]}x{size[1]}; a crop of {plan.crop} needs photos of {2 * plan.crop} pixels a side.",
            f"Take --crop {fitting} or less." if fitting else "Take larger photos.",
        )


def _headers(pairs: Sequence[Pair], depth: bool) -> list[tuple[Header, ...]]:
    """Original, target and, if `depth`, depth map of each pair."""
    if not pairs:
        raise UserError("there are no pairs to train on.", "Name a folder with pairs.")

    def read(pair: Pair) -> tuple[Header, ...]:
        files: list[tuple[Any, bool, str]] = [(pair.original, False, ""), (pair.bokeh, False, BOKEH)]
        files += [(pair.depth, True, DEPTH)] if depth else []
        for path, _, part in files:
            if path is None:
                raise UserError(f"{pair.original} has no {part} picture of its name.", "Add it, or skip the pair.")
        return tuple(read_header(path, is_depth) for path, is_depth, _ in files)

    return list(in_parallel(read, pairs))


def _check_group(group: tuple[Header, ...], plan: LevelPlan) -> None:
    """Refuse a pair that is too small or does not fit together."""
    original, target, *depths = group
    size = original.height, original.width
    check_crop(size, plan, str(original.path))
    if (target.height, target.width) != size:
        raise UserError(
            f"{original.path} is {size[0]}x{size[1]}, but its target {target.path} is {target.height}x{target.width}.",
            "Bring both to one size, aligned with each other; python -m calib_data.check lists all such pairs.",
        )
    for depth in depths:
        aspect = (depth.height / depth.width) / (original.height / original.width)
        if abs(aspect - 1) > ASPECT_TOLERANCE:
            raise UserError(
                f"{original.path} is {size[0]}x{size[1]}, but its depth map {depth.path} is "
                f"{depth.height}x{depth.width}, of another shape.",
                "Make the depth map from this photo, upright and uncropped.",
            )


def _check_shard(shard: tuple[int, int], plan: LevelPlan) -> None:
    part, parts = shard
    if parts < 1 or not 0 <= part < parts or plan.batch % parts:
        raise UserError(
            f"a batch of {plan.batch} has no part {part} of {parts} equal parts.",
            f"Take a --batch that is a multiple of the number of workers, such as {max(1, parts)}.",
        )


def _halved(photo: tf.Tensor) -> tf.Tensor:
    """Each pixel is the mean of 2x2: (H, W, C) to (H/2, W/2, C)."""
    return tf.nn.avg_pool2d(photo[tf.newaxis], 2, 2, "VALID")[0]


def _at_level(target: tf.Tensor, plan: LevelPlan) -> tf.Tensor:
    """Antialiased bicubic to the level's output, clipped to 0..1."""
    if plan.level == 1:
        return target
    side = plan.output_side
    return tf.clip_by_value(tf.image.resize(target, (side, side), "bicubic", antialias=True), 0.0, 1.0)


def _seed(seed: int, number: tf.Tensor, purpose: int) -> tf.Tensor:
    return tf.stack([tf.constant(seed * 3 + purpose, tf.int64), tf.cast(number, tf.int64)])
