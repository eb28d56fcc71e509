"""Checkpoints of the original are read exactly, or refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from calib_data import command
from calib_data.errors import UserError
from pynet_tf import PyNETConfig, build_pynet, import_tf1, load_model, tf1_checkpoint
from pynet_tf.tf1_checkpoint import find_prefix, import_checkpoint, tf1_variables

PUBLISHED = Path(__file__).parent / "data" / "tf1_variables.json"
Values = dict[str, np.ndarray]


built = cache(build_pynet)


@cache
def random_network(config: PyNETConfig) -> keras.Model:
    model = build_pynet(config)
    rng = np.random.default_rng(0)
    for _, weight in tf1_variables(model):
        weight.assign(0.1 * rng.standard_normal(weight.shape))
    return model


def random_values(config: PyNETConfig) -> Values:
    return {name: weight.numpy() for name, weight in tf1_variables(random_network(config))}


def save_tf1(prefix: Path, values: Values) -> Path:
    """Write a checkpoint as a TensorFlow 1 program does: variables in a graph, saved from a session."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        names = {
            name: tf.compat.v1.Variable(value, name=name.rpartition("/")[2] or name, use_resource=False)
            for name, value in values.items()
        }
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver(names).save(session, str(prefix))
    return prefix


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Values]:
    values = random_values(PyNETConfig(inputs="rgbd", width=2))
    optimizer = {"generator/Variable/Adam": np.ones(3), "beta1_power": np.float32(0.9), "global_step": np.int64(7)}
    folder = tmp_path_factory.mktemp("published")
    return save_tf1(folder / "pynet_bokeh_level_0", values | optimizer), values


def test_names_shapes_and_order_are_the_published_ones() -> None:
    model = build_pynet(PyNETConfig(inputs="rgbd", width=32))
    found = [{"name": name, "shape": list(weight.shape)} for name, weight in tf1_variables(model)]
    assert found == json.loads(PUBLISHED.read_text())


def test_an_imported_model_computes_what_the_checkpoint_says(checkpoint: tuple[Path, Values]) -> None:
    prefix, _ = checkpoint
    imported = import_checkpoint(prefix)
    assert (imported.config, imported.lowest_level) == (PyNETConfig(inputs="rgbd", width=2), 1)
    assert imported.optimizer_variables == ("beta1_power", "generator/Variable/Adam", "global_step")
    expected = random_network(imported.config)
    photo = np.random.default_rng(1).random((1, 64, 32, imported.config.channels), dtype=np.float32)
    outputs, expected_outputs = imported.model(photo), expected(photo)
    for level in outputs:
        np.testing.assert_array_equal(outputs[level], expected_outputs[level])


def test_the_command_writes_a_model_and_says_what_it_left_out(
    checkpoint: tuple[Path, Values], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prefix, values = checkpoint
    out = tmp_path / "published.keras"
    assert command.run(import_tf1.build_parser(), import_tf1.run, [str(prefix.parent), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "440 variables, " in printed
    assert "rgbd, width 2, levels 7 to 1" in printed
    assert "left out 3 variables of the optimizer" in printed
    assert printed.splitlines()[-1] == f"next: python -m convert.tflite --model {out}"
    for (_, weight), value in zip(tf1_variables(load_model(out)), values.values(), strict=True):
        np.testing.assert_array_equal(weight, value)


@pytest.mark.parametrize("level", [pytest.param(2, marks=pytest.mark.slow), 5])
def test_a_checkpoint_of_a_coarser_level_makes_a_model_that_ends_there(tmp_path: Path, level: int) -> None:
    whole = random_network(PyNETConfig(width=1))
    values = random_values(PyNETConfig(width=1))
    last = max(
        place for place, (_, weight) in enumerate(tf1_variables(whole)) if weight.name.startswith(f"level{level}_head")
    )
    prefix = save_tf1(tmp_path / "level", dict(list(values.items())[: last + 1]))
    imported = import_checkpoint(prefix)
    assert imported.lowest_level == level
    assert imported.variables == last + 1
    assert sorted(imported.model.output) == [f"level{number}" for number in range(level, 8)]
    photo = np.random.default_rng(1).random((1, 32, 32, 3), dtype=np.float32)
    np.testing.assert_array_equal(imported.model(photo)[f"level{level}"], whole(photo)[f"level{level}"])


@pytest.fixture
def built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building a network takes seconds; where none comes out, one will do."""
    monkeypatch.setattr(tf1_checkpoint, "build_pynet", built)


def with_every_fault(values: Values) -> Values:
    changed = values | {"vgg/conv": np.zeros((3, 5)), "generator/Variable_4": np.zeros((5, 5, 1, 2))}
    del changed["generator/Variable_7"]
    return changed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            with_every_fault,
            r"3 of its variables(?s:.*)_7 is missing, expected 2\n  vgg/conv is not expected, found 3x5\n"
            "  generator/Variable_4: expected 3x3x1x2, found 5x5x1x2",
        ),
        (lambda values: dict(list(values.items())[:380]), "and [0-9]+ more"),
        (lambda values: {"conv1/kernel": np.zeros(3)}, "expected generator/Variable of shape .* found conv1/kernel"),
        (lambda values: values | {"generator/Variable": np.zeros((3, 3, 20, 1))}, "found .* of shape 3x3x20x1"),
        (lambda values: values | {"generator/Variable_1": np.full(1, np.nan, np.float32)}, "1 of 1 values of .*_1 are"),
        (lambda values: values | {"generator/Variable_1": np.zeros(1, np.float64)}, "is float64"),
    ],
)
@pytest.mark.usefixtures("built_once")
def test_variables_that_are_not_a_pynets_are_named(
    tmp_path: Path, change: Callable[[Values], Values], words: str
) -> None:
    prefix = save_tf1(tmp_path / "wrong", change(random_values(PyNETConfig(width=1))))
    with pytest.raises(UserError, match=words):
        import_checkpoint(prefix)


@pytest.mark.usefixtures("built_once")
def test_files_that_are_missing_or_damaged_are_refused(tmp_path: Path) -> None:
    prefix = save_tf1(tmp_path / "model", random_values(PyNETConfig(width=1)))
    data, index = tmp_path / "model.data-00000-of-00001", tmp_path / "model.index"
    whole = data.read_bytes()
    data.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"truncated or damaged, at generator/Variable"):
        import_checkpoint(prefix)
    data.write_bytes(whole[:-9] + b"!" + whole[-8:])
    with pytest.raises(UserError, match="Checksum"):
        import_checkpoint(prefix)
    data.unlink()
    with pytest.raises(UserError, match=r"model\.data-\* is missing"):
        import_checkpoint(prefix)
    data.write_bytes(whole)
    index.write_bytes(index.read_bytes()[:30])
    with pytest.raises(UserError, match=r"damaged, at model\.index"):
        import_checkpoint(prefix)


def test_the_prefix_is_found_from_what_a_user_names(tmp_path: Path) -> None:
    for name in ("a.index", "a.data-00000-of-00001", "a.meta", "checkpoint"):
        (tmp_path / name).touch()
    for named in (tmp_path, tmp_path / "a", tmp_path / "a.index", tmp_path / "a.data-00000-of-00001"):
        assert find_prefix(named) == tmp_path / "a"
    (tmp_path / "b.index").touch()
    with pytest.raises(UserError, match="holds 2: a, b"):
        find_prefix(tmp_path)
    with pytest.raises(UserError, match=r"c\.index is missing"):
        find_prefix(tmp_path / "c")


def test_the_wrong_suffix_is_refused_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        import_tf1.build_parser().parse_args([str(tmp_path), "--out", "model.h5"])
    assert stop.value.code == command.WRONG_INPUT
    assert "name it model.keras" in capsys.readouterr().err
