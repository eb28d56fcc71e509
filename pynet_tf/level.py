"""One level in training: its network and the average of its weights, the loop, and all that is due beside it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from calib_data.dataset import Pair
from calib_data.errors import UserError
from pynet_tf.checkpoints import Checkpoints
from pynet_tf.devices import distributed
from pynet_tf.growth import begin
from pynet_tf.logbook import Logbook
from pynet_tf.losses import Loss, total
from pynet_tf.monitor import Watch
from pynet_tf.network import build_pynet
from pynet_tf.pipeline import CropStream
from pynet_tf.schedule import LevelPlan
from pynet_tf.step import follow, loss_scale, make_optimizer, make_step

if TYPE_CHECKING:
    from pynet_tf.training import Run

_FOLLOW_EVERY = 5
_EMA_SPANS = 10.0
_MOST_SKIPPED = 3


class Level:
    """One level in training: the network that is trained, and the moving average of its weights that is kept."""

    def __init__(
        self,
        plan: LevelPlan,
        run: Run,
        losses: Mapping[str, Loss],
        below: keras.Model | None,
    ) -> None:
        self.plan, self.losses = plan, losses
        self._method, settings, strategy = run.method, run.settings, run.strategy
        with strategy.scope():
            self.network = build_pynet(settings.config, plan.level, seed=settings.seed, precision=settings.precision)
            begin(self.network, below)
            trained = self._method.trained(self.network, plan)
            self.optimizer = make_optimizer(plan, settings.precision)
            self.optimizer.build(trained.trainable_variables)
        self.average = build_pynet(settings.config, plan.level)
        self.average.set_weights(self.network.get_weights())
        self.best = tf.Variable(-math.inf, dtype=tf.float64)
        loss = self._method.loss(total(losses, plan.loss_weights))
        self.step = make_step(trained, self.optimizer, loss, plan, strategy, settings.compiled)
        share = 1.0 - (1.0 - min(1.0, _EMA_SPANS / plan.steps)) ** _FOLLOW_EVERY
        self.follow = tf.function(lambda: follow(self.average.weights, self.network.weights, share))

    def state(self) -> tf.train.Checkpoint:
        """All that changes while the level is trained."""
        return tf.train.Checkpoint(
            network=self.network,
            optimizer=self.optimizer,
            average=self.average,
            best=self.best,
            **self._method.state(),
        )

    def diverges(self, skipped: int, loss: float) -> bool:
        """Whether so many steps in a row that were not finite are too many, and no search for the loss's scale."""
        searching = loss_scale(self.optimizer) > 1 and math.isfinite(loss)
        return skipped >= _MOST_SKIPPED and not searching


class LevelRun:
    """The work on one level: the loop, and all that is due beside it."""

    def __init__(self, run: Run, level: Level, watched: Sequence[Pair]) -> None:
        self._run, self._level, self._settings = run, level, run.settings
        plan, reporter = level.plan, run.reporter
        self._checkpoints = Checkpoints(run.folder / f"level{plan.level}", run.settings.keep, reporter.warn)
        self._best_file = f"level{plan.level}-best.keras"
        self._log = Logbook(run.log_folder, plan.level)
        depth = run.settings.config.inputs == "rgbd"
        self._watch = None
        if watched:
            pictured = run.method.watched(level.average)
            folder = run.cache.where if isinstance(run.cache.where, Path) else None  # memory is for what is trained on
            self._watch = Watch(pictured, watched, plan, depth, folder, level.losses)
        self._state = level.state()

    def train(self, pairs: Sequence[Pair]) -> keras.Model:
        """Train from the newest checkpoint on; the averaged network."""
        level, settings = self._level, self._settings
        first = self._checkpoints.restore(self._state)
        if not self._run.knows_best:
            level.best.assign(-math.inf)
        self._log.rewind(first)
        depth, seed = settings.config.inputs == "rgbd", settings.seed + level.plan.level
        cache = self._run.cache

        def part(shard: tuple[int, int]) -> CropStream:
            return CropStream(pairs, level.plan, depth, seed, cache=cache.where, cache_mib=cache.mib, shard=shard)

        dataset, stream = distributed(self._run.strategy, level.plan, part, first)
        batches = stream.explained(dataset, first)
        recent, skipped = _Recent(), 0
        for number in range(first + 1, level.plan.steps + 1):
            loss, finite = self._step(*next(batches))
            skipped = 0 if bool(finite) else skipped + 1
            recent.add(float(loss), bool(finite))
            if level.diverges(skipped, float(loss)):
                raise self._divergence(number, skipped, float(loss))
            self._after(number, recent)
        self._log.close()
        return level.average

    def _divergence(self, number: int, skipped: int, loss: float) -> UserError:
        """What is said of a run that stops after step `number`; its weights before that are kept as a model."""
        level = self._level.plan.level
        stopped = f"level{level}-stopped.keras"
        self._run.keep(self._level.average, stopped)
        return UserError(
            f"level {level}: steps {number - skipped + 1} to {number} were not finite (loss {loss}); the weights "
            f"before them are in {self._run.log_folder / stopped}, and the last checkpoint is kept.",
            "Look for broken pictures with python -m calib_data.check, or go on from these weights with a lower "
            "--learning-rate and another --out.",
        )

    def _step(self, photos: Any, targets: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """One step; its loss, and whether it was finite.

        Raises:
            UserError: The device's memory does not suffice.
        """
        try:
            return self._level.step(photos, targets)
        except tf.errors.ResourceExhaustedError as error:
            plan = self._level.plan
            raise UserError(
                f"level {plan.level} needs more memory than there is: {error.message.splitlines()[0][:200]}",
                f"Take a --batch under {plan.batch} or a --crop under {plan.crop}, and another --out.",
            ) from error

    def _after(self, number: int, recent: _Recent) -> None:
        """All that is due after step `number`."""
        last, settings = number == self._level.plan.steps, self._settings
        if number % _FOLLOW_EVERY == 0 or last:
            self._level.follow()
        figures = {}
        if number % settings.log_every == 0 or last:
            figures = recent.figures(
                self._level.plan.batch, float(keras.backend.get_value(self._level.optimizer.learning_rate))
            )
            self._log.write(number, figures)
        if number % settings.evaluate_every == 0 or last:
            figures |= self._evaluate(number)
            recent.restart()
        self._run.reporter.advance(self._level.plan, number, figures)
        if number % settings.save_every == 0 or last:
            if self._run.is_chief:
                self._checkpoints.save(self._state, number)
            recent.restart()

    def _evaluate(self, number: int) -> dict[str, float]:
        figures = self._run.method.evaluate(self._level.average, number, self._level.plan)  # may change what is watched
        if self._watch is None:
            if figures:
                self._log.write(number, figures)
            return figures
        standing, pictures = self._watch.look()
        figures = standing.figures() | figures
        self._log.write(number, figures)
        self._log.show(number, pictures)
        for warning in standing.warnings(number / self._level.plan.steps, self._level.plan.level):
            self._run.reporter.warn(f"level {self._level.plan.level}, step {number}: {warning}")
        if standing.psnr > float(self._level.best):
            self._level.best.assign(standing.psnr)
            self._run.keep(self._level.average, self._best_file)
        return figures


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
        """Mean loss, unless all steps were skipped; pace, rate and skipped steps. Begins anew."""
        steps = len(self._losses) + self._skipped
        figures = {"loss": float(np.mean(self._losses))} if self._losses else {}
        figures |= {
            "learning_rate": rate,
            "seconds_a_step": round(self._seconds / max(steps, 1), 4),
            "crops_a_second": round(batch * steps / max(self._seconds, 1e-9), 3),
            "skipped": self._skipped,
        }
        self._losses, self._skipped, self._seconds = [], 0, 0.0
        return figures
