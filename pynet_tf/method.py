"""What may differ between ways of training: what a step runs and minimizes, what is watched, what a file holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf
import tf_keras as keras

from pynet_tf.losses import Loss
from pynet_tf.model_files import save_model
from pynet_tf.schedule import LevelPlan

Outputs = Callable[..., dict[str, tf.Tensor]]


class Trained(Protocol):
    """What a step runs."""

    @property
    def trainable_variables(self) -> list[tf.Variable]:
        """Variables that the step changes; the loss depends on each."""

    def __call__(self, photo: tf.Tensor, training: bool) -> Any:
        """What the loss takes, from `(B, H, W, C)`."""


class Method(Protocol):
    """A way of training; the network and the average of its weights stay plain PyNETs."""

    def settings(self) -> dict[str, Any]:
        """What decides the run besides its settings, as JSON; compared on resume."""

    def trained(self, network: keras.Model, plan: LevelPlan) -> Trained:
        """What a step runs, made of the network whose weights it changes."""

    def loss(self, loss: Loss) -> Loss:
        """What a step minimizes, made of the plan's losses."""

    def state(self) -> dict[str, Any]:
        """What checkpoints keep besides networks and optimizer; called after `trained`."""

    def watched(self, average: keras.Model) -> Outputs:
        """What evaluations run: pictures by level."""

    def evaluate(self, average: keras.Model, step: int, plan: LevelPlan) -> dict[str, float]:
        """Figures of its own at an evaluation; may change its state."""

    def save(self, model: keras.Model, path: Path) -> None:
        """Write a model."""


class Plain:
    """Training of a float network."""

    def settings(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def trained(self, network: keras.Model, plan: LevelPlan) -> keras.Model:
        """The network up to the level's picture."""
        return keras.Model(network.input, network.output[f"level{plan.level}"])

    def loss(self, loss: Loss) -> Loss:
        """As the plan has it."""
        return loss

    def state(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def watched(self, average: keras.Model) -> Outputs:
        """The network itself."""
        return average

    def evaluate(self, average: keras.Model, step: int, plan: LevelPlan) -> dict[str, float]:
        """Nothing."""
        return {}

    def save(self, model: keras.Model, path: Path) -> None:
        """Write a `.keras` file."""
        save_model(model, path)
