"""The input pipeline: the reader's pixels, crops that fit together, repeatable and resumable, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from calib_data.dataset import Pair, find_pairs
from calib_data.errors import UserError
from calib_data.photo import read_depth, read_photo
from calib_data.tensors import load_input
from pynet_tf.decoding import read_header
from pynet_tf.pipeline import CropStream, crops
from tests.conftest import smooth_picture
from tests.pynet_tf.files import pixels, plan, save


def whole_photo(pair: Pair, depth: bool = False, **options: object) -> tuple[np.ndarray, np.ndarray]:
    """Input and target of a crop that is the whole of a square photo, turned and mirrored back."""
    size = read_photo(pair.original).pixels.shape
    stream = crops([pair], plan(batch=1, crop=size[0] // 2), depth, 1, **options)
    inputs, target = (tensor.numpy()[0] for tensor in next(iter(stream)))
    expected = read_photo(pair.bokeh).pixels
    for turns in range(4):
        for mirrored in (False, True):
            back = [np.rot90(t[:, ::-1] if mirrored else t, turns) for t in (inputs, target)]
            if np.abs(back[1] - expected).max() < 1e-6:
                return back[0], back[1]
    raise AssertionError("the target is not the reader's, however it is turned")


def square(kind: str) -> tuple[np.ndarray, str, dict[str, object]]:
    """A square picture, the suffix and the options with which it becomes a file of some kind."""
    picture = pixels(7, 128, 128)
    upside_down = Image.Exif()
    upside_down[0x0112] = 3
    deep = np.random.default_rng(1).integers(0, 65536, (128, 128), dtype=np.uint16)
    return {
        "jpeg": (picture, ".jpg", {"quality": 90}),
        "jpeg, full chroma": (picture, ".jpg", {"quality": 90, "subsampling": 0}),
        "jpeg, half chroma": (picture, ".jpg", {"quality": 90, "subsampling": 1}),
        "jpeg, progressive": (picture, ".jpg", {"quality": 90, "progressive": True}),
        "jpeg, grey": (picture[..., 0], ".jpg", {"quality": 90}),
        "jpeg, upside down": (picture, ".jpg", {"quality": 90, "exif": upside_down}),
        "png": (picture, ".png", {}),
        "png, grey": (picture[..., 1], ".png", {}),
        "png, 16 bits": (deep, ".png", {}),
        "png, transparent": (np.dstack([picture, picture[..., 0]]), ".png", {}),
        "webp": (picture, ".webp", {"quality": 90}),
    }[kind]


KINDS = [
    "jpeg",
    "jpeg, full chroma",
    "jpeg, half chroma",
    "jpeg, progressive",
    "jpeg, grey",
    "jpeg, upside down",
    "png",
    "png, grey",
    "png, 16 bits",
    "png, transparent",
    "webp",
]


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture_comes_out_as_the_reader_reads_it(tmp_path: Path, kind: str, cached: bool) -> None:
    picture, suffix, options = square(kind)
    path = save(tmp_path / f"0{suffix}", picture, **options)
    pair = Pair("0", "", path, path)
    inputs, _ = whole_photo(pair, cache=tmp_path / "cache" if cached else None)
    np.testing.assert_allclose(inputs, load_input(read_photo(path).pixels), rtol=0, atol=1e-6)


def test_heic_too(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="HEIC needs pillow-heif")
    path = tmp_path / "0.heic"
    heif.from_pillow(Image.fromarray(pixels(3, 128, 128))).save(path, quality=90)
    inputs, _ = whole_photo(Pair("0", "", path, path))
    np.testing.assert_allclose(inputs, load_input(read_photo(path).pixels), rtol=0, atol=1e-6)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_crop_of_a_jpeg_is_that_part_of_the_whole(tmp_path: Path, subsampling: int) -> None:
    path = save(tmp_path / "0.jpg", pixels(1, 160, 224), quality=80, subsampling=subsampling)
    whole = read_photo(path).pixels
    for _, target in crops([Pair("0", "", path, path)], plan(batch=4), False, 3).take(3):
        for one in target.numpy():
            assert any(holds(whole, np.rot90(one[:, ::step], turns)) for turns in range(4) for step in (1, -1))


def holds(whole: np.ndarray, part: np.ndarray) -> bool:
    side = part.shape[0]
    corners = np.argwhere(np.abs(whole[: -side + 1 or None, : -side + 1 or None] - part[0, 0]).max(axis=-1) < 1e-6)
    return any(np.abs(whole[y : y + side, x : x + side] - part).max() < 1e-6 for y, x in corners)


@pytest.mark.parametrize(
    ("height", "width", "kind"),
    [(64, 64, np.uint8), (64, 64, np.uint16), (128, 128, np.uint8), (40, 40, np.uint16), (96, 96, np.uint8)],
)
def test_depth_of_any_size_and_depth_lies_on_the_photo(tmp_path: Path, height: int, width: int, kind: type) -> None:
    photo = save(tmp_path / "0.png", pixels(7, 128, 128))
    smooth = smooth_picture(np.random.default_rng(2), height, width)[..., 0]
    depth = save(tmp_path / "depth.png", np.rint(smooth * np.iinfo(kind).max).astype(kind))
    pair = Pair("0", "", photo, photo, depth)
    expected = load_input(read_photo(photo).pixels, read_depth(depth))
    for cache in (None, "memory", tmp_path / "cache"):
        inputs, _ = whole_photo(pair, depth=True, cache=cache)
        np.testing.assert_allclose(inputs, expected, rtol=0, atol=2e-4)


@settings(deadline=None, max_examples=4)
@given(height=st.integers(64, 99), width=st.integers(64, 140), level=st.integers(1, 7))
def test_photos_of_any_size_give_crops_of_one_size(tmp_path_factory, height: int, width: int, level: int) -> None:
    folder = tmp_path_factory.mktemp("odd")
    photo = save(folder / "0.jpg", pixels(1, height, width))
    depth = save(folder / "0.png", pixels(1, (height + 1) // 2, (width + 1) // 2)[..., 0])
    inputs, target = next(iter(crops([Pair("0", "", photo, photo, depth)], plan(level, 3), True, 1)))
    assert inputs.shape == (3, 32, 32, 4)
    assert target.shape == (3, 64 >> (level - 1), 64 >> (level - 1), 3)
    for tensor in (inputs, target):
        assert tf.reduce_min(tensor) >= 0
        assert tf.reduce_max(tensor) <= 1


@pytest.mark.parametrize("level", [2, 4, 7])
def test_targets_are_resized_as_pillow_does_antialiased_and_bicubic(tmp_path: Path, level: int) -> None:
    path = save(tmp_path / "0.png", pixels(7, 128, 128))
    full, small = (next(iter(crops([Pair("0", "", path, path)], plan(n, 1, 64), False, 1)))[1] for n in (1, level))
    side = 128 >> (level - 1)
    for channel in range(3):
        whole = Image.fromarray(full.numpy()[0, ..., channel])
        expected = np.clip(whole.resize((side, side), Image.Resampling.BICUBIC), 0, 1)
        np.testing.assert_allclose(small[0, ..., channel], expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("cache", [None, "memory", "folder"])
def test_batches_from_a_step_on_equal_those_of_a_run_from_the_start(folder: Path, tmp_path: Path, cache) -> None:
    cache = tmp_path / "cache" if cache == "folder" else cache
    pairs = find_pairs(folder, depth=True)
    whole = list(crops(pairs, plan(3), True, 3, cache=cache, threads=1).take(7))  # 14 crops, into the third epoch
    plain = list(crops(pairs, plan(3), True, 3, threads=3).take(7))
    for step in (1, 4):
        later = list(crops(pairs, plan(3), True, 3, step, cache=cache).take(7 - step))
        for one, other, third in zip(whole[step:], later, plain[step:], strict=True):
            for tensor in range(2):
                np.testing.assert_array_equal(one[tensor], other[tensor])
                np.testing.assert_array_equal(one[tensor], third[tensor])


def test_every_photo_comes_once_an_epoch_in_another_order(tmp_path: Path) -> None:
    for number in range(6):
        for part in ("original", "bokeh"):
            save(tmp_path / part / f"{number}.png", np.full((64, 64, 3), 40 * number, np.uint8))
    shades = [
        round(255 * float(photo[0, 0, 0, 0])) // 40
        for photo, _ in crops(find_pairs(tmp_path), plan(batch=1), False, 2).take(24)
    ]
    epochs = [shades[start : start + 6] for start in range(0, 24, 6)]
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_parts_of_a_batch_together_are_the_batch(folder: Path) -> None:
    pairs = find_pairs(folder)
    whole = crops(pairs, plan(batch=4), False, 3, 1).take(3)
    parts = [crops(pairs, plan(batch=4), False, 3, 1, shard=(part, 2)).take(3) for part in range(2)]
    for batch, first, second in zip(whole, *parts, strict=True):
        np.testing.assert_array_equal(batch[0], np.concatenate([first[0], second[0]]))
    with pytest.raises(UserError, match="no part 0 of 3"):
        crops(pairs, plan(batch=4), False, 3, shard=(0, 3))


def test_a_cache_in_a_folder_is_used_again_and_notices_changed_photos(folder: Path, tmp_path: Path) -> None:
    pairs, cache = find_pairs(folder), tmp_path / "cache"
    first = next(iter(crops(pairs, plan(), False, 1, cache=cache)))
    kept = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert len(kept) == 10
    (cache / ".half-written.part.npy").write_bytes(b"what a killed run leaves")
    again = next(iter(crops(pairs, plan(), False, 1, cache=cache)))
    np.testing.assert_array_equal(first[0], again[0])
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    save(pairs[0].original, 255 - pixels(0), quality=95)
    CropStream(pairs, plan(), False, 1, cache=cache)
    assert len(list(cache.glob("[!.]*"))) == 11


def test_a_cache_that_cannot_be_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="1 MiB of memory, and 0 MiB are allowed"):
        CropStream(find_pairs(folder), plan(), False, 1, cache="memory", cache_mib=0)
    with pytest.raises(UserError, match="'tape' is unknown"):
        CropStream(find_pairs(folder), plan(), False, 1, cache="tape")


def test_a_cache_on_a_full_disk_or_in_a_file_is_refused(folder: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("here already")
    with pytest.raises(UserError, match="the cache is a folder"):
        CropStream(find_pairs(folder), plan(), False, 1, cache=tmp_path / "file")
    monkeypatch.setattr("pynet_tf.pixel_cache.shutil.disk_usage", lambda _: type("Usage", (), {"free": 0}))
    with pytest.raises(UserError, match="its disk has 0 MiB"):
        CropStream(find_pairs(folder), plan(), False, 1, cache=tmp_path / "cache")


def test_a_damaged_cache_is_refused_with_the_photos_name(folder: Path, tmp_path: Path) -> None:
    pairs, cache = find_pairs(folder), tmp_path / "cache"
    CropStream(pairs, plan(), False, 1, cache=cache)
    for file in cache.iterdir():
        file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(UserError, match=f"cached copy of {pairs[0].original}"):
        CropStream(pairs, plan(), False, 1, cache=cache)


def test_pictures_that_do_not_fit_are_refused_before_training(folder: Path) -> None:
    pairs = find_pairs(folder, depth=True)
    with pytest.raises(UserError, match=r"0\.jpg is 128x192; a crop of 96 needs"):
        CropStream(pairs, plan(crop=96), False, 1)
    save(pairs[1].depth, pixels(1, 96, 64)[..., 0])
    with pytest.raises(UserError, match=r"1\.jpg is 128x192, but its depth map .*1\.png is 96x64"):
        CropStream(pairs, plan(), True, 1)
    save(pairs[2].bokeh, pixels(2, 128, 190))
    with pytest.raises(UserError, match=r"original/2\.jpg is 128x192, but its target .*bokeh/2\.jpg is 128x190"):
        CropStream(pairs, plan(), False, 1)
    pairs[3].original.write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"3\.jpg is not a JPEG"):
        CropStream(pairs[3:], plan(), False, 1)
    with pytest.raises(UserError, match="no pairs"):
        CropStream([], plan(), False, 1)
    with pytest.raises(UserError, match=r"4\.jpg has no bokeh"):
        CropStream([Pair("4", "", pairs[4].original)], plan(), False, 1)


def test_a_png_with_a_broken_header_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / "photo.png", pixels(1))
    content = bytearray(path.read_bytes())
    content[11] = 5  # the length of IHDR, which has 13 bytes
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"{path}"):
        read_header(path)


@pytest.mark.parametrize("damage", ["truncated", "gone"])
def test_a_photo_that_breaks_during_a_run_is_named_with_its_step(folder: Path, damage: str) -> None:
    pairs = find_pairs(folder)
    stream = CropStream(pairs, plan(), False, 1)
    broken = pairs[3].bokeh
    content = broken.read_bytes()
    broken.unlink() if damage == "gone" else broken.write_bytes(content[: len(content) // 8])
    batches = iter(stream.batches())
    for step in range(4):
        try:
            next(batches)
        except tf.errors.OpError as error:
            found = stream.explain(error, step)
            assert str(broken) in found.problem
            assert ("not there" if damage == "gone" else "truncated") in found.problem
            return
    raise AssertionError("the broken photo was read without complaint")


def test_an_error_that_no_picture_explains_names_those_of_its_batch(folder: Path) -> None:
    stream = CropStream(find_pairs(folder), plan(batch=5), False, 1)
    found = stream.explain(tf.errors.DataLossError(None, None, "the disk hiccuped"), 0)
    assert "the disk hiccuped" in found.problem
    assert all(f"original/{number}.jpg" in found.problem for number in range(5))


MEASURE = """
import re, sys
from pathlib import Path
from calib_data.dataset import Pair
from pynet_tf.pipeline import crops
from pynet_tf.schedule import LevelPlan
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
files = sorted(Path(sys.argv[1]).iterdir())
plan = LevelPlan(1, 1, 5, 256, 1e-3)
for count in (4, 4, len(files)):
    batches = iter(crops([Pair("", "", file, file) for file in files[:count]], plan, False, 1, threads=2))
    for _ in range(len(files) // 5):
        next(batches)
    print(peak())
"""


def test_memory_does_not_grow_with_the_data_set_and_ends_cleanly_with_batches_under_way(tmp_path: Path) -> None:
    one = save(tmp_path / "0.jpg", pixels(1, 1024, 1024), quality=80)
    for number in range(1, 30):
        (tmp_path / f"{number}.jpg").hardlink_to(one)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr[-2000:]
    _, few, many = map(int, done.stdout.split())
    decoded = 26 * 2 * 3  # MiB that the further pairs would take
    assert many - few < decoded / 2
