"""Runs a file whose inner tensors are its outputs, in a process of its own.

`python -m convert.reporting.layers.tapping FILE RUNTIME THREADS PHOTO FOLDER` writes each output as floats to
`FOLDER/tensor-N.npy`. It is called by `run_tapped` and not meant for people.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calib_data.errors import UserError
from convert.isolated import reason_of_failure
from convert.reporting.process import RuntimeFailedError
from convert.runners import PHOTO, dequantized, quantized
from convert.runtimes import find_runtime

NHWC_TO_NCHW, NCHW_TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)
_CHANNELS = (3, 4)


def run_tapped(
    file: Path, runtime: str, threads: int, photo: NDArray[np.float32], count: int, folder: Path
) -> Iterator[NDArray[np.float32]]:
    """The outputs of a file as floats, in its order; one is in memory at a time.

    Args:
        file: A .tflite or .onnx file.
        runtime: A name of `convert.runtimes`, or `onnxruntime`.
        threads: For the runtime.
        photo: The input `(1, H/2, W/2, C)`, 0..1.
        count: How many outputs there are.
        folder: For what passes between the processes.

    Raises:
        RuntimeFailedError: The runtime refuses the file, or its process dies.
    """
    tensor = folder / "tapped-photo.npy"
    np.save(tensor, photo, allow_pickle=False)
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(file), runtime, str(threads), str(tensor), str(folder)],
        capture_output=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=False,
    )
    if done.returncode:
        reason = reason_of_failure(done.returncode, done.stderr.decode("utf-8", "replace"))
        raise RuntimeFailedError(reason, "Leave the layers out: --no-layers.")
    for number in range(count):
        path = _place(folder, number)
        values = np.load(path, allow_pickle=False)
        path.unlink()
        yield values


def main(file: str, runtime: str, threads: str, photo: str, folder: str) -> int:
    """Run once and write the outputs; exit code 2 with the reason on standard error if the file is refused."""
    run = _run_onnx if file.endswith(".onnx") else _run_tflite
    try:
        for number, values in enumerate(run(Path(file), runtime, int(threads), np.load(photo, allow_pickle=False))):
            np.save(_place(Path(folder), number), values, allow_pickle=False)
    except UserError as error:
        print(error.problem, file=sys.stderr)
        return 2
    return 0


def _run_tflite(file: Path, runtime: str, threads: int, photo: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    interpreter = find_runtime(runtime).interpreter(file, threads)
    source = interpreter.get_input_details()[0]
    interpreter.set_tensor(source["index"], quantized(photo, source))
    interpreter.invoke()
    for details in interpreter.get_output_details():
        yield dequantized(interpreter.get_tensor(details["index"]), details)


def _run_onnx(file: Path, runtime: str, threads: int, photo: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    session = find_runtime(runtime).session(file, threads)
    source = session.get_inputs()[0]
    turned = photo.transpose(NHWC_TO_NCHW) if maps_first(source.shape) else photo
    tensor = np.rint(255 * turned).astype(np.uint8) if source.type == "tensor(uint8)" else turned
    for values in session.run(None, {PHOTO: np.ascontiguousarray(tensor)}):
        yield values / np.float32(255) if values.dtype == np.uint8 else np.asarray(values, np.float32)


def maps_first(shape: Sequence[object]) -> bool:
    """Whether an input is `(1, C, H/2, W/2)`."""
    return len(shape) == 4 and shape[1] in _CHANNELS and shape[3] not in _CHANNELS


def _place(folder: Path, number: int) -> Path:
    return folder / f"tensor-{number}.npy"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
