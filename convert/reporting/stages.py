"""Run one file on one runtime over all photos, and measure each picture while the next is computed."""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from calib_data.parallel import in_parallel
from convert.fidelity import finite
from convert.reporting.candidates import needs_newer
from convert.reporting.figures import compare, histogram, mean_areas
from convert.reporting.photos import ReportPhoto, load
from convert.reporting.process import RuntimeFailedError, StageProcess
from convert.reporting.record import HISTOGRAM_EDGES, ArtifactRecord, PhotoRecord, PhotoResult, Stage
from convert.runtimes import RUNTIMES

Counts: TypeAlias = NDArray[np.int64]


@dataclass
class WorstPictures:
    """Keeps the pictures of the photos with the lowest PSNR on the disk; the others are deleted.

    Attributes:
        folder: Where they are kept.
        most: How many.
    """

    folder: Path
    most: int
    _kept: list[tuple[float, int, Path]] = field(default_factory=list)

    def offer(self, psnr: float, number: int, picture: Path) -> None:
        """Keep or delete the picture of a photo, by its number."""
        kept = picture.replace(self.folder / f"worst-{number}.npy")
        heapq.heappush(self._kept, (-psnr, number, kept))
        if len(self._kept) > self.most:
            heapq.heappop(self._kept)[2].unlink()

    def paths(self) -> list[tuple[int, Path]]:
        """Number of the photo and picture, worst first."""
        return [(number, path) for _, number, path in sorted(self._kept, reverse=True)]


def stage_id(record: ArtifactRecord, runtime: str) -> str:
    """What a file on a runtime is called in the report."""
    return f"{record.file}@{runtime}"


def reference_stage(
    record: ArtifactRecord, runtime: str, photos: Iterable[ReportPhoto], folder: Path, threads: int
) -> tuple[Stage, list[PhotoRecord]]:
    """The float model's pictures of all photos, kept beside them, measured against the targets.

    Raises:
        RuntimeFailedError: The model does not run.
    """
    results, records = [], []
    with StageProcess(Path(record.path), runtime, threads) as process:
        for photo, path, ms in process.run(photos, folder):
            picture = load(path)[0]
            path.unlink()
            records.append(photo.settle(picture))
            target = None if photo.target is None else compare(load(photo.target), picture, photo.in_focus())
            results.append(PhotoResult(photo=photo.name, target=target, ms=ms))
    return _stage(record, runtime, results, None), records


def candidate_stage(
    record: ArtifactRecord,
    runtime: str,
    photos: Iterable[ReportPhoto],
    folder: Path,
    threads: int,
    worst: WorstPictures,
) -> Stage:
    """One file on one runtime, measured against the float model's pictures and the targets."""
    results = []
    counts: Counts = np.zeros(len(HISTOGRAM_EDGES) + 1, np.int64)
    try:
        with StageProcess(Path(record.path), runtime, threads) as process:
            for number, (photo, path, ms) in enumerate(process.run(photos, folder)):
                result, counted = _measured(photo, load(path)[0], ms)
                counts += counted
                worst.offer(-1.0 if result.reference is None else result.reference.frame.psnr, number, path)
                results.append(result)
    except RuntimeFailedError as failure:
        return Stage(
            id=stage_id(record, runtime),
            artifact=record,
            runtime=runtime,
            version=RUNTIMES[runtime].version,
            status="unsupported" if needs_newer(record, runtime) else "failed",
            failure=failure.problem,
        )
    return _stage(record, runtime, results, counts)


def _measured(photo: ReportPhoto, picture: NDArray[np.float32], ms: float) -> tuple[PhotoResult, Counts]:
    reference, area = load(photo.reference), photo.in_focus()
    picture, broken = finite(picture, reference)
    others = [reference] if photo.target is None else [reference, load(photo.target)]
    areas = list(in_parallel(lambda other: compare(other, picture, area), others))
    result = PhotoResult(
        photo=photo.name,
        reference=areas[0],
        target=areas[1] if len(areas) > 1 else None,
        not_finite=broken,
        ms=ms,
    )
    return result, histogram(reference, picture)


def _stage(record: ArtifactRecord, runtime: str, results: Sequence[PhotoResult], counts: Counts | None) -> Stage:
    broken = [result for result in results if result.not_finite]
    reference = [result.reference for result in results if result.reference is not None]
    target = [result.target for result in results if result.target is not None]
    failure = ""
    if broken:
        values = sum(result.not_finite for result in broken)
        failure = f"{values} values in {len(broken)} of {len(results)} photos are NaN or infinite"
    return Stage(
        id=stage_id(record, runtime),
        artifact=record,
        runtime=runtime,
        version=RUNTIMES[runtime].version,
        status="failed" if broken else "good",
        failure=failure,
        ms=round(statistics.median(result.ms for result in results), 2),
        reference=mean_areas(reference) if reference else None,
        target=mean_areas(target) if target else None,
        photos=tuple(sorted(results, key=_badness)),
        histogram=() if counts is None else tuple((counts / counts.sum()).round(9).tolist()),
    )


def _badness(result: PhotoResult) -> float:
    areas = result.reference or result.target
    return areas.frame.psnr if areas is not None else 0.0
