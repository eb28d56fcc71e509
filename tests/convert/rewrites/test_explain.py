"""`python -m convert.tflite --explain` and the options that choose rewrites."""

from __future__ import annotations

from pathlib import Path

import pytest

from calib_data import command
from convert import tflite

SIZE = ["--size", "64x128"]


def test_explain_prints_the_choices_and_writes_nothing(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "dist"
    arguments = ["--model", str(tiny_model), *SIZE, "--explain", "--out", str(out)]
    assert command.run(tflite.build_parser(), tflite.run, arguments) == command.GOOD
    printed = capsys.readouterr().out
    assert "level3_block4" in printed
    assert "9x9:4c" in printed
    assert printed.splitlines()[-1].startswith("next: python -m convert.tflite")
    assert not out.exists()


def test_an_unknown_rewrite_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(tflite.build_parser(), tflite.run, ["--no-rewrite", "rows"]) == 2
    assert "known are subpixel, columns, bands, halves, late" in capsys.readouterr().err
