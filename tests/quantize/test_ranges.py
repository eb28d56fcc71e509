"""Ranges: chosen on photos, kept in the model's file, refused where they are unsound."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from calib_data.errors import UserError
from pynet_tf import load_model
from quantize.calibration import WAY, WAYS, Histogram, calibrate, choose, error_of, measure, observe, spans
from quantize.graph import spread
from quantize.ranges import Ranges, load_ranges, save_with_ranges
from quantize.scheme import make_scheme
from quantize.simulation import Simulation
from tests.quantize.conftest import Make, inputs


def test_a_file_with_ranges_is_a_plain_model_and_keeps_them(make_model: Make, tmp_path: Path) -> None:
    model = make_model(head="residual")
    ranges = Ranges(recipe="int8", ranges={"encoder3_conv3a": (-1.0, 2.0)})
    save_with_ranges(model, ranges, tmp_path / "tuned.keras")
    assert load_ranges(tmp_path / "tuned.keras") == ranges
    (photo,) = inputs(1)
    np.testing.assert_array_equal(load_model(tmp_path / "tuned.keras")(photo)["level1"], model(photo)["level1"])
    assert [path.name for path in tmp_path.iterdir()] == ["tuned.keras"]


def test_a_float_model_has_no_ranges(tiny_model: Path) -> None:
    assert load_ranges(tiny_model) is None


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"recipe": "int8", "ranges": {"photo": [0.0, float("nan")]}}, "range of photo is 0.0 to nan"),
        ({"recipe": "int8", "ranges": {"photo": [1.0, 1.0]}}, "range of photo is 1.0 to 1.0"),
        ({"recipe": "int8", "ranges": {"photo": [1.0]}}, r"wrong at ranges.photo"),
        ({"recipe": "int8", "ranges": {}, "code": "x"}, "wrong at code"),
        ("{", "cannot be read"),
    ],
)
def test_unsound_ranges_are_refused(tiny_model: Path, tmp_path: Path, ranges: object, message: str) -> None:
    path = tmp_path / "wrong.keras"
    path.write_bytes(tiny_model.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("ranges.json", ranges if isinstance(ranges, str) else json.dumps(ranges))
    with pytest.raises(UserError, match=message):
        load_ranges(path)


def test_ranges_that_are_wrong_are_told_in_one_sentence(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.keras"
    path.write_bytes(tiny_model.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("ranges.json", json.dumps({"recipe": "int8", "ranges": {"photo": [1.0, 0.5]}}))
    with pytest.raises(UserError) as refused:
        load_ranges(path)
    assert str(refused.value).count("fix:") == 1


@pytest.mark.parametrize(("height", "width", "maps"), [(768, 1024, 5), (768, 1024, 3), (960, 1280, 3), (40, 60, 8)])
def test_values_are_taken_from_all_maps_alike_at_any_size(height: int, width: int, maps: int) -> None:
    values = np.broadcast_to(np.arange(maps, dtype=np.float32), (1, height, width, maps))
    taken = spread(values, 1 << 18)
    assert len(taken) > min(values.size, 1 << 17) / 1.5
    assert np.bincount(taken.astype(int), minlength=maps).std() == 0


@pytest.mark.slow
def test_one_photo_after_the_other_gives_the_ranges_of_all_at_once(make_model: Make) -> None:
    model = make_model(head="blend")
    scheme = make_scheme(model, ())
    observed, measured = observe(model, scheme, inputs(5)), measure(model, inputs(5))
    chosen = spans(choose(observed, scheme))
    for name, group in scheme.group.items():
        if group in scheme.fixed:
            assert measured.percentiles[name] == scheme.fixed[group]
            continue
        photos = [photo[group] for photo in observed]
        extremes = WAYS["minmax"](photos)
        assert measured.extremes[name] == extremes
        if scheme.ways.get(group) == "window":
            continue
        low, high = chosen[group]
        assert measured.percentiles[name] == pytest.approx((low, high), abs=0.005 * (extremes[1] - extremes[0]))


def test_a_histogram_of_two_holds_the_share_of_each() -> None:
    random = np.random.default_rng(5)
    narrow, wide = (random.normal(0, deviation, 10_000).astype(np.float32) for deviation in (1.0, 4.0))
    both = Histogram.of(narrow).with_another(Histogram.of(wide), 0.25)
    assert both.shares.sum() == pytest.approx(1)
    assert (both.low, both.high) == (wide.min(), wide.max())
    within = both.shares[np.abs(both.centres) < 2].sum()
    assert within == pytest.approx(0.75 * (np.abs(narrow) < 2).mean() + 0.25 * (np.abs(wide) < 2).mean(), abs=0.01)


def test_ranges_are_percentiles_and_the_errors_of_all_ways_are_told(make_model: Make) -> None:
    model = make_model(head="residual")
    scheme = make_scheme(model)
    chosen = calibrate(model, scheme, inputs(3))
    assert set(chosen) == set(scheme.learnt)
    for name, one in chosen.items():
        assert one.way == scheme.ways.get(name, WAY)
        assert set(one.errors) == {*WAYS, one.way}
        assert all(error >= 0 for error in one.errors.values())
        low, high = one.range
        assert low <= 0 <= high and low < high


@pytest.mark.slow
def test_differences_of_photos_are_not_rounded(make_model: Make) -> None:
    model = make_model(head="blend")
    scheme = make_scheme(model, ())
    ranges = spans(calibrate(model, scheme, inputs(3)))
    simulation = Simulation(model, scheme, ranges)
    for step in ("sub", "mul", "sub_1", "mul_1"):
        low, high = ranges[f"level1/{step}"]
        assert (low * 255, high * 255) == (pytest.approx(round(low * 255)), pytest.approx(round(low * 255) + 255))
        bytes_apart = np.arange(round(low * 255), round(high * 255) + 1, dtype=np.float32)
        differences = tf.constant(bytes_apart.reshape(1, 1, -1, 1) / 255)
        np.testing.assert_allclose(simulation.tensor(f"level1/{step}", differences), differences, atol=1e-6)
        assert measure(model, inputs(3)).percentiles[f"level1/{step}"] == pytest.approx((low, high), abs=2 / 255)


def test_what_a_leaky_relu_reads_is_cut_more_below_zero(make_model: Make) -> None:
    model = make_model(head="blend")
    scheme = make_scheme(model)
    observed = observe(model, scheme, inputs(3))
    ranges = spans(choose(observed, scheme))
    plain = spans(choose(observed, replace(scheme, ways={})))
    assert {"encoder3_conv3a", "level1_up", "level4_block1_conv3a_norm"} <= set(scheme.ways) & set(ranges)
    for name in set(scheme.ways) & set(ranges):
        (low, high), (plain_low, plain_high) = ranges[name], plain[name]
        assert high == plain_high
        assert plain_low <= low <= 0
    assert any(ranges[name][0] > plain[name][0] for name in scheme.ways if name in ranges)


@pytest.mark.slow
def test_steps_to_spare_are_left_on_both_sides_of_small_differences(make_model: Make) -> None:
    model = make_model(head="blend")
    scheme = make_scheme(model, ())
    low, high = spans(calibrate(model, scheme, [0.05 * one for one in inputs(3)]))["level1/sub_1"]
    assert (low, high) == (pytest.approx(-0.5, abs=0.05), pytest.approx(0.5, abs=0.05))


def test_least_error_clips_a_lone_outlier_and_the_extremes_do_not() -> None:
    values = np.concatenate([np.random.default_rng(1).normal(0, 1, 1_000_000), [30.0]]).astype(np.float32)
    photos = [[Histogram.of(values)]]
    assert WAYS["minmax"](photos)[1] == pytest.approx(30.0)
    least = WAYS["mse"](photos)
    assert least[1] < 20
    assert error_of(photos, least) < error_of(photos, WAYS["minmax"](photos)) / 2


def test_photos_are_needed_and_every_range(make_model: Make) -> None:
    model = make_model(head="residual")
    scheme = make_scheme(model)
    with pytest.raises(UserError, match="no photos"):
        calibrate(model, scheme, [])
    ranges = spans(calibrate(model, scheme, inputs(1)))
    del ranges["encoder3_conv3a"]
    with pytest.raises(UserError, match="encoder3_conv3a"):
        Simulation(model, scheme, ranges)
