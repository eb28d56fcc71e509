"""On which devices a training runs, and how its batches are dealt out to them."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf

from calib_data.errors import UserError
from calib_data.wording import counted
from pynet_tf.pipeline import CropStream
from pynet_tf.schedule import LevelPlan

_WORKER, _GUIDE = "worker", "Set it as TensorFlow's guide to training with several workers shows."
STRATEGIES = ("auto", "mirrored", "multi-worker")


def make_strategy(name: str) -> tf.distribute.Strategy:
    """A strategy by name.

    Args:
        name: `mirrored`, all GPUs of this machine; `multi-worker`, those of all machines that TF_CONFIG names; `auto`,
            `multi-worker` if TF_CONFIG is set, `mirrored` with more than one GPU, otherwise the one device.

    Raises:
        UserError: No such strategy, or TF_CONFIG is missing, is no JSON or has jobs that are no workers.
    """
    if name not in STRATEGIES:
        raise UserError(f"--strategy is {name!r}.", f"Take one of {', '.join(STRATEGIES)}.")
    workers = _workers()
    if name == "multi-worker" and not workers:
        raise UserError(
            "--strategy multi-worker needs the variable TF_CONFIG.",
            _GUIDE,
        )
    if name == "multi-worker" or (name == "auto" and workers):
        return tf.distribute.MultiWorkerMirroredStrategy()
    if name == "mirrored" or len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def in_words(strategy: tf.distribute.Strategy) -> str:
    """How many devices, and whether they are GPUs."""
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU; TensorFlow found no GPU"
    return f"{counted(strategy.num_replicas_in_sync, 'device')} ({kind})"


def worker_index(strategy: tf.distribute.Strategy) -> int:
    """Which worker this process is; 0, the chief, writes the run's files."""
    return int(strategy.cluster_resolver.task_id) if _is_multi_worker(strategy) else 0


def check_shares(strategy: tf.distribute.Strategy, plan: Sequence[LevelPlan]) -> None:
    """Refuse batches that the devices cannot share evenly.

    Raises:
        UserError: A level has such a batch.
    """
    devices = strategy.num_replicas_in_sync
    for one in plan:
        if one.batch % devices:
            raise UserError(
                f"--batch is {one.batch} at level {one.level}; {devices} devices cannot share it evenly.",
                f"Take a multiple of {devices}.",
            )


def distributed(
    strategy: tf.distribute.Strategy,
    plan: LevelPlan,
    stream_of: Callable[[tuple[int, int]], CropStream],
    first_step: int,
) -> tuple[tf.data.Dataset, CropStream]:
    """Batches of crops, dealt out so that all devices together see those that one device would see.

    Args:
        strategy: The devices.
        plan: The level's; its batch is that of all devices together, as `check_shares` lets pass.
        stream_of: Makes the stream of one equal part of each batch: (1, 4) is the second quarter.
        first_step: The step at which to begin.

    Returns:
        The batches for this process, and the stream from which they come.
    """
    devices = strategy.num_replicas_in_sync
    stream = stream_of((worker_index(strategy), len(_workers()) if _is_multi_worker(strategy) else 1))

    def pipeline(_context: tf.distribute.InputContext) -> tf.data.Dataset:
        batches = stream.batches(first_step)
        return batches if devices == 1 else batches.unbatch().batch(plan.batch // devices, drop_remainder=True)

    return strategy.distribute_datasets_from_function(pipeline), stream


@contextlib.contextmanager
def workers_in_words() -> Iterator[None]:
    """Turn the errors by which a process learns that another worker is gone into one that says so.

    Raises:
        UserError: A worker was lost.
    """
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError) as error:
        raise UserError(
            f"a worker was lost: {error.message.splitlines()[0][:200]}",
            "Start all workers again with --resume; they go on from the last checkpoint.",
        ) from error


def _is_multi_worker(strategy: tf.distribute.Strategy) -> bool:
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def _workers() -> list[str]:
    text = os.environ.get("TF_CONFIG", "")
    if not text:
        return []
    try:
        setting = json.loads(text)
        cluster, task = dict(setting["cluster"]), (setting["task"]["type"], int(setting["task"]["index"]))
        workers = list(cluster["worker"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"TF_CONFIG names no workers, or not which of them this one is ({error}).", _GUIDE) from error
    if set(cluster) != {_WORKER}:
        raise UserError(
            f"TF_CONFIG has the jobs {', '.join(sorted(cluster))}; all that train are of the job {_WORKER}.",
            "Name the chief as the first worker, and no parameter servers.",
        )
    if task[0] != _WORKER or not 0 <= task[1] < len(workers):
        raise UserError(f"TF_CONFIG has {len(workers)} workers, and {task[0]} {task[1]} is none of them.", _GUIDE)
    return workers
