"""The whole way of one model at one size: its artifacts, made, proven and described, then published together."""

from __future__ import annotations

import functools
import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import tf_keras as keras
from numpy.typing import NDArray

from calib_data.errors import UserError
from calib_data.files import sha256, write_bytes, write_text
from calib_data.sizes import PhotoSize
from calib_data.wording import counted
from convert.artifact import ArtifactFacts, RuntimeFacts, SourceModel, describe, with_metadata
from convert.checking import Check
from convert.exporter import TFLiteExporter
from convert.photo_sets import FEW_PHOTOS, PhotoSet
from convert.ranged import Ranges
from convert.recipes import Recipe
from convert.rewrites.stage import REWRITES
from convert.runtimes import Runtime
from convert.self_check import self_check
from pynet_tf.model_files import SAMPLE_MODEL, config_of, load_model
from quantize.ranges import load_ranges
from quantize.suiting import SUITED_ON, suited

Watch = Callable[[Iterable[NDArray[np.float32]], int, str], Iterator[NDArray[np.float32]]]
Say = Callable[[str], None]
_OF_A_NORM = re.compile(r"^\w+(?=_norm/)")
_OTHER_SUFFIXES = {".tflite": (".onnx",), ".onnx": (".tflite",)}


class Exporter(Protocol):
    """Makes what a file of one format holds."""

    def export(self, recipe: Recipe) -> Any:
        """The content by a recipe."""
        ...


@dataclass(frozen=True, eq=False)
class Network:
    """A network and where it came from.

    Attributes:
        model: A PyNET that builds level 1.
        file: Its file.
        learnt: Ranges that training has learnt, by layer; None for a plain float model.
    """

    model: keras.Model
    file: Path
    learnt: Ranges | None

    @classmethod
    def load(cls, file: Path) -> Network:
        """Read a `.keras` file.

        Raises:
            UserError: It is none of ours, or damaged.
        """
        model, ranges = load_model(file), load_ranges(file)
        return cls(model, file, None if ranges is None else ranges.ranges)

    @property
    def inputs(self) -> str:
        """`rgb`, or `rgbd` with a depth map."""
        return config_of(self.model).inputs

    def source(self) -> SourceModel:
        """What side files say of it."""
        config = config_of(self.model)
        return SourceModel(
            file=self.file.name,
            sha256=sha256(self.file),
            inputs=config.inputs,
            width=config.width,
            head=config.head,
            norm=config.norm,
        )


def load_networks(model: Path | None, tuned: Path | None) -> tuple[Network, Network]:
    """The network that all artifacts are compared with, and the one that 8-bit recipes are made of.

    Args:
        model: A `.keras` file; None for the sample model.
        tuned: A file that `quantize.train` made of it; None to make all of `model`.

    Raises:
        UserError: One cannot be read, or the tuned one has no learnt ranges or other inputs.
    """
    network = Network.load(model or SAMPLE_MODEL)
    if tuned is None:
        return network, network
    other = Network.load(tuned)
    if other.learnt is None:
        raise UserError(
            f"{tuned} has no learnt ranges: it is not fine-tuned for integers.",
            "Name it by --model, or take the model.keras of a run of quantize.train.",
        )
    if other.inputs != network.inputs:
        raise UserError(
            f"{tuned} reads {other.inputs}, and {network.file} {network.inputs}.",
            "Name by --model the float model that it was tuned from.",
        )
    return network, other


@dataclass
class Conversion:
    """A model on its way to artifacts.

    Attributes:
        network: What all artifacts are compared with, and made of but for those of 8-bit recipes.
        tuned: What artifacts of 8-bit recipes are made of: one fine-tuned from it, or the same, whose maps are then
            made to suit integers (`quantize.suiting`).
        size: The photo that comes out.
        calibration: Photos whose ranges integer recipes use.
        check: Photos that each artifact is compared on.
        runtimes: Where each artifact is run.
        folder: An existing folder for what is under way, on the disk where the artifacts will be.
        threads: Threads for the runtimes; None for all cores.
        watch: Wraps a stream of photos, to show how far it is.
        say: Receives one line before each step.
        rewrites: Names of the rewrites of the graph to apply.
        exporters: Those that were needed so far.
        unlearnt: Names of the recipes that needed ranges which were not learnt.
    """

    network: Network
    tuned: Network
    size: PhotoSize
    calibration: PhotoSet
    check: PhotoSet
    runtimes: Sequence[Runtime]
    folder: Path
    threads: int | None
    watch: Watch
    say: Say
    rewrites: Collection[str] = frozenset(REWRITES)
    artifacts: list[ArtifactFacts] = field(default_factory=list)
    exporters: dict[Network, Exporter] = field(default_factory=dict)
    unlearnt: set[str] = field(default_factory=set)
    suffix: ClassVar[str] = ".tflite"

    def convert(self, recipes: Sequence[Recipe]) -> list[ArtifactFacts]:
        """Make one artifact a recipe in `folder`, and prove each on every runtime.

        Raises:
            UserError: The model, a recipe or the photos are at fault.
        """
        contents = []
        for recipe in recipes:
            self.say(f"converting {recipe.name}")
            contents.append(self._exporter(self._network(recipe)).export(recipe))
        check = Check(
            self.network.model,
            self.watch(self._check_photos(), len(self.check.pairs), "float model"),
            self.folder,
            self.threads,
        )
        for recipe, content in zip(recipes, contents, strict=True):
            self.artifacts.append(self._prove(recipe, content, self._network(recipe).source(), check))
        return self.artifacts

    def doubt(self, recipes: Sequence[Recipe]) -> str:
        """Why the ranges of these recipes may be poor, for the user; empty if they are learnt, or photos are enough."""
        count = len(self.calibration.pairs)
        if count >= FEW_PHOTOS or not any(self._calibrates(recipe) for recipe in recipes):
            return ""
        return f"{counted(count, 'photo')} to calibrate on; {FEW_PHOTOS} or more give ranges to rely on."

    def name_of(self, recipe: Recipe) -> str:
        """The artifact's name, without suffix."""
        return f"{self.network.file.stem}-{self.size}-{recipe.name}"

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

    def _network(self, recipe: Recipe) -> Network:
        if recipe.kind != "int8":
            return self.network
        return self._suited if self.tuned.learnt is None else self.tuned

    @functools.cached_property
    def _suited(self) -> Network:
        """For 8-bit recipes of a network that is not fine-tuned: its function, with maps that suit integers."""
        self.say("making its maps suit integers")
        photos = list(itertools.islice(self.calibration.tensors(), SUITED_ON))
        return replace(self.tuned, model=suited(self.tuned.model, photos))

    def _exporter(self, network: Network) -> Exporter:
        """The network's, which is made when it is first asked for."""
        if network not in self.exporters:
            self.exporters[network] = self._new_exporter(network)
        return self.exporters[network]

    def _new_exporter(self, network: Network) -> Exporter:
        return TFLiteExporter(
            network.model, self.size, self._calibration_photos, self.rewrites, network.learnt, self._say_missing
        )

    def _say_missing(self, recipe: str, tensors: Sequence[str]) -> None:
        self.unlearnt.add(recipe)
        kinds = Counter(_OF_A_NORM.sub("*", name) for name in tensors)
        listed = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in kinds.items())
        self.say(f"{recipe}: {len(tensors)} tensors have no learnt range and are calibrated: {listed}")

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
        learnt = recipe.kind == "int8" and self.tuned.learnt is not None and recipe.name not in self.unlearnt
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
