"""Runs TensorFlow Lite's `benchmark_model` on a phone over adb.

1. Find the phone, and the reason if there is none.
2. Check that the tool is built for its processor.
3. Push the tool and the artifact to a folder of their own.
4. Run it, read what it prints, and remove the folder.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from calib_data.errors import UserError
from calib_data.files import sha256
from convert.bench_phone_output import PhoneRun, parse_output

_FLAGS = {"cpu": ["--use_xnnpack=true"], "gpu": ["--use_gpu=true"]}
_DELEGATES = {"cpu": "TfLiteXNNPackDelegate", "gpu": "TfLiteGpuDelegateV2"}
_PLACE = "/data/local/tmp"
_ELF, _MACHINE_PLACE = b"\x7fELF", slice(18, 20)
_ABIS = {183: "arm64-v8a", 40: "armeabi-v7a", 62: "x86_64", 3: "x86"}
_PROPERTIES = {
    "model": "ro.product.model",
    "soc": "ro.soc.model",
    "android": "ro.build.version.release",
    "abis": "ro.product.cpu.abilist",
}
_WHY_NOT = {
    "unauthorized": "Unlock it and allow USB debugging for this computer.",
    "offline": "Unplug it and plug it in again, or: adb reconnect.",
    "no permissions": "Add a udev rule for it, or restart the server as a user that may: adb kill-server.",
}


@dataclass(frozen=True)
class Phone:
    """A phone that may be used.

    Attributes:
        adb: The adb program.
        serial: By which adb knows the phone.
        facts: Model, SoC, Android version, ABIs and thermal state, as the phone tells them.
    """

    adb: str
    serial: str
    facts: dict[str, str]

    def benchmark(self, artifact: Path, tool: Path, accelerator: str, threads: int, runs: int) -> PhoneRun:
        """Measure a .tflite file.

        Args:
            artifact: The file.
            tool: `benchmark_model`, built for the phone.
            accelerator: `cpu` or `gpu`.
            threads: For the CPU.
            runs: Runs that count.

        Raises:
            UserError: The phone refuses, the tool fails, or the accelerator takes no operation.
        """
        with self._folder(artifact, tool) as folder:
            flags = [
                f"--graph={folder}/{_remote_name(artifact)}",
                f"--num_threads={threads}",
                f"--num_runs={runs}",
                "--enable_op_profiling=true",
                "--report_peak_memory_footprint=true",
                "--verbose=true",
                *_FLAGS[accelerator],
            ]
            done = self._call("shell", f"{folder}/benchmark_model", *flags)
        run = parse_output(done.stdout + done.stderr)
        if accelerator != "cpu" and not run.delegates.get(_DELEGATES[accelerator]):
            raise UserError(
                f"the {accelerator} took none of the operations of {artifact.name}; all ran on the CPU.",
                "Take a float16 or float32 file, or leave the accelerator out.",
            )
        return run

    @contextlib.contextmanager
    def _folder(self, artifact: Path, tool: Path) -> Iterator[str]:
        folder = f"{_PLACE}/pynet-bench-{sha256(artifact)[:16]}"
        self._done("shell", "mkdir", "-p", folder)
        try:
            self._done("push", str(tool), f"{folder}/benchmark_model")
            self._done("push", str(artifact), f"{folder}/{_remote_name(artifact)}")
            self._done("shell", "chmod", "755", f"{folder}/benchmark_model")
            yield folder
        finally:
            self._call("shell", "rm", "-rf", folder)

    def _done(self, *arguments: str) -> None:
        done = self._call(*arguments)
        if done.returncode:
            reason = (done.stderr or done.stdout).strip().splitlines()
            raise UserError(
                f"adb {arguments[0]} failed on {self.serial}: {reason[-1] if reason else 'no reason given'}.",
                f"See that the phone stays connected and has space in {_PLACE}.",
            )

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _adb(self.adb, "-s", self.serial, *arguments)


def find_phone(serial: str = "") -> Phone:
    """The phone of a serial number, or the only one.

    Raises:
        UserError: There is no adb, no phone, no such phone, several, or one that is not ready.
    """
    adb = shutil.which("adb")
    if adb is None:
        raise UserError("there is no adb.", "Install Android's platform tools and put adb on the PATH.")
    listed = _adb(adb, "devices")
    if listed.returncode:
        raise UserError(f"adb devices failed: {listed.stderr.strip()}.", "Start it by hand: adb start-server.")
    states = dict(_entries(listed.stdout))
    if not states:
        raise UserError("no phone is connected.", "Connect one with USB debugging switched on; adb devices shows it.")
    if serial and serial not in states:
        raise UserError(f"no phone {serial!r} is connected; there are {', '.join(states)}.", "Name one of these.")
    if not serial and len(states) > 1:
        raise UserError(f"several phones are connected: {', '.join(states)}.", "Name one: --adb SERIAL.")
    chosen = serial or next(iter(states))
    if states[chosen] != "device":
        state = states[chosen]
        fix = next((text for name, text in _WHY_NOT.items() if state.startswith(name)), "Wait until it has started.")
        raise UserError(f"the phone {chosen} is {state}.", fix)
    return Phone(adb, chosen, _facts(adb, chosen))


def check_tool(tool: Path | None, phone: Phone) -> Path:
    """Refuse a `benchmark_model` that is missing or built for another processor.

    Raises:
        UserError: Says what it is built for and what the phone takes.
    """
    if tool is None or not tool.is_file():
        raise UserError(
            "--adb needs TensorFlow Lite's benchmark_model." if tool is None else f"{tool} is not a file.",
            "Build or download it for Android, and name it by --benchmark-model.",
        )
    with tool.open("rb") as stream:
        header = stream.read(20)
    if header[:4] != _ELF:
        raise UserError(f"{tool} is not a program for Android.", "Name the benchmark_model that is built for Android.")
    built_for = _ABIS.get(int.from_bytes(header[_MACHINE_PLACE], "little"), "an unknown processor")
    takes = phone.facts["abis"]
    if built_for not in takes.split(","):
        raise UserError(
            f"{tool} is built for {built_for}, but the phone takes {takes}.", "Name one that is built for it."
        )
    return tool


def _facts(adb: str, serial: str) -> dict[str, str]:
    facts = {name: _adb(adb, "-s", serial, "shell", "getprop", key).stdout.strip() for name, key in _PROPERTIES.items()}
    thermal = _adb(adb, "-s", serial, "shell", "dumpsys", "thermalservice").stdout
    status = re.search(r"Thermal Status: (\d+)", thermal)
    return {**facts, "thermal_status": status[1] if status else "unknown"}


def _entries(listing: str) -> Iterator[tuple[str, str]]:
    """Serial numbers and states in what `adb devices` prints."""
    for line in listing.partition("List of devices attached")[2].splitlines():
        serial, _, state = line.partition("\t")
        if state:
            yield serial.strip(), state.strip()


def _remote_name(artifact: Path) -> str:
    """A name without what a phone's shell would read as more than a name."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", artifact.name)


def _adb(adb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([adb, *arguments], capture_output=True, text=True, errors="replace", check=False)
