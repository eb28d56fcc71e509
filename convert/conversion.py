"""The whole way of one model at one size: its artifacts, made, proven and described, then published together."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.errors import UserError
from calib_data.files import sha256, write_bytes, write_text
from calib_data.sizes import PhotoSize
from convert.artifact import ArtifactFacts, RuntimeFacts, SourceModel, describe, with_metadata
from convert.checking import Check
from convert.exporter import TFLiteExporter
from convert.photo_sets import PhotoSet
from convert.ranged import Ranges
from convert.recipes import Recipe
from convert.rewrites.stage import REWRITES
from convert.runtimes import Runtime
from convert.self_check import self_check
from pynet_tf.model_files import config_of

Watch = Callable[[Iterable[NDArray[np.float32]], int, str], Iterator[NDArray[np.float32]]]
Say = Callable[[str], None]
_OTHER_SUFFIXES = {".tflite": (".onnx",), ".onnx": (".tflite",)}


class Exporter(Protocol):
    """Makes what a file of one format holds."""

    def export(self, recipe: Recipe) -> Any:
        """The content by a recipe."""
        ...


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
        rewrites: Names of the rewrites of the graph to apply.
        learnt: Ranges that training has learnt, by layer; None for a plain float model.
        unlearnt: Names of the recipes that needed ranges which were not learnt.
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
    rewrites: Collection[str] = frozenset(REWRITES)
    learnt: Ranges | None = None
    artifacts: list[ArtifactFacts] = field(default_factory=list)
    unlearnt: set[str] = field(default_factory=set)
    suffix: ClassVar[str] = ".tflite"

    def convert(self, recipes: Sequence[Recipe]) -> list[ArtifactFacts]:
        """Make one artifact a recipe in `folder`, and prove each on every runtime.

        Raises:
            UserError: The model, a recipe or the photos are at fault.
        """
        source = self._source()
        exporter = self._exporter()
        contents = []
        for recipe in recipes:
            self.say(f"converting {recipe.name}")
            contents.append(exporter.export(recipe))
        check = Check(
            self.model,
            self.watch(self._check_photos(), len(self.check.pairs), "float model"),
            self.folder,
            self.threads,
        )
        for recipe, content in zip(recipes, contents, strict=True):
            self.artifacts.append(self._prove(recipe, content, source, check))
        return self.artifacts

    def name_of(self, recipe: Recipe) -> str:
        """The artifact's name, without suffix."""
        return f"{self.model_file.stem}-{self.size}-{recipe.name}"

    def check_side_files(self, out: Path, recipes: Sequence[Recipe]) -> None:
        """Refuse to overwrite the side file of a file of another format that is still there.

        Raises:
            UserError: `out` has an artifact of that name in another format.
        """
        for recipe in recipes:
            for suffix in _OTHER_SUFFIXES[self.suffix]:
                other = out / f"{self.name_of(recipe)}{suffix}"
                if other.exists():
                    raise UserError(
                        f"{other} is there, and its side file has the name that {other.stem}{self.suffix} needs.",
                        "Name another folder by --out.",
                    )

    def publish(self, out: Path) -> None:
        """Move the artifacts to `out`, each after its side file, so that an artifact is never without one."""
        for facts in self.artifacts:
            write_text(out / f"{facts.name}.json", facts.model_dump_json(indent=2) + "\n")
            (self.folder / facts.file).replace(out / facts.file)

    def _exporter(self) -> Exporter:
        return TFLiteExporter(
            self.model, self.size, self._calibration_photos, self.rewrites, self.learnt, self._say_missing
        )

    def _say_missing(self, recipe: str, tensors: Sequence[str]) -> None:
        self.unlearnt.add(recipe)
        self.say(f"{recipe}: {len(tensors)} tensors have no learnt range and are calibrated: {', '.join(tensors)}")

    def _prove(self, recipe: Recipe, content: Any, source: SourceModel, check: Check) -> ArtifactFacts:
        name = self.name_of(recipe)
        path = self.folder / f"{name}{self.suffix}"
        write_bytes(path, content)
        runs = self._runs(recipe, path, check)
        calibration = self.calibration.facts() if self._calibrates(recipe) else None
        facts = describe(content, name, source, recipe, calibration, runs)
        check_inside = self_check(path, facts.input.shape, self.folder, self.threads or os.cpu_count() or 1)
        write_bytes(path, with_metadata(content, facts, check_inside))
        return facts.model_copy(update={"file": path.name, "sha256": sha256(path)})

    def _calibrates(self, recipe: Recipe) -> bool:
        learnt = self.learnt is not None and recipe.kind == "int8" and recipe.name not in self.unlearnt
        return recipe.needs_calibration and not learnt

    def _runs(self, recipe: Recipe, path: Path, check: Check) -> list[RuntimeFacts]:
        runs = []
        for runtime in self.runtimes:
            self.say(f"checking {recipe.name} on {runtime.name} {runtime.version}")
            runs.append(check.run(path, runtime))
        return runs

    def _check_photos(self) -> Iterator[NDArray[np.float32]]:
        return self.check.tensors()

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
