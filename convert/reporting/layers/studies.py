"""One study a file, each against the reference that has most of its tensors."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calib_data.errors import UserError
from calib_data.sizes import PhotoSize
from convert.input_sides import input_sides
from convert.reporting.layers.float_graph import FloatGraph
from convert.reporting.layers.matching import Matcher
from convert.reporting.layers.onnx_graph import OnnxGraph
from convert.reporting.layers.study import study
from convert.reporting.layers.tensors import Graph
from convert.reporting.layers.tflite_graph import TFLiteGraph
from convert.reporting.photos import ReportPhoto, load
from convert.reporting.record import LayerStudy, Stage
from convert.runtimes import DEFAULT_RUNTIME
from pynet_tf.model_files import load_model

_STUDIED = (".tflite", ".onnx")


class LayerStudies:
    """Studies files of one model and size.

    References are the float graph of the model and float files, whose tensors may have shapes that exporting gave
    them. A file is compared with the first of those that have most of its tensors.

    Args:
        model: The float model, a .keras file.
        size: The photo that comes out.
        floats: Further references: float .tflite and .onnx files.
        threads: For the runtimes.
        folder: An existing folder for what is under way; every study has one of its own there, so that several may be
            made at once.
    """

    def __init__(self, model: Path, size: PhotoSize, floats: Sequence[Path], threads: int, folder: Path) -> None:
        self._model, self._size, self._floats = model, size, floats
        self._threads, self._folder = threads, folder

    def __call__(self, stage: Stage, photo: ReportPhoto) -> LayerStudy:
        """Study a stage's file on its runtime."""
        path = Path(stage.artifact.path)
        tensor = load(photo.tensor)
        graph = self._graph(path, stage.runtime, tensor.shape)
        reference = self._reference(graph, path, tensor.shape)
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            folder = Path(name)
            (folder / "reference").mkdir()
            return study(graph, reference, self._float_graph, tensor, folder, stage.id, photo.name)

    def _reference(self, graph: Graph, path: Path, shape: tuple[int, ...]) -> Graph:
        references: list[Graph] = [self._float_graph]
        references += [
            self._graph(one, DEFAULT_RUNTIME, shape)
            for one in self._floats
            if one.resolve() != path.resolve() and one.suffix == path.suffix
        ]
        counts = [len(Matcher(reference).match(graph)[0]) for reference in references]
        return references[int(np.argmax(counts))]

    @functools.cached_property
    def _float_graph(self) -> FloatGraph:
        return FloatGraph(load_model(self._model), self._size)

    def _graph(self, path: Path, runtime: str, shape: tuple[int, ...]) -> Graph:
        if path.suffix == ".onnx":
            return OnnxGraph(path, shape, self._threads)
        return TFLiteGraph(path, runtime, self._threads)


def check_layer_reference(path: Path) -> None:
    """Refuse a file whose tensors cannot be read, before any work.

    Raises:
        UserError: It is missing, no .tflite or .onnx file, or damaged.
    """
    if path.suffix not in _STUDIED:
        raise UserError(f"{path} cannot be a reference for layers.", f"Name a file that ends in {', '.join(_STUDIED)}.")
    if not path.is_file():
        raise UserError(f"{path} is not a file.", "Make one: python -m convert.tflite --recipe float32.")
    input_sides(path)
