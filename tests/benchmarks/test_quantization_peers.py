"""The judgement of the comparison with other quantizers, and its refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import quantization_peers
from benchmarks.quantization_peers import PLAIN, Row, judge
from calib_data import command

OURS = Row("ours, int8-full", True, True, "litert-xnnpack", 46.0, 44.0, 3.5, 100.0)
OTHER = Row("ai-edge-quantizer, static_wi8_ai8", False, True, "litert-xnnpack", 40.0, 33.0, 3.5, 90.0)
THEIRS = replace(OTHER, name=PLAIN, mean_psnr=44.0, ms=110.0)


@pytest.mark.parametrize(
    ("rows", "holds"),
    [
        ([OURS, THEIRS, OTHER], True),
        ([OURS, THEIRS, replace(OTHER, mean_psnr=47.0)], False),
        ([OURS, THEIRS, replace(OTHER, mean_psnr=47.0, is_integer=False)], True),
        ([replace(OURS, ms=111.0), THEIRS], False),
        ([replace(OURS, ms=None), replace(THEIRS, ms=None)], True),
    ],
)
def test_ours_is_first_among_integers_and_not_slower_than_the_plain_one(rows: list[Row], holds: bool) -> None:
    assert judge(rows) == holds


@pytest.mark.parametrize("option", [("--count", "0"), ("--runs", "-1")])
def test_numbers_out_of_range_are_refused(option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(quantization_peers.build_parser(), quantization_peers.run, list(option)) == 2
    assert option[0] in capsys.readouterr().err


def test_a_tuned_model_needs_learnt_ranges(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["--model", str(tiny_model), "--tuned", str(tiny_model), "--size", "64x64", "--count", "1"]
    assert command.run(quantization_peers.build_parser(), quantization_peers.run, call) == 2
    assert "has no learnt ranges" in capsys.readouterr().err
