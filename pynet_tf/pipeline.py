"""Photographs to batches: a streaming tf.data pipeline that can begin at any step.

Every crop is a function of the seed and of its running number alone, so a resumed run sees the same crops as an
uninterrupted one, and nothing but the batches under way is held in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from calib_data.dataset import Pair
from calib_data.errors import UserError
from pynet_tf.schedule import LevelPlan

_SHUFFLE, _CROP, _TURN = 0, 1, 2


def crops(pairs: Sequence[Pair], plan: LevelPlan, depth: bool, seed: int, first_step: int = 0) -> tf.data.Dataset:
    """Batches of random crops for one level, from step `first_step` on, without end.

    Args:
        pairs: Pairs with their targets, and with depth maps if `depth`.
        plan: The level's batch, crop and level.
        depth: Whether the input has the depth map as fourth channel.
        seed: Decides order, crops, turns and flips.
        first_step: The step at which to begin.

    Returns:
        A dataset of `(input (B, crop, crop, C), target (B, side, side, 3))`, 0..1, the target at the size of the
        level's output.

    Raises:
        UserError: A photo is smaller than the crop (raised when it is read).
    """
    originals = tf.constant([str(pair.original) for pair in pairs])
    targets = tf.constant([str(pair.bokeh) for pair in pairs])
    depths = tf.constant([str(pair.depth) if depth else "" for pair in pairs])
    count = len(pairs)

    def load(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        place = _shuffled_place(number, count, seed)
        photo, target = _decode(originals[place]), _decode(targets[place])
        layers = [photo, target]
        if depth:
            layers.append(_depth_like(depths[place], photo))
        cropped = _random_crop(tf.concat(layers, axis=-1), 2 * plan.crop, seed, number)
        turned = _random_turn(cropped, seed, number)
        return _input(turned, depth, plan.crop), _target(turned[..., 3:6], plan)

    numbers = tf.data.Dataset.range(first_step * plan.batch, tf.int64.max)
    loaded = numbers.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return loaded.batch(plan.batch, drop_remainder=True).prefetch(2)


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


def _shuffled_place(number: tf.Tensor, count: int, seed: int) -> tf.Tensor:
    epoch, place = number // count, number % count
    order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=_seed(seed, epoch, _SHUFFLE))
    return order[tf.cast(place, tf.int32)]


def _decode(path: tf.Tensor) -> tf.Tensor:
    picture = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
    return tf.cast(picture, tf.float32) / 255.0


def _depth_like(path: tf.Tensor, photo: tf.Tensor) -> tf.Tensor:
    """The depth map `(H, W, 1)`, 0..1, brought to the photo's size."""
    depth = tf.io.decode_png(tf.io.read_file(path), channels=1, dtype=tf.uint16)
    return tf.image.resize(tf.cast(depth, tf.float32) / 65535.0, tf.shape(photo)[:2])


def _random_crop(layers: tf.Tensor, side: int, seed: int, number: tf.Tensor) -> tf.Tensor:
    room = tf.shape(layers)[:2] - side
    tf.debugging.assert_non_negative(room, "a photo is smaller than the crop")
    places = tf.random.stateless_uniform([2], _seed(seed, number, _CROP), maxval=1.0)
    corner = tf.cast(places * tf.cast(room // 2 + 1, tf.float32), tf.int32) * 2
    cropped = layers[corner[0] : corner[0] + side, corner[1] : corner[1] + side]
    return tf.ensure_shape(cropped, (side, side, None))


def _random_turn(layers: tf.Tensor, seed: int, number: tf.Tensor) -> tf.Tensor:
    turns = tf.random.stateless_uniform([2], _seed(seed, number, _TURN), maxval=4, dtype=tf.int32)
    layers = tf.image.rot90(layers, turns[0])
    return tf.cond(turns[1] < 2, lambda: layers, lambda: tf.image.flip_left_right(layers))


def _input(layers: tf.Tensor, depth: bool, crop: int) -> tf.Tensor:
    photo = tf.concat([layers[..., :3], layers[..., 6:7]], axis=-1) if depth else layers[..., :3]
    half = tf.nn.avg_pool2d(photo[tf.newaxis], 2, 2, "VALID")[0]
    return tf.ensure_shape(half, (crop, crop, 4 if depth else 3))


def _target(target: tf.Tensor, plan: LevelPlan) -> tf.Tensor:
    side = 2 * plan.crop >> (plan.level - 1)
    if plan.level > 1:
        target = tf.image.resize(target, (side, side), "bicubic", antialias=True)
    return tf.ensure_shape(target, (side, side, 3))


def _seed(seed: int, number: tf.Tensor, purpose: int) -> tf.Tensor:
    return tf.stack([tf.constant(seed * 3 + purpose, tf.int64), tf.cast(number, tf.int64)])
