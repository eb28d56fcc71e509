"""Bottom-up training: level 7 first, each level starting from the one below."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from calib_data.dataset import Pair
from calib_data.errors import UserError
from calib_data.files import make_folder, write_json
from pynet_tf.config import PyNETConfig
from pynet_tf.losses import weighted
from pynet_tf.model_files import load_model, save_model
from pynet_tf.network import build_pynet
from pynet_tf.pipeline import crops
from pynet_tf.schedule import LevelPlan

_CLIP_NORM = 1.0
_WARM_UP = 0.05
_FINAL_RATE = 0.02
_KEPT = 2
_EMA_SPANS = 10.0
_RUN_FILE, _LOG_FILE, FINAL_MODEL = "run.json", "log.jsonl", "model.keras"


@dataclass(frozen=True)
class RunSettings:
    """What, besides its data, decides a training run; stored in the run's folder and compared on resume.

    Attributes:
        config: The network.
        plan: One plan per level, coarse to fine.
        seed: Decides initial weights and crops.
        save_every: Steps between checkpoints.
        log_every: Steps between lines of the log.
    """

    config: PyNETConfig
    plan: tuple[LevelPlan, ...]
    seed: int
    save_every: int = 200
    log_every: int = 50


class Run:
    """A training run and its folder.

    Args:
        folder: Holds settings, log, a checkpoint folder and a finished model per level, and at the end
            `model.keras`.
        settings: What to train.
        say: Receives one line of progress at a time.
    """

    def __init__(self, folder: Path, settings: RunSettings, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.settings = settings
        self._say = say

    def open(self, resume: bool) -> None:
        """Make the folder, or find an earlier run in it.

        Raises:
            UserError: The folder holds a run and `resume` is not set, or one with other settings.
        """
        make_folder(self.folder)
        record = self.folder / _RUN_FILE
        settings = _as_data(self.settings)
        if not record.exists():
            if resume:
                raise UserError(f"{self.folder} holds no run to resume.", "Leave --resume out to begin one.")
            write_json(record, settings)
            return
        if not resume:
            raise UserError(
                f"{self.folder} holds a run already.", "Add --resume to go on with it, or name another --out."
            )
        before = json.loads(record.read_text("utf-8"))
        differing = sorted(key for key in settings if settings[key] != before.get(key))
        if differing:
            raise UserError(
                f"{self.folder} holds a run with another {', '.join(differing)}.",
                "Resume with the same options, or name another --out.",
            )

    def train(self, pairs: Sequence[Pair], start: keras.Model | None = None) -> Path:
        """Train every level of the plan.

        Args:
            pairs: Pairs with targets (and depth maps for an rgbd network).
            start: A model whose weights, by layer name, the first level starts from.

        Returns:
            The path of `model.keras`.

        Raises:
            UserError: The loss became NaN or infinite; the last checkpoint is kept.
        """
        model = start
        for plan in self.settings.plan:
            finished = self.folder / f"level{plan.level}.keras"
            if finished.exists():
                model = load_model(finished)
                continue
            model = self._train_level(plan, pairs, model)
            save_model(model, finished)
        if model is None:
            raise UserError("the plan has no levels.", "Name levels with --levels.")
        save_model(model, self.folder / FINAL_MODEL)
        return self.folder / FINAL_MODEL

    def _train_level(self, plan: LevelPlan, pairs: Sequence[Pair], below: keras.Model | None) -> keras.Model:
        config, seed = self.settings.config, self.settings.seed
        model = build_pynet(config, plan.level, seed=seed)
        if below is not None:
            copy_weights(below, model)
        trained = keras.Model(model.input, model.output[f"level{plan.level}"])
        optimizer = _optimizer(plan)
        optimizer.build(trained.trainable_variables)
        checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer)
        keeper = tf.train.CheckpointManager(checkpoint, str(self.folder / f"level{plan.level}"), max_to_keep=_KEPT)
        if keeper.latest_checkpoint:
            checkpoint.restore(keeper.latest_checkpoint).assert_consumed()
        first = int(optimizer.iterations.numpy())
        step = _step_function(trained, optimizer, plan)
        batches = crops(pairs, plan, config.inputs == "rgbd", seed + plan.level, first)
        self._loop(plan, first, iter(batches), step, keeper)
        optimizer.finalize_variable_values(trained.trainable_variables)
        return model

    def _loop(
        self,
        plan: LevelPlan,
        first: int,
        batches: Any,
        step: Callable[..., tf.Tensor],
        keeper: tf.train.CheckpointManager,
    ) -> None:
        losses: list[float] = []
        began = time.monotonic()
        for number in range(first + 1, plan.steps + 1):
            loss = float(step(*next(batches)))
            if not np.isfinite(loss):
                raise UserError(
                    f"level {plan.level}, step {number}: the loss is {loss}; the last checkpoint is kept.",
                    "Look for broken pictures with python -m calib_data.check, or train with a lower learning rate.",
                )
            losses.append(loss)
            if number % self.settings.log_every == 0 or number == plan.steps:
                self._log(plan, number, losses, began, number - first)
                losses = []
            if number % self.settings.save_every == 0 or number == plan.steps:
                keeper.save(checkpoint_number=number)

    def _log(self, plan: LevelPlan, number: int, losses: list[float], began: float, done: int) -> None:
        pace = (time.monotonic() - began) / done
        entry = {"level": plan.level, "step": number, "loss": float(np.mean(losses)), "seconds_a_step": round(pace, 3)}
        with (self.folder / _LOG_FILE).open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")
        left = (plan.steps - number) * pace / 60
        self._say(
            f"level {plan.level} step {number}/{plan.steps} loss {entry['loss']:.5f} "
            f"{pace:.2f} s a step, {left:.1f} min left in this level"
        )


def copy_weights(source: keras.Model, target: keras.Model) -> int:
    """Copy the weights of layers that both models have, by name; returns how many layers that were.

    Raises:
        UserError: A layer of that name has other shapes, or no layer is common.
    """
    copied = 0
    for layer in source.layers:
        names = {other.name for other in target.layers}
        if not layer.weights or layer.name not in names:
            continue
        other = target.get_layer(layer.name)
        if [weight.shape for weight in layer.weights] != [weight.shape for weight in other.weights]:
            raise UserError(
                f"layer {layer.name} has other shapes in the model to start from.",
                "Train with the same --width, --inputs and norm as that model.",
            )
        other.set_weights(layer.get_weights())
        copied += 1
    if not copied:
        raise UserError("the model to start from has no layer in common with this one.", "Start from a PyNET.")
    return copied


def _optimizer(plan: LevelPlan) -> keras.optimizers.Optimizer:
    warm_up = max(1, int(plan.steps * _WARM_UP))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, plan.steps - warm_up), alpha=_FINAL_RATE, warmup_target=plan.learning_rate, warmup_steps=warm_up
    )
    return keras.optimizers.Adam(
        rate, global_clipnorm=_CLIP_NORM, use_ema=True, ema_momentum=max(0.0, 1.0 - _EMA_SPANS / plan.steps)
    )


def _step_function(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, plan: LevelPlan
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    @tf.function
    def step(photo: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = weighted(plan.loss_weights, target, model(photo, training=True))
        variables = model.trainable_variables
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    return step


def _as_data(settings: RunSettings) -> dict[str, Any]:
    return json.loads(json.dumps(dataclasses.asdict(settings)))
