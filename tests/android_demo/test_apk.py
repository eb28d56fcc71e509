"""The APK that `make android` made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from convert.artifact import read_metadata
from tests.conftest import ROOT

DEMO = ROOT / "android_demo"
APK = DEMO / "dist" / "pynet-bokeh-demo.apk"
TOOLS = DEMO / "build" / "tools"
PAGE = 16384
LARGEST = 40 << 20
ANDROID = "http://schemas.android.com/apk/res/android:"

pytestmark = pytest.mark.android


def output(*call: str | Path, **environment: str) -> str:
    done = subprocess.run(list(map(str, call)), capture_output=True, env={**os.environ, **environment}, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8", "replace")  # dex files have an encoding of their own


@pytest.fixture(scope="module")
def apk() -> Path:
    assert APK.is_file(), f"{APK} is not there: make android"
    return APK


@pytest.fixture(scope="module")
def manifest(apk: Path) -> str:
    return output(TOOLS / "aapt2", "dump", "xmltree", apk, "--file", "AndroidManifest.xml")


def places(apk: Path) -> dict[str, tuple[int, int]]:
    """Where each entry's content begins in the file, and how it is compressed."""
    found = {}
    with zipfile.ZipFile(apk) as archive, apk.open("rb") as stream:
        for entry in archive.infolist():
            stream.seek(entry.header_offset + 26)
            name, extra = (int.from_bytes(stream.read(2), "little") for _ in range(2))
            found[entry.filename] = (entry.header_offset + 30 + name + extra, entry.compress_type)
    return found


def test_the_signature_verifies(apk: Path) -> None:
    told = output("apksigner", "verify", "--verbose", apk)
    assert "APK Signature Scheme v2): true" in told
    assert "APK Signature Scheme v3): true" in told


def test_it_is_small_and_for_two_kinds_of_processor(apk: Path) -> None:
    assert apk.stat().st_size < LARGEST
    abis = {name.split("/")[1] for name in places(apk) if name.startswith("lib/")}
    assert abis == {"arm64-v8a", "x86_64"}


def test_models_and_libraries_are_stored_as_they_are_on_page_boundaries(apk: Path) -> None:
    mapped = {name: place for name, place in places(apk).items() if name.endswith((".tflite", ".so"))}
    assert len(mapped) >= 5
    for name, (begin, compression) in mapped.items():
        assert compression == zipfile.ZIP_STORED, name
        assert begin % PAGE == 0, f"{name} begins at {begin}"


def test_the_models_inside_are_artifacts_that_describe_themselves(apk: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(apk) as archive:
        models = [name for name in archive.namelist() if name.startswith("assets/models/")]
        archive.extractall(tmp_path, models)
    assert models
    for name in models:
        facts = read_metadata(tmp_path / name)
        assert f"{facts.name}.tflite" == Path(name).name
        with zipfile.ZipFile(tmp_path / name) as inside:
            assert {"self-check/photo.npy", "self-check/bokeh.npy"} <= set(inside.namelist())


def test_the_manifest_asks_for_nothing_and_gives_nothing_away(apk: Path, manifest: str) -> None:
    badging = output(TOOLS / "aapt2", "dump", "badging", apk)
    assert "uses-permission" not in badging
    assert re.search(r"^(minSdkVersion|sdkVersion):'26'", badging, re.MULTILINE)
    assert "targetSdkVersion:'36'" in badging
    assert f"{ANDROID}allowBackup(0x01010280)=false" in manifest
    assert "debuggable" not in manifest
    components = re.split(r"\n\s+E: (?=activity|service|receiver|provider)", manifest)[1:]
    exported = {
        re.search(r'name\(0x01010003\)="([^"]+)"', part).group(1).rpartition(".")[2]  # type: ignore[union-attr]
        for part in components
        if "exported(0x01010010)=true" in part
    }
    assert exported == {"MainActivity", "BenchmarkActivity"}
    assert all("exported(0x01010010)=" in part for part in components)


def test_the_code_has_no_instruction_that_dx_cannot_translate(apk: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(apk) as archive:
        archive.extract("classes.dex", tmp_path)
    told = output("dexdump", "-d", tmp_path / "classes.dex")
    assert "invoke-virtual" in told
    assert "invoke-custom" not in told
    assert "Lorg/tensorflow/lite/Interpreter;" in told


def test_the_arithmetic_still_agrees_with_python_after_being_translated(apk: Path, tmp_path: Path) -> None:
    jar = tmp_path / "core.jar"
    output("enjarify", apk, "-o", jar, PATH=f"/usr/bin:{os.environ['PATH']}")  # it is a package of the system's Python
    ours = tmp_path / "classes"
    with zipfile.ZipFile(jar) as archive:
        archive.extractall(ours, [name for name in archive.namelist() if name.startswith("dev/pynet/bokeh/core/")])
    target = DEMO / "core" / "target"
    path = f"{ours}:{target / 'test-classes'}:{target / 'test-libraries'}/*"
    java = shutil.which("java")
    assert java is not None
    told = output(java, "-cp", path, "org.junit.runner.JUnitCore", "dev.pynet.bokeh.core.SharedVectorsTest")
    assert re.search(r"OK \([1-9]\d* tests?\)", told)
