"""From files and photos to a report: every stage over the same photos, then the gates, then a verdict."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from calib_data.dataset import find_photos
from calib_data.errors import UserError
from calib_data.files import sha256
from calib_data.sizes import PhotoSize
from calib_data.skipped import Skipped
from calib_data.wording import counted
from convert.reporting.candidates import Candidate, examine, of_one_size, runtimes_of
from convert.reporting.gates import Gates, check_comparable
from convert.reporting.photos import ReportPhoto, lay_out
from convert.reporting.record import GateResult, LayerStudy, Provenance, Report, Stage
from convert.reporting.shown import ShownPhoto, is_visible, show
from convert.reporting.stages import WorstPictures, candidate_stage, reference_stage, stage_id
from convert.runtimes import KERAS_RUNTIME
from pynet_tf.metrics import SHORTEST_SIDE

Watch = Callable[[Iterable[ReportPhoto], int, str], Iterator[ReportPhoto]]
Say = Callable[[str], None]
Study = Callable[[Stage, ReportPhoto], LayerStudy]

WITH_DEPTH = 4
"""Channels of the input of a model that takes depth."""
_STUDIES_AT_ONCE = 2
_PACKAGES = (
    "pynet-bokeh",
    "tensorflow",
    "tf-keras",
    "ai-edge-litert",
    "tflite-runtime",
    "onnx",
    "onnxruntime",
    "numpy",
    "scikit-image",
)


@dataclass(frozen=True)
class Call:
    """What a report is asked for.

    Attributes:
        reference: The float model, a .keras file.
        candidates: The files that are compared with it.
        data: A folder with photos, with targets or without.
        split: `train`, `test`, or None for both.
        count: The first so many photos; None for all.
        size: The photo that comes out; None for that of the files.
        runtimes: Names of the runtimes for .tflite files.
        threads: For each runtime.
        gates: What must be reached.
        shown: Photos shown of each file.
        command: As it was typed.
    """

    reference: Path
    candidates: Sequence[Path]
    data: Path
    split: str | None
    count: int | None
    size: PhotoSize | None
    runtimes: Sequence[str]
    threads: int
    gates: Gates
    shown: int
    command: str


@dataclass
class Making:
    """A report on its way.

    Attributes:
        call: What is asked for.
        folder: An existing folder for what is under way: about 65 MB a photo at 1024x1536.
        watch: Wraps a stream of photos, to show how far it is.
        say: Receives one line before each stage.
    """

    call: Call
    folder: Path
    watch: Watch
    say: Say
    skipped: Skipped = field(default_factory=Skipped)

    def prepare(self) -> None:
        """Look at all files and photos by name, so that what is wrong with the call is found before anything is run.

        Raises:
            UserError: Reference, photos or gates are at fault, no candidate can be compared, or none of the chosen
                runtimes runs one.
        """
        self.reference = self._reference()
        found, self.refused = examine(self.call.candidates)
        if found:
            self.size, self.candidates, others = of_one_size(found, self.call.size, self._channels)
            self.refused += others
        if not found or not self.candidates:
            raise UserError(
                "no file can be compared: " + "; ".join(stage.failure for stage in self.refused),
                "Name .tflite, .onnx or .keras files of one size, that take what the reference takes, by --candidate.",
            )
        if min(self.size.height, self.size.width) < SHORTEST_SIDE:
            raise UserError(
                f"photos of {self.size} are too small to compare; MS-SSIM takes {SHORTEST_SIDE} pixels a side.",
                "Convert the model at a larger size.",
            )
        self._runs = [(one, name) for one in self.candidates for name in runtimes_of(one.path, self.call.runtimes)]
        found_photos = find_photos(
            self.call.data, self.call.split, depth=self._channels == WITH_DEPTH, skipped=self.skipped
        )
        self.pairs = found_photos[: self.call.count]

    def measure(self) -> None:
        """Run every stage.

        Raises:
            UserError: Not one photo can be read, or the baseline is of others.
        """
        self.photos = self._read_photos()
        if self.call.gates.baseline is not None:
            hashes = [sha256(photo.pair.original) for photo in self.photos]
            stages = [stage_id(candidate.record, runtime) for candidate, runtime in self._runs]
            check_comparable(self.call.gates.baseline, hashes, (self.size.height, self.size.width), stages)
        self.say(f"running {self.reference.path.name}, the reference")
        self.reference_stage, self.records = reference_stage(
            self.reference.record, KERAS_RUNTIME, self._watched("the reference"), self.folder, self.call.threads
        )
        self.stages: list[Stage] = []
        self._worst: dict[str, WorstPictures] = {}
        for number, (candidate, runtime) in enumerate(self._runs):
            self.say(f"running {candidate.path.name} on {runtime}")
            kept = self.folder / f"stage-{number}"
            kept.mkdir()
            worst = WorstPictures(kept, self.call.shown)
            stage = candidate_stage(candidate.record, runtime, self.photos, self.folder, self.call.threads, worst)
            self.stages.append(stage)
            self._worst[stage.id] = worst

    def worst_stages(self) -> list[Stage]:
        """Of each file, the stage with the lowest mean PSNR among those that made pictures."""
        worst: dict[str, Stage] = {}
        for stage in self.stages:
            if stage.reference is None:
                continue
            known = worst.get(stage.artifact.path)
            if known is None or known.reference is None or stage.reference.frame.psnr < known.reference.frame.psnr:
                worst[stage.artifact.path] = stage
        return list(worst.values())

    def float_files(self) -> list[Path]:
        """The float32 files among the candidates, made from the reference as far as is known."""
        made_from = self.reference.record.sha256
        return [
            one.path
            for one in self.candidates
            if one.record.recipe == "float32" and one.record.source_sha256 in ("", made_from)
        ]

    def study_layers(self, study: Study) -> list[LayerStudy]:
        """Study each .tflite and .onnx file at its worst stage, on the photo on which it is worst.

        Two at a time, since one waits for its runtime or for the disk half of the time; the slowest files first.
        """
        by_name = {photo.name: photo for photo in self.photos}

        def studied(stage: Stage) -> LayerStudy:
            self.say(f"comparing the layers of {stage.artifact.file} on {stage.runtime}")
            return study(stage, by_name[stage.photos[0].photo])

        stages = [stage for stage in self.worst_stages() if stage.artifact.format != "keras"]
        with ThreadPoolExecutor(_STUDIES_AT_ONCE) as pool:
            slowest_first = sorted(range(len(stages)), key=lambda place: stages[place].ms or 0.0, reverse=True)
            studies = {place: pool.submit(studied, stages[place]) for place in slowest_first}
            try:
                return [studies[place].result() for place in range(len(stages))]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # an interrupt waits for no more than two
                raise

    def shown(self) -> list[ShownPhoto]:
        """The worst photos of each file's worst stage, if its differences can be seen."""
        return [
            one
            for stage in self.worst_stages()
            if is_visible(stage)
            for one in show(stage.id, self._worst[stage.id], self.photos)
        ]

    def report(self, layers: Sequence[LayerStudy]) -> Report:
        """The report, judged."""
        stages = [*self.stages, *self.refused]
        gates = self.call.gates.judge(stages)
        problems = [
            f"{stage.artifact.file}{f' on {stage.runtime}' if stage.runtime else ''}: {stage.failure}"
            for stage in stages
            if stage.status in ("failed", "refused")
        ]
        passed = not problems and all(gate.passed for gate in gates)
        return Report(
            passed=passed,
            verdict=_verdict(stages, gates),
            problems=tuple(problems),
            data=str(self.call.data),
            size=(self.size.height, self.size.width),
            reference=self.reference_stage,
            stages=tuple(stages),
            layers=tuple(layers),
            gates=tuple(gates),
            notes=tuple(self.call.gates.notes(stages)),
            photos=tuple(self.records),
            skipped=tuple(problem for _, problem in self.skipped),
            provenance=_provenance(self.call),
        )

    def _reference(self) -> Candidate:
        if self.call.reference.suffix != ".keras":
            raise UserError(
                f"the reference {self.call.reference} is not a .keras file.", "Name the float model by --reference."
            )
        references, unusable = examine([self.call.reference])
        if unusable:
            raise UserError(f"the reference: {unusable[0].failure}", "Name a float model (.keras) by --reference.")
        return references[0]

    @property
    def _channels(self) -> int:
        return self.reference.input_shape[3] or 0

    def _watched(self, what: str) -> Iterable[ReportPhoto]:
        return self.watch(self.photos, len(self.photos), what)

    def _read_photos(self) -> list[ReportPhoto]:
        laid_out = lay_out(self.pairs, self.size, self._channels == WITH_DEPTH, self.folder, self.skipped)
        return list(self.watch(laid_out, len(self.pairs), "photos"))


def _verdict(stages: Sequence[Stage], gates: Sequence[GateResult]) -> str:
    run = [stage for stage in stages if stage.status == "good"]
    broken = [stage for stage in stages if stage.status in ("failed", "refused")]
    failed = {gate.stage for gate in gates if not gate.passed}
    asked, missed = counted(len(gates), "gate"), sum(not gate.passed for gate in gates)
    if broken or failed:
        parts = []
        if failed:
            parts.append(f"{missed} of {asked} failed, at {counted(len(failed), 'stage')}")
        if broken:
            parts.append(f"{counted(len(broken), 'stage')} could not be measured properly")
        return "Do not ship: " + "; ".join(parts)
    measured = f"{counted(len(run), 'stage')} ran"
    return f"{measured} and passed {asked}" if gates else f"{measured}; no gates were asked for"


def _provenance(call: Call) -> Provenance:
    return Provenance(
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        command=call.command,
        python=platform.python_version(),
        system=platform.platform(),
        processor=_processor(),
        cores=os.cpu_count() or 1,
        threads=call.threads,
        versions={package: found for package in _PACKAGES if (found := _version(package))},
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text("utf-8", "replace").splitlines() if facts.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or sys.platform)
