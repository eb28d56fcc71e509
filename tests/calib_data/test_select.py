from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calib_data import command, select
from calib_data.dataset import find_photos
from calib_data.files import sha256
from tests.calib_data.pictures import EBB, make_folder, make_photo, needs_ebb, save


def _select(data: Path, count: int, out: Path, *options: str) -> int:
    argv = ["--data", str(data), "--count", str(count), "--out", str(out), *options]
    return command.run(select.build_parser(), select.run, argv)


def _manifest(out: Path) -> dict[str, Any]:
    return json.loads((out / "manifest.json").read_text())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_folder(tmp_path / "data" / "train", 4)
    make_folder(tmp_path / "data" / "test", 1, first_seed=4)
    return tmp_path / "data"


def test_the_subset_is_an_ebb_folder_with_a_manifest_of_its_hashes(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "chosen"
    assert _select(data, 3, out) == command.GOOD
    photos = find_photos(out, depth=True)
    entries = _manifest(out)["photos"]
    assert len(photos) == len(entries) == 3
    assert [entry["order"] for entry in entries] == [1, 2, 3]
    for entry in entries:
        assert entry["features"]["depth_mean"] == pytest.approx(0.5, abs=0.03)
        assert entry["files"].keys() == {"original", "bokeh", "original_depth"}
        for file in entry["files"].values():
            assert sha256(out / file["file"]) == sha256(Path(file["source"])) == file["sha256"]
    output = capsys.readouterr().out.splitlines()
    assert output[0].startswith("3 of 4 photos")
    assert output[-1] == f"next: python -m convert.tflite --calibration {out}"


def test_the_same_call_gives_the_same_bytes(data: Path, tmp_path: Path) -> None:
    for out in ("a", "b"):
        assert _select(data, 3, tmp_path / out, "--seed", "5") == command.GOOD
    assert (tmp_path / "a/manifest.json").read_bytes() == (tmp_path / "b/manifest.json").read_bytes()


def test_odd_ones_are_chosen_from_a_monotonous_set(tmp_path: Path) -> None:
    photo = make_photo(0)
    for number in range(12):
        save(tmp_path / "data" / f"{number}.png", np.clip(photo * (0.5 + 0.001 * number), 0, 1))
    save(tmp_path / "data" / "dark.png", photo * 0.1)
    save(tmp_path / "data" / "red.png", photo * np.float32([1, 0.2, 0.2]))
    assert _select(tmp_path / "data", 3, tmp_path / "out") == command.GOOD
    assert {"dark", "red"} < {entry["name"] for entry in _manifest(tmp_path / "out")["photos"]}
    cover = _manifest(tmp_path / "out")["coverage"]
    assert cover["chosen"] < cover["random_mean"]


def test_photos_come_from_the_training_split_unless_another_is_asked_for(data: Path, tmp_path: Path) -> None:
    assert _select(data, 4, tmp_path / "trained") == command.GOOD
    assert {entry["split"] for entry in _manifest(tmp_path / "trained")["photos"]} == {"train"}
    assert _select(data, 1, tmp_path / "out", "--split", "test") == command.GOOD
    assert [entry["split"] for entry in _manifest(tmp_path / "out")["photos"]] == ["test"]


def test_links_lead_to_the_source(data: Path, tmp_path: Path) -> None:
    assert _select(data, 1, tmp_path / "out", "--link") == command.GOOD
    (photo,) = find_photos(tmp_path / "out")
    assert photo.original.is_symlink()
    assert photo.original.resolve().is_relative_to(data)


def test_an_unreadable_photo_is_named_counted_and_passed_over(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = data / "train/original/1.jpg"
    broken.write_bytes(broken.read_bytes()[:3000])
    assert _select(data, 3, tmp_path / "out") == command.GOOD
    warning = capsys.readouterr().err
    assert "1 file skipped" in warning
    assert str(broken) in warning
    assert [skip["file"] for skip in _manifest(tmp_path / "out")["skipped"]] == [str(broken)]


def test_strict_writes_nothing_when_a_photo_is_unreadable(data: Path, tmp_path: Path) -> None:
    (data / "train/original/1.jpg").write_bytes(b"")
    assert _select(data, 2, tmp_path / "out", "--strict") == command.GATE_FAILED
    assert not (tmp_path / "out").exists()


def test_more_than_there_are_is_refused_with_the_number(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _select(data, 5, tmp_path / "out") == command.WRONG_INPUT
    assert "--count 5 is more than the 4 photos" in capsys.readouterr().err
    (data / "train/original/1.jpg").write_bytes(b"")
    assert _select(data, 4, tmp_path / "out") == command.WRONG_INPUT
    assert "Take --count 3 or less" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(data: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert _select(data, 1, tmp_path / "out") == command.GOOD
    before = sorted((tmp_path / "out").rglob("*"))
    assert _select(data, 1, tmp_path / "out") == command.WRONG_INPUT
    assert sorted((tmp_path / "out").rglob("*")) == before


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError(28, "No space left on device", "x")])
def test_nothing_is_left_when_writing_is_cut_short(
    data: Path, tmp_path: Path, fault: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_short(*_: object) -> None:
        raise fault

    monkeypatch.setattr("shutil.copyfile", cut_short)
    (tmp_path / "outs").mkdir()
    assert _select(data, 2, tmp_path / "outs/out") == command.WRONG_INPUT
    assert list((tmp_path / "outs").iterdir()) == []


@pytest.mark.parametrize("count", ["0", "-1", "x", "1.5"])
def test_a_count_that_is_no_number_of_photos_is_refused(count: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.run(select.build_parser(), select.run, ["--data", ".", "--out", "out", "--count", count])


def test_a_seed_that_is_none_is_refused() -> None:
    with pytest.raises(SystemExit, match="2"):
        command.run(select.build_parser(), select.run, ["--data", ".", "--out", "out", "--count", "1", "--seed", "-1"])


@needs_ebb
def test_real_photos_are_covered_better_than_by_chance(tmp_path: Path) -> None:
    assert _select(EBB, 4, tmp_path / "out", "--link") == command.GOOD
    cover = _manifest(tmp_path / "out")["coverage"]
    assert cover["chosen"] < 0.8 * cover["random_mean"]
