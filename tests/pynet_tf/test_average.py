"""Means of weights: of files and of checkpoints, in shares, and of a coarse network in a whole one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calib_data import command
from pynet_tf import PyNETConfig, average, build_pynet, load_model, save_model, train


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks of width 1: `a` and `b` to level 7, `whole` to level 6, `wide` of width 2."""
    folder = tmp_path_factory.mktemp("models")
    for seed, (name, level, width) in enumerate((("a", 7, 1), ("b", 7, 1), ("whole", 6, 1), ("wide", 7, 2))):
        save_model(build_pynet(PyNETConfig(width=width), level, seed=seed), folder / f"{name}.keras")
    return folder


def run(*arguments: object) -> int:
    return command.run(average.build_parser(), average.run, [str(argument) for argument in arguments])


def test_weights_are_the_mean_in_shares(models: Path, tmp_path: Path) -> None:
    a, b = (load_model(models / f"{name}.keras").get_weights() for name in "ab")
    assert run(models / "a.keras", models / "b.keras", "--out", tmp_path / "even.keras") == 0
    shares = ("--share", 3, "--share", 1)
    assert run(models / "a.keras", models / "b.keras", *shares, "--out", tmp_path / "more.keras") == 0
    for name, share in (("even", 0.5), ("more", 0.75)):
        for one, other, mean in zip(a, b, load_model(tmp_path / f"{name}.keras").get_weights(), strict=True):
            np.testing.assert_allclose(mean, share * one + (1 - share) * other, rtol=1e-5, atol=1e-7)


def test_a_coarse_mean_goes_into_a_whole_network(models: Path, tmp_path: Path) -> None:
    assert run(models / "a.keras", "--into", models / "whole.keras", "--out", tmp_path / "out.keras") == 0
    a, whole, out = map(load_model, (models / "a.keras", models / "whole.keras", tmp_path / "out.keras"))
    common = {layer.name for layer in a.layers}
    assert list(out.output) == ["level7", "level6"]
    for layer in out.layers:
        source = a if layer.name in common else whole
        for one, other in zip(layer.get_weights(), source.get_layer(layer.name).get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_checkpoint_is_the_averaged_network_of_its_step(photo_folder: Path, tmp_path: Path) -> None:
    small = ["--width", 1, "--batch", 1, "--crop", 32, "--steps", 2, "--save-every", 1, "--levels", 7]
    arguments = ["--data", photo_folder, "--out", tmp_path / "run", *small]
    assert command.run(train.build_parser(), train.run, [str(argument) for argument in arguments]) == 0
    assert run(tmp_path / "run" / "level7" / "step-2", "--out", tmp_path / "read.keras") == 0
    ended, read = (
        load_model(path).get_weights() for path in (tmp_path / "run" / "level7.keras", tmp_path / "read.keras")
    )
    for one, other in zip(ended, read, strict=True):
        np.testing.assert_array_equal(one, other)
    (tmp_path / "run" / "level7" / "step-1" / "state.index").write_bytes(b"cut")
    assert run(tmp_path / "run" / "level7" / "step-1", "--out", tmp_path / "no.keras") == 2
    assert not (tmp_path / "no.keras").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.keras", "wide.keras"), "wide.keras is another network than"),
        (("a.keras", "whole.keras"), "level 6 in place of"),
        (("a.keras", "b.keras", "--share", "1"), "given 1 times for 2 models"),
        (("a.keras", "--share", "nan"), "--share is nan"),
        (("a.keras", "--share", "0"), "--share is 0.0"),
        (("c.keras",), "c.keras is neither a file"),
        (("folder",), "folder is no checkpoint"),
        (("whole.keras", "--into", "a.keras"), "a.keras is rgb, width 1"),
        (("a.keras", "--into", "wide.keras"), "wide.keras is rgb, width 2"),
    ],
)
def test_what_has_no_mean_is_refused(
    models: Path, tmp_path: Path, monkeypatch, capsys, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(models)
    (models / "folder").mkdir(exist_ok=True)
    assert run(*arguments, "--out", tmp_path / "out.keras") == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.keras").exists()
