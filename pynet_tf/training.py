"""Bottom-up training: level 7 first, each level starting from the one below."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
import tf_keras as keras

from calib_data.dataset import Pair
from calib_data.errors import UserError
from calib_data.files import make_folder, write_json
from pynet_tf.checkpoints import Checkpoints
from pynet_tf.config import PyNETConfig
from pynet_tf.devices import distributed
from pynet_tf.logbook import Logbook
from pynet_tf.losses import total
from pynet_tf.model_files import load_model, save_model
from pynet_tf.monitor import Watch
from pynet_tf.network import build_pynet
from pynet_tf.schedule import LevelPlan
from pynet_tf.step import follow, make_optimizer, make_step

RUN_FILE, FINAL_MODEL = "run.json", "model.keras"
_FOLLOW_EVERY = 5
_EMA_SPANS = 10.0
_MOST_SKIPPED = 3


@dataclass(frozen=True)
class RunSettings:
    """What, besides its data, decides a training run; stored in the run's folder and compared on resume.

    Attributes:
        config: The network.
        plan: One plan per level, coarse to fine.
        seed: Decides initial weights and crops.
        precision: `float32`, `mixed_float16` or `mixed_bfloat16`.
        save_every: Steps between checkpoints.
        log_every: Steps between lines of the log.
        evaluate_every: Steps between looks at the watched pairs.
        keep: How many checkpoints of a level stay.
        compiled: Whether XLA compiles the step.
    """

    config: PyNETConfig
    plan: tuple[LevelPlan, ...]
    seed: int
    precision: str = "float32"
    save_every: int = 200
    log_every: int = 50
    evaluate_every: int = 500
    keep: int = 2
    compiled: bool = False


class Reporter(Protocol):
    """What a run tells while it goes on."""

    def say(self, message: str) -> None:
        """Tell one line."""

    def warn(self, message: str) -> None:
        """Tell what may be wrong."""

    def advance(self, plan: LevelPlan, step: int, figures: dict[str, float]) -> None:
        """Tell how far a level is, in steps, and its latest figures (empty between lines of the log)."""


class Run:
    """A training run and its folder.

    Args:
        folder: Holds settings, logs, a folder of checkpoints and a finished model per level, and at the end
            `model.keras`.
        settings: What to train.
        reporter: Receives progress.
        strategy: On which devices; the default one if None.
        vgg_weights: File for the loss `vgg`; Keras' cache by default.
    """

    def __init__(
        self,
        folder: Path,
        settings: RunSettings,
        reporter: Reporter,
        strategy: tf.distribute.Strategy | None = None,
        vgg_weights: Path | None = None,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self._reporter = reporter
        self._strategy = strategy or tf.distribute.get_strategy()
        self._vgg_weights = vgg_weights

    def open(self, resume: bool, pairs: Sequence[Pair]) -> None:
        """Make the folder, or find an earlier run in it.

        Raises:
            UserError: The folder holds a run and `resume` is not set, or one with other settings or pairs.
        """
        make_folder(self.folder)
        record = self.folder / RUN_FILE
        settings = {**_as_data(self.settings), "pairs": _fingerprint(pairs)}
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

    def train(self, pairs: Sequence[Pair], watched: Sequence[Pair], start: keras.Model | None = None) -> Path:
        """Train every level of the plan.

        Args:
            pairs: Pairs with targets (and depth maps for an rgbd network).
            watched: Pairs that are not trained on, by which the best is known; may be empty.
            start: A model whose weights, by layer name, the first level starts from.

        Returns:
            The path of `model.keras`.

        Raises:
            UserError: Three steps in a row were not finite, or a checkpoint could not be written; what was saved
                before is intact.
        """
        model = start
        for plan in self.settings.plan:
            finished = self.folder / f"level{plan.level}.keras"
            if not finished.exists():
                trained = _Level(self, plan, pairs, watched, model).train()
                save_model(trained, finished)
            model = load_model(finished)
        if model is None:
            raise UserError("the plan has no levels.", "Name levels with --levels.")
        save_model(model, self.folder / FINAL_MODEL)
        return self.folder / FINAL_MODEL


class _Level:
    """One level in training: the network that is trained, and the moving average of its weights that is kept."""

    def __init__(
        self,
        run: Run,
        plan: LevelPlan,
        pairs: Sequence[Pair],
        watched: Sequence[Pair],
        below: keras.Model | None,
    ) -> None:
        settings, self._strategy = run.settings, run._strategy
        self._settings, self._plan, self._pairs, self._reporter = settings, plan, pairs, run._reporter
        self._depth = settings.config.inputs == "rgbd"
        with self._strategy.scope():
            network = build_pynet(settings.config, plan.level, seed=settings.seed, precision=settings.precision)
            if below is not None:
                copy_weights(below, network)
            self._trained = keras.Model(network.input, network.output[f"level{plan.level}"])
            self._optimizer = make_optimizer(plan, settings.precision)
            self._optimizer.build(self._trained.trainable_variables)
        self._average = build_pynet(settings.config, plan.level)
        self._average.set_weights(network.get_weights())
        self._best = tf.Variable(-math.inf, dtype=tf.float64)
        self._state = tf.train.Checkpoint(
            network=network, optimizer=self._optimizer, average=self._average, best=self._best
        )
        self._network = network
        self._checkpoints = Checkpoints(run.folder / f"level{plan.level}", settings.keep, run._reporter.warn)
        self._best_file = run.folder / f"level{plan.level}-best.keras"
        self._log = Logbook(run.folder, plan.level)
        self._watch = Watch(self._average, watched, plan, self._depth) if watched else None
        loss = total(plan.loss_weights, run._vgg_weights)
        self._step = make_step(self._trained, self._optimizer, loss, plan.batch, self._strategy, settings.compiled)
        share = 1.0 - (1.0 - min(1.0, _EMA_SPANS / plan.steps)) ** _FOLLOW_EVERY
        self._follow = tf.function(lambda: follow(self._average.weights, network.weights, share))

    def train(self) -> keras.Model:
        """Train from the newest checkpoint on; the averaged network."""
        first = self._checkpoints.restore(self._state)
        self._log.rewind(first)
        batches = iter(
            distributed(
                self._strategy, self._pairs, self._plan, self._depth, self._settings.seed + self._plan.level, first
            )
        )
        recent, skipped = _Recent(), 0
        for number in range(first + 1, self._plan.steps + 1):
            loss, finite = self._step(*next(batches))
            skipped = 0 if bool(finite) else skipped + 1
            recent.add(float(loss), bool(finite))
            self._refuse_divergence(number, skipped, float(loss))
            self._after(number, recent)
        self._log.close()
        return self._average

    def _after(self, number: int, recent: _Recent) -> None:
        """All that is due after step `number`."""
        last, settings = number == self._plan.steps, self._settings
        if number % _FOLLOW_EVERY == 0 or last:
            self._follow()
        figures = {}
        if number % settings.log_every == 0 or last:
            figures = recent.figures(self._plan.batch, float(self._optimizer.learning_rate))
            self._log.write(number, figures)
        if self._watch is not None and (number % settings.evaluate_every == 0 or last):
            figures |= self._evaluate(number, self._watch)
            recent.restart()
        self._reporter.advance(self._plan, number, figures)
        if number % settings.save_every == 0 or last:
            self._checkpoints.save(self._state, number)
            recent.restart()

    def _evaluate(self, number: int, watch: Watch) -> dict[str, float]:
        standing, pictures = watch.look()
        self._log.write(number, standing.figures())
        self._log.show(number, pictures)
        for warning in standing.warnings(number / self._plan.steps):
            self._reporter.warn(f"level {self._plan.level}, step {number}: {warning}")
        if standing.psnr > float(self._best):
            self._best.assign(standing.psnr)
            save_model(self._average, self._best_file)
        return standing.figures()

    def _refuse_divergence(self, number: int, skipped: int, loss: float) -> None:
        searching = float(self._optimizer.loss_scale) > 1 and math.isfinite(loss)
        if skipped >= _MOST_SKIPPED and not searching:
            raise UserError(
                f"level {self._plan.level}: steps {number - skipped + 1} to {number} were not finite (loss {loss}); "
                "the last checkpoint is kept.",
                "Look for broken pictures with python -m calib_data.check, or train with a lower --learning-rate.",
            )


class _Recent:
    """Losses and pace since the last line of the log."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._skipped = 0
        self._seconds = 0.0
        self._began = time.monotonic()

    def add(self, loss: float, finite: bool) -> None:
        """Take down one step; what it cost is the time since the last one or `restart`."""
        now = time.monotonic()
        self._seconds += now - self._began
        self._began = now
        if finite:
            self._losses.append(loss)
        else:
            self._skipped += 1

    def restart(self) -> None:
        """Leave out the time that something else than a step took."""
        self._began = time.monotonic()

    def figures(self, batch: int, rate: float) -> dict[str, float]:
        """Mean loss, pace, rate and skipped steps; begins anew."""
        steps = len(self._losses) + self._skipped
        figures = {
            "loss": float(np.mean(self._losses)) if self._losses else math.nan,
            "learning_rate": rate,
            "seconds_a_step": round(self._seconds / max(steps, 1), 4),
            "crops_a_second": round(batch * steps / max(self._seconds, 1e-9), 3),
            "skipped": self._skipped,
        }
        self._losses, self._skipped, self._seconds = [], 0, 0.0
        return figures


def copy_weights(source: keras.Model, target: keras.Model) -> int:
    """Copy the weights of layers that both models have, by name; returns how many layers that were.

    Raises:
        UserError: A layer of that name has other shapes, or no layer is common.
    """
    copied = 0
    names = {other.name for other in target.layers}
    for layer in source.layers:
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


def _as_data(settings: RunSettings) -> dict[str, Any]:
    return json.loads(json.dumps(dataclasses.asdict(settings)))


def _fingerprint(pairs: Sequence[Pair]) -> dict[str, Any]:
    """How many pairs, and a hash of their names and sizes."""
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(f"{pair.split}/{pair.name}:{pair.original.stat().st_size}\n".encode())
    return {"count": len(pairs), "sha256": digest.hexdigest()}
