"""Models as `.keras` files: written whole, and read without ever running what a file says.

A `.keras` file is a zip with a description of the layers and an HDF5 file of weights. Keras imports the modules
that the description names, so the description is checked against the list of layers of which a PyNET is made
before Keras sees it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tf_keras as keras

from calib_data.errors import UserError
from calib_data.files import BROKEN_ZIP, atomic_path
from pynet_tf.config import LEVELS, Head, PyNETConfig
from pynet_tf.layers import OWN_LAYERS, PACKAGE, BlendHead, DirectHead, InstanceNorm, ResidualHead
from pynet_tf.network import INPUT_NAME

SAMPLE_MODEL = Path(__file__).parent / "models" / "pynet-rgb-w8.keras"

_DESCRIPTION, _WEIGHTS = "config.json", "model.weights.h5"
_LARGEST_DESCRIPTION, _LARGEST_WEIGHTS = 16 << 20, 4 << 30
_HEADS: dict[type, Head] = {DirectHead: "direct", ResidualHead: "residual", BlendHead: "blend"}
_ALLOWED = {
    "keras.initializers": {"RandomNormal", "VarianceScaling", "Zeros", "Ones"},
    "keras.layers": {
        "Add",
        "AveragePooling2D",
        "Concatenate",
        "Conv2D",
        "Conv2DTranspose",
        "InputLayer",
        "LeakyReLU",
        "MaxPooling2D",
        "UpSampling2D",
    },
    "tf_keras.src.engine.functional": {"Functional"},
    "pynet_tf.layers": set(OWN_LAYERS),
}
_RETRY = "Copy or download the file again, or make it anew with python -m pynet_tf.train."


def save_model(model: keras.Model, path: Path | str) -> None:
    """Write a model to `path` (`.keras`), whole or not at all.

    Raises:
        UserError: The name does not end in `.keras`, or the folder may not be written.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise UserError(f"{path.name} does not end in .keras.", f"Name it {path.stem}.keras.")
    with atomic_path(path) as beside:
        model.save(beside, save_format="keras")


def load_model(path: Path | str | None = None) -> keras.Model:
    """Read a float PyNET; the sample model by default.

    Args:
        path: A `.keras` file that this package wrote.

    Returns:
        A functional model as `build_pynet` makes it, not compiled.

    Raises:
        UserError: The file is missing, truncated, not a PyNET, carries code, or holds weights that are NaN or infinite.
    """
    file = SAMPLE_MODEL if path is None else Path(path)
    if not file.is_file():
        raise UserError(f"{file} is not a file.", "Name a .keras file, or leave --model out to use the sample model.")
    if file.suffix != ".keras":
        raise UserError(f"{file.name} is not a .keras file.", "Name a float model that python -m pynet_tf.train wrote.")
    _check_contents(file)
    try:
        model = keras.models.load_model(file, compile=False, safe_mode=True)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OSError) as error:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise UserError(f"{file}: Keras cannot build the model: {reason}.", _RETRY) from error
    check_pynet(model, str(file))
    check_weights(model, str(file))
    return model


def config_of(model: keras.Model) -> PyNETConfig:
    """The configuration from which a float PyNET was built, read off its layers.

    Raises:
        UserError: The model is not a PyNET.
    """
    check_pynet(model, model.name)
    finest = finest_level(model)
    norms = [layer for layer in model.layers if isinstance(layer, InstanceNorm)]
    levels = {int(layer.name.removeprefix("encoder").removeprefix("level")[0]) for layer in norms}
    head = _HEADS[type(model.get_layer(f"level{finest}"))]
    return PyNETConfig(
        inputs="rgb" if model.input_shape[-1] == 3 else "rgbd",
        width=model.get_layer("encoder3_conv3a").filters,
        head=head,
        norm="instance" if norms else "none",
        norm_levels=tuple(sorted(levels)) if norms else PyNETConfig().norm_levels,
        epsilon=norms[0].epsilon if norms else PyNETConfig().epsilon,
    )


def finest_level(model: keras.Model) -> int:
    """The finest level that a model builds, 1 to 7."""
    return min(int(name.removeprefix("level")) for name in model.output_names)


def check_pynet(model: keras.Model, name: str) -> None:
    """Refuse a model whose input and outputs are not PyNET's.

    Raises:
        UserError: The input is not `photo` with 3 or 4 channels, or an output not `level1` to `level7`.
    """
    inputs, output = getattr(model, "input_names", []), getattr(model, "output", None)
    outputs = set(output) if isinstance(output, dict) else set()
    if inputs != [INPUT_NAME] or not outputs or not outputs <= {f"level{level}" for level in LEVELS}:
        raise UserError(
            f"{name} is not a PyNET: its inputs are {inputs}, its outputs {sorted(outputs) or 'not named'}.",
            "A PyNET has the input photo and the outputs level1 to level7; build one with pynet_tf.build_pynet.",
        )
    if model.input_shape[-1] not in (3, 4):
        raise UserError(
            f"{name} takes {model.input_shape[-1]} channels; 3 (rgb) or 4 (rgbd) allowed.", "Train it with --inputs."
        )


def check_weights(model: keras.Model, name: str) -> None:
    """Refuse weights that are NaN or infinite, naming the first that is.

    Raises:
        UserError: A weight is not finite.
    """
    for weight in model.weights:
        wrong = int(np.size(weight) - np.isfinite(weight.numpy()).sum())
        if wrong:
            raise UserError(
                f"{name}: {wrong} of {np.size(weight)} values of {weight.name} are NaN or infinite.",
                "The training diverged: take an earlier checkpoint, or train on with a lower learning rate.",
            )


def _check_contents(file: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if not {_DESCRIPTION, _WEIGHTS} <= names:
                raise UserError(f"{file} is not a Keras model: it holds {sorted(names)[:5]}.", _RETRY)
            for member, most in ((_DESCRIPTION, _LARGEST_DESCRIPTION), (_WEIGHTS, _LARGEST_WEIGHTS)):
                if archive.getinfo(member).file_size > most:
                    raise UserError(f"{file}: {member} is over {most >> 20} MiB long, too much for a PyNET.", _RETRY)
            broken = archive.testzip()
            if broken is not None:
                raise UserError(f"{file} is damaged: the checksum of {broken} is wrong.", _RETRY)
            description = json.loads(archive.read(_DESCRIPTION))
            weights = archive.read(_WEIGHTS)
    except BROKEN_ZIP as error:
        raise UserError(f"{file} is truncated or not a .keras file ({error}).", _RETRY) from error
    _refuse_code(file, description)
    _refuse_links(file, weights)


def _refuse_code(file: Path, description: Any) -> None:
    for entry in _classes(description):
        module, name = entry.get("module"), entry["class_name"]
        registered = entry.get("registered_name")
        plain = isinstance(module, str) and isinstance(name, str) and name in _ALLOWED.get(module, ())
        known = registered in (None, name, f"{PACKAGE}>{name}")
        if not (plain and known):
            raise UserError(
                f"{file} asks for {module}.{name} ({registered or 'no registered name'}), which is no layer of PyNET "
                "and could run code; it was not loaded.",
                "Load only models that pynet_tf.train, pynet_tf.import_tf1 or pynet_tf.save_model wrote.",
            )


def _classes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "class_name" in node:
            yield node
        for value in node.values():
            yield from _classes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _classes(value)


def _refuse_links(file: Path, weights: bytes) -> None:
    """HDF5 can point into other files of the reader's disk; a model has no reason to."""
    try:
        with h5py.File(io.BytesIO(weights), "r") as store:
            pending, seen = [store], set()
            while pending:
                group = pending.pop()
                if group.id in seen:
                    continue
                seen.add(group.id)
                for key in group:
                    link = group.get(key, getlink=True)
                    item = group[key] if isinstance(link, h5py.HardLink) else None
                    if item is None or (isinstance(item, h5py.Dataset) and item.external):
                        raise UserError(f"{file}: its weights {key!r} point outside the file.", _RETRY)
                    if isinstance(item, h5py.Group):
                        pending.append(item)
    except OSError as error:
        raise UserError(f"{file}: its weights cannot be read ({error}).", _RETRY) from error
