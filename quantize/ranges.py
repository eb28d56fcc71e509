"""Learnt ranges, inside the `.keras` file of the network whose weights were tuned to them.

The network in the file is a plain PyNET, so that it loads as safely as any other and everything that takes a float
model takes this one; the ranges are one more member of the zip, in JSON, which Keras does not look at.
"""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import tf_keras as keras
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from calib_data.errors import UserError
from calib_data.files import BROKEN_ZIP, atomic_path
from pynet_tf.model_files import save_model

Range = tuple[float, float]

_MEMBER = "ranges.json"
_LARGEST = 4 << 20


class Ranges(BaseModel):
    """What training has learnt besides weights.

    Attributes:
        version: Of this format.
        recipe: The recipe that the network was tuned for.
        ranges: Least and largest value by tensor: a layer's name, or `layer/step`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = 1
    recipe: str
    ranges: dict[str, Range]

    @field_validator("ranges")
    @classmethod
    def _sound(cls, ranges: dict[str, Range]) -> dict[str, Range]:
        for name, span in ranges.items():
            try:
                check_range(name, span)
            except UserError as error:
                raise ValueError(error.problem) from error  # as pydantic words it
        return ranges


def check_range(name: str, span: Range) -> None:
    """Refuse a range that is not finite or empty.

    Raises:
        UserError: So it is.
    """
    low, high = span
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UserError(
            f"the range of {name} is {low} to {high}.",
            "Ranges are finite and not empty: learn them anew with python -m quantize.train.",
        )


def save_with_ranges(model: keras.Model, ranges: Ranges, path: Path) -> None:
    """Write a network and its ranges to one `.keras` file, whole or not at all.

    Raises:
        UserError: The name does not end in `.keras`, or the folder may not be written.
    """
    with atomic_path(path) as beside:
        save_model(model, beside)
        with zipfile.ZipFile(beside, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_MEMBER, ranges.model_dump_json(indent=1))


def load_ranges(path: Path) -> Ranges | None:
    """The ranges in a `.keras` file; None if it is a plain float network.

    Raises:
        UserError: The file is no zip, or its ranges are not what this package writes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if _MEMBER not in archive.namelist():
                return None
            if archive.getinfo(_MEMBER).file_size > _LARGEST:
                raise UserError(f"{path}: its ranges are over 4 MiB long.", "Take a file that quantize.train wrote.")
            data: Any = json.loads(archive.read(_MEMBER))
        return Ranges.model_validate(data)
    except (*BROKEN_ZIP, OSError) as error:
        raise UserError(f"{path}: its ranges cannot be read ({error}).", "Copy or make the file again.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"{path}: its ranges are wrong at {place}: {first['msg']}.", "Take a file that quantize.train wrote."
        ) from error
