"""The whole way of one model to .onnx artifacts, made, proven and described, then published together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from calib_data.files import write_text
from convert.artifact import DATA, ArtifactFacts, SourceModel
from convert.checking import Check
from convert.conversion import Conversion, Network
from convert.onnx_artifact import describe_onnx, write_onnx
from convert.onnx_exporter import OnnxExporter, OnnxForm
from convert.onnx_graph import OnnxGraph
from convert.recipes import Recipe

ANY_SIZE = "anysize"


@dataclass
class OnnxConversion(Conversion):
    """A model on its way to .onnx artifacts.

    Attributes:
        form: What the files look like from outside.
        external_data: Whether weights go into a file beside each.
    """

    form: OnnxForm = field(default_factory=OnnxForm)
    external_data: bool = False
    suffix: ClassVar[str] = ".onnx"

    def name_of(self, recipe: Recipe) -> str:
        """The artifact's name, without suffix."""
        size = ANY_SIZE if self.form.any_size else str(self.size)
        layout = [] if self.form.layout == "nhwc" else [self.form.layout]
        return "-".join([self.network.file.stem, size, *layout, recipe.name])

    def publish(self, out: Path) -> None:
        """Move the artifacts to `out`, each after its side file and its weights."""
        for facts in self.artifacts:
            assert facts.onnx is not None
            write_text(out / f"{facts.name}.json", facts.model_dump_json(indent=2) + "\n")
            (out / facts.file).unlink(missing_ok=True)  # an older one must not be taken for the weights' own
            (out / f"{facts.file}{DATA}").unlink(missing_ok=True)
            for name in filter(None, (facts.onnx.external_data, facts.file)):
                (self.folder / name).replace(out / name)

    def _new_exporter(self, network: Network) -> OnnxExporter:
        return OnnxExporter(
            network.model, self.size, self.form, self._calibration_photos, network.learnt, self._say_missing
        )

    def _prove(self, recipe: Recipe, content: OnnxGraph, source: SourceModel, check: Check) -> ArtifactFacts:
        name = self.name_of(recipe)
        path = self.folder / f"{name}{self.suffix}"
        calibration = self.calibration.facts() if self._calibrates(recipe) else None
        exporter = self._exporter(self._network(recipe))
        assert isinstance(exporter, OnnxExporter)
        left = exporter.left_in_float(recipe)
        facts = describe_onnx(content, name, self.form, source, recipe, left, calibration)
        write_onnx(content, path, facts, self.external_data)
        proven = facts.model_copy(update={"runs": tuple(self._runs(recipe, path, check))})
        return write_onnx(content, path, proven, self.external_data)

    def _check_photos(self) -> Iterator[NDArray[np.float32]]:
        """The photos; of free sides, every second one lies on its side, so that two sizes are proven."""
        for number, photo in enumerate(self.check.tensors()):
            turned = self.form.any_size and number % 2
            yield np.ascontiguousarray(photo.transpose(0, 2, 1, 3)) if turned else photo
