"""Gradle (for Android Studio) and Maven (here) build the same sources at the same levels and versions."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tests.conftest import ROOT

DEMO = ROOT / "android_demo"
MAVEN = {"m": "http://maven.apache.org/POM/4.0.0"}
MODULES = ("core", "engine", "app")


def catalog() -> dict[str, str]:
    text = (DEMO / "gradle" / "libs.versions.toml").read_text("utf-8")
    return dict(re.findall(r'^(\w+) = "([^"]+)"$', text, re.MULTILINE))


def pom(folder: str = ".") -> ElementTree.Element:
    return ElementTree.parse(DEMO / folder / "pom.xml").getroot()  # our own file


def gradle(module: str) -> str:
    return (DEMO / module / "build.gradle.kts").read_text("utf-8")


def test_both_have_the_same_modules() -> None:
    maven = {entry.text for entry in pom().iterfind("m:modules/m:module", MAVEN)}
    included = set(re.findall(r'include\(":(\w+)"\)', (DEMO / "settings.gradle.kts").read_text("utf-8")))
    assert maven == included == set(MODULES)


@pytest.mark.parametrize("name", ["kotlin", "junit", "json"])
def test_both_take_the_same_versions(name: str) -> None:
    found = pom().find(f"m:properties/m:{name}", MAVEN)
    assert found is not None
    assert found.text == catalog()[name]


def test_the_packing_tools_fit_the_sources() -> None:
    versions = {
        entry.findtext("m:artifactId", None, MAVEN): entry.findtext("m:version", None, MAVEN)
        for entry in pom("tools").iterfind("m:dependencies/m:dependency", MAVEN)
    }
    assert versions["kotlin-stdlib"] == catalog()["kotlin"]
    assert versions["android-all"] == pom().findtext("m:properties/m:android.all", None, MAVEN)


@pytest.mark.parametrize("module", MODULES)
def test_sources_and_resources_lie_where_both_look(module: str) -> None:
    sources = DEMO / module / "src" / "main"
    assert list((sources / "kotlin").rglob("*.kt"))
    assert not (sources / "java").exists()
    assert "setSrcDirs" not in gradle(module).partition('sourceSets["test"]')[0]


def test_levels_and_the_apps_version_come_from_one_place() -> None:
    script = (DEMO / "build.sh").read_text("utf-8")
    for name in ("applicationId", "minSdk", "targetSdk", "versionCode", "versionName"):
        assert f"libs.versions.{name}.get()" in gradle("app"), name
        assert f"version {name})" in script, name
    assert "libs.versions.minSdk.get()" in gradle("engine")
    assert not re.search(r"[sS]dk = \d", gradle("app") + gradle("engine"))
    assert catalog()["compileSdk"] == catalog()["targetSdk"] == "36"


def test_the_manifest_leaves_to_the_build_what_the_build_decides() -> None:
    manifest = (DEMO / "app" / "src" / "main" / "AndroidManifest.xml").read_text("utf-8")
    assert "package=" not in manifest
    assert "uses-sdk" not in manifest
    assert "uses-permission" not in manifest


def test_both_keep_models_uncompressed_and_pack_the_same_processors() -> None:
    script = (DEMO / "build.sh").read_text("utf-8")
    assert 'noCompress += "tflite"' in gradle("app")
    assert "-0 tflite" in script
    ours = re.search(r'^readonly ABIS="(.*)"', script, re.MULTILINE)
    theirs = re.search(r"abiFilters \+= listOf\((.*)\)", gradle("app"))
    assert ours and theirs
    assert set(ours[1].split()) == set(re.findall(r'"([^"]+)"', theirs[1]))


def test_core_is_free_of_android() -> None:
    for source in (DEMO / "core" / "src" / "main").rglob("*.kt"):
        assert not re.search(r"^import (android|org\.tensorflow)", source.read_text("utf-8"), re.MULTILINE), source
    for source in (DEMO / "engine" / "src" / "main").rglob("*.kt"):
        assert not re.search(r"^import android", source.read_text("utf-8"), re.MULTILINE), source
