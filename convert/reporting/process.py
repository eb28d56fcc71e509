"""A file on a runtime in another process, which is asked for one picture after the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from calib_data.errors import UserError
from convert.isolated import reason_of_failure
from convert.reporting.photos import ReportPhoto


class RuntimeFailedError(UserError):
    """A runtime refused a file, or its process died."""


class StageProcess:
    """Runs one file; a context manager, which ends the process.

    Args:
        artifact: The file.
        runtime: A name of `convert.runtimes`, or any other for a file that brings its own.
        threads: For the runtime.
    """

    def __init__(self, artifact: Path, runtime: str, threads: int) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "convert.reporting.worker", str(artifact.resolve()), runtime, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            text=True,
        )

    def __enter__(self) -> StageProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()
        self._stderr.close()

    def run(self, photos: Iterable[ReportPhoto], folder: Path) -> Iterator[tuple[ReportPhoto, Path, float]]:
        """Pictures one after the other; while one is looked at, the next is computed.

        Args:
            photos: Laid out.
            folder: For the pictures.

        Yields:
            The photo, a .npy of its picture `(1, H, W, 3)`, which is the caller's to delete, and the time in ms.

        Raises:
            RuntimeFailedError: The runtime refuses the file, or its process dies.
        """
        self._answer()
        under_way: tuple[ReportPhoto, Path] | None = None
        for number, photo in enumerate(photos):
            finished, under_way = under_way, (photo, folder / f"picture-{number}.npy")
            if finished is None:
                self._ask(*under_way)
                continue
            ms = self._answer()["ms"]
            self._ask(*under_way)
            yield (*finished, ms)
        if under_way is not None:
            yield (*under_way, self._answer()["ms"])

    def _ask(self, photo: ReportPhoto, output: Path) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"input": str(photo.tensor), "output": str(output)}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._failure() from error

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._failure()
        return json.loads(line)

    def _failure(self) -> RuntimeFailedError:
        code = self._process.wait()
        self._stderr.seek(0)
        reason = reason_of_failure(code, self._stderr.read().decode("utf-8", "replace"))
        return RuntimeFailedError(reason, "Run it on another runtime, or convert it again.")
