"""One report of good files for all tests of the page and the figures."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from convert.reporting.record import Report, read_report
from tests.conftest import smooth_picture, write_picture
from tests.convert.reporting.files import SCRIPT, SIZE, Files, make, report


@dataclass(frozen=True)
class Made:
    """A report that was made: its folder, the command's end, and its record."""

    folder: Path
    done: subprocess.CompletedProcess[str]
    record: Report


@pytest.fixture(scope="session")
def files(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A model and its files."""
    return make(tiny_model, tmp_path_factory.mktemp("report-files"))


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos, the first two with targets, one whose name is HTML."""
    folder = tmp_path_factory.mktemp("report-photos")
    random = np.random.default_rng(11)
    for name in ("1", "2", SCRIPT):
        photo = smooth_picture(random, SIZE.height, SIZE.width)
        write_picture(folder / "original" / f"{name}.png", photo)
        if name != SCRIPT:
            write_picture(folder / "bokeh" / f"{name}.png", photo * 0.9 + 0.05)
    return folder


@pytest.fixture(scope="session")
def made(files: Files, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The report on the float32, int8 and ONNX files, by two runtimes, with gates that hold."""
    out = tmp_path_factory.mktemp("report")
    gates = out.with_name("gates.json")
    gates.write_text(json.dumps({"*": {"min_psnr": 20}}), "utf-8")
    done = report(
        *("--reference", files.model, "--candidate", files.float32, files.int8, files.onnx, "--data", photos),
        *("--runtime", "litert-xnnpack", "--runtime", "litert-builtin", "--gates", gates, "--out", out),
    )
    assert done.returncode == 0, done.stderr
    return Made(out, done, read_report(out / "report.json"))
