"""What is known about an artifact, inside it and beside it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from calib_data.errors import UserError
from convert.artifact import (
    ArtifactFacts,
    CalibrationFacts,
    SourceModel,
    describe,
    read_metadata,
    read_side_file,
    versions,
    with_metadata,
)
from convert.recipes import load_recipe
from convert.runners import load_artifact
from tests.conftest import ROOT
from tests.convert.conftest import inputs

SOURCE = SourceModel(file="tiny.keras", sha256="0" * 64, inputs="rgb", width=2, head="residual", norm="instance")
CALIBRATION = CalibrationFacts(photos=("0.jpg",), sha256="1" * 64)
SCHEMA = ROOT / "docs" / "artifact.schema.json"


@pytest.fixture(scope="module")
def facts(files) -> ArtifactFacts:
    return describe(files["int8"].read_bytes(), "tiny", SOURCE, load_recipe("int8"), CALIBRATION)


def test_the_facts_are_those_of_the_file(files, facts: ArtifactFacts) -> None:
    assert facts.photo_size == (128, 192)
    assert (facts.input.name, facts.input.type, facts.input.shape) == ("photo", "uint8", (1, 64, 96, 3))
    assert (facts.output.name, facts.output.type, facts.output.shape) == ("bokeh", "uint8", (1, 128, 192, 3))
    assert facts.output.scale == (pytest.approx(1 / 255),)
    assert facts.content_sha256 == hashlib.sha256(files["int8"].read_bytes()).hexdigest()
    assert facts.minimum_runtime == "2.2"
    norm, head = {"ADD", "MEAN", "MUL", "RSQRT", "SUB"}, {"ADD", "CONV_2D", "RESHAPE", "RESIZE_BILINEAR", "TANH"}
    assert set(facts.left_in_float) == norm | head
    assert facts.backends["xnnpack"].left == {}
    assert sum(op.count for op in facts.ops) == len(facts.tensors)
    assert facts.tools["ai-edge-litert"]


def test_a_file_with_its_facts_inside_still_runs_and_gives_them_back(files, facts, tmp_path: Path) -> None:
    path = tmp_path / "tiny.tflite"
    path.write_bytes(with_metadata(files["int8"].read_bytes(), facts))
    assert read_metadata(path) == facts
    photo = next(inputs(1))
    assert (load_artifact(path).run(photo) == load_artifact(files["int8"]).run(photo)).all()


def test_the_same_content_is_written_for_the_same_facts(files, facts) -> None:
    content = files["int8"].read_bytes()
    assert with_metadata(content, facts) == with_metadata(content, facts)


def test_a_file_without_facts_says_so(files) -> None:
    with pytest.raises(UserError, match="carries no metadata"):
        read_metadata(files["int8"])


def test_damaged_facts_inside_are_said(files, facts, tmp_path: Path) -> None:
    content = bytearray(with_metadata(files["int8"].read_bytes(), facts))
    content[content.index(b"PK\x03\x04") + 60] ^= 0xFF
    (tmp_path / "tiny.tflite").write_bytes(content)
    with pytest.raises(UserError, match="carries no metadata"):
        read_metadata(tmp_path / "tiny.tflite")


def test_versions_are_of_what_is_installed() -> None:
    assert set(versions(("numpy", "no-such-package"))) == {"numpy"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is not a file"),
        ("{", "does not fit"),
        ('{"name": 3}', "does not fit the schema pynet-artifact/1"),
        ("[" * 100_000, "does not fit"),
        ("9" * 5_000, "does not fit"),
    ],
)
def test_side_files_that_are_broken(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "tiny.json"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(UserError, match=said):
        read_side_file(path)


def test_a_side_file_with_a_key_that_the_schema_lacks_is_refused(facts, tmp_path: Path) -> None:
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps({**facts.model_dump(mode="json"), "colour": "red"}), "utf-8")
    with pytest.raises(UserError, match="colour"):
        read_side_file(path)


def test_the_documented_schema_is_the_one_in_force(request: pytest.FixtureRequest) -> None:
    text = json.dumps(ArtifactFacts.model_json_schema(), indent=2) + "\n"
    if request.config.getoption("--update-golden"):
        SCHEMA.write_text(text, "utf-8")
    assert text == SCHEMA.read_text("utf-8")
