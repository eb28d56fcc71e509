"""Quantization-aware fine-tuning, as a way of training: simulated integers, taught by the float network."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.errors import UserError
from pynet_tf.config import BLOCK_LEVELS
from pynet_tf.losses import Loss
from pynet_tf.method import Outputs
from pynet_tf.metrics import psnr
from pynet_tf.schedule import LevelPlan
from quantize.calibration import calibrate, spans
from quantize.graph import OUTPUT, parents
from quantize.norms import NORMS
from quantize.ranges import Ranges, save_with_ranges
from quantize.scheme import Range, Scheme, in_float_of, make_scheme
from quantize.simulation import Simulation

AGREEMENT = {"int8": 48.0, "int8-full": 45.0}
"""dB between simulation and file under which something is wrong with one of them."""
_SMALLEST = 1e-6

Picture = NDArray[np.float32]
Converted = Callable[[keras.Model, dict[str, Range]], Callable[[Picture], Picture]]
"""Makes a file of a network and its ranges, and gives what runs it."""


@dataclass(frozen=True)
class TuningSettings:
    """What decides fine-tuning besides a run's settings.

    Attributes:
        recipe: `int8` or `int8-full`.
        output_weight: Weight of the distance from the float network's picture.
        feature_weight: Weight of the distance from its maps at the end of each level.
        task_weight: Weight of the losses against the targets.
        norm: What becomes of instance norm, of `quantize.norms.NORMS`.
        warm_up: Share of the steps in which evaluations choose the ranges anew; then they are frozen.

    Raises:
        UserError: A value is out of range.
    """

    recipe: str = "int8"
    output_weight: float = 1.0
    feature_weight: float = 0.05
    task_weight: float = 0.2
    warm_up: float = 0.5
    norm: str = "instance"

    def __post_init__(self) -> None:
        in_float_of(self.recipe)
        if self.norm not in NORMS:
            raise UserError(f"there is no norm strategy {self.norm!r}.", f"Take one of {', '.join(NORMS)}.")
        if not 0 <= self.warm_up <= 1:
            raise UserError(f"--warm-up is {self.warm_up}; 0 to 1 is allowed.", "Take 0.5.")
        for name in ("output_weight", "feature_weight", "task_weight"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                flag = f"--{name.replace('_', '-')}"
                raise UserError(f"{flag} is {value}; 0 or more is allowed.", f"Leave {flag} out.")
        if self.output_weight + self.feature_weight + self.task_weight == 0:
            raise UserError("all three weights are 0: there is nothing to learn.", "Leave one of them out.")


class Tuning:
    """A method of `pynet_tf.training.Run`, for level 1.

    Args:
        teacher: The float network.
        start: Where the weights start: the teacher, or what the norm strategy makes of it.
        settings: What to learn.
        photos: Input tensors `(1, H/2, W/2, C)`, 0..1, to choose ranges on.
        compared: Such tensors on which simulation and file are compared.
        converted: Makes the file.
        warn: Receives a sentence when simulation and file drift apart.
    """

    def __init__(
        self,
        teacher: keras.Model,
        start: keras.Model,
        settings: TuningSettings,
        photos: Sequence[Picture],
        compared: Sequence[Picture],
        converted: Converted,
        warn: Callable[[str], None],
    ) -> None:
        self._teacher, self._start, self._settings = teacher, start, settings
        self._photos, self._compared = photos, compared
        self._converted, self._warn = converted, warn
        self._scheme: Scheme = make_scheme(start, in_float_of(settings.recipe))

    @functools.cached_property
    def simulation(self) -> Simulation:
        """The start with simulated integers; its ranges are those of every network in the run."""
        chosen = calibrate(self._start, self._scheme, self._photos)
        return Simulation(self._start, self._scheme, spans(chosen))

    def settings(self) -> dict[str, Any]:
        """As `pynet_tf.method.Method`."""
        return {"tuning": asdict(self._settings)}

    def trained(self, network: keras.Model, plan: LevelPlan) -> _Student:
        """As `pynet_tf.method.Method`.

        Raises:
            UserError: The plan is not for level 1.
        """
        if plan.level != 1:
            raise UserError(f"level {plan.level} cannot be tuned by itself.", "Take level 1.")
        return _Student(self.simulation.of(network), self._teacher)

    def loss(self, loss: Loss) -> Loss:
        """As `pynet_tf.method.Method`: the plan's, and the distances from the float network's picture and maps."""
        weights = self._settings

        def distilled(target: tf.Tensor, both: _Both) -> tf.Tensor:
            apart = tf.reduce_mean(tf.abs(both.picture - both.taught), axis=(1, 2, 3))
            maps = [_apart(one, other) for one, other in zip(both.maps, both.taught_maps, strict=True)]
            return (
                weights.task_weight * loss(target, both.picture)
                + weights.output_weight * apart
                + weights.feature_weight * tf.add_n(maps) / len(maps)
            )

        return distilled

    def state(self) -> dict[str, Any]:
        """As `pynet_tf.method.Method`."""
        return {"ranges": self.simulation.variable}

    def watched(self, average: keras.Model) -> Outputs:
        """As `pynet_tf.method.Method`: with simulated integers."""
        simulation = self.simulation.of(average)
        return lambda photo, training: {OUTPUT: simulation(photo)}

    def evaluate(self, average: keras.Model, step: int, plan: LevelPlan) -> dict[str, float]:
        """Choose ranges anew while warming up; PSNR (dB) of the simulation and of the file, and between the two."""
        if step <= self._settings.warm_up * plan.steps:
            self.simulation.set_ranges(spans(calibrate(average, self._scheme, self._photos)))
        simulated = tf.function(self.simulation.of(average))
        taught = tf.function(functools.partial(_pictured, self._teacher))
        file = self._converted(average, self.simulation.ranges)
        rows = []
        for photo in self._compared:
            reference, picture, from_file = taught(photo).numpy(), simulated(photo).numpy(), file(photo)
            rows.append((psnr(reference, picture), psnr(reference, from_file), psnr(picture, from_file)))
        figures = dict(
            zip(("float_psnr", "file_psnr", "agreement"), np.mean(rows, axis=0).round(3).tolist(), strict=True)
        )
        least = AGREEMENT[self._settings.recipe]
        if figures["agreement"] < least:
            self._warn(
                f"simulation and converted file agree to {figures['agreement']:.1f} dB; sound is {least:.0f} or more."
            )
        return figures

    def save(self, model: keras.Model, path: Path) -> None:
        """As `pynet_tf.method.Method`: with the ranges."""
        save_with_ranges(model, Ranges(recipe=self._settings.recipe, ranges=self.simulation.ranges), path)


@dataclass(frozen=True)
class _Both:
    """Pictures `(B, H, W, 3)`, and maps at the ends of levels, of the network in training and of the float one."""

    picture: tf.Tensor
    maps: list[tf.Tensor]
    taught: tf.Tensor
    taught_maps: list[tf.Tensor]


class _Student:
    """What a step of fine-tuning runs."""

    def __init__(self, simulation: Simulation, teacher: keras.Model) -> None:
        self._simulation = simulation
        self._ends = [parents(teacher)[f"level{level}_head"][0] for level in BLOCK_LEVELS]
        maps = [teacher.get_layer(name).output for name in self._ends]
        self._teacher = keras.Model(teacher.input, [teacher.output[OUTPUT], *maps])
        layers = [simulation.model.get_layer(name) for name in simulation.scheme.layers]
        self.trainable_variables = [variable for layer in layers for variable in layer.trainable_variables]

    def __call__(self, photo: tf.Tensor, training: bool) -> _Both:
        tensors = self._simulation.layers(photo)
        taught, *maps = (tf.stop_gradient(one) for one in self._teacher(photo, training=False))
        own = [tensors[name] for name in self._ends]
        return _Both(tensors[OUTPUT], own, tf.clip_by_value(taught, 0.0, 1.0), maps)


def _pictured(network: keras.Model, photo: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(network(photo, training=False)[OUTPUT], 0.0, 1.0)


def _apart(maps: tf.Tensor, taught: tf.Tensor) -> tf.Tensor:
    """Mean squared distance over the mean square, one value a picture."""
    axes = (1, 2, 3)
    error = tf.reduce_mean(tf.square(maps - taught), axis=axes)
    return error / (tf.reduce_mean(tf.square(taught), axis=axes) + _SMALLEST)
