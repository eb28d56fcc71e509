"""Gates: what a stage must reach, given as options, by recipe in a file, or by an earlier report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from calib_data.errors import UserError
from convert.reporting.record import GateResult, Report, Stage

OTHERS = "*"
"""In a file of gates, the recipe that stands for all that are not named."""
_NOT_RUN = ("unsupported", "refused")


class Limits(BaseModel):
    """What a stage must reach; None where nothing is asked.

    Attributes:
        min_psnr: Least mean PSNR against the float model, dB.
        min_ssim: Least mean SSIM against the float model.
        max_abs: Largest difference of any value, 0..1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_psnr: float | None = Field(default=None, ge=0, le=150)
    min_ssim: float | None = Field(default=None, ge=-1, le=1)
    max_abs: float | None = Field(default=None, ge=0, le=1)

    def under(self, other: Limits) -> Limits:
        """These limits, with those of `other` where it has any."""
        return self.model_copy(update=other.model_dump(exclude_none=True))


@dataclass(frozen=True)
class Gates:
    """All gates of a report.

    Attributes:
        common: For every stage.
        by_recipe: For stages of a recipe, in place of the common ones.
        baseline: An earlier report, against which a stage's mean PSNR may have lost at most `allowed_loss`.
        allowed_loss: dB.
    """

    common: Limits = field(default_factory=Limits)
    by_recipe: dict[str, Limits] = field(default_factory=dict)
    baseline: Report | None = None
    allowed_loss: float = 0.5

    def judge(self, stages: Iterable[Stage]) -> list[GateResult]:
        """What each gate found, in order of the stages."""
        return [result for stage in stages for result in self._judged(stage)]

    def notes(self, stages: Iterable[Stage]) -> list[str]:
        """What was asked for and could not be judged."""
        run = [stage for stage in stages if stage.status not in _NOT_RUN]
        recipes = {stage.artifact.recipe for stage in run}
        absent = [recipe for recipe in self.by_recipe if recipe not in (*recipes, OTHERS)]
        notes = [f"there are gates for {recipe}, but no file of that recipe was run" for recipe in absent]
        if self.baseline is not None:
            new = [stage.id for stage in run if _same_stage(self.baseline.stages, stage.id) is None]
            notes += [f"{stage} is not in the baseline" for stage in new]
        if self.baseline is not None or self.by_recipe or self.common != Limits():
            notes += [f"no gate applies to {stage.id}" for stage in run if not self._judged(stage)]
        return notes

    def _judged(self, stage: Stage) -> list[GateResult]:
        if stage.status in _NOT_RUN:
            return []
        frame = None if stage.reference is None else stage.reference.frame
        own = self.by_recipe.get(stage.artifact.recipe) or self.by_recipe.get(OTHERS, Limits())
        asked = self.common.under(own)
        results = [
            _at_least(stage, "min_psnr", asked.min_psnr, None if frame is None else frame.psnr),
            _at_least(stage, "min_ssim", asked.min_ssim, None if frame is None else frame.ssim),
            _at_most(stage, "max_abs", asked.max_abs, None if frame is None else frame.max_abs),
            self._against_baseline(stage, None if frame is None else frame.psnr),
        ]
        return [result for result in results if result is not None]

    def _against_baseline(self, stage: Stage, psnr: float | None) -> GateResult | None:
        earlier = _same_stage(self.baseline.stages, stage.id) if self.baseline is not None else None
        if earlier is None or earlier.reference is None:
            return None
        return _at_least(stage, "baseline_psnr", earlier.reference.frame.psnr - self.allowed_loss, psnr)


def read_gates(path: Path) -> dict[str, Limits]:
    """Limits by recipe from a JSON file: `{"int8": {"min_psnr": 44}}`; `*` is for every recipe that is not named.

    Raises:
        UserError: The file is missing, not JSON, or has an unknown key or a value out of range.
    """
    if not path.is_file():
        raise UserError(f"the gates {path} are not a file.", "Name a .json file.")
    try:
        data = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"the gates {path} are not JSON: {error}.", "docs/fidelity.md has an example.") from error
    if not isinstance(data, dict):
        raise UserError(f"the gates {path} are no object of recipes.", "docs/fidelity.md has an example.")
    return {recipe: limits(f"the gates {path}", recipe, asked) for recipe, asked in data.items()}


def check_comparable(baseline: Report, photos: Sequence[str], size: tuple[int, int], stages: Sequence[str]) -> None:
    """Refuse a baseline that was measured on other photos, at another size, or of other files.

    Args:
        baseline: An earlier report.
        photos: Hashes of this report's.
        size: Height and width of this report's photos.
        stages: Ids of this report's.

    Raises:
        UserError: It was.
    """
    if baseline.size != size:
        raise UserError(
            f"the baseline is of {baseline.size[0]}x{baseline.size[1]}, this report of {size[0]}x{size[1]}.",
            "Make both at one size.",
        )
    earlier = sorted(photo.sha256 for photo in baseline.photos)
    if earlier != sorted(photos):
        raise UserError(
            f"the baseline was measured on {len(earlier)} other photos than these {len(photos)}.",
            "Give both the same --data, --split and --count.",
        )
    if not {stage.id for stage in baseline.stages} & set(stages):
        raise UserError(
            f"the baseline has none of these files on these runtimes, such as {stages[0]}.",
            "Name the report.json of files of the same names.",
        )


def limits(where: str, recipe: str, data: object) -> Limits:
    """Limits from plain data.

    Args:
        where: What the data came from, for the error.
        recipe: Whose limits they are; empty for all.
        data: A mapping of the fields of `Limits`.

    Raises:
        UserError: An unknown key, or a value out of range.
    """
    try:
        return Limits.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(part for part in (recipe, *(str(part) for part in first["loc"])) if part)
        raise UserError(
            f"{where}: {place}: {first['msg']}, not {first['input']!r}.",
            f"Known are {', '.join(Limits.model_fields)}: dB 0..150, SSIM -1..1, a difference 0..1.",
        ) from error


def _same_stage(stages: Iterable[Stage], wanted: str) -> Stage | None:
    return next((stage for stage in stages if stage.id == wanted), None)


def _at_least(stage: Stage, gate: str, wanted: float | None, got: float | None) -> GateResult | None:
    if wanted is None:
        return None
    return GateResult(stage=stage.id, gate=gate, wanted=wanted, got=got, passed=got is not None and got >= wanted)


def _at_most(stage: Stage, gate: str, wanted: float | None, got: float | None) -> GateResult | None:
    if wanted is None:
        return None
    return GateResult(stage=stage.id, gate=gate, wanted=wanted, got=got, passed=got is not None and got <= wanted)
