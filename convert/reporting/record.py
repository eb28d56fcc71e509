"""The report as data: what the JSON file holds, and what page and Markdown are made of.

Differences are of values 0..1; they are shown in steps of 1/255 because that is what a screen has.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from calib_data.errors import UserError
from convert.artifact import Facts

SCHEMA = "pynet-report/1"
HISTOGRAM_EDGES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Upper edges of the error histogram's bins, in steps of 1/255; the last bin has none."""

Status = Literal["good", "unsupported", "failed", "refused"]


class Differences(Facts):
    """Two pictures compared: over the frame, or inside an area of it.

    Attributes:
        psnr: dB, at most 150.
        ssim: -1..1, 11x11 Gaussian window.
        ms_ssim: 0..1, five scales.
        ciede2000: Mean colour difference; 1 is about what an eye can just tell.
        max_abs: Largest difference of any value, 0..1.
        p999_abs: The difference that 99.9 % of the values keep under, 0..1.
    """

    psnr: float
    ssim: float
    ms_ssim: float
    ciede2000: float
    max_abs: float
    p999_abs: float


class Areas(Facts):
    """Differences over the frame, and apart in what is in focus and what is not; None where that area is too small."""

    frame: Differences
    in_focus: Differences | None = None
    out_of_focus: Differences | None = None


class PhotoResult(Facts):
    """One photo through one stage: against the float model's picture, and against the target if there is one.

    `not_finite` counts values that are NaN or infinite; they count as black or white, what is farther.
    """

    photo: str
    reference: Areas | None = None
    target: Areas | None = None
    not_finite: int = 0
    ms: float


class ArtifactRecord(Facts):
    """A file that was compared.

    Attributes:
        file: Its name.
        path: As it was named in the call.
        sha256: Its hash; empty if it could not be read.
        mib: Its size.
        format: keras, tflite or onnx.
        recipe: The recipe's name from the side file or the metadata inside; empty if neither is there.
        minimum_runtime: The oldest TensorFlow Lite that its operations need, where that is known.
        source_sha256: Hash of the model that it was made from, where that is known.
        notes: What a reader should know: no side file, another source model.
    """

    file: str
    path: str
    sha256: str
    mib: float
    format: str
    recipe: str = ""
    minimum_runtime: str = ""
    source_sha256: str = ""
    notes: tuple[str, ...] = ()


class Stage(Facts):
    """One file on one runtime with one set of kernels.

    Attributes:
        id: `file@runtime`, by which a baseline's stage is found.
        artifact: The file.
        runtime: Name of the runtime and its kernels; empty for a file that was refused.
        version: The runtime's version.
        status: `good` ran; `unsupported` needs a newer runtime than this one; `failed` did not run, or made values
            that are no numbers; `refused` is no file that could be compared.
        failure: Why it is not good.
        ms: Median time of a photo in ms, taken while the report measured other pictures.
        reference: Means against the float model's pictures; of `max_abs` the largest. None for the float model.
        target: The same against the targets.
        photos: One a photo, worst first (by PSNR against the float model; of the float model, against the target).
        histogram: Share of values in each bin of `HISTOGRAM_EDGES`, and beyond.
    """

    id: str
    artifact: ArtifactRecord
    runtime: str
    version: str
    status: Status
    failure: str = ""
    ms: float | None = None
    reference: Areas | None = None
    target: Areas | None = None
    photos: tuple[PhotoResult, ...] = ()
    histogram: tuple[float, ...] = ()


class LayerRow(Facts):
    """One tensor of a file against the same tensor of the reference.

    Attributes:
        layer: The layer's name, such as `level4_up_p`.
        tensor: The tensor's name in the file.
        reference: The tensor's name in the reference.
        op: The operation that makes it.
        place: Its place in the order of execution, from 0.
        shape: Its shape in the file.
        sqnr: Signal to quantization noise, dB, at most 150: `10 log10(sum r^2 / sum (r - x)^2)`.
        fall: By how many dB `sqnr` lies under the worst of what the operation reads.
        alone: SQNR of a layer with weights by itself: its output against the float layer's on the same input. None for
            other operations, and where the input could not be matched.
        scale: Of the layer by itself, by which factor its worst output map is too large; 1 is right.
        max_abs: Largest difference, in the tensor's own values; None where some are no numbers.
    """

    layer: str
    tensor: str
    reference: str
    op: str
    place: int
    shape: tuple[int, ...]
    sqnr: float
    fall: float
    alone: float | None
    scale: float | None
    max_abs: float | None


class LayerStudy(Facts):
    """Where a file loses what it loses: its tensors on one photo against a reference's.

    Attributes:
        stage: The stage whose file and runtime were studied.
        photo: The photo.
        reference: `float graph`, or the name of the float file whose tensors were taken.
        rows: Layers in order of execution.
        first_fall: The first layer that adds `threshold` more noise by itself than the median layer, or whose `scale`
            is wrong by a factor of 1.4; empty if there is none.
        threshold: dB.
        matched: How many tensors were matched; `rows` has of each layer the one that it ends in.
        unmatched: Tensors of the file that the reference does not have by that name, operation and shape.
        unmatched_reference: How many tensors of the reference were not found in the file.
        failure: Why there are no rows; empty if there are.
    """

    stage: str
    photo: str
    reference: str
    rows: tuple[LayerRow, ...] = ()
    first_fall: str = ""
    threshold: float
    matched: int = 0
    unmatched: tuple[str, ...] = ()
    unmatched_reference: int = 0
    failure: str = ""


class GateResult(Facts):
    """What one gate found at one stage; `wanted` and `got` in the gate's own unit."""

    stage: str
    gate: str
    wanted: float
    got: float | None
    passed: bool


class PhotoRecord(Facts):
    """A photo that was compared.

    Attributes:
        name: The file's stem.
        file: Its path as it was found.
        sha256: Its hash.
        has_target: Whether it has a target.
        in_focus_share: Share of the frame that is in focus, 0..1.
        in_focus_from: `target`, or `reference` where the float model's picture stood in for a missing target.
    """

    name: str
    file: str
    sha256: str
    has_target: bool
    in_focus_share: float
    in_focus_from: Literal["target", "reference"]


class Provenance(Facts):
    """How the report came about."""

    created: str
    command: str
    python: str
    system: str
    processor: str
    cores: int
    threads: int
    versions: dict[str, str]


class Report(Facts):
    """All that the report says."""

    schema_id: str = SCHEMA
    passed: bool
    verdict: str
    problems: tuple[str, ...]
    data: str
    size: tuple[int, int]
    reference: Stage
    stages: tuple[Stage, ...]
    layers: tuple[LayerStudy, ...] = ()
    gates: tuple[GateResult, ...] = ()
    notes: tuple[str, ...] = ()
    photos: tuple[PhotoRecord, ...]
    skipped: tuple[str, ...] = ()
    provenance: Provenance


def read_report(path: Path) -> Report:
    """An earlier report.

    Raises:
        UserError: The file is missing or no report of this version.
    """
    if not path.is_file():
        raise UserError(f"{path} is not a file.", "Name the report.json of an earlier python -m convert.report.")
    try:
        return Report.model_validate(json.loads(path.read_bytes()))
    except (ValueError, RecursionError) as error:
        first = " ".join(str(error).splitlines()[:3])
        raise UserError(f"{path} is no report of the schema {SCHEMA}: {first}.", "Make it again.") from error
