"""Prove artifacts: run each on every runtime and compare its pictures with the float model's."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.errors import UserError
from convert.artifact import RuntimeFacts
from convert.fidelity import Comparison, Fidelity
from convert.isolated import Outcome, run_isolated
from convert.runtimes import Runtime
from convert.trace import LEVEL


class Check:
    """Photos to check on, and what the float model makes of them, on the disk.

    Args:
        model: The float model.
        photos: Input tensors `(1, H/2, W/2, C)`, 0..1.
        folder: An existing folder that this may fill.
        threads: Threads for the runtimes; all cores by default.

    Raises:
        UserError: The float model gives values that are no numbers.
    """

    def __init__(
        self, model: keras.Model, photos: Iterable[NDArray[np.float32]], folder: Path, threads: int | None = None
    ) -> None:
        network = keras.Model(model.input, model.output[LEVEL])
        self._folder = folder
        self._threads = threads or os.cpu_count() or 1
        self.inputs: list[Path] = []
        self.references: list[Path] = []
        for number, photo in enumerate(photos):
            reference = np.clip(network(photo, training=False).numpy(), 0.0, 1.0)
            if not np.isfinite(reference).all():
                raise UserError(
                    "the float model gives values that are no numbers.",
                    "Take a checkpoint from before its training went astray.",
                )
            self.inputs.append(self._save(f"input-{number}.npy", photo))
            self.references.append(self._save(f"reference-{number}.npy", reference))

    def run(self, artifact: Path, runtime: Runtime) -> RuntimeFacts:
        """Run an artifact on one runtime, in a process of its own, and compare."""
        outcome = run_isolated(artifact, runtime, self.inputs, self._folder, self._threads)
        fidelity = None if outcome.failure else compare(self.references, outcome.outputs)
        for path in outcome.outputs:
            path.unlink()
        return RuntimeFacts(
            runtime=runtime.name,
            version=runtime.version,
            fidelity=fidelity,
            ms=_median(outcome),
            peak_mib=outcome.peak_mib,
            threads=self._threads,
            delegate_partitions=outcome.partitions,
            failure=outcome.failure,
        )

    def _save(self, name: str, values: NDArray[np.float32]) -> Path:
        path = self._folder / name
        np.save(path, values, allow_pickle=False)
        return path


def compare(references: Sequence[Path], outputs: Sequence[Path]) -> Fidelity:
    """Compare .npy pictures one pair at a time."""
    comparison = Comparison()
    for reference, output in zip(references, outputs, strict=True):
        comparison.add(np.load(reference, allow_pickle=False), np.load(output, allow_pickle=False))
    return comparison.result()


def _median(outcome: Outcome) -> float | None:
    return round(statistics.median(outcome.ms), 2) if outcome.ms else None
