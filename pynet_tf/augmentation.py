"""What makes many pairs of one: turns, other sizes, tones and sharpness; the same for photo, depth map and target.

And what takes away what no network can foresee: that the two photos of a pair were exposed differently.
"""

from __future__ import annotations

import tensorflow as tf

_ZOOM, _TONES, _SHARPNESS = 101, 102, 103
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)  # a blur of sigma 1 pixel
_CELLS = 32  # a crop's exposure is compared in so many places along each side
_DARK = 0.003  # linear light that keeps the noise of shadows from being a change of exposure


def drawn_side(side: int, size: tf.Tensor, zoom: float, seed: tf.Tensor) -> int | tf.Tensor:
    """Side of the square that is cut from a photo to become a crop of `side` pixels.

    Args:
        side: Of the crop, in pixels.
        size: Height and width of the photo, (2,) int32, neither under `side`.
        zoom: Up to how many times `side` is cut; 1 leaves it.
        seed: Of this crop, (2,) int64.

    Returns:
        `side` if `zoom` is 1; otherwise an even number up to `zoom * side` that fits the photo, its logarithm uniform.
    """
    if zoom == 1.0:
        return side
    most = tf.minimum(tf.cast(tf.reduce_min(size), tf.float32) / side, zoom)
    share = tf.random.stateless_uniform([], _own(seed, _ZOOM))
    return tf.cast(side / 2 * tf.exp(share * tf.math.log(most)), tf.int32) * 2


def reduced(picture: tf.Tensor, side: int, method: str = "bicubic") -> tf.Tensor:
    """`(S, S, C)`, 0..1, antialiased to `(side, side, C)`; as it is if S is that."""
    channels = picture.shape[-1]
    if picture.shape[0] != side:
        picture = tf.cond(
            tf.shape(picture)[0] == side,
            lambda: picture,
            lambda: tf.clip_by_value(tf.image.resize(picture, (side, side), method, antialias=True), 0.0, 1.0),
        )
    return tf.ensure_shape(picture, (side, side, channels))


def exposure_between(photo: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """By how much more light a target was exposed than its photo.

    A lens changes how light is spread, not how much there is, so that most places of a pair differ by one factor on
    linear light. Taken is the median over 32x32 means, bright places counting more (by the root of their light), which
    lights that spread do not move.

    Args:
        photo: `(S, S, 3)`, 0..1, S a multiple of 32.
        target: The same, of its target.

    Returns:
        A factor on linear light (sRGB, IEC 61966-2-1).
    """
    own, other = (tf.reshape(_means(_linear(one)), [-1]) for one in (photo, target))
    change = (other + _DARK) / (own + _DARK)
    order = tf.argsort(change)
    reached = tf.cumsum(tf.gather(tf.sqrt(own + _DARK), order))
    middle = tf.searchsorted(reached, [reached[-1] / 2])[0]
    return tf.gather(change, order)[middle]


def exposed_alike(photo: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """The target, brought to the photo's exposure; arguments as for `exposure_between`, `(S, S, 3)`, 0..1."""
    light = _linear(target) / exposure_between(photo, target)
    return _encoded(tf.clip_by_value(light, 0.0, 1.0))


def toned(photo: tf.Tensor, target: tf.Tensor, strength: float, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A pair with the tones of another exposure, light and development.

    The logarithms of a gamma, of a gain for each channel, and of a factor of saturation are uniform in plus and minus
    `strength`, half of it, and twice of it.

    Args:
        photo: `(S, S, 3)`, 0..1.
        target: The same, of its target.
        strength: 0.2 changes mid tones by up to a fifth of a stop or so.
        seed: Of this crop, (2,) int64.

    Returns:
        Both, 0..1.
    """
    drawn = tf.random.stateless_uniform([5], _own(seed, _TONES), minval=-strength, maxval=strength)
    gamma, gains, saturation = tf.exp(drawn[0]), tf.exp(drawn[1:4] / 2), tf.exp(2 * drawn[4])

    def changed(picture: tf.Tensor) -> tf.Tensor:
        bright = tf.pow(picture, gamma) * gains
        grey = tf.reduce_mean(bright, axis=-1, keepdims=True)
        return tf.clip_by_value(grey + saturation * (bright - grey), 0.0, 1.0)

    return changed(photo), changed(target)


def sharpened(photo: tf.Tensor, target: tf.Tensor, most: float, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A pair as sharp as another camera, or another reduction of the file, would have made it.

    What a blur of sigma 1 pixel takes away is added again times a factor (an unsharp mask), whose logarithm is uniform:
    what is sharp must be told from what is less so, not from how sharp it is.

    Args:
        photo: `(S, S, 3)`, 0..1.
        target: The same, of its target.
        most: Fine detail is multiplied by `1 / most` to `most`.
        seed: Of this crop, (2,) int64.

    Returns:
        Both, 0..1.
    """
    drawn = tf.random.stateless_uniform([], _own(seed, _SHARPNESS), minval=-1.0, maxval=1.0)
    factor = tf.exp(drawn * tf.math.log(most))

    def changed(picture: tf.Tensor) -> tf.Tensor:
        soft = _blurred(picture)
        return tf.clip_by_value(soft + factor * (picture - soft), 0.0, 1.0)

    return changed(photo), changed(target)


def turned(layers: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
    """Turned by `turns[0]` times 90 degrees, and mirrored if `turns[1]` is 2 or 3; (S, S, C)."""
    around = tf.image.rot90(layers, turns[0])
    mirrored = tf.cond(turns[1] < 2, lambda: around, lambda: tf.reverse(around, axis=[1]))
    return tf.ensure_shape(mirrored, layers.shape)


def _means(light: tf.Tensor) -> tf.Tensor:
    side = light.shape[0] // _CELLS
    return tf.reduce_mean(tf.nn.avg_pool2d(light[tf.newaxis], side, side, "VALID"), axis=-1)


def _blurred(picture: tf.Tensor) -> tf.Tensor:
    reach = len(_BINOMIAL) // 2
    padded = tf.pad(picture, ((reach, reach), (reach, reach), (0, 0)), "REFLECT")[tf.newaxis]
    row = tf.tile(tf.reshape(tf.constant(_BINOMIAL), (1, -1, 1, 1)), (1, 1, picture.shape[-1], 1))
    for kernel in (row, tf.transpose(row, (1, 0, 2, 3))):
        padded = tf.nn.depthwise_conv2d(padded, kernel, (1, 1, 1, 1), "VALID")
    return padded[0]


def _linear(picture: tf.Tensor) -> tf.Tensor:
    return tf.where(picture <= 0.04045, picture / 12.92, tf.pow((picture + 0.055) / 1.055, 2.4))


def _encoded(light: tf.Tensor) -> tf.Tensor:
    return tf.where(light <= 0.0031308, light * 12.92, 1.055 * tf.pow(light, 1 / 2.4) - 0.055)


def _own(seed: tf.Tensor, purpose: int) -> tf.Tensor:
    """A seed that differs from the crop's others."""
    return tf.random.experimental.stateless_fold_in(seed, purpose)
