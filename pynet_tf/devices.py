"""On which devices a training runs, and how its batches are dealt out to them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace

import tensorflow as tf

from calib_data.dataset import Pair
from calib_data.errors import UserError
from pynet_tf.pipeline import crops
from pynet_tf.schedule import LevelPlan

STRATEGIES = ("auto", "mirrored", "multi-worker")


def make_strategy(name: str) -> tf.distribute.Strategy:
    """A strategy by name.

    Args:
        name: `mirrored`, all GPUs of this machine; `multi-worker`, those of all machines that TF_CONFIG names; `auto`,
            `multi-worker` if TF_CONFIG is set, `mirrored` with more than one GPU, otherwise the one device.

    Raises:
        UserError: No such strategy, or TF_CONFIG is missing or no JSON.
    """
    if name not in STRATEGIES:
        raise UserError(f"--strategy is {name!r}.", f"Take one of {', '.join(STRATEGIES)}.")
    workers = _workers()
    if name == "multi-worker" and not workers:
        raise UserError(
            "--strategy multi-worker needs the variable TF_CONFIG.",
            "Set it on each machine, as TensorFlow's guide to training with several workers shows.",
        )
    if name == "multi-worker" or (name == "auto" and workers):
        return tf.distribute.MultiWorkerMirroredStrategy()
    if name == "mirrored" or len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes the run's files: the first worker, or the only one."""
    resolver = strategy.cluster_resolver
    return resolver is None or not _workers() or resolver.task_id == 0


def distributed(
    strategy: tf.distribute.Strategy, pairs: Sequence[Pair], plan: LevelPlan, depth: bool, seed: int, first_step: int
) -> tf.data.Dataset:
    """Batches of crops, dealt out so that all devices together see those that one device would see.

    Raises:
        UserError: The batch cannot be divided by the number of devices.
    """
    devices = strategy.num_replicas_in_sync
    if plan.batch % devices:
        raise UserError(
            f"--batch is {plan.batch} at level {plan.level}; {devices} devices cannot share it evenly.",
            f"Take a multiple of {devices}.",
        )
    share = replace(plan, batch=plan.batch // devices)

    def pipeline(context: tf.distribute.InputContext) -> tf.data.Dataset:
        whole = crops(pairs, share, depth, seed, first_step * devices)
        workers = context.num_input_pipelines
        if workers == 1:
            return whole
        each = devices // workers
        return whole.batch(each).shard(workers, context.input_pipeline_id).unbatch()

    return strategy.distribute_datasets_from_function(pipeline)


def _workers() -> list[str]:
    text = os.environ.get("TF_CONFIG", "")
    if not text:
        return []
    try:
        return list(json.loads(text)["cluster"]["worker"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise UserError(
            f"TF_CONFIG names no workers ({error}).",
            "Set it as TensorFlow's guide to training with several workers shows.",
        ) from error
