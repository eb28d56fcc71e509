from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calib_data.colour import to_encoded, to_linear
from calib_data.scenes.arrays import Array
from calib_data.scenes.develop import Look, develop
from calib_data.scenes.kinds import KINDS
from calib_data.scenes.pair import Effects, RenderedPair, depth_picture, kind_of, render_pair
from calib_data.sizes import PhotoSize

SMALL = PhotoSize(128, 192)
IDEAL = Effects(noise=False, exposure_shift=False)
PLAIN_LOOK = Look(1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def pair() -> RenderedPair:
    return render_pair(5, 3, SMALL, IDEAL)


def detail(photo: Array) -> float:
    grey = photo.astype(float).mean(-1)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())


def test_a_pair_has_the_sizes_of_the_layout(pair: RenderedPair) -> None:
    assert pair.original.shape == pair.bokeh.shape == (128, 192, 3)
    assert pair.depth.shape == (64, 96)
    assert pair.original.dtype == pair.bokeh.dtype == pair.depth.dtype == np.uint8
    assert pair.depth.min() == 0 and pair.depth.max() == 255


def test_the_bokeh_is_softer_and_as_bright(pair: RenderedPair) -> None:
    assert detail(pair.bokeh) < 0.9 * detail(pair.original)
    assert to_linear(pair.bokeh / 255).mean() == pytest.approx(to_linear(pair.original / 255).mean(), rel=0.2)


def test_a_stopped_down_original_is_a_little_softer_than_a_pinholes() -> None:
    size, stopped_down = PhotoSize(384, 576), replace(IDEAL, stopped_down=True)
    pinhole, narrow = (render_pair(5, 3, size, effects) for effects in (IDEAL, stopped_down))
    assert detail(narrow.bokeh) < detail(narrow.original) < detail(pinhole.original)
    np.testing.assert_array_equal(pinhole.bokeh, narrow.bokeh)
    np.testing.assert_array_equal(pinhole.depth, narrow.depth)
    wide, small = (narrow.facts["camera"][name] for name in ("f_number", "original_f_number"))
    assert small / wide == pytest.approx(16 / 1.8) and pinhole.facts["camera"]["original_f_number"] is None


def test_a_scene_may_be_focused_on_several_things(pair: RenderedPair) -> None:
    turns = [render_pair(5, 9 + turn, SMALL, IDEAL, focuses=3) for turn in range(3)]
    np.testing.assert_array_equal(turns[0].bokeh, pair.bokeh)
    assert {turn.facts["kind"] for turn in turns} == {pair.facts["kind"]}
    assert all(np.array_equal(turn.depth, pair.depth) for turn in turns)
    distances = [turn.facts["camera"]["focus_distance_m"] for turn in turns]
    assert len(set(distances)) > 1 and all(0.7 <= distance <= 8 for distance in distances[1:])
    again = render_pair(5, 10, SMALL, IDEAL, focuses=3)
    np.testing.assert_array_equal(again.bokeh, turns[1].bokeh)


def test_seed_and_number_decide_everything(pair: RenderedPair) -> None:
    again = render_pair(5, 3, SMALL, IDEAL)
    np.testing.assert_array_equal(again.original, pair.original)
    np.testing.assert_array_equal(again.bokeh, pair.bokeh)
    np.testing.assert_array_equal(again.depth, pair.depth)
    assert again.facts == pair.facts


def test_effects_change_the_photos_but_not_the_scene(pair: RenderedPair) -> None:
    noisy = render_pair(5, 3, SMALL, Effects())
    np.testing.assert_array_equal(noisy.depth, pair.depth)
    assert noisy.facts["camera"] == pair.facts["camera"] and noisy.facts["exposure_shift"] != 1
    difference = np.abs(noisy.original.astype(int) - pair.original.astype(int)).mean()
    assert 0.1 < difference < 12


def test_the_same_scene_at_twice_the_size(pair: RenderedPair) -> None:
    large = render_pair(5, 3, PhotoSize(256, 384), IDEAL)
    assert large.facts["camera"] == pair.facts["camera"]
    for ours, theirs in ((pair.bokeh, large.bokeh), (pair.original, large.original)):
        halved = theirs.reshape(128, 2, 192, 2, 3).mean((1, 3))
        assert np.corrcoef(halved.ravel(), ours.ravel())[0, 1] > 0.9
        assert halved.mean() == pytest.approx(ours.mean(), rel=0.1)


def test_every_kind_of_scene_turns_up_once_in_a_row() -> None:
    first, second = ([kind_of(8, turn + place) for place in range(len(KINDS))] for turn in (0, len(KINDS)))
    assert sorted(first) == sorted(second) == sorted(KINDS) and first != second


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_kinds_set_a_stage_that_covers_the_picture(kind: str) -> None:
    stage = KINDS[kind](np.random.default_rng([9, 9]), (64, 128))
    covered = max(float(layer.pixels[..., 3].sum()) for layer in stage.layers)
    assert len(stage.layers) > 3 and covered > 0.1 * 64 * 128
    assert all(np.all(np.isfinite(layer.pixels)) for layer in stage.layers)


def test_depth_pictures_are_bright_near() -> None:
    inverse_depth = np.repeat(np.linspace(0.1, 1, 8, dtype=np.float32)[:, None], 8, 1)
    picture = depth_picture(inverse_depth)
    assert picture.shape == (4, 4) and picture[0, 0] == 0 and picture[-1, -1] == 255
    assert np.all(np.diff(picture[:, 0].astype(int)) > 0)


def test_a_plain_look_is_the_srgb_encoding_below_the_highlights() -> None:
    image = np.random.default_rng(1).random((16, 16, 3), dtype=np.float32) * 0.65
    developed = develop(image, PLAIN_LOOK, np.random.default_rng(2))
    np.testing.assert_allclose(developed, to_encoded(image) * 255, atol=0.51)


def test_bright_coloured_light_stays_coloured() -> None:
    image = np.full((8, 8, 3), (3.0, 0.9, 0.2), np.float32)
    red, green, blue = (int(value) for value in develop(image, PLAIN_LOOK, np.random.default_rng(2))[4, 4])
    assert red > 245 and red - green > 50 and green - blue > 25
