"""The runtimes on which files are proven, each with one set of kernels."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from calib_data.errors import UserError

_ERRORS_ONLY = 3
_LONGEST_REASON = 200
_EXACT_INTEGERS = "session.x64quantprecision"
_REFUSALS = ("InvalidProtobuf", "InvalidGraph", "NoSuchFile", "Fail", "NotImplemented", "InvalidArgument")


@dataclass(frozen=True)
class Runtime:
    """One runtime with one set of kernels.

    Attributes:
        name: By which commands and side files call it.
        package: The distribution that it comes from.
        module: Where its `Interpreter` is.
        resolver: Name of the op resolver type that picks the kernels.
        optional: Too slow to be run unless asked for.
        suffix: Of the files that it runs.
    """

    name: str
    package: str
    module: str
    resolver: str = ""
    optional: bool = False
    suffix: str = ".tflite"

    @property
    def installed(self) -> bool:
        """Whether the package is there."""
        return importlib.util.find_spec(self.module.partition(".")[0]) is not None

    @property
    def version(self) -> str:
        """The package's version."""
        return version(self.package)

    def interpreter(self, path: Path, threads: int) -> Any:
        """An interpreter on a file, with its tensors allocated.

        Raises:
            UserError: The runtime is not installed, or refuses the file.
        """
        module = self._module_for(path)
        kernels = getattr(module.OpResolverType, self.resolver)
        try:
            interpreter = module.Interpreter(
                model_path=str(path), num_threads=threads, experimental_op_resolver_type=kernels
            )
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"{self.name} {self.version} refuses {path.name}: {reason}.",
                "Convert it for an older runtime, or run it on a newer one.",
            ) from error
        return interpreter

    def session(self, path: Path, threads: int, profile: Path | None = None) -> Any:
        """A session of onnxruntime on a file, on the CPU; `profile` is what the names of its profiles begin with.

        Sums of 8-bit products are exact on every CPU: on x86-64 without VNNI onnxruntime otherwise adds pairs of them
        in 16 bits, and clips what does not fit.

        Raises:
            UserError: The runtime is not installed, or refuses the file.
        """
        module = self._module_for(path)
        states = importlib.import_module("onnxruntime.capi.onnxruntime_pybind11_state")
        options = module.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = threads
        options.add_session_config_entry(_EXACT_INTEGERS, "1")
        if profile is not None:
            options.enable_profiling, options.profile_file_prefix = True, str(profile)
        try:
            return module.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except tuple(getattr(states, name) for name in _REFUSALS) as error:
            reason = " ".join(str(error).split())[:_LONGEST_REASON]
            raise UserError(
                f"onnxruntime {self.version} refuses {path}: {reason}.",
                "Export it again with python -m convert.onnx, for an older runtime with a lower --opset.",
            ) from error

    def _module_for(self, path: Path) -> Any:
        if path.suffix != self.suffix:
            raise UserError(
                f"{self.name} does not run {path.name}.",
                f"It runs {self.suffix} files; for this one take "
                f"{', '.join(one.name for one in RUNTIMES.values() if one.suffix == path.suffix) or 'another file'}.",
            )
        if not self.installed:
            raise UserError(f"{self.package} is not installed.", f"pip install {self.package}")
        return importlib.import_module(self.module)


RUNTIMES = {
    runtime.name: runtime
    for runtime in (
        Runtime("litert-xnnpack", "ai-edge-litert", "ai_edge_litert.interpreter", "AUTO"),
        Runtime("litert-builtin", "ai-edge-litert", "ai_edge_litert.interpreter", "BUILTIN_WITHOUT_DEFAULT_DELEGATES"),
        Runtime("tflite-runtime", "tflite-runtime", "tflite_runtime.interpreter", "AUTO"),
        Runtime("litert-reference", "ai-edge-litert", "ai_edge_litert.interpreter", "BUILTIN_REF", optional=True),
        Runtime("onnxruntime", "onnxruntime", "onnxruntime", suffix=".onnx"),
        Runtime("keras", "tf-keras", "tf_keras", suffix=".keras"),
    )
}
DEFAULT_RUNTIME = "litert-xnnpack"
ONNX_RUNTIME = "onnxruntime"
KERAS_RUNTIME = "keras"


def installed_runtimes(with_optional: bool = False, suffix: str = ".tflite") -> list[Runtime]:
    """The runtimes for files of a kind that are installed, the slow reference kernels only if asked for."""
    return [
        runtime
        for runtime in RUNTIMES.values()
        if runtime.suffix == suffix and runtime.installed and (with_optional or not runtime.optional)
    ]


def find_runtime(name: str) -> Runtime:
    """A runtime by its name.

    Raises:
        UserError: There is none of that name.
    """
    if name not in RUNTIMES:
        raise UserError(f"there is no runtime {name!r}; known are {', '.join(RUNTIMES)}.", "Take one of these.")
    return RUNTIMES[name]
