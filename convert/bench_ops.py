"""Time by kind of operation.

onnxruntime has a profiler. The Python interpreters of TensorFlow Lite have none: there each distinct operation of the
file is run alone, as a file of one operation, and counted as often as it occurs. Alone, an operation finds its input in
no cache, and nothing is fused; what counts are the shares.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.flatbuffer import Flatbuffer, Op
from convert.runtimes import find_runtime

_RUNS = 3
_KERNEL = "_kernel_time"


def time_by_op(path: Path, runtime: str, threads: int, tensor: NDArray[Any]) -> dict[str, float]:
    """Milliseconds a run by kind of operation, most first.

    Args:
        path: An artifact.
        runtime: Name of a runtime that runs it.
        threads: How many threads the runtime takes.
        tensor: What the artifact takes.

    Raises:
        UserError: The runtime refuses the file, or one of its operations alone.
    """
    take: dict[str, Callable[[], dict[str, float]]] = {
        ".onnx": lambda: _profiled(path, runtime, threads, tensor),
        ".tflite": lambda: _alone(path, runtime, threads),
    }
    times = take[path.suffix]() if path.suffix in take else {}
    return dict(sorted(times.items(), key=lambda entry: -entry[1]))


def _profiled(path: Path, runtime: str, threads: int, tensor: NDArray[Any]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        session = find_runtime(runtime).session(path, threads, Path(folder) / "profile")
        name = session.get_inputs()[0].name
        for _ in range(_RUNS + 1):
            session.run(None, {name: tensor})
        events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    nodes: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith(_KERNEL):
            nodes[event["args"]["op_name"], event["name"]].append(event["dur"] / 1000)
    times: dict[str, float] = defaultdict(float)
    for (op, _), found in nodes.items():
        times[op] += statistics.median(found[1:])
    return dict(times)


def _alone(path: Path, runtime: str, threads: int) -> dict[str, float]:
    file = Flatbuffer.read(path.read_bytes(), str(path))
    found: dict[str, list[Op]] = defaultdict(list)
    for op in file.ops():
        found[_kind(file, op)].append(op)
    times: dict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory() as folder:
        for alike in found.values():
            single = Path(folder) / "single.tflite"
            single.write_bytes(_only(file, alike[0]).bytes())
            times[alike[0].name] += len(alike) * _time(single, runtime, threads)
    return dict(times)


def _kind(file: Flatbuffer, op: Op) -> str:
    """What an operation's time depends on: its kind, options, and the types and shapes of its tensors."""
    tensors = [(file.type_name(index), str(file.tensor(index).shape)) for index in (*op.raw.inputs, *op.raw.outputs)]
    return f"{op.name} {op.version} {tensors} {vars(op.raw.builtinOptions) if op.raw.builtinOptions else ''}"


def _only(file: Flatbuffer, op: Op) -> Flatbuffer:
    """A file with one operation of another, from its computed inputs to its outputs."""
    model, graph, raw = copy(file.model), copy(file.graph), copy(op.raw)
    used = sorted({int(index) for index in (*raw.inputs, *raw.outputs) if index >= 0})
    computed = [index for index in raw.inputs if index >= 0 and not file.is_constant(index)]
    places = {index: place for place, index in enumerate(used)} | {-1: -1}
    graph.inputs, graph.outputs, raw.inputs, raw.outputs = (
        np.array([places[int(index)] for index in indices], np.int32)
        for indices in (computed, raw.outputs, raw.inputs, raw.outputs)
    )
    graph.tensors = [copy(file.tensor(index)) for index in used]
    model.buffers = [file.model.buffers[0], *(file.model.buffers[tensor.buffer] for tensor in graph.tensors)]
    for place, tensor in enumerate(graph.tensors):
        tensor.buffer = place + 1
    model.operatorCodes = [file.model.operatorCodes[raw.opcodeIndex]]
    raw.opcodeIndex = 0
    graph.operators, model.subgraphs = [raw], [graph]
    model.signatureDefs, model.metadata = [], []
    return Flatbuffer(model)


def _time(path: Path, runtime: str, threads: int) -> float:
    interpreter = find_runtime(runtime).interpreter(path, threads)
    random = np.random.default_rng(0)
    for entry in interpreter.get_input_details():
        values = (
            random.integers(0, 100, entry["shape"]) if entry["dtype"] != np.float32 else random.random(entry["shape"])
        )
        interpreter.set_tensor(entry["index"], values.astype(entry["dtype"]))
    interpreter.invoke()
    times = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        interpreter.invoke()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)
