"""PyNET, level by level, in the order in which the original creates its variables."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import tf_keras as keras

from calib_data.errors import UserError
from pynet_tf.config import COARSEST_LEVEL, FINEST_LEVEL, LEVELS, PyNETConfig, check_level
from pynet_tf.layers import BlendHead, DirectHead, InstanceNorm, PhotoColours, ResidualHead, SpaceToDepth

INPUT_NAME = "photo"
FIRST_LAYER = "encoder3_conv3a"
HEAD_LAYERS = frozenset({"level1_up", *(f"level{level}_{what}" for level in LEVELS for what in ("head", "gates"))})
TENSOR_MULTIPLE = 32
LEAKY_SLOPE = 0.2
_HEAD_STDDEV = {"direct": 0.02, "residual": 0.001, "blend": 0.001}  # the last two start at the photo itself
_COLOURS, _GATES = 3, 2

Tensor: TypeAlias = Any  # a symbolic Keras tensor; TensorFlow is untyped


def build_pynet(
    config: PyNETConfig,
    lowest_level: int = FINEST_LEVEL,
    tensor_size: tuple[int | None, int | None] = (None, None),
    seed: int | None = None,
    precision: str = "float32",
) -> keras.Model:
    """Build PyNET from level 7 down to `lowest_level`.

    Args:
        config: What the network is made of.
        lowest_level: The finest level to build, 1 to 7; nothing that only a finer level needs is built.
        tensor_size: Height and width of the input tensor, multiples of 32; None leaves them free.
        seed: Makes the initial weights repeatable.
        precision: Keras' policy for levels 7 to 3, where the work is: `float32`, `mixed_float16` or `mixed_bfloat16`.
            Weights, norms, heads, and levels 2 and 1 are float32 always.

    Returns:
        A functional model from `photo` `(B, H, W, C)`, 0..1, to a dict `level1` ... `level7` (or the levels
        built) of pictures; `level1` is `(B, 2H, 2W, 3)` and each next level half of that.

    Raises:
        UserError: `lowest_level` is not a level, or `tensor_size` not a multiple of 32.

    Example:
        >>> model = build_pynet(PyNETConfig(width=8, head="residual"))
        >>> model(photo)["level1"]
    """
    check_level(lowest_level)
    for side in tensor_size:
        if side is not None and (side <= 0 or side % TENSOR_MULTIPLE):
            raise UserError(
                f"the input tensor's size is {tensor_size}; its sides must be multiples of {TENSOR_MULTIPLE}.",
                "Pad the photo to multiples of 64.",
            )
    photo = keras.Input((*tensor_size, config.channels), name=INPUT_NAME)
    outputs = _Pyramid(config, photo, seed, precision).levels(lowest_level)
    return keras.Model(photo, outputs, name="pynet")


class _Pyramid:
    """The graph under construction; one method a level, `p` and `q` being the two ways up to the next."""

    def __init__(self, config: PyNETConfig, photo: Tensor, seed: int | None, precision: str) -> None:
        self.config = config
        self.photo = photo
        self._seed = seed
        self._policy = precision
        self._drawn = 0

    def levels(self, lowest: int) -> dict[str, Tensor]:
        """Pictures of all levels from 7 down to `lowest`, by name."""
        d3, d4, d5, d6 = self._encoder()
        pictures: dict[str, Tensor] = {}
        steps: dict[int, Callable[..., tuple[tuple[Tensor, ...], Tensor]]] = {
            7: functools.partial(self._level7, d6),
            6: functools.partial(self._level6, d6),
            5: functools.partial(self._level5, d5),
            4: functools.partial(self._level4, d4),
            3: functools.partial(self._level3, d3),
            2: self._level2,
            1: self._level1,
        }
        below: tuple[Tensor, ...] = ()
        for level in range(COARSEST_LEVEL, lowest - 1, -1):
            below, pictures[f"level{level}"] = steps[level](*below)
        return pictures

    def _encoder(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        maps = SpaceToDepth(name="space_to_depth", dtype=self._policy)(self.photo)
        stages: list[Tensor] = []
        for level in (3, 4, 5, 6):
            if stages:
                maps = self._pool(stages[-1], f"encoder{level}_pool")
            stages.append(self._multi(3, level, maps, f"encoder{level}"))
        return stages[0], stages[1], stages[2], stages[3]

    def _level7(self, d6: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        a = self._multi(3, 7, self._pool(d6, "level7_pool"), "level7_block1")
        a = self._add(self._multi(3, 7, a, "level7_block2"), a, "level7_add2")
        a = self._add(self._multi(3, 7, a, "level7_block3"), a, "level7_add3")
        a = self._multi(3, 7, a, "level7_block4")
        return self._ways_up(7, a), self._head(7, a)

    def _level6(self, d6: Tensor, p: Tensor, q: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        b = self._join(d6, p, "level6_join0")
        b = self._multi(3, 6, b, "level6_block1")
        b = self._add(self._multi(3, 6, b, "level6_block2"), b, "level6_add2")
        b = self._add(self._multi(3, 6, b, "level6_block3"), b, "level6_add3")
        b = self._join(self._multi(3, 6, b, "level6_block4"), q, "level6_join4")
        b = self._multi(3, 6, b, "level6_block5")
        return self._ways_up(6, b), self._head(6, b)

    def _level5(self, d5: Tensor, p: Tensor, q: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        c = self._join(d5, p, "level5_join0")
        for block in (1, 2, 3):
            c = self._add(self._multi(5, 5, c, f"level5_block{block}"), c, f"level5_add{block}")
        c = self._join(self._multi(5, 5, c, "level5_block4"), d5, "level5_join4")
        c = self._join(c, q, "level5_join5")
        c = self._multi(3, 5, c, "level5_block5")
        return self._ways_up(5, c), self._head(5, c)

    def _level4(self, d4: Tensor, p: Tensor, q: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        e = self._join(d4, p, "level4_join0")
        e = self._join(self._multi(5, 4, e, "level4_block1"), d4, "level4_join1")
        for block in (2, 3, 4):
            e = self._add(self._multi(7, 4, e, f"level4_block{block}"), e, f"level4_add{block}")
        e = self._join(self._multi(7, 4, e, "level4_block5"), d4, "level4_join5")
        e = self._join(self._multi(5, 4, e, "level4_block6"), q, "level4_join6")
        e = self._multi(3, 4, e, "level4_block7")
        return self._ways_up(4, e), self._head(4, e)

    def _level3(self, d3: Tensor, p: Tensor, q: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        g = self._join(d3, p, "level3_join0")
        g = self._join(self._multi(5, 3, g, "level3_block1"), d3, "level3_join1")
        g = self._multi(7, 3, g, "level3_block2")
        g = self._multi(9, 3, g, "level3_block3")
        for block in (4, 5, 6):
            g = self._add(self._multi(9, 3, g, f"level3_block{block}"), g, f"level3_add{block}")
        g = self._join(self._multi(7, 3, g, "level3_block7"), d3, "level3_join7")
        g = self._join(self._multi(5, 3, g, "level3_block8"), q, "level3_join8")
        g = self._join(g, d3, "level3_join9")
        g = self._multi(3, 3, g, "level3_block9")
        return (g,), self._head(3, g)

    def _level2(self, g: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        made = self._head_maps(2, self._up(8, g, "level2_up"))
        maps = self._join(made[1], made[0], "level2_join") if len(made) > 1 else made[0]
        return (maps,), self._picture(2, made)

    def _level1(self, maps: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        return (), self._head(1, self._up(maps.shape[-1], maps, "level1_up"))

    def _ways_up(self, level: int, maps: Tensor) -> tuple[Tensor, Tensor]:
        above = self.config.maps(level - 1)
        p, q = (self._up(above, maps, f"level{level}_up_{way}", self._policy) for way in ("p", "q"))
        return p, q

    def _multi(self, largest: int, level: int, maps: Tensor, name: str) -> Tensor:
        branches = []
        for side in range(3, largest + 1, 2):
            branch = self._conv(side, level, maps, f"{name}_conv{side}a")
            branches.append(self._conv(side, level, branch, f"{name}_conv{side}b"))
        if len(branches) == 1:
            return branches[0]
        return keras.layers.Concatenate(name=f"{name}_join", dtype=self._policy)(branches)

    def _conv(self, side: int, level: int, maps: Tensor, name: str) -> Tensor:
        maps = keras.layers.Conv2D(
            self.config.maps(level),
            side,
            padding="same",
            kernel_initializer=self._he_normal(),
            name=name,
            dtype=self._policy,
        )(maps)
        if self.config.normalizes(level):
            maps = InstanceNorm(self.config.epsilon, name=f"{name}_norm")(maps)
        return keras.layers.LeakyReLU(LEAKY_SLOPE, name=f"{name}_leaky", dtype=self._policy)(maps)

    def _up(self, maps_out: int, maps: Tensor, name: str, policy: str = "float32") -> Tensor:
        maps = keras.layers.Conv2DTranspose(
            maps_out,
            3,
            strides=2,
            padding="same",
            use_bias=False,
            kernel_initializer=self._he_normal(),
            name=name,
            dtype=policy,
        )(maps)
        return keras.layers.LeakyReLU(LEAKY_SLOPE, name=f"{name}_leaky", dtype=policy)(maps)

    def _head(self, level: int, maps: Tensor) -> Tensor:
        return self._picture(level, self._head_maps(level, maps))

    def _head_maps(self, level: int, maps: Tensor) -> list[Tensor]:
        """Three maps for the colours; for a blend two more, as a tensor of their own, whose range is another."""
        wanted = {"head": _COLOURS, "gates": _GATES} if self.config.head == "blend" else {"head": _COLOURS}
        made = []
        for what, count in wanted.items():
            start = keras.initializers.RandomNormal(stddev=_HEAD_STDDEV[self.config.head], seed=self._next_seed())
            name = f"level{level}_{what}"
            made.append(keras.layers.Conv2D(count, 3, padding="same", kernel_initializer=start, name=name)(maps))
        return made

    def _picture(self, level: int, maps: list[Tensor]) -> Tensor:
        name = f"level{level}"
        if self.config.head == "direct":
            return DirectHead(name=name)(maps[0])
        photo = self._resized(self._colours, 2, level, f"{name}_photo")
        if self.config.head == "residual":
            return ResidualHead(name=name)([photo, *maps])
        soft, softer = self._soft_photos
        pictures = [
            photo,
            self._resized(soft, 4, level, f"{name}_soft"),
            self._resized(softer, 6, level, f"{name}_softer"),
        ]
        return BlendHead(name=name)([*pictures, *maps])

    @functools.cached_property
    def _colours(self) -> Tensor:
        """The photo without its depth."""
        return self.photo if self.config.inputs == "rgb" else PhotoColours(name="colours")(self.photo)

    @functools.cached_property
    def _soft_photos(self) -> tuple[Tensor, Tensor]:
        """The photo in the sizes of levels 4 and 6, blurred by overlapping means: sigma 6 and 24 pixels of level 1."""
        soft = keras.layers.AveragePooling2D(8, 4, "same", name="photo_soft")(self._colours)
        return soft, keras.layers.AveragePooling2D(8, 4, "same", name="photo_softer")(soft)

    def _resized(self, picture: Tensor, from_level: int, level: int, name: str) -> Tensor:
        """A picture that has the size of `from_level`, in that of `level`."""
        if level < from_level:
            return keras.layers.UpSampling2D(2 ** (from_level - level), interpolation="bilinear", name=name)(picture)
        return (
            keras.layers.AveragePooling2D(2 ** (level - from_level), name=name)(picture)
            if level > from_level
            else picture
        )

    def _pool(self, maps: Tensor, name: str) -> Tensor:
        return keras.layers.MaxPooling2D(2, name=name, dtype=self._policy)(maps)

    def _join(self, first: Tensor, second: Tensor, name: str) -> Tensor:
        return keras.layers.Concatenate(name=name, dtype=self._policy)([first, second])

    def _add(self, first: Tensor, second: Tensor, name: str) -> Tensor:
        return keras.layers.Add(name=name, dtype=self._policy)([first, second])

    def _he_normal(self) -> keras.initializers.Initializer:
        """He et al., arXiv 1502.01852, for a leaky ReLU; every layer draws its own numbers."""
        gain = 2.0 / (1.0 + LEAKY_SLOPE**2)
        return keras.initializers.VarianceScaling(gain, "fan_in", "truncated_normal", seed=self._next_seed())

    def _next_seed(self) -> int | None:
        self._drawn += 1
        return None if self._seed is None else self._seed * 1009 + self._drawn
