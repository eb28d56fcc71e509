"""The command: photographs in, photographs out, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from calib_data import command
from pynet_tf import PyNETConfig, build_pynet, render, save_model

RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    for inputs in ("rgb", "rgbd"):
        config = PyNETConfig(inputs=inputs, width=1, head="residual")
        save_model(build_pynet(config, seed=1), folder / f"{inputs}.keras")
    return {inputs: folder / f"{inputs}.keras" for inputs in ("rgb", "rgbd")}


pytestmark = pytest.mark.usefixtures("models_loaded_once")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    pixels = np.kron(RNG.integers(0, 256, (11, 14, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(folder / "turned.jpg", exif=exif, quality=95)
    Image.fromarray(pixels[..., 0]).save(folder / "grey.png")
    return folder


def render_command(*arguments: object) -> int:
    return command.run(render.build_parser(), render.run, [str(argument) for argument in arguments])


def test_photos_keep_their_size_format_and_mode(
    models: dict[str, Path], photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, facts = tmp_path / "out", tmp_path / "facts.json"
    code = render_command(
        *sorted(photos.iterdir()), "--model", models["rgb"], "--out", out, "--before-after", "--json", facts
    )
    assert code == 0
    names = ["grey-before-after.png", "grey.png", "turned-before-after.png", "turned.jpg"]
    assert sorted(path.name for path in out.iterdir()) == names
    with Image.open(out / "turned.jpg") as turned, Image.open(out / "grey.png") as grey:
        assert (turned.format, turned.size) == ("JPEG", (88, 112))
        assert (grey.format, grey.mode, grey.size) == ("PNG", "L", (112, 88))
    with Image.open(out / "turned-before-after.png") as both:
        assert both.size == (2 * 88 + 2, 112)
    entries = json.loads(facts.read_text())["photos"]
    assert [entry["rendered_at"] for entry in entries] == ["128x128", "128x128"]
    printed = capsys.readouterr().out.splitlines()
    assert printed[-2] == f"2 of 2 photos rendered into {out}"
    assert printed[-1] == f"next: python -m convert.tflite --model {models['rgb']}"


def test_a_size_makes_the_network_see_the_photo_small(models: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    arguments = (photos / "grey.png", "--model", models["rgb"], "--json", tmp_path / "facts.json", "--out", tmp_path)
    assert render_command(*arguments, "--size", "64x64", "--detail") == 0
    entry = json.loads((tmp_path / "facts.json").read_text())["photos"][0]
    assert (entry["size"], entry["scaled_to"], entry["rendered_at"]) == ("88x112", "50x64", "64x64")
    with Image.open(tmp_path / "grey.png") as result:
        assert result.size == (112, 88)


def test_a_model_with_depth_takes_a_point_a_map_or_a_folder_of_maps(
    models: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    maps = tmp_path / "maps"
    maps.mkdir()
    for name in ("turned", "grey"):
        Image.fromarray(RNG.integers(0, 256, (30, 40), dtype=np.uint8)).save(maps / f"{name}.png")
    start = ("--model", models["rgbd"], "--out", tmp_path / "out")
    assert render_command(photos / "turned.jpg", *start, "--focus", "87,111") == 0
    assert render_command(photos / "turned.jpg", *start, "--depth", maps / "grey.png") == 0
    assert render_command(*photos.iterdir(), *start, "--depth", maps, "--strict") == 0


def test_one_unreadable_photo_is_named_and_skipped(
    models: dict[str, Path], photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "broken.jpg").write_bytes(b"no photo")
    arguments = (*sorted(photos.iterdir()), "--model", models["rgb"], "--out", tmp_path / "out")
    assert render_command(*arguments) == 0
    streams = capsys.readouterr()
    assert "1 file skipped" in streams.err
    assert str(photos / "broken.jpg") in streams.err
    assert "2 of 3 photos rendered" in streams.out
    assert render_command(*arguments, "--strict") == command.GATE_FAILED
    assert render_command(photos / "broken.jpg", photos / "none.jpg", *arguments[3:]) == command.WRONG_INPUT


@pytest.mark.parametrize(
    ("model", "arguments", "words"),
    [
        ("rgbd", ["{photos}/turned.jpg"], "takes a depth map"),
        ("rgb", ["{photos}/turned.jpg", "--focus", "5,5"], "takes no depth"),
        ("rgb", ["{photos}/turned.jpg", "--depth", "{photos}/grey.png"], "takes no depth"),
        ("rgbd", ["{photos}/turned.jpg", "--focus", "88,5"], "outside of the photo, which is 88 wide and 112 high"),
        ("rgbd", ["{photos}/turned.jpg", "--depth", "{photos}/none.png"], "none.png is not there"),
        ("rgbd", ["{photos}/turned.jpg", "{photos}/grey.png", "--depth", "{photos}/grey.png"], "one depth map"),
        ("rgb", ["{photos}/grey.png", "{photos}/../photos/grey.png"], "occur twice among the photos: grey"),
        ("rgb", ["{photos}/grey.png", "--out", "{photos}"], "would be overwritten"),
        (
            "rgbd",
            ["{photos}/grey.png", "--depth", "{photos}/../maps/grey.png", "--out", "{photos}/../maps"],
            "depth maps",
        ),
        ("rgb", ["{photos}"], "is a folder"),
        ("none", ["{photos}/grey.png"], "none.keras"),
    ],
)
def test_wrong_calls_are_refused_and_write_nothing(
    models: dict[str, Path],
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    model: str,
    arguments: list[str],
    words: str,
) -> None:
    before = sorted(tmp_path.rglob("*"))
    named = [argument.format(photos=photos) for argument in arguments]
    code = render_command("--out", tmp_path / "out", "--model", models["rgb"].with_stem(model), *named)
    assert code == command.WRONG_INPUT
    assert words in capsys.readouterr().err
    assert [path for path in sorted(tmp_path.rglob("*")) if path.is_file()] == [p for p in before if p.is_file()]


def test_a_point_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        render.build_parser().parse_args(["a.jpg", "--out", "x", "--focus", "left"])
    assert stop.value.code == command.WRONG_INPUT
    assert "'left' is not X,Y" in capsys.readouterr().err
