from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calib_data.dataset import find_pairs, find_photos, numeric_order, scan
from calib_data.errors import UserError
from calib_data.skipped import Skipped
from tests.calib_data.pictures import EBB, needs_ebb, touch


@pytest.mark.parametrize("root", ["train/", "Training/", "TRAIN/", ""])
@pytest.mark.parametrize("original", ["original", "Original"])
def test_every_layout_is_read(tmp_path: Path, root: str, original: str) -> None:
    touch(tmp_path, f"{root}{original}/7.jpg", f"{root}bokeh/7.jpg", f"{root}original_depth/7.png")
    (pair,) = find_pairs(tmp_path, "train", depth=True)
    assert pair.name == "7"
    assert pair.split == ("train" if root else "")
    assert pair.original == tmp_path / root / original / "7.jpg"
    assert pair.bokeh == tmp_path / root / "bokeh" / "7.jpg"
    assert pair.depth == tmp_path / root / "original_depth" / "7.png"


def test_both_splits_come_in_numeric_order_train_first(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{split}/{part}/{n}.jpg" for split in ("test", "train") for part in ("original", "bokeh")
                      for n in (10, 9, 0)))  # fmt: skip
    assert [(pair.split, pair.name) for pair in find_pairs(tmp_path)] == [
        (split, name) for split in ("train", "test") for name in ("0", "9", "10")
    ]
    assert {pair.split for pair in find_pairs(tmp_path, "test")} == {"test"}


def test_suffixes_of_any_case_are_read_and_other_files_passed_over(tmp_path: Path) -> None:
    names = ["1.JPG", "2.jpeg", "3.PNG", "4.WebP", "5.HEIC"]
    touch(tmp_path, *(f"original/{name}" for name in names), "original/.6.jpg", "original/7.txt", "original/8.jpg/x")
    assert [pair.original.name for pair in find_photos(tmp_path)] == names


def test_partners_may_differ_in_suffix(tmp_path: Path) -> None:
    touch(tmp_path, "original/1.jpg", "bokeh/1.PNG", "original_depth/1.webp")
    (pair,) = find_pairs(tmp_path)
    assert pair.bokeh == tmp_path / "bokeh/1.PNG"
    assert pair.depth == tmp_path / "original_depth/1.webp"


def test_a_plain_folder_of_photos_serves_calibration_but_has_no_pairs(tmp_path: Path) -> None:
    touch(tmp_path, "b.jpg", "a.jpg")
    assert [(photo.name, photo.bokeh, photo.depth) for photo in find_photos(tmp_path)] == [
        ("a", None, None),
        ("b", None, None),
    ]
    with pytest.raises(UserError, match="no complete pairs"):
        find_pairs(tmp_path)


def test_incomplete_pairs_are_refused_by_name(tmp_path: Path) -> None:
    touch(tmp_path, "original/1.jpg", "bokeh/1.jpg", "original/2.jpg", "bokeh/3.jpg")
    with pytest.raises(UserError, match=r"^2 pictures .* are no complete pairs: .*2\.jpg.*3\.jpg"):
        find_pairs(tmp_path)
    (tmp_path / "bokeh/3.jpg").unlink()
    with pytest.raises(UserError, match=r"^1 picture .* is no complete pair: .*2\.jpg"):
        find_pairs(tmp_path)


def test_incomplete_pairs_are_taken_down_when_asked(tmp_path: Path) -> None:
    touch(tmp_path, "original/1.jpg", "bokeh/1.jpg", "original/2.jpg", "bokeh/3.jpg")
    skipped = Skipped()
    assert [pair.name for pair in find_pairs(tmp_path, skipped=skipped)] == ["1"]
    assert [path for path, _ in skipped] == [tmp_path / "original/2.jpg", tmp_path / "bokeh/3.jpg"]


def test_a_missing_depth_map_matters_only_where_depth_is_needed(tmp_path: Path) -> None:
    touch(tmp_path, "original/1.jpg", "bokeh/1.jpg", "original_depth/1.png", "original/2.jpg", "bokeh/2.jpg")
    assert len(find_pairs(tmp_path)) == 2
    with pytest.raises(UserError, match=r"2\.jpg has no original_depth"):
        find_pairs(tmp_path, depth=True)
    with pytest.raises(UserError, match=r"2\.jpg has no original_depth"):
        find_photos(tmp_path, depth=True)


def test_two_pictures_of_one_name_are_ambiguous(tmp_path: Path) -> None:
    touch(tmp_path, "original/1.jpg", "original/1.png", "bokeh/1.jpg")
    with pytest.raises(UserError, match="same name"):
        find_pairs(tmp_path)


def test_two_folders_of_one_split_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "train/original/1.jpg", "Training/original/1.jpg")
    with pytest.raises(UserError, match="more than one train split: Training, train"):
        scan(tmp_path)


@pytest.mark.parametrize(
    ("names", "split", "problem"),
    [
        ((), None, "no pictures"),
        (("train/original/1.jpg",), "test", "no test split"),
        (("train/original/1.jpg",), "val", "is no split"),
        (("notes.txt", "sub/1.jpg"), None, "no pictures"),
    ],
)
def test_a_folder_without_what_is_asked_is_refused(
    tmp_path: Path, names: tuple[str, ...], split: str | None, problem: str
) -> None:
    with pytest.raises(UserError, match=problem):
        find_photos(touch(tmp_path, *names), split)


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        scan(tmp_path / "nowhere")
    with pytest.raises(UserError, match="is a file"):
        scan(touch(tmp_path, "a.jpg") / "a.jpg")


@given(st.lists(st.integers(0, 10**7), unique=True), st.lists(st.from_regex(r"[a-z]{1,4}", fullmatch=True)))
def test_numeric_order_counts_numbers_and_puts_them_before_words(numbers: list[int], words: list[str]) -> None:
    names = [str(number) for number in numbers] + words
    assert sorted(names, key=numeric_order) == [str(number) for number in sorted(numbers)] + sorted(words)


@needs_ebb
def test_real_folder() -> None:
    skipped = Skipped()
    assert [pair.name for pair in find_pairs(EBB, skipped=skipped)] == ["2977", "2978", "4402", "4545"]
    assert len(skipped) == 6
    assert [pair.name for pair in find_photos(EBB)][-1] == "pynet6"
