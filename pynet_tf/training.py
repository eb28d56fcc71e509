"""Bottom-up training: level 7 first, each level starting from the one below."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
import tf_keras as keras

from calib_data.dataset import Pair
from calib_data.errors import UserError
from calib_data.files import make_folder, write_bytes
from pynet_tf.checkpoints import Checkpoints, not_written
from pynet_tf.config import LEVELS, PyNETConfig
from pynet_tf.devices import check_shares, distributed, worker_index
from pynet_tf.growth import begin
from pynet_tf.logbook import Logbook
from pynet_tf.losses import Loss, named, total
from pynet_tf.method import Method, Plain
from pynet_tf.model_files import load_model
from pynet_tf.monitor import Watch
from pynet_tf.network import build_pynet
from pynet_tf.pipeline import CropStream
from pynet_tf.pixel_cache import DEFAULT_BUDGET_MIB, CacheChoice
from pynet_tf.run_record import RunRecord
from pynet_tf.schedule import LevelPlan
from pynet_tf.step import follow, make_optimizer, make_step

FINAL_MODEL = "model.keras"
_FOLLOW_EVERY = 5
_EMA_SPANS = 10.0
_MOST_SKIPPED = 3
_LARGEST_SEED = 2**31 - 1


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

    Raises:
        UserError: A number of steps is under 1, or the seed out of range.
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

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= _LARGEST_SEED:
            raise UserError(f"--seed is {self.seed}; 0 to {_LARGEST_SEED} is allowed.", "Take a small number.")
        for name in ("save_every", "log_every", "evaluate_every", "keep"):
            if getattr(self, name) < 1:
                option = f"--{name.replace('_', '-')}"
                raise UserError(f"{option} is {getattr(self, name)}; 1 or more is allowed.", f"Leave {option} out.")


@dataclass(frozen=True)
class Cache:
    """Where decoded pictures are kept while training.

    Attributes:
        where: `memory`, a folder, or None to decode each crop from its file.
        mib: Most memory that `memory` may take, in MiB.

    Raises:
        UserError: That is less than none.
    """

    where: CacheChoice = None
    mib: int = DEFAULT_BUDGET_MIB

    def __post_init__(self) -> None:
        if self.mib < 0:
            raise UserError(f"--cache-mib is {self.mib}; 0 or more is allowed.", "Leave --cache-mib out.")


class Reporter(Protocol):
    """What a run tells while it goes on."""

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
        strategy: On which devices; the default one if None. Of several workers the first writes the run's files, and
            each other one has a folder `worker-N` in it.
        vgg_weights: File for the loss `vgg`; Keras' cache by default.
        cache: Whether and where decoded pictures are kept.
        method: The way of training; that of a float network by default.

    Raises:
        UserError: The devices cannot share a level's batch, or the weights that a loss needs are missing.
    """

    def __init__(
        self,
        folder: Path,
        settings: RunSettings,
        reporter: Reporter,
        strategy: tf.distribute.Strategy | None = None,
        vgg_weights: Path | None = None,
        cache: Cache = Cache(),
        method: Method | None = None,
    ) -> None:
        self.folder = folder
        self.method = method or Plain()
        self.settings = settings
        self.reporter = reporter
        self.strategy = strategy or tf.distribute.get_strategy()
        check_shares(self.strategy, settings.plan)
        self.knows_best = True
        self._losses = {plan.level: named(plan.loss_weights, vgg_weights) for plan in settings.plan}
        self.cache = cache
        worker = worker_index(self.strategy)
        self.is_chief = worker == 0
        self.log_folder = folder if self.is_chief else folder / f"worker-{worker}"

    def open(
        self, resume: bool, pairs: Sequence[Pair], watched: Sequence[Pair] = (), start: Path | None = None
    ) -> None:
        """Make the folder, or find an earlier run in it; pairs other than its own, such as one less, are said.

        Args:
            resume: Whether to go on with the run that is there.
            pairs: As for `train`.
            watched: As for `train`; if they are others, the best is sought anew.
            start: The file of the model with whose weights the run begins.

        Raises:
            UserError: The folder holds a run and `resume` is not set, or one with other settings or another start.
        """
        make_folder(self.log_folder)
        if not self.is_chief:
            return
        settings = dataclasses.asdict(self.settings) | self.method.settings()
        record = RunRecord.of(settings, pairs, watched, start)
        self.knows_best = record.claim(self.folder, resume, self.reporter.warn)

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
        if not self.settings.plan:
            raise UserError("the plan has no levels.", "Name levels with --levels.")
        model = start
        if start is not None:
            self._warn_of_untrained(start, self.settings.plan[0].level)
        for plan in self.settings.plan:
            finished = self.folder / f"level{plan.level}.keras"
            if finished.exists():
                model = load_model(finished)
                continue
            level = _Level(plan, self, self._losses[plan.level], model)
            model = _Work(self, level, watched).train(pairs)
            finished = self.log_folder / finished.name
            self.keep(model, finished.name)
        write_bytes(self.log_folder / FINAL_MODEL, finished.read_bytes())
        return self.folder / FINAL_MODEL

    def _warn_of_untrained(self, start: keras.Model, level: int) -> None:
        """Warn of levels between those of `start` and the first that is trained: their weights would be drawn."""
        names = {layer.name for layer in start.layers}
        skipped = [str(one) for one in LEVELS if one > level and f"level{one}_head" not in names]
        if skipped:
            self.reporter.warn(
                f"the model to start from has no level {', '.join(skipped)}: level {level} begins over drawn weights. "
                f"To train every level, add --levels {skipped[-1]}-{self.settings.plan[-1].level}."
            )

    def keep(self, model: keras.Model, name: str) -> None:
        """Save a model in this worker's folder.

        Raises:
            UserError: The disk is full or may not be written.
        """
        path = self.log_folder / name
        try:
            self.method.save(model, path)
        except OSError as error:
            raise not_written(error, path) from error


class _Level:
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
        self.step = make_step(trained, self.optimizer, loss, plan.batch, strategy, settings.compiled)
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
        searching = float(tf.convert_to_tensor(self.optimizer.loss_scale)) > 1 and math.isfinite(loss)
        return skipped >= _MOST_SKIPPED and not searching


class _Work:
    """The work on one level: the loop, and all that is due beside it."""

    def __init__(self, run: Run, level: _Level, watched: Sequence[Pair]) -> None:
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
