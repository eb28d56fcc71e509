"""The profile along the network: a graph that is cut after a level computes what the whole one does there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import profile
from calib_data import command
from calib_data.errors import UserError
from calib_data.sizes import PhotoSize
from convert.exporter import TFLiteExporter
from convert.flatbuffer import Flatbuffer
from convert.recipes import load_recipe
from pynet_tf import load_model
from tests.convert.rewrites.graphs import computed, converted, random_values

LEVELS = (7, 6, 5, 4, 3, 2, 1)


@pytest.fixture(scope="module")
def whole(tiny_model: Path) -> bytes:
    return TFLiteExporter(load_model(tiny_model), PhotoSize(64, 64)).export(load_recipe("float32"))


@pytest.mark.slow
def test_each_cut_holds_more_of_the_network_and_the_last_one_all_of_it(whole: bytes) -> None:
    cuts = {level: Flatbuffer.read(whole) for level in LEVELS}
    for level, file in cuts.items():
        profile.cut_after(file, level)
    counts = [len(file.graph.operators) for file in cuts.values()]
    assert counts == sorted(set(counts))
    photo = random_values((1, 32, 32, 3), 3)
    np.testing.assert_array_equal(computed(cuts[1], photo), computed(Flatbuffer.read(whole), photo))


def test_a_graph_without_the_level_is_refused() -> None:
    with pytest.raises(UserError, match="no operation of level 4"):
        profile.cut_after(Flatbuffer.read(converted(lambda photo: photo * 2.0, (1, 4, 4, 3))), 4)


def test_less_than_one_run_is_a_wrong_call(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ["--runs", "0", "--out", str(tmp_path)]
    assert command.run(profile.build_parser(), profile.run, arguments) == 2
    assert "--runs is 0" in capsys.readouterr().err
