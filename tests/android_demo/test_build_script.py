"""What `android_demo/build.sh` says where it cannot build."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

SCRIPT = ROOT / "android_demo" / "build.sh"
COMMON = ("bash", "dirname", "realpath", "sed", "env")


def program(folder: Path, name: str, says: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH of a machine without any of the build's programs, and of a user who is not root."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in COMMON:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    program(folder, "id", "1000")
    return folder


def build(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    bash = path / "bash"
    return subprocess.run(
        [bash, SCRIPT, *words], env={"PATH": str(path)}, cwd=path, capture_output=True, text=True, check=False
    )


def test_missing_programs_are_named_with_the_command_that_installs_them(path: Path, tmp_path: Path) -> None:
    model = tmp_path / "a.tflite"
    model.write_bytes(b"")
    told = build(path, "apk", str(model))
    assert told.returncode == 2
    assert "only root may install them" in told.stderr
    assert "fix: sudo apt-get install --no-install-recommends openjdk-17-jdk-headless maven apksigner" in told.stderr


def test_an_older_java_is_refused(path: Path, tmp_path: Path) -> None:
    for name in ("mvn", "apksigner", "dexdump", "enjarify", "readelf", "unzip", "python3"):
        program(path, name, "")
    program(path, "javac", "javac 11.0.2")
    model = tmp_path / "a.tflite"
    model.write_bytes(b"")
    told = build(path, "apk", str(model))
    assert told.returncode == 2
    assert "javac is of version 11; the Android build needs 17 or newer" in told.stderr


def test_a_wrong_call_is_refused_before_anything_is_done(path: Path) -> None:
    assert "usage: build.sh apk MODEL.tflite" in build(path).stderr
    assert "usage: build.sh apk MODEL.tflite" in build(path, "apk").stderr
    told = build(path, "apk", "nowhere.tflite")
    assert told.returncode == 2
    assert "nowhere.tflite is not a file" in told.stderr
