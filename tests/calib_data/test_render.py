from __future__ import annotations

import json
from pathlib import Path

import pytest

from calib_data import command
from calib_data.render import build_parser, run

ARGUMENTS = ["--count", "2", "--size", "64x128", "--seed", "6"]


def render(*arguments: str) -> int:
    return command.run(build_parser(), run, arguments)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rendered") / "pairs"
    assert render(*ARGUMENTS, "--workers", "1", "--out", str(out)) == 0
    return out


def hashes(folder: Path) -> dict[int, dict[str, str]]:
    pairs = json.loads((folder / "manifest.json").read_text())["pairs"]
    return {entry["number"]: {role: file["sha256"] for role, file in entry["files"].items()} for entry in pairs}


def test_renders_the_layout(rendered: Path) -> None:
    names = sorted(str(path.relative_to(rendered)) for path in rendered.rglob("*") if path.is_file())
    assert names == [
        *("bokeh/0.jpg", "bokeh/1.jpg", "manifest.json", "original/0.jpg", "original/1.jpg"),
        *("original_depth/0.png", "original_depth/1.png"),
    ]
    entry = json.loads((rendered / "manifest.json").read_text())["pairs"][0]
    assert entry["camera"]["focus_distance_m"] > 0 and 0 < entry["camera"]["blur_scale"] < 0.1


def test_neither_workers_nor_count_change_a_pair(rendered: Path, tmp_path: Path) -> None:
    out = tmp_path / "more"
    assert render("--count", "3", *ARGUMENTS[2:], "--workers", "2", "--out", str(out)) == 0
    more = hashes(out)
    assert {number: more[number] for number in (0, 1)} == hashes(rendered) and 2 in more


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_scene_is_focused_on_several_things(rendered: Path, workers: str, tmp_path: Path) -> None:
    options = ("--count", "3", *ARGUMENTS[2:], "--first", "1", "--focuses", "2", "--stopped-down")
    assert render(*options, "--workers", workers, "--out", str(tmp_path / "pairs")) == 0
    depths = {number: files["depth"] for number, files in hashes(tmp_path / "pairs").items()}
    scenes = [files["depth"] for files in hashes(rendered).values()]
    assert depths == {1: scenes[0], 2: scenes[1], 3: scenes[1]}
    bokeh = [files["bokeh"] for files in hashes(tmp_path / "pairs").values()]
    assert len(set(bokeh)) == 3 and bokeh[1] == hashes(rendered)[1]["bokeh"]


def test_a_complete_series_is_left_alone(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = hashes(rendered)
    assert render(*ARGUMENTS, "--out", str(rendered)) == 0
    printed = capsys.readouterr().out
    assert "already holds 2 of 2" in printed and printed.splitlines()[-1].startswith("next: ")
    assert hashes(rendered) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "100x128"], "multiples of 64"),
        (["--count", "0"], "of 1 or more"),
        (["--seed", "-1"], "of 0 or more"),
        (["--quality", "99"], "95"),
        (["--workers", "two"], "whole number"),
    ],
)
def test_wrong_options_are_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        render(*ARGUMENTS, "--out", "unused", *arguments)
    assert stopped.value.code == 2 and said in capsys.readouterr().err
    assert not Path("unused").exists()


def test_more_for_test_than_there_are_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render(*ARGUMENTS, "--test", "3", "--out", str(tmp_path / "out")) == 2
    assert "--test" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_a_folder_in_use_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    assert render(*ARGUMENTS, "--out", str(tmp_path)) == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_name_of_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("keep")
    assert render(*ARGUMENTS, "--out", str(tmp_path / "file")) == 2
    assert "file has that name" in capsys.readouterr().err
