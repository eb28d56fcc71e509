"""The benchmark of the rewritten graph: what it counts and what it calls held."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import lean
from benchmarks.pairs import make_pairs
from benchmarks.race import Measured, race
from calib_data import command
from calib_data.sizes import PhotoSize
from convert.runtimes import find_runtime
from pynet_tf import PyNETConfig, build_pynet
from tests.convert.rewrites.graphs import converted, random_values


def test_products_are_pixels_times_taps_times_maps(tmp_path: Path) -> None:
    path = tmp_path / "one.tflite"
    path.write_bytes(converted(lambda x: tf.nn.conv2d(x, random_values((3, 3, 2, 5), 1), 1, "SAME"), (1, 6, 8, 2)))
    assert lean.convolution_gmac(path) == pytest.approx(6 * 8 * 9 * 2 * 5 / 1e9)


@pytest.mark.parametrize(("mib", "ms", "holds"), [(35, 100, True), (36, 100, False), (35, 101, False)])
def test_a_bar_holds_where_both_ratios_are_within_it(mib: float, ms: float, holds: bool) -> None:
    ours, plain = Measured((ms,), mib, 0, ""), Measured((100.0,), 100.0, 0, "")
    assert lean.Result(lean.BARS[0], ours, plain, 1.0, 1.0).holds == holds


def test_a_file_that_does_not_run_holds_nothing() -> None:
    failed = Measured((), None, 0, "exit code 1")
    assert not lean.Result(lean.BARS[0], failed, failed, 1.0, 1.0).holds


@pytest.mark.slow
def test_our_file_and_the_plain_one_both_run(tmp_path: Path) -> None:
    model, size = build_pynet(PyNETConfig(width=1, head="blend"), seed=1), PhotoSize(64, 128)
    (pair,) = make_pairs(model, size, ["float32"], [np.full((1, 32, 64, 3), 0.5, np.float32)], tmp_path)
    assert pair.plain is not None, pair.refusal
    measured = race([pair.ours, pair.plain], find_runtime("litert-xnnpack"), 1, pair.photo, 1)
    assert [one.failure for one in measured] == ["", ""]


def test_an_unknown_case_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(lean.build_parser(), lean.run, ["--case", "w9"]) == 2
    assert "no case 'w9'" in capsys.readouterr().err
