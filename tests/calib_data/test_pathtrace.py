from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from calib_data import command, pathtrace
from calib_data.dataset import find_pairs
from calib_data.pathtraced import mesh
from calib_data.pathtraced.develop import depth_picture, develop, exposure
from calib_data.pathtraced.engine import Engine, choose_variant
from calib_data.pathtraced.series import SCENES, TracedSeries, render_traced
from calib_data.pathtraced.setting import Setting, Shape, View, lamp, matte, plain_sky
from calib_data.sizes import PhotoSize

needs_mitsuba = pytest.mark.skipif(find_spec("mitsuba") is None, reason="Mitsuba is not installed: the extra `mitsuba`")
FOCUS = 1.0
LENS = View((0, 0, 0), (0, FOCUS, 0), (0, FOCUS, 0))


def call(*arguments: str) -> int:
    return command.run(pathtrace.build_parser(), pathtrace.run, arguments)


def tiny(count: int = 1) -> TracedSeries:
    cheapest = list(SCENES).index("courtyard_floor")
    return TracedSeries(3, cheapest, count, 0, 64, 128, samples=2)


# Meshes


@given(size=st.tuples(*[st.floats(0.05, 4)] * 3), turn=st.floats(-3, 3), where=st.tuples(*[st.floats(-2, 2)] * 3))
@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_a_box_has_its_size_and_faces_outwards(
    size: tuple[float, float, float], turn: float, where: tuple[float, float, float]
) -> None:
    one = mesh.box(size)
    assert np.allclose(np.ptp(one.vertices, axis=0), size, atol=1e-5)
    assert one.vertices[:, 2].min() == pytest.approx(0, abs=1e-6)
    moved = one.moved(where, turn)
    middle = np.add(where, (0, 0, size[2] / 2))
    assert np.all(((moved.vertices - middle) * moved.normals()).sum(1) > 0)


@pytest.mark.parametrize("body", [mesh.ball(0.5), mesh.stone(np.random.default_rng(1), 0.1, 24)])
def test_bodies_of_revolution_face_outwards(body: mesh.Mesh) -> None:
    a, b, c = (body.vertices[body.faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    big = np.linalg.norm(across, axis=1) > 1e-7
    assert (((a + b + c) * across).sum(1)[big] > 0).mean() > 0.99


@given(count=st.integers(1, 30), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_joined_meshes_keep_their_triangles(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    parts = [mesh.leaves(random, mesh.scattered(random, count, (0, 0, 0), (1, 1, 1)), 0.1), mesh.box((1, 1, 1))]
    whole = mesh.joined(parts)
    assert len(whole.faces) == sum(len(part.faces) for part in parts)
    assert np.array_equal(whole.vertices[whole.faces[-1]], parts[1].vertices[parts[1].faces[-1]])
    assert np.allclose(np.linalg.norm(whole.normals(), axis=1), 1, atol=1e-4)


# The lens and the development


def test_blur_of_the_lens() -> None:
    # c = f^2 / (N s) for a camera whose sensor lies at the focal length; 50 mm f/1.8 at 1 m, 14.9 mm high
    assert LENS.blur_at_infinity == pytest.approx(0.05**2 / 1.8 / 1.0 / 0.0149)
    assert LENS.focus_distance == FOCUS


def test_development_keeps_order_and_greys_and_meets_the_key() -> None:
    light = np.repeat(np.geomspace(1e-4, 50, 256, dtype=np.float32).reshape(16, 16, 1), 3, 2)
    photo = develop(light, 1.0).astype(int)
    assert np.all(np.diff(photo[..., 0].ravel()) >= 0) and photo.min() == 0 and photo.max() >= 254
    assert np.all(photo[..., 0] == photo[..., 2])
    assert exposure(light[8:] * 4, 0.18) == pytest.approx(exposure(light[8:], 0.18) / 4, rel=0.01)


def test_depth_is_bright_where_it_is_near() -> None:
    assert depth_picture(np.array([[1.0, 0.5], [0.25, 0.0]], np.float32)).tolist() == [[255, 128], [64, 0]]


@pytest.mark.parametrize("name", ["evening"])
def test_a_scene_is_decided_by_its_generator_and_fits_the_lens_of_ebb(name: str) -> None:
    one, same, other = (SCENES[name](np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert 0.04 < one.view.blur_at_infinity < 0.105
    pairs = list(zip(one.shapes, same.shapes, strict=True))
    assert all(np.array_equal(a.mesh.vertices, b.mesh.vertices) for a, b in pairs)
    assert not np.array_equal(one.sky, other.sky)


# The engine


@pytest.fixture
def scalar() -> str:
    return choose_variant("scalar_rgb")


@needs_mitsuba
@pytest.mark.parametrize("f_number", [LENS.f_number, 1.4])
def test_a_far_lamp_becomes_a_disc_of_the_lens_formulas_size(f_number: float, scalar: str) -> None:
    far, height = 10.0, 192
    radius = far * 0.0149 / 0.05 / height * 1.5  # 3 pixels across
    setting = Setting([lamp(mesh.ball(radius, 24).moved((0, far, 0)), (35, 35, 35))], LENS, plain_sky(1e-3))
    engine = Engine(setting, PhotoSize(height, height))
    lit = engine.photo(f_number, 64, 1)[..., 1] > 0.05
    diameter = np.sqrt(lit.sum() * 4 / np.pi) / height
    expected = replace(LENS, f_number=f_number).blur_at_infinity * (far - FOCUS) / far
    assert diameter == pytest.approx(expected, rel=0.2)
    assert engine.photo(None, 16, 1)[..., 1].max() > 30


@needs_mitsuba
def test_the_plane_in_focus_stays_sharp_and_its_depth_is_that_along_the_axis(scalar: str) -> None:
    corners = np.array([[[-2, FOCUS, -2], [2, FOCUS, -2]], [[-2, FOCUS, 2], [2, FOCUS, 2]]], np.float32)
    checks = np.kron(np.indices((8, 8)).sum(0) % 2, np.ones((32, 32)))[..., None] * np.full(3, 0.8)
    board = Shape(mesh.sheet(corners, (2.0, 2.0)), matte(checks.astype(np.float32)))
    engine = Engine(Setting([board], LENS, plain_sky(1.0)), PhotoSize(64, 128))
    assert np.abs(engine.photo(None, 16, 1) - engine.photo(LENS.f_number, 16, 2)).mean() < 0.05
    assert np.allclose(engine.inverse_depth(), 1 / FOCUS, rtol=2e-3)
    assert engine.inverse_depth().shape == (32, 64)


@needs_mitsuba
def test_a_series_has_the_layout_and_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    folder = tmp_path / "pairs"
    assert list(render_traced(tiny(), folder, "scalar_rgb")) == list(tiny().numbers)
    (pair,) = find_pairs(folder, depth=True)
    photo, target, depth = (np.asarray(Image.open(path)) for path in (pair.original, pair.bokeh, pair.depth) if path)
    assert photo.shape == target.shape == (64, 128, 3) and depth.shape == (32, 64)
    assert depth.min() == 0 and depth.max() == 255
    before = (folder / "manifest.json").read_text()
    assert list(render_traced(tiny(), folder, "scalar_rgb")) == []
    pair.original.write_bytes(b"cut")
    assert list(render_traced(tiny(), folder, "scalar_rgb")) == list(tiny().numbers)
    assert (folder / "manifest.json").read_text() == before


@needs_mitsuba
@pytest.mark.parametrize("stopped_down", [False, True])
def test_originals_are_of_a_pinhole_or_stopped_down(stopped_down: bool, tmp_path: Path) -> None:
    options = ("--count", "1", "--size", "64x128", "--samples", "2", "--variant", "scalar_rgb")
    assert call("--out", str(tmp_path / "pairs"), *options, *["--stopped-down"] * stopped_down) == 0
    (entry,) = json.loads((tmp_path / "pairs" / "manifest.json").read_text("utf-8"))["pairs"]
    assert entry["camera"]["f_number"] == 1.8
    assert entry["camera"]["original_f_number"] == (16.0 if stopped_down else None)


@needs_mitsuba
def test_an_interruption_within_mitsuba_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scalar: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:  # as Dr.Jit passes on what is raised within its operations
        raise RuntimeError("drjit.custom(): error while performing a custom operation") from KeyboardInterrupt()

    monkeypatch.setattr("mitsuba.render", interrupted)
    options = ("--count", "1", "--size", "64x128", "--samples", "2", "--variant", scalar)
    assert call("--out", str(tmp_path / "pairs"), *options) == 2
    assert "interrupted" in capsys.readouterr().err
    assert not list((tmp_path / "pairs").rglob("*.jpg"))


def test_without_mitsuba_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    assert call("--out", str(tmp_path / "pairs"), "--variant", "scalar_rgb") == 2
    assert "pip install 'pynet-bokeh[mitsuba]'" in capsys.readouterr().err


def test_llvm_that_is_not_there_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", str(tmp_path / "libLLVM.so"))
    assert call("--out", str(tmp_path / "pairs"), "--variant", "llvm_ad_rgb") == 2
    assert "libLLVM 19 or newer" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--count", "0"], ["--size", "500x768"], ["--samples", "-4"]])
def test_wrong_options_are_refused(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        call("--out", str(tmp_path / "pairs"), *arguments)
    assert left.value.code == 2
