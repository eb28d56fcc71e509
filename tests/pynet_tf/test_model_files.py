"""Model files: they come back as they were, and files that are broken or carry code are refused."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tf_keras as keras

from calib_data.errors import UserError
from pynet_tf import PyNETConfig, build_pynet, load_model, save_model
from pynet_tf.model_files import config_of, finest_level

CONFIGS = [
    PyNETConfig(width=1),
    PyNETConfig(width=2, inputs="rgbd", head="residual", epsilon=1e-4, norm_levels=(5, 7)),
    PyNETConfig(width=1, norm="none", head="residual"),
]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("lowest", [1, 4])
def test_a_model_comes_back_with_its_weights_and_its_configuration(tmp_path: Path, config, lowest: int) -> None:
    model = build_pynet(config, lowest)
    save_model(model, str(tmp_path / "model.keras"))
    back = load_model(tmp_path / "model.keras")
    assert (config_of(back), finest_level(back)) == (config, lowest)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), back.get_weights(), strict=True))


def test_nothing_is_left_beside_a_model_that_was_written(tmp_path: Path) -> None:
    save_model(build_pynet(CONFIGS[0], 7), tmp_path / "model.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.keras is not a file"):
        load_model(tmp_path / "none.keras")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_file(tmp_path: Path, tiny_model: Path, share: float) -> None:
    content = tiny_model.read_bytes()
    broken = tmp_path / "broken.keras"
    broken.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match="truncated"):
        load_model(broken)


def test_a_flipped_bit_in_the_weights(tmp_path: Path, tiny_model: Path) -> None:
    content = bytearray(tiny_model.read_bytes())
    content[len(content) // 2] ^= 0xFF
    broken = tmp_path / "broken.keras"
    broken.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        load_model(broken)


def test_a_lambda_layer_is_refused_and_not_run(tmp_path: Path) -> None:
    photo = keras.Input((None, None, 3), name="photo")
    model = keras.Model(photo, {"level1": keras.layers.Lambda(lambda x: x)(photo)})
    model.save(tmp_path / "lambda.keras")
    with pytest.raises(UserError, match=r"Lambda.*could run code"):
        load_model(tmp_path / "lambda.keras")


@pytest.mark.parametrize(("module", "name"), [("os", "system"), ("builtins", "eval"), ("keras.layers", "TFSMLayer")])
def test_a_description_that_names_code_is_refused(tmp_path: Path, tiny_model: Path, module: str, name: str) -> None:
    def change(description: dict) -> None:
        description["config"]["layers"][1].update(module=module, class_name=name, registered_name=None)

    with pytest.raises(UserError, match=rf"{module}\.{name}.*could run code"):
        load_model(_changed(tiny_model, tmp_path, change))


def test_weights_that_point_into_another_file_are_refused(tmp_path: Path, tiny_model: Path) -> None:
    store = io.BytesIO(_members(tiny_model)["model.weights.h5"])
    with h5py.File(store, "r+") as weights:
        weights["elsewhere"] = h5py.ExternalLink("/etc/hostname", "/")
    with pytest.raises(UserError, match="point outside the file"):
        load_model(_rezipped(tmp_path, {**_members(tiny_model), "model.weights.h5": store.getvalue()}))


@pytest.mark.parametrize("module", [["os"], {"os": 1}, None])
def test_a_description_whose_module_is_no_text_is_refused(tmp_path: Path, tiny_model: Path, module: object) -> None:
    def change(description: dict) -> None:
        description["config"]["layers"][1].update(module=module)

    with pytest.raises(UserError, match="could run code"):
        load_model(_changed(tiny_model, tmp_path, change))


def test_groups_of_weights_that_hold_each_other_end_the_search(tmp_path: Path, tiny_model: Path) -> None:
    store = io.BytesIO(_members(tiny_model)["model.weights.h5"])
    with h5py.File(store, "r+") as weights:
        weights["loop"] = weights
        weights.create_group("a_group")["elsewhere"] = h5py.ExternalLink("/etc/hostname", "/")
    with pytest.raises(UserError, match="point outside the file"):
        load_model(_rezipped(tmp_path, {**_members(tiny_model), "model.weights.h5": store.getvalue()}))


def test_a_zip_that_claims_to_be_encrypted(tmp_path: Path, tiny_model: Path) -> None:
    content = bytearray(tiny_model.read_bytes())
    entry = content.index(b"PK\x01\x02")  # the first of the central directory
    content[entry + 8] |= 1
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(UserError, match="truncated or not a"):
        load_model(tmp_path / "model.keras")


def test_a_model_of_one_layer_is_none(tmp_path: Path, tiny_model: Path) -> None:
    def change(description: dict) -> None:
        layer = next(one for one in description["config"]["layers"] if one["class_name"] == "Conv2D")
        description.clear()
        description.update({**layer, "build_config": {"input_shape": [None, 8, 8, 3]}})

    with pytest.raises(UserError, match=r"changed\.keras: "):
        load_model(_changed(tiny_model, tmp_path, change))


def test_a_zip_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a Keras model"):
        load_model(_rezipped(tmp_path, {"readme.txt": b"hello"}))


def test_another_keras_model_is_refused(tmp_path: Path) -> None:
    photo = keras.Input((8, 8, 3), name="image")
    keras.Model(photo, keras.layers.MaxPooling2D(2, name="pool")(photo)).save(tmp_path / "other.keras")
    with pytest.raises(UserError, match=r"not a PyNET: its inputs are \['image'\]"):
        load_model(tmp_path / "other.keras")


def test_weights_that_are_not_finite_are_named(tmp_path: Path) -> None:
    model = build_pynet(CONFIGS[0], 7)
    kernel = model.get_layer("level7_block1_conv3a").kernel
    values = kernel.numpy()
    values[0, 0, 0, 0] = np.nan
    kernel.assign(values)
    save_model(model, tmp_path / "nan.keras")
    with pytest.raises(UserError, match=r"1 of \d+ values of level7_block1_conv3a/kernel"):
        load_model(tmp_path / "nan.keras")


def test_a_name_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"does not end in \.keras"):
        save_model(build_pynet(CONFIGS[0], 7), tmp_path / "model.h5")


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _changed(path: Path, folder: Path, change: Callable[[dict], None]) -> Path:
    members = _members(path)
    description = json.loads(members["config.json"])
    change(description)
    return _rezipped(folder, {**members, "config.json": json.dumps(description).encode()})


def _rezipped(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "changed.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path
