"""What the runtimes can do: which operation may take which type, and since which version.

Sources: LiteRT `tflite/converter/tools/versioning/runtime_version.cc` for versions, `tflite/kernels` and our own
runs on tflite-runtime 2.14 for types.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from calib_data.errors import UserError
from convert.flatbuffer import OpCount

ElementType = Literal["float32", "float16", "int8-weights", "int8", "int16x8"]
ELEMENT_TYPES: tuple[ElementType, ...] = get_args(ElementType)
CALIBRATED_TYPES: frozenset[ElementType] = frozenset({"int8", "int16x8"})

NETWORK_OPS = frozenset(
    {
        "ADD",
        "AVERAGE_POOL_2D",
        "CONCATENATION",
        "CONV_2D",
        "LEAKY_RELU",
        "LOGISTIC",
        "MAX_POOL_2D",
        "MEAN",
        "MINIMUM",
        "MUL",
        "PAD",
        "RESHAPE",
        "RESIZE_BILINEAR",
        "RSQRT",
        "STRIDED_SLICE",
        "SUB",
        "TANH",
        "TRANSPOSE_CONV",
    }
)
ONNX_OPS = frozenset(
    {
        "Add",
        "AveragePool",
        "Concat",
        "Conv",
        "ConvTranspose",
        "InstanceNormalization",
        "LeakyRelu",
        "MaxPool",
        "Mul",
        "Resize",
        "Sigmoid",
        "Slice",
        "Sub",
        "Tanh",
    }
)
_WITH_WEIGHTS = frozenset({"CONV_2D", "TRANSPOSE_CONV"})

CAN_TAKE: dict[ElementType, frozenset[str]] = {
    "float32": NETWORK_OPS | ONNX_OPS,
    "float16": _WITH_WEIGHTS | ONNX_OPS,
    "int8-weights": frozenset({"CONV_2D", "Conv", "ConvTranspose"}),
    "int8": NETWORK_OPS | ONNX_OPS,
    "int16x8": NETWORK_OPS,
}
_WHY_NOT: dict[tuple[str, ElementType], str] = {
    ("TRANSPOSE_CONV", "int8-weights"): "tflite-runtime 2.14 refuses int8 weights with float input there",
}

_FIRST_RUNTIME: dict[str, dict[int, str]] = {
    "ADD": {1: "1.5", 2: "1.14", 3: "2.4", 4: "2.6", 5: "2.13"},
    "AVERAGE_POOL_2D": {1: "1.5", 2: "1.14", 3: "2.3"},
    "CONCATENATION": {1: "1.5", 2: "1.14", 3: "2.3", 4: "2.14"},
    "CONV_2D": {1: "1.5", 2: "1.14", 3: "1.14", 4: "2.3", 5: "2.4", 6: "2.9", 7: "2.11", 8: "2.15"},
    "DEQUANTIZE": {1: "1.13", 2: "1.14", 3: "1.15", 4: "2.2", 5: "2.7"},
    "LEAKY_RELU": {1: "1.13", 2: "2.3"},
    "LOGISTIC": {1: "1.14", 2: "1.14", 3: "2.3"},
    "MAX_POOL_2D": {1: "1.5", 2: "1.14", 3: "2.3"},
    "MEAN": {1: "1.6", 2: "1.14", 3: "2.4"},
    "MINIMUM": {1: "1.14", 2: "1.14", 3: "2.3", 4: "2.3"},
    "MUL": {1: "1.5", 2: "1.14", 3: "1.15", 4: "2.3", 5: "2.6", 6: "2.11", 7: "2.13"},
    "PAD": {1: "1.5", 2: "1.14", 3: "2.4"},
    "QUANTIZE": {1: "1.14", 2: "1.15", 3: "2.7"},
    "RELU": {1: "1.5", 2: "2.1", 3: "2.5"},
    "RESHAPE": {1: "1.5"},
    "RESIZE_BILINEAR": {1: "1.7", 2: "1.14", 3: "2.2", 4: "2.5"},
    "RSQRT": {1: "1.10", 2: "2.5", 3: "2.15"},
    "STRIDED_SLICE": {1: "1.6", 2: "1.14", 3: "2.1", 4: "2.2", 5: "2.5", 6: "2.6", 7: "2.14", 8: "2.14"},
    "SUB": {1: "1.6", 2: "1.14", 3: "2.3", 4: "2.4", 5: "2.4"},
    "TANH": {1: "1.14", 2: "1.14", 3: "2.3"},
    "TRANSPOSE_CONV": {1: "1.9", 2: "2.2", 3: "2.3", 4: "2.13", 5: "2.15"},
}


BACKENDS = ("xnnpack", "gpu")


def taken_by(backend: str, op: str, element_type: str) -> bool:
    """Whether a back end runs an operation of a type (that of its output), by its own rules.

    Sources: LiteRT `tflite/tools/versioning/gpu_compatibility.cc`, `tflite/delegates/xnnpack/README.md`. The GPU
    takes every float operation of this network; XNNPACK has no int8 RSQRT and MINIMUM and no 16-bit activations.
    """
    if backend == "gpu":
        return element_type in ("float32", "float16")
    if element_type in ("int8", "uint8"):
        return op not in ("RSQRT", "MINIMUM")
    return element_type in ("float32", "float16")


def check_can_take(op: str, element_type: ElementType) -> None:
    """Refuse a type that an operation cannot take.

    Raises:
        UserError: PyNET has no such operation, or it cannot take the type; says which it can.
    """
    if op not in NETWORK_OPS | ONNX_OPS:
        raise UserError(
            f"op {op!r} does not occur in PyNET; known are {', '.join(sorted(NETWORK_OPS))}, and in ONNX "
            f"{', '.join(sorted(ONNX_OPS))}.",
            "Name one of these, or * for all that can take the type.",
        )
    if op not in CAN_TAKE[element_type]:
        possible = [name for name in ELEMENT_TYPES if op in CAN_TAKE[name]]
        reason = _WHY_NOT.get((op, element_type), "it has no weights to store in that type")
        raise UserError(
            f"{op} cannot take {element_type}: {reason}.", f"Give it one of {', '.join(possible)} in the recipe."
        )


def minimum_runtime(ops: Iterable[OpCount]) -> tuple[str, tuple[str, ...]]:
    """The oldest TensorFlow Lite that has every operation, and the operations that decide it.

    The converter writes such a version into the file itself, which is wrong for 16-bit operations.

    Returns:
        A version such as `2.14`, and the deciding operations such as `RSQRT v3 (int16)`.

    Raises:
        UserError: An operation or a version that is not in the table.
    """
    needed: dict[str, str] = {}
    for entry in ops:
        versions = _FIRST_RUNTIME.get(entry.op, {})
        if entry.version not in versions:
            raise UserError(
                f"the first runtime with {entry.op} version {entry.version} is not known.",
                "Add it to convert/policy.py from LiteRT's runtime_version.cc.",
            )
        needed[f"{entry.op} v{entry.version} ({entry.output})"] = versions[entry.version]
    newest = max(needed.values(), key=version_key, default="1.5")
    return newest, tuple(op for op, version in needed.items() if version == newest)


def version_key(version: str) -> tuple[int, ...]:
    """A version such as `2.14` as numbers that compare in the right order.

    Raises:
        UserError: Not digits and points.
    """
    if not all(part.isdigit() for part in version.split(".")):
        raise UserError(f"{version!r} is not a version.", "Write it as 2.14.")
    return tuple(int(part) for part in version.split("."))
