"""A Python for Arm with TensorFlow Lite, run by qemu: set up under `android_demo/build/arm/`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calib_data.errors import UserError
from tests.conftest import ROOT

FOLDER = ROOT / "android_demo" / "build" / "arm"
_SYSTEM = [
    *("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "libc6", "zlib1g", "libexpat1", "libffi8"),
    *("libssl3", "libstdc++6", "libgcc-s1", "liblzma5", "libbz2-1.0", "libuuid1", "libcrypt1"),
]
_PROCESSOR = "cortex-a76"  # has the dot products for bytes that phones have
_QEMU = "qemu-aarch64-static"
_PROGRAM = """
import sys, numpy as np
module, model, given, made = sys.argv[1:]
Interpreter = __import__(module, fromlist=["Interpreter"]).Interpreter
interpreter = Interpreter(model_path=model, num_threads=1)
interpreter.allocate_tensors()
interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.load(given))
interpreter.invoke()
np.save(made, interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
"""


@dataclass(frozen=True)
class EmulatedRuntime:
    """A runtime of which there is a wheel for 64-bit Arm that runs on this qemu."""

    name: str
    package: str
    version: str
    module: str

    @property
    def folder(self) -> Path:
        """Where its packages are."""
        return FOLDER / f"{self.package}-{self.version}"


RUNTIMES = (
    EmulatedRuntime("litert", "ai-edge-litert", "2.1.6", "ai_edge_litert.interpreter"),
    EmulatedRuntime("tflite-runtime", "tflite-runtime", "2.14.0", "tflite_runtime.interpreter"),
)


def set_up() -> None:
    """Fetch and unpack what is missing.

    Raises:
        UserError: Packages are missing and may not be installed.
    """
    _system()
    for runtime in RUNTIMES:
        if not runtime.folder.is_dir():
            _install(runtime)


def run(
    runtime: EmulatedRuntime, model: Path, tensor: NDArray[np.generic], folder: Path, emulated: bool
) -> NDArray[np.generic]:
    """What a runtime on Arm, or on this processor, makes of a tensor; both in the model's own type.

    In a process of its own, as the two runtimes do not live in one.
    """
    given, made = folder / "given.npy", folder / "made.npy"
    np.save(given, tensor, allow_pickle=False)
    root = FOLDER / "root"
    python = [_QEMU, "-cpu", _PROCESSOR, "-L", root, root / "usr/bin/python3.11"] if emulated else [sys.executable]
    environment = dict(os.environ)
    if emulated:
        environment |= {"PYTHONHOME": str(root / "usr"), "PYTHONPATH": str(runtime.folder)}
    words = [str(word) for word in (*python, "-c", _PROGRAM, runtime.module, model, given, made)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return np.load(made, allow_pickle=False)


def _system() -> None:
    root = FOLDER / "root"
    if shutil.which(_QEMU) is None:
        _apt("install", "--yes", "--no-install-recommends", "qemu-user-static")
    if (root / "usr/bin/python3.11").is_file():
        return
    packages = FOLDER / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    subprocess.run(["dpkg", "--add-architecture", "arm64"], check=True)
    _apt("update")
    subprocess.run(["apt-get", "download", "-qq", *(f"{name}:arm64" for name in _SYSTEM)], cwd=packages, check=True)
    for package in sorted(packages.glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(package), str(root)], check=True)


def _apt(*words: str) -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise UserError(
            "an Arm processor is emulated by packages that are not installed, and only root may install them.",
            "Run: sudo apt-get install qemu-user-static; sudo dpkg --add-architecture arm64; sudo apt-get update",
        )
    subprocess.run(["apt-get", "-qq", *words], check=True, stdout=subprocess.DEVNULL)


def _install(runtime: EmulatedRuntime) -> None:
    beside = runtime.folder.with_name(f"{runtime.folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    platforms = ("manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in (17, 27, 28, 31, 34, 35)))
    chosen = [word for platform in platforms for word in ("--platform", platform)]
    common = ["--python-version", "311", "--implementation", "cp", "--only-binary=:all:", "--no-deps", *chosen]
    wanted = [f"{runtime.package}=={runtime.version}", "numpy==1.26.4", "flatbuffers", "typing_extensions"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(beside), *common, *wanted], check=True
    )
    beside.rename(runtime.folder)
