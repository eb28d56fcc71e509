"""Run any ARTIFACT - .keras, .tflite or .onnx - behind one face."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calib_data.errors import UserError
from convert.flatbuffer import SIGNATURE, Flatbuffer
from convert.runtimes import DEFAULT_RUNTIME, KERAS_RUNTIME, ONNX_RUNTIME, find_runtime

PHOTO, BOKEH = "photo", "bokeh"
SUFFIXES = (".keras", ".tflite", ".onnx")
_TENSOR_MULTIPLE = 32
_LARGEST_BYTE = np.float32(255)
_CHANNELS = (3, 4)
_TO_NCHW, _TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)


class Runner(ABC):
    """A loaded artifact.

    Attributes:
        path: The file.
        input_shape: `(1, H/2, W/2, C)`, with None for a side that is free.
    """

    def __init__(self, path: Path, input_shape: tuple[int | None, ...]) -> None:
        self.path = path
        self.input_shape = input_shape

    def run(self, photo: NDArray[np.float32]) -> NDArray[np.float32]:
        """Render one photo.

        Args:
            photo: `(1, H/2, W/2, C)`, float32, 0..1.

        Returns:
            `(1, H, W, 3)`, float32, 0..1, whatever the file's own types.

        Raises:
            UserError: The photo has another shape, type or range.
        """
        _check_photo(photo, self)
        return self._run(photo)

    @abstractmethod
    def _run(self, photo: NDArray[np.float32]) -> NDArray[np.float32]: ...


class FileRunner(Runner):
    """A file on a runtime, in steps, so that running alone can be timed; other types are taken and given as floats."""

    delegate_partitions = 0

    def _run(self, photo: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.to_picture(self.invoke(self.to_tensor(photo)))

    @abstractmethod
    def to_tensor(self, photo: NDArray[np.float32]) -> NDArray[Any]:
        """The photo in the file's own type and layout."""

    @abstractmethod
    def invoke(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Run the file on a tensor of its own type."""

    @abstractmethod
    def to_picture(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """The file's output as floats."""


class KerasRunner(FileRunner):
    """A float model."""

    def __init__(self, path: Path, runtime: str = KERAS_RUNTIME, threads: int | None = None) -> None:
        import tensorflow as tf
        import tf_keras as keras

        from pynet_tf.model_files import load_model

        if threads is not None:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        model = load_model(path)
        if "level1" not in model.output:
            raise UserError(
                f"{path} builds {', '.join(model.output)}; level1, the full-size picture, is not among them.",
                "Train it down to level 1: python -m pynet_tf.train --levels 7-1.",
            )
        super().__init__(path, (1, *model.input_shape[1:]))
        self._network = keras.Model(model.input, model.output["level1"])

    def to_tensor(self, photo: NDArray[np.float32]) -> NDArray[Any]:
        """The photo as it is."""
        return photo

    def invoke(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Run the network."""
        return self._network(tensor, training=False).numpy()

    def to_picture(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """The network's output, limited to 0..1."""
        return np.clip(tensor, 0.0, 1.0)


class TFLiteRunner(FileRunner):
    """A .tflite file on one runtime; integers are taken and given as floats."""

    def __init__(self, path: Path, runtime: str = DEFAULT_RUNTIME, threads: int | None = None) -> None:
        check_tflite(path)
        self._interpreter = find_runtime(runtime).interpreter(path, threads or os.cpu_count() or 1)
        self._signature = self._interpreter.get_signature_runner(SIGNATURE)
        self._input = self._signature.get_input_details()[PHOTO]
        self._output = self._signature.get_output_details()[BOKEH]
        super().__init__(path, tuple(int(side) for side in self._input["shape"]))
        self.delegate_partitions = self._delegate_partitions()

    def _delegate_partitions(self) -> int:
        """In how many parts a delegate (XNNPACK) runs the graph; 0 if it runs none of it."""
        return sum(entry["op_name"] == "DELEGATE" for entry in self._interpreter._get_ops_details())

    def to_tensor(self, photo: NDArray[np.float32]) -> NDArray[Any]:
        """The photo in the file's own type."""
        return quantized(photo, self._input)

    def invoke(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Run the file on a tensor of its own type."""
        return self._signature(**{PHOTO: tensor})[BOKEH]

    def to_picture(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """The file's output as floats."""
        return dequantized(tensor, self._output)


class OnnxRunner(FileRunner):
    """An .onnx file in onnxruntime, of either layout, of floats or bytes."""

    def __init__(self, path: Path, runtime: str = ONNX_RUNTIME, threads: int | None = None) -> None:
        self._session = find_runtime(runtime).session(path, threads or os.cpu_count() or 1)
        inputs = {entry.name: entry for entry in self._session.get_inputs()}
        if set(inputs) != {PHOTO} or BOKEH not in {entry.name for entry in self._session.get_outputs()}:
            raise UserError(
                f"{path} has the inputs {', '.join(inputs)}; a PyNET has {PHOTO} and {BOKEH}.", "Export it again."
            )
        sides = [side if isinstance(side, int) else None for side in inputs[PHOTO].shape]
        self._in_bytes = inputs[PHOTO].type == "tensor(uint8)"
        self._maps_first = len(sides) == len(_TO_NCHW) and sides[1] in _CHANNELS
        super().__init__(path, tuple(sides[place] for place in _TO_NHWC) if self._maps_first else tuple(sides))

    def to_tensor(self, photo: NDArray[np.float32]) -> NDArray[Any]:
        """The photo in the file's own type and layout."""
        turned = np.ascontiguousarray(photo.transpose(_TO_NCHW)) if self._maps_first else photo
        return np.rint(turned * _LARGEST_BYTE).astype(np.uint8) if self._in_bytes else turned

    def invoke(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Run the file on a tensor of its own type."""
        return self._session.run([BOKEH], {PHOTO: tensor})[0]

    def to_picture(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """The file's output as floats `(1, H, W, 3)`."""
        turned = tensor.transpose(_TO_NHWC) if self._maps_first else tensor
        if turned.dtype == np.uint8:
            return turned.astype(np.float32) / _LARGEST_BYTE
        return np.clip(turned, 0.0, 1.0)


_RUNNERS: dict[str, type[KerasRunner] | type[TFLiteRunner] | type[OnnxRunner]] = {
    ".keras": KerasRunner,
    ".tflite": TFLiteRunner,
    ".onnx": OnnxRunner,
}


def load_artifact(path: Path | str) -> Runner:
    """Load a `.keras`, `.tflite` or `.onnx` file for running; no code in it is run.

    Returns:
        A runner: `run(photo (1, H/2, W/2, C)) -> (1, H, W, 3)`, floats 0..1 in and out, and `input_shape`.

    Raises:
        UserError: The file is missing, of another kind, truncated, or not a PyNET.

    Example:
        >>> bokeh = load_artifact("dist/pynet-rgb-w8-1024x1536-int8.tflite").run(photo)
    """
    file = Path(path)
    if file.suffix not in SUFFIXES:
        raise UserError(f"{file.name} is no artifact.", f"Name a file that ends in {', '.join(SUFFIXES)}.")
    if not file.is_file():
        raise UserError(f"{file} is not a file.", "Make one with python -m convert.tflite or convert.onnx.")
    return _RUNNERS[file.suffix](file)


def open_file(path: Path, runtime: str, threads: int) -> FileRunner:
    """Load an artifact on one runtime.

    Raises:
        UserError: The file is no such file, the runtime is not installed or refuses it.
    """
    return _RUNNERS[path.suffix](path, runtime, threads)


def check_tflite(path: Path) -> Flatbuffer:
    """Read a .tflite file, and refuse one that is damaged or not a PyNET, before a runtime sees it.

    Raises:
        UserError: Not a .tflite file, truncated, or without the signature photo to bokeh.
    """
    file = Flatbuffer.read(path.read_bytes(), str(path))
    signatures = file.model.signatureDefs or []
    named = [
        ({entry.name for entry in one.inputs or []}, {entry.name for entry in one.outputs or []})
        for one in signatures
        if one.signatureKey == SIGNATURE.encode()
    ]
    sides = [np.size(file.tensor(index).shape) for index in (*file.graph.inputs, *file.graph.outputs)]
    if named != [({PHOTO.encode()}, {BOKEH.encode()})] or sides != [4, 4]:
        raise UserError(
            f"{path} is not a PyNET: it lacks the signature {SIGNATURE} from {PHOTO} to {BOKEH}, each of four sides.",
            "Convert a PyNET with python -m convert.tflite.",
        )
    return file


def _check_photo(photo: NDArray[np.float32], runner: Runner) -> None:
    shape = "(" + ", ".join("any" if side is None else str(side) for side in runner.input_shape) + ")"
    if photo.dtype != np.float32:
        raise UserError(
            f"the photo is of type {photo.dtype}; float32 is taken.", "Convert it: photo.astype('float32')."
        )
    fits = photo.ndim == len(runner.input_shape) and all(
        wanted in (None, side) for wanted, side in zip(runner.input_shape, photo.shape, strict=True)
    )
    if not fits:
        raise UserError(
            f"the photo has the shape {photo.shape}; {runner.path.name} takes {shape}.",
            "Fit the photo, give it depth as a fourth channel, or convert the model at that size.",
        )
    if photo.shape[1] % _TENSOR_MULTIPLE or photo.shape[2] % _TENSOR_MULTIPLE:
        raise UserError(
            f"the photo's tensor is {photo.shape[1]}x{photo.shape[2]}; sides must be multiples of {_TENSOR_MULTIPLE}.",
            "Pad it: python -m pynet_tf.render does.",
        )
    low, high = float(photo.min()), float(photo.max())
    if not (low >= 0.0 and high <= 1.0):
        raise UserError(
            f"the photo's values go from {low:g} to {high:g}; 0 to 1 is taken.", "Divide 8-bit pixels by 255."
        )


def quantized(values: NDArray[np.float32], details: dict[str, Any]) -> NDArray[Any]:
    """Floats as a tensor's own type, by the `details` that an interpreter gives of it."""
    if details["dtype"] == np.float32:
        return values
    scale, zero_point = details["quantization"]
    limits = np.iinfo(details["dtype"])
    return np.clip(np.rint(values / scale) + zero_point, limits.min, limits.max).astype(details["dtype"])


def dequantized(values: NDArray[Any], details: dict[str, Any]) -> NDArray[np.float32]:
    """A tensor's values as floats, by the `details` that an interpreter gives of it."""
    if details["dtype"] == np.float32:
        return values
    scale, zero_point = details["quantization"]
    return (values.astype(np.float32) - zero_point) * np.float32(scale)
