from __future__ import annotations

import numpy as np
import pytest

from calib_data.errors import UserError
from calib_data.scenes import materials, textures
from calib_data.scenes.noise import cells, fractal
from calib_data.scenes.textures import PHOTOGRAPHS, Texture, photograph, relief_photograph


@pytest.mark.parametrize("name", sorted(PHOTOGRAPHS))
def test_photographs_come_with_the_package_and_state_their_rights(name: str) -> None:
    image = photograph(name)
    assert image.ndim == 3 and image.shape[2] == 3 and 0 <= image.min() < image.max() <= 1
    assert f"| `{PHOTOGRAPHS[name]}` |" in (textures.__doc__ or "")


def test_a_missing_photograph_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PHOTOGRAPHS, "brick", "no-such.png")
    photograph.cache_clear()
    with pytest.raises(UserError, match=r"no-such\.png"):
        photograph("brick")


@pytest.mark.parametrize("name", ["grass", "gravel"])
def test_tiles_of_photographs_have_no_seam(name: str) -> None:
    tile = relief_photograph(name, 512)
    across_seam = np.abs(tile[:, 0] - tile[:, -1]).mean()
    inside = np.abs(np.diff(tile, axis=1)).mean()
    assert tile.mean() == pytest.approx(1, abs=1e-3) and across_seam < 1.6 * inside


def test_texture_repeats_and_fades_to_its_mean() -> None:
    texture = Texture.of(np.random.default_rng(1).random((64, 64, 3), dtype=np.float32), 0.5)
    where = np.linspace(0.01, 0.4, 9, dtype=np.float32)
    near = texture.at(where, where, 1e-4)
    np.testing.assert_allclose(near, texture.at(where + 0.5, where - 1.0, 1e-4), atol=2e-3)
    far = texture.at(where, where, 10.0)
    assert far.std(0).max() < 0.1 * near.std(0).max()
    np.testing.assert_allclose(far.mean(0), texture.levels[0].mean((0, 1)), atol=0.02)


@pytest.mark.parametrize("material", [materials.bricks, materials.asphalt, materials.planks, materials.paint])
def test_materials_have_natural_albedo(material: materials.Material) -> None:
    tile = material(np.random.default_rng(4)).levels[0]
    assert tile.dtype == np.float32 and tile.shape[0] == tile.shape[1]
    assert tile.min() >= 0 and 0.01 < tile.mean() < 0.8 and tile.std() > 0.003


def test_materials_follow_their_seed() -> None:
    first, again, other = (materials.cloth(np.random.default_rng(seed)).levels[0] for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_noise_is_normed_and_repeats_without_a_seam() -> None:
    field = fractal(128, 1.5, 3)
    assert field.mean() == pytest.approx(0, abs=1e-4) and field.std() == pytest.approx(1, abs=1e-4)
    assert np.abs(field[:, 0] - field[:, -1]).mean() < 1.5 * np.abs(np.diff(field, axis=1)).mean()
    border, name = cells(128, 8, 1)
    assert np.abs(border[:, 0] - border[:, -1]).mean() < 2 * np.abs(np.diff(border, axis=1)).mean()
    assert len(np.unique(name)) == 64
