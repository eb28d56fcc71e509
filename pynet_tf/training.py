"""Bottom-up training: level 7 first, each level starting from the one below."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import tensorflow as tf
import tf_keras as keras

from calib_data.dataset import Pair
from calib_data.errors import UserError
from calib_data.files import make_folder, write_bytes
from pynet_tf.checkpoints import not_written
from pynet_tf.config import LEVELS, PyNETConfig
from pynet_tf.devices import check_shares, worker_index
from pynet_tf.level import Level, LevelRun
from pynet_tf.losses import named
from pynet_tf.method import Method, Plain
from pynet_tf.model_files import load_model
from pynet_tf.pixel_cache import DEFAULT_BUDGET_MIB, CacheChoice
from pynet_tf.run_record import RunRecord
from pynet_tf.schedule import LevelPlan

FINAL_MODEL = "model.keras"
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
            level = Level(plan, self, self._losses[plan.level], model)
            model = LevelRun(self, level, watched).train(pairs)
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
