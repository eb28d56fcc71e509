"""Gates: what is asked of which stage, and what a missing figure means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calib_data.errors import UserError
from convert.reporting.gates import Gates, Limits, check_comparable, limits, read_gates
from convert.reporting.record import Areas, ArtifactRecord, Differences, Report, Stage


def stage(recipe: str = "int8", psnr: float | None = 45.0, status: str = "good") -> Stage:
    artifact = ArtifactRecord(file="a.tflite", path="a.tflite", sha256="", mib=1, format="tflite", recipe=recipe)
    frame = Differences(psnr=psnr or 0, ssim=0.99, ms_ssim=0.99, ciede2000=0.3, max_abs=0.1, p999_abs=0.01)
    reference = None if psnr is None else Areas(frame=frame)
    return Stage(id="a@r", artifact=artifact, runtime="r", version="1", status=status, reference=reference)


def passed(gates: Gates, one: Stage) -> dict[str, bool]:
    return {result.gate: result.passed for result in gates.judge([one])}


def test_each_limit_is_a_gate_and_its_bound_is_allowed() -> None:
    assert passed(Gates(limits("", "", {"min_psnr": 45, "min_ssim": 0.99, "max_abs": 0.1})), stage()) == {
        "min_psnr": True,
        "min_ssim": True,
        "max_abs": True,
    }
    assert passed(Gates(Limits(min_psnr=45.01)), stage()) == {"min_psnr": False}
    assert passed(Gates(Limits(max_abs=0.099)), stage()) == {"max_abs": False}


def test_a_recipe_has_its_own_limits_beside_the_common_ones() -> None:
    gates = Gates(Limits(min_psnr=90, max_abs=0.2), {"int8": Limits(min_psnr=44)})
    assert passed(gates, stage()) == {"min_psnr": True, "max_abs": True}
    assert passed(gates, stage("float32")) == {"min_psnr": False, "max_abs": True}


def test_a_star_is_for_recipes_that_are_not_named() -> None:
    gates = Gates(by_recipe={"int8": Limits(min_psnr=44), "*": Limits(min_psnr=90)})
    assert passed(gates, stage()) == {"min_psnr": True}
    assert passed(gates, stage("")) == {"min_psnr": False}


def test_what_did_not_run_passes_no_gate_unless_it_never_could() -> None:
    gates = Gates(Limits(min_psnr=1))
    assert passed(gates, stage(psnr=None, status="failed")) == {"min_psnr": False}
    assert passed(gates, stage(psnr=None, status="unsupported")) == {}


def test_what_no_gate_judges_is_noted() -> None:
    gates = Gates(by_recipe={"int8": Limits(min_psnr=44), "int8-ful": Limits(min_psnr=42)})
    assert gates.notes([stage(), stage("int8-full"), stage("float32", psnr=None, status="refused")]) == [
        "there are gates for int8-ful, but no file of that recipe was run",
        "no gate applies to a@r",
    ]
    assert Gates().notes([stage()]) == []


def test_a_stage_that_the_baseline_lacks_is_noted(made) -> None:
    notes = Gates(Limits(min_psnr=1), baseline=made.record).notes([stage(), made.record.stages[0]])
    assert notes == ["a@r is not in the baseline"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"size": (64, 64)}, "the baseline is of 64x64, this report of 192x256"),
        ({"photos": ()}, "measured on 0 other photos than these 3"),
        ({"stages": ()}, "has none of these files on these runtimes, such as tiny-float32"),
    ],
)
def test_a_baseline_of_something_else_is_refused(made, changed: dict, said: str) -> None:
    def check(baseline: Report) -> None:
        photos = [photo.sha256 for photo in made.record.photos]
        check_comparable(baseline, photos, made.record.size, [one.id for one in made.record.stages])

    check(made.record)
    with pytest.raises(UserError, match=said):
        check(made.record.model_copy(update=changed))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"int8": {"min_psnr": "many"}}', "int8.min_psnr"),
        ('{"int8": {"psnr": 44}}', "int8.psnr: Extra inputs are not permitted"),
        ("[]", "no object of recipes"),
        ("{", "are not JSON"),
    ],
)
def test_a_file_of_gates_with_a_mistake_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "gates.json"
    path.write_text(content, "utf-8")
    with pytest.raises(UserError, match=said):
        read_gates(path)


def test_a_file_of_gates_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gates.json"
    path.write_text(json.dumps({"float16": {"min_psnr": 55}, "*": {"min_ssim": 0.9}}), "utf-8")
    assert read_gates(path) == {"float16": Limits(min_psnr=55), "*": Limits(min_ssim=0.9)}
