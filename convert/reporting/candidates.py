"""The files that are compared: what is known about each before it is run, and which cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from calib_data.errors import UserError
from calib_data.files import sha256
from calib_data.sizes import PhotoSize
from convert.artifact import ArtifactFacts, file_mib, read_metadata, read_side_file
from convert.input_sides import input_sides
from convert.policy import version_key
from convert.reporting.record import ArtifactRecord, Stage
from convert.runners import load_artifact
from convert.runtimes import KERAS_RUNTIME, ONNX_RUNTIME, RUNTIMES, installed_runtimes

_SOLE = {".onnx": ONNX_RUNTIME, ".keras": KERAS_RUNTIME}


@dataclass(frozen=True)
class Candidate:
    """A file that can be compared.

    Attributes:
        path: The file.
        record: What is known about it.
        input_shape: `(1, H/2, W/2, C)` with None for free sides.
    """

    path: Path
    record: ArtifactRecord
    input_shape: tuple[int | None, ...]

    @property
    def size(self) -> PhotoSize | None:
        """The photo that comes out; None where it is free."""
        _, height, width, _ = self.input_shape
        return None if height is None or width is None else PhotoSize(2 * height, 2 * width)


def examine(paths: Sequence[Path]) -> tuple[list[Candidate], list[Stage]]:
    """Look at each file without running it.

    Returns:
        Those that can be compared, and a `refused` stage with the reason for each that cannot.

    Files of one name are told apart by their paths.

    Raises:
        UserError: A file is named twice.
    """
    names = [path.name for path in paths]
    found: list[Candidate] = []
    refused: list[Stage] = []
    for place, path in enumerate(paths):
        name = path.name if names.count(path.name) == 1 else str(path)
        if path.resolve() in {other.resolve() for other in paths[:place]}:
            raise UserError(f"{path} is named twice.", "Name each file once.")
        try:
            found.append(_examined(path, name))
        except UserError as error:
            refused.append(refusal(_bare_record(path, name), error.problem))
    return found, refused


def of_one_size(
    candidates: Sequence[Candidate], size: PhotoSize | None, channels: int
) -> tuple[PhotoSize, list[Candidate], list[Stage]]:
    """The candidates that can be compared on the same photos, and a `refused` stage for each other.

    Args:
        candidates: At least one.
        size: The photo that comes out; by default that of the first candidate whose size is fixed.
        channels: Of the reference's input.

    Raises:
        UserError: No candidate has a fixed size and none is given.
    """
    wanted = size or next((one.size for one in candidates if one.size is not None), None)
    if wanted is None:
        raise UserError("no candidate has a fixed size.", "Give the photos' size: --size 512x768.")
    kept, refused = [], []
    for one in candidates:
        if one.size not in (None, wanted):
            refused.append(
                refusal(one.record, f"{one.path} makes photos of {one.size}; the others are compared at {wanted}.")
            )
        elif one.input_shape[3] != channels:
            kinds = {3: "rgb", 4: "rgbd"}
            said = f"{one.path} takes {kinds.get(one.input_shape[3] or 0)}; the reference takes {kinds[channels]}."
            refused.append(refusal(one.record, said))
        else:
            kept.append(one)
    return wanted, kept, refused


def runtimes_of(path: Path, chosen: Sequence[str]) -> list[str]:
    """On which of the chosen runtimes a file is run; a .onnx or .keras file has one, whatever is chosen.

    Raises:
        UserError: None of them runs the file.
    """
    if path.suffix in _SOLE:
        return [_SOLE[path.suffix]]
    found = [name for name in chosen if RUNTIMES[name].suffix == path.suffix]
    if not found:
        able = ", ".join(runtime.name for runtime in installed_runtimes(with_optional=True))
        raise UserError(f"none of {', '.join(chosen)} runs {path.name}.", f"Add --runtime of {able}, or leave it out.")
    return found


def needs_newer(record: ArtifactRecord, runtime: str) -> bool:
    """Whether a file needs a newer TensorFlow Lite than a runtime is; LiteRT, which succeeds it, is never older."""
    if RUNTIMES[runtime].package != "tflite-runtime" or not record.minimum_runtime:
        return False
    return version_key(record.minimum_runtime) > version_key(RUNTIMES[runtime].version)


def refusal(record: ArtifactRecord, reason: str) -> Stage:
    """The stage of a file that cannot be compared."""
    return Stage(id=record.file, artifact=record, runtime="", version="", status="refused", failure=reason)


def _bare_record(path: Path, name: str) -> ArtifactRecord:
    """What can be said of any file; hash and size are empty if it is not there."""
    there = path.is_file()
    return ArtifactRecord(
        file=name,
        path=str(path),
        sha256=sha256(path) if there else "",
        mib=round(file_mib(path), 2) if there else 0.0,
        format=path.suffix.removeprefix("."),
    )


def _examined(path: Path, name: str) -> Candidate:
    loaded = path.suffix == ".keras" and path.is_file()
    shape = load_artifact(path).input_shape if loaded else (1, *input_sides(path))
    return Candidate(path, _known(path, name), shape)


def _known(path: Path, name: str) -> ArtifactRecord:
    record = _bare_record(path, name)
    if path.suffix == ".keras":
        return record
    facts, notes = _facts(path)
    if facts is None:
        return record.model_copy(update={"notes": tuple(notes)})
    if facts.sha256 and facts.sha256 != record.sha256:
        notes.append("its side file describes another file: the hashes differ")
    return record.model_copy(
        update={
            "recipe": facts.recipe.name,
            "minimum_runtime": facts.minimum_runtime,
            "source_sha256": facts.model.sha256,
            "notes": tuple(notes),
        }
    )


def _facts(path: Path) -> tuple[ArtifactFacts | None, list[str]]:
    side_file = path.with_suffix(".json")
    try:
        return read_side_file(side_file), []
    except UserError as error:
        said = f"no side file {side_file.name}" if not side_file.is_file() else error.problem
    try:
        return read_metadata(path), [f"{said}; what is known is from inside the file"]
    except UserError:
        return None, [f"{said}, and nothing is known from inside the file"]
