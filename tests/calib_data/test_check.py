from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calib_data import check, command
from tests.calib_data.pictures import EBB, make_depth, make_folder, make_photo, make_target, needs_ebb, save

PHOTO = make_photo(0)


def _check(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the JSON of a run."""
    findings = folder.parent / "findings.json"
    code = command.run(check.build_parser(), check.run, [str(folder), "--json", str(findings), *options])
    return code, json.loads(findings.read_text())


def _found(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["kind"], finding["files"][0]) for finding in result["findings"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "data", 2)


def test_a_sound_folder_is_clean(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = _check(folder, "--strict")
    assert code == command.GOOD
    assert result["clean"]
    assert result["findings"] == []
    assert result["pairs"][0]["shift"]["right"] == pytest.approx(0, abs=0.5)
    assert result["pairs"][0]["detail_ratio"] < 1
    output = capsys.readouterr().out
    assert "photos: 2, targets: 2, depth maps: 2\nerrors: none\nwarnings: none" in output
    assert output.splitlines()[-1].startswith("next: python -m pynet_tf.train --data")


def test_a_plain_folder_of_photos_is_clean(tmp_path: Path) -> None:
    save(tmp_path / "photos" / "a.jpg", PHOTO)
    save(tmp_path / "photos" / "b.png", make_photo(1))
    code, result = _check(tmp_path / "photos", "--strict")
    assert (code, result["findings"]) == (command.GOOD, [])
    assert [pair["name"] for pair in result["pairs"]] == ["a", "b"]


def _remove_target(folder: Path) -> None:
    (folder / "bokeh/1.jpg").unlink()


def _remove_photo(folder: Path) -> None:
    (folder / "original/1.jpg").unlink()
    (folder / "original_depth/1.png").unlink()


def _add_namesake(folder: Path) -> None:
    save(folder / "original/1.png", make_photo(9))


def _truncate(folder: Path) -> None:
    path = folder / "original/1.jpg"
    path.write_bytes(path.read_bytes()[:4000])


def _empty(folder: Path) -> None:
    (folder / "bokeh/1.jpg").write_bytes(b"")


def _dangle(folder: Path) -> None:
    (folder / "original_depth/1.png").unlink()
    (folder / "original_depth/1.png").symlink_to("nowhere.png")


def _resize_target(folder: Path) -> None:
    save(folder / "bokeh/1.jpg", make_target(make_photo(1))[:-2])


def _stretch_depth(folder: Path) -> None:
    save(folder / "original_depth/1.png", make_depth(128, 128))


def _flatten_depth(folder: Path) -> None:
    save(folder / "original_depth/1.png", np.full((128, 192), 0.5, np.float32))


def _swap(folder: Path) -> None:
    photo, target = folder / "original/1.jpg", folder / "bokeh/1.jpg"
    content = photo.read_bytes(), target.read_bytes()
    target.write_bytes(content[0])
    photo.write_bytes(content[1])


def _shift(folder: Path) -> None:
    save(folder / "bokeh/1.jpg", np.roll(make_target(make_photo(1)), (3, -9), (0, 1)))


def _mistake_partner(folder: Path) -> None:
    save(folder / "bokeh/1.jpg", make_target(make_photo(7)))


def _cut_wedge(folder: Path) -> None:
    photo = make_photo(1)
    edge = np.clip(14 - np.arange(photo.shape[1]) / 8, 0, None)
    photo[np.arange(photo.shape[0])[:, None] < edge] = 0
    save(folder / "original/1.jpg", photo)


def _blacken(folder: Path) -> None:
    save(folder / "original/1.jpg", np.zeros_like(PHOTO))


def _copy_photo(folder: Path) -> None:
    save(folder / "bokeh/1.jpg", make_target(PHOTO) * 0.9)
    shutil.copy(folder / "original/0.jpg", folder / "original/1.jpg")


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (_remove_target, [("unpaired", "original/1.jpg")]),
        (_remove_photo, [("unpaired", "bokeh/1.jpg")]),
        (_add_namesake, [("namesake", "original/1.jpg")]),
        (_truncate, [("unreadable", "original/1.jpg")]),
        (_empty, [("unreadable", "bokeh/1.jpg")]),
        (_dangle, [("unreadable", "original_depth/1.png")]),
        (_resize_target, [("size", "original/1.jpg")]),
        (_stretch_depth, [("depth-aspect", "original_depth/1.png")]),
        (_flatten_depth, [("constant", "original_depth/1.png")]),
        (_swap, [("sharper", "bokeh/1.jpg")]),
        (_shift, [("misaligned", "original/1.jpg")]),
        (_mistake_partner, [("unrelated", "original/1.jpg")]),
        (_cut_wedge, [("wedge", "original/1.jpg")]),
        (_blacken, [("constant", "original/1.jpg")]),
        (_copy_photo, [("duplicate", "original/0.jpg")]),
    ],
)
def test_each_fault_is_found_in_its_file_and_nowhere_else(folder: Path, harm: Any, found: list[Any]) -> None:
    harm(folder)
    code, result = _check(folder)
    assert _found(result) == found
    assert code == command.GATE_FAILED
    assert not result["clean"]


def test_findings_say_what_was_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _shift(folder)
    _, result = _check(folder)
    (finding,) = (finding for finding in result["findings"] if finding["kind"] == "misaligned")
    assert finding["value"] == pytest.approx(np.hypot(3, 9), abs=0.5)
    assert "9.0 px left and 3.0 px below" in finding["message"]
    output = capsys.readouterr().out
    assert "misaligned" in output
    assert output.splitlines()[-1].startswith("next: ")


def _grey(folder: Path) -> None:
    grey = np.repeat(make_photo(1).mean(axis=2, keepdims=True), 3, axis=2)
    save(folder / "original/1.jpg", grey)
    save(folder / "bokeh/1.jpg", make_target(make_photo(1)))


def _look_alike(folder: Path) -> None:
    save(folder / "original/1.jpg", PHOTO * 0.9)
    save(folder / "bokeh/1.jpg", make_target(PHOTO * 0.9))


def _coarsen_depth(folder: Path) -> None:
    save(folder / "original_depth/1.png", make_depth(32, 48))


def _remove_depth(folder: Path) -> None:
    (folder / "original_depth/1.png").unlink()


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (_grey, "greyscale"),
        (_look_alike, "near-duplicate"),
        (_coarsen_depth, "depth-coarse"),
        (_remove_depth, "no-depth"),
    ],
)
def test_what_may_be_meant_so_fails_only_when_strict(folder: Path, harm: Any, kind: str) -> None:
    harm(folder)
    code, result = _check(folder)
    assert (code, list(result["summary"])) == (command.GOOD, [kind])
    assert _check(folder, "--strict")[0] == command.GATE_FAILED


def test_a_test_picture_that_is_trained_on_is_a_leak(tmp_path: Path) -> None:
    make_folder(tmp_path / "data" / "train", 1, depth=False)
    make_folder(tmp_path / "data" / "test", 1, depth=False, first_seed=1)
    assert _check(tmp_path / "data")[0] == command.GOOD
    save(tmp_path / "data/test/original/0.jpg", PHOTO * 0.95)
    save(tmp_path / "data/test/bokeh/0.jpg", make_target(PHOTO * 0.95))
    code, result = _check(tmp_path / "data")
    assert (code, _found(result)) == (command.GATE_FAILED, [("leak", "train/original/0.jpg")])
    assert _check(tmp_path / "data", "--split", "test")[0] == command.GOOD


def test_a_wrong_call_is_told_from_a_wrong_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(check.build_parser(), check.run, [str(tmp_path / "nowhere")]) == command.WRONG_INPUT
    assert "does not exist" in capsys.readouterr().err
    assert command.run(check.build_parser(), check.run, [str(tmp_path)]) == command.WRONG_INPUT
    assert "fix: Layouts that are read" in capsys.readouterr().err


@needs_ebb
def test_real_pairs_are_judged_as_they_are(tmp_path: Path) -> None:
    for name in ("2977", "2978", "4402", "4545"):
        for part in ("original", "bokeh"):
            (tmp_path / "data" / part).mkdir(parents=True, exist_ok=True)
            (tmp_path / "data" / part / f"{name}.jpg").symlink_to(EBB / part / f"{name}.jpg")
    code, result = _check(tmp_path / "data", "--strict")
    assert _found(result) == [("wedge", "original/4402.jpg"), ("misaligned", "original/4545.jpg")]
    assert code == command.GATE_FAILED
    shifts = {pair["name"]: abs(pair["shift"]["right"]) for pair in result["pairs"]}
    assert shifts == pytest.approx({"2977": 2, "2978": 0, "4402": 1.6, "4545": 8}, abs=0.6)
