"""The whole way of one model at one size: its artifacts, made, proven and described, then published together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.files import sha256, write_bytes, write_text
from calib_data.sizes import PhotoSize
from convert.artifact import ArtifactFacts, SourceModel, describe, with_metadata
from convert.checking import Check
from convert.exporter import TFLiteExporter
from convert.photo_sets import PhotoSet
from convert.recipes import Recipe
from convert.runtimes import Runtime
from convert.self_check import self_check
from pynet_tf.model_files import config_of

Watch = Callable[[Iterable[NDArray[np.float32]], int, str], Iterator[NDArray[np.float32]]]
Say = Callable[[str], None]


@dataclass
class Conversion:
    """A model on its way to artifacts.

    Attributes:
        model: A PyNET that builds level 1.
        model_file: The file it came from.
        size: The photo that comes out.
        calibration: Photos whose ranges integer recipes use.
        check: Photos that each artifact is compared on.
        runtimes: Where each artifact is run.
        folder: An existing folder for what is under way, on the disk where the artifacts will be.
        threads: Threads for the runtimes; None for all cores.
        watch: Wraps a stream of photos, to show how far it is.
        say: Receives one line before each step.
    """

    model: keras.Model
    model_file: Path
    size: PhotoSize
    calibration: PhotoSet
    check: PhotoSet
    runtimes: Sequence[Runtime]
    folder: Path
    threads: int | None
    watch: Watch
    say: Say
    artifacts: list[ArtifactFacts] = field(default_factory=list)

    def convert(self, recipes: Sequence[Recipe]) -> list[ArtifactFacts]:
        """Make one artifact a recipe in `folder`, and prove each on every runtime.

        Raises:
            UserError: The model, a recipe or the photos are at fault.
        """
        source = self._source()
        exporter = TFLiteExporter(self.model, self.size, self._calibration_photos)
        contents = []
        for recipe in recipes:
            self.say(f"converting {recipe.name}")
            contents.append(exporter.export(recipe))
        check = Check(
            self.model,
            self.watch(self.check.tensors(), len(self.check.pairs), "float model"),
            self.folder,
            self.threads,
        )
        for recipe, content in zip(recipes, contents, strict=True):
            self.artifacts.append(self._prove(recipe, content, source, check))
        return self.artifacts

    def publish(self, out: Path) -> None:
        """Move the artifacts to `out`, each after its side file, so that an artifact is never without one."""
        for facts in self.artifacts:
            write_text(out / f"{facts.name}.json", facts.model_dump_json(indent=2) + "\n")
            (self.folder / facts.file).replace(out / facts.file)

    def _prove(self, recipe: Recipe, content: bytes, source: SourceModel, check: Check) -> ArtifactFacts:
        name = f"{self.model_file.stem}-{self.size}-{recipe.name}"
        path = self.folder / f"{name}.tflite"
        write_bytes(path, content)
        runs = []
        for runtime in self.runtimes:
            self.say(f"checking {recipe.name} on {runtime.name} {runtime.version}")
            runs.append(check.run(path, runtime))
        calibration = self.calibration.facts() if recipe.needs_calibration else None
        facts = describe(content, name, source, recipe, calibration, runs)
        check_inside = self_check(path, facts.input.shape, self.folder, self.threads or os.cpu_count() or 1)
        write_bytes(path, with_metadata(content, facts, check_inside))
        return facts.model_copy(update={"file": path.name, "sha256": sha256(path)})

    def _calibration_photos(self) -> Iterator[NDArray[np.float32]]:
        return self.watch(self.calibration.tensors(), len(self.calibration.pairs), "calibration")

    def _source(self) -> SourceModel:
        config = config_of(self.model)
        return SourceModel(
            file=self.model_file.name,
            sha256=sha256(self.model_file),
            inputs=config.inputs,
            width=config.width,
            head=config.head,
            norm=config.norm,
        )
