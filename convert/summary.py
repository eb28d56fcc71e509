"""The table at the end of a conversion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from calib_data import command
from calib_data.wording import counted
from convert.artifact import ArtifactFacts, RuntimeFacts, file_mib
from convert.policy import version_key

_FAILURE_SHOWN = 160


def print_summary(artifacts: Sequence[ArtifactFacts], out: Path) -> None:
    """Print recipe, size, fidelity, speed and memory on each runtime, what stayed float, and the oldest runtime."""
    command.console().print(_table(artifacts, out))
    for facts in artifacts:
        for run in facts.runs:
            if run.failure:
                command.tell(f"{facts.recipe.name} on {run.runtime} {run.version}: {run.failure[:_FAILURE_SHOWN]}")
    checked = next((run.fidelity.photos for facts in artifacts for run in facts.runs if run.fidelity), 0)
    command.tell(
        f"dB: mean PSNR against the float model on {counted(checked, 'photo')}; +-: largest difference of 255; "
        "ms a photo; peak: memory over the idle process."
    )
    command.tell(f"files, each with a .json of all facts beside it, in {out}:")
    for facts in artifacts:
        command.tell(f"  {facts.file}")


def fastest(artifacts: Sequence[ArtifactFacts]) -> ArtifactFacts:
    """The artifact that takes the least time on the runtime that is named first; what does not run there comes last."""
    return min(artifacts, key=lambda facts: facts.runs[0].ms or math.inf)


def newer_than(artifacts: Sequence[ArtifactFacts], limit: str) -> list[str]:
    """One line for each artifact that needs a newer runtime than `limit`, with the operations that decide it."""
    return [
        f"{facts.file} needs TensorFlow Lite {facts.minimum_runtime} for {', '.join(facts.minimum_runtime_because)}"
        for facts in artifacts
        if version_key(facts.minimum_runtime) > version_key(limit)
    ]


def _table(artifacts: Sequence[ArtifactFacts], out: Path) -> Table:
    runtimes = list(dict.fromkeys(run.runtime for facts in artifacts for run in facts.runs))
    columns = ["recipe", "MiB"]
    for runtime in runtimes:
        columns += [f"{runtime}\ndB", "+-", "ms", "peak\nMiB"]
    rows = [
        [
            facts.recipe.name,
            f"{file_mib(out / facts.file):.2f}",
            *(cell for runtime in runtimes for cell in _cells(facts, runtime)),
            _left_in_float(facts),
            facts.minimum_runtime,
        ]
        for facts in artifacts
    ]
    family = "onnxruntime" if artifacts[0].format == "onnx" else "TFLite"
    return command.table("", [*columns, "ops left in float", f"{family}\nfrom"], rows)


def _cells(facts: ArtifactFacts, runtime: str) -> tuple[str, str, str, str]:
    run = next((run for run in facts.runs if run.runtime == runtime), None)
    if run is None:
        return "-", "-", "-", "-"
    return _figures(run)


def _figures(run: RuntimeFacts) -> tuple[str, str, str, str]:
    if run.fidelity is None or run.ms is None:
        return "fails", "-", "-", "-"
    memory = "-" if run.peak_mib is None else f"{run.peak_mib:.0f}"
    return f"{run.fidelity.mean_psnr:.1f}", f"{255 * run.fidelity.max_abs:.1f}", f"{run.ms:.0f}", memory


def _left_in_float(facts: ArtifactFacts) -> str:
    if not facts.recipe.needs_calibration:
        return "all" if facts.recipe.kind == "float32" else "activations"
    return " ".join(facts.left_in_float) or "none"
