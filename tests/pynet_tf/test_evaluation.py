"""Scoring as a library: baselines, in-focus figures, protocols and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from calib_data.dataset import Pair, find_pairs
from calib_data.errors import UserError
from calib_data.photo import half_size, read_photo
from calib_data.sizes import PhotoSize
from calib_data.skipped import Skipped
from pynet_tf.candidates import GAUSSIAN, IDENTITY, Candidate, network, predictions
from pynet_tf.evaluation import Evaluation, evaluate_candidates
from pynet_tf.metrics import psnr
from pynet_tf.protocol import DEPTH, Protocol, load_sample
from tests.conftest import smooth_picture, write_picture

HEIGHT, WIDTH = 280, 320
ANY = (1, None, None, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pairs whose left part is in focus, one of which nothing is, with depth maps."""
    folder = tmp_path_factory.mktemp("set")
    random = np.random.default_rng(7)
    for number in range(3):
        grain = ndimage.gaussian_filter(random.normal(0, 1, (HEIGHT, WIDTH)), 0.8)
        photo = np.clip(smooth_picture(random, HEIGHT, WIDTH) + 0.08 * (grain / grain.std())[..., None], 0, 1)
        target = ndimage.gaussian_filter(photo, (5, 5, 0))
        if number < 2:
            target[:, :140] = photo[:, :140]
        depth = np.full((HEIGHT // 2, WIDTH // 2), 40, np.uint8)
        depth[:, :70] = 200
        write_picture(folder / "original" / f"{number}.png", photo)
        write_picture(folder / "bokeh" / f"{number}.png", target)
        (folder / "original_depth").mkdir(exist_ok=True)
        Image.fromarray(depth).save(folder / "original_depth" / f"{number}.png")
    return folder


def enlarged(tensor: np.ndarray) -> np.ndarray:
    """A network that gives back what it sees."""
    return tensor[..., :3].repeat(2, axis=1).repeat(2, axis=2)


def oracle(name: str = "oracle") -> Candidate:
    return Candidate(name, lambda sample: sample.target, Path("oracle"))


def evaluated(pairs: list[Pair], *candidates: Candidate, protocol: Protocol | None = None) -> Evaluation:
    return evaluate_candidates(pairs, candidates, protocol or Protocol(), Skipped())


def test_both_baselines_stand_beside_and_the_target_itself_is_best(folder: Path) -> None:
    evaluation = evaluated(find_pairs(folder), oracle())
    assert [candidate.name for candidate in evaluation.candidates] == [IDENTITY, GAUSSIAN, "oracle"]
    assert evaluation.whole("oracle").psnr == 150
    assert evaluation.whole(GAUSSIAN).psnr == pytest.approx(evaluation.gaussian.mean_psnr, abs=0.02)
    assert evaluation.whole(GAUSSIAN).psnr > evaluation.whole(IDENTITY).psnr
    wanted = [psnr(*(read_photo(path).pixels for path in (pair.bokeh, pair.original))) for pair in find_pairs(folder)]
    assert evaluation.whole(IDENTITY).psnr == pytest.approx(np.mean(wanted), abs=1e-4)
    assert evaluation.over_gaussian(GAUSSIAN) == (0, 0)


def test_in_focus_the_identity_beats_the_blur_and_a_pair_without_focus_is_left_out(folder: Path) -> None:
    evaluation = evaluated(find_pairs(folder))
    assert evaluation.in_focus_photos == 2
    assert [photo.in_focus_share > 0.3 for photo in evaluation.photos] == [True, True, False]
    identity, blur = evaluation.in_focus(IDENTITY), evaluation.in_focus(GAUSSIAN)
    assert identity is not None
    assert blur is not None
    assert identity.psnr > blur.psnr + 10
    assert identity.ms_ssim > blur.ms_ssim
    assert identity.ciede2000 < blur.ciede2000


def test_a_set_without_focus_has_no_in_focus_figures(folder: Path) -> None:
    evaluation = evaluated(find_pairs(folder)[2:])
    assert evaluation.in_focus(IDENTITY) is None
    assert evaluation.over_gaussian(IDENTITY)[1] is None
    assert evaluation.as_json()["candidates"][0]["in_focus"] is None


def test_depth_takes_the_whole_half_at_that_depth(folder: Path) -> None:
    evaluation = evaluated(find_pairs(folder)[:1], protocol=Protocol(focus_from=DEPTH))
    assert evaluation.photos[0].in_focus_share == pytest.approx(140 / WIDTH, abs=0.01)


def test_a_network_is_padded_and_cropped_and_sees_half_the_photo(folder: Path) -> None:
    shapes = []

    def run(tensor: np.ndarray) -> np.ndarray:
        shapes.append(tensor.shape)
        return enlarged(tensor)

    pairs = find_pairs(folder)[:1]
    evaluation = evaluated(pairs, network("net", Path("net"), run, ANY))
    photo, target = (read_photo(path).pixels for path in (pairs[0].original, pairs[0].bokeh))
    assert shapes == [(1, 160, 160, 3)]
    seen = half_size(photo).repeat(2, axis=0).repeat(2, axis=1)
    assert evaluation.whole("net").psnr == pytest.approx(psnr(target, seen), abs=1e-4)


def test_detail_is_put_back_only_where_it_is_asked_for(folder: Path) -> None:
    sample = load_sample(find_pairs(folder)[0], Protocol(), with_depth=False)
    plain, detailed = (network("net", Path("net"), enlarged, ANY, detail).picture(sample) for detail in (False, True))
    assert psnr(sample.photo, detailed) > psnr(sample.photo, plain) + 1


def test_a_network_smaller_than_the_photos_is_said_to_be(folder: Path) -> None:
    evaluation = evaluated(find_pairs(folder)[:1], network("small", Path("small"), enlarged, (1, 96, 128, 3)))
    entries = {entry["name"]: entry["photos_scaled_for_it"] for entry in evaluation.as_json()["candidates"]}
    assert entries == {IDENTITY: 0, GAUSSIAN: 0, "small": 1}


@pytest.mark.parametrize(
    ("protocol", "shape"),
    [
        (Protocol(), (HEIGHT, WIDTH)),
        (Protocol(height=210), (210, 240)),
        (Protocol(size=PhotoSize(192, 256)), (192, 256)),
    ],
)
def test_photo_target_and_depth_come_at_the_protocols_size(folder: Path, protocol: Protocol, shape) -> None:
    sample = load_sample(find_pairs(folder)[0], protocol, with_depth=True)
    assert sample.depth is not None
    assert sample.photo.shape[:2] == sample.target.shape[:2] == sample.depth.shape == shape
    assert sample.photo.min() >= 0
    assert sample.photo.max() <= 1
    assert np.abs(sample.depth[:, : shape[1] // 3] - 200 / 255).max() < 0.01


def test_a_border_is_left_out(folder: Path) -> None:
    def spoilt(sample) -> np.ndarray:
        picture = sample.target.copy()
        picture[:32], picture[:, -32:] = 0, 1
        return picture

    candidate = Candidate("spoilt", spoilt, Path("spoilt"))
    pairs = find_pairs(folder)[:1]
    assert evaluated(pairs, candidate, protocol=Protocol(border=32)).whole("spoilt").psnr == 150
    assert evaluated(pairs, candidate, protocol=Protocol(border=31)).whole("spoilt").psnr < 150


def test_pairs_that_cannot_be_compared_are_named_and_passed_over(folder: Path, tmp_path: Path) -> None:
    good = find_pairs(folder)[0]
    write_picture(tmp_path / "small.png", np.zeros((100, 100, 3)))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    bad = [
        Pair("differs", "", good.original, tmp_path / "small.png"),
        Pair("small", "", tmp_path / "small.png", tmp_path / "small.png"),
        Pair("broken", "", tmp_path / "broken.png", good.bokeh),
    ]
    skipped = Skipped()
    evaluation = evaluate_candidates([*bad, good], [], Protocol(), skipped)
    assert [photo.name for photo in evaluation.photos] == ["0"]
    assert [path.name for path, _ in skipped] == ["0.png", "small.png", "broken.png"]
    reasons = skipped.summary()
    assert "its target 100x100" in reasons
    assert "176 pixels a side" in reasons


def test_missing_depth_maps_are_named(folder: Path) -> None:
    pairs = [Pair(pair.name, "", pair.original, pair.bokeh) for pair in find_pairs(folder)]
    with pytest.raises(UserError, match=r"a model with depth, needs depth maps.*0\.png.*2\.png"):
        evaluated(pairs, network("net", Path("net"), enlarged, (1, None, None, 4)))
    with pytest.raises(UserError, match="in-focus area from depth needs depth maps"):
        evaluated(pairs, protocol=Protocol(focus_from=DEPTH))


def test_a_network_that_gives_no_numbers_is_refused(folder: Path) -> None:
    broken = network("nan", Path("nan"), lambda tensor: enlarged(tensor) * np.float32(np.nan), ANY)
    with pytest.raises(UserError, match="no numbers"):
        evaluated(find_pairs(folder)[:1], broken)


def test_predictions_are_matched_by_name_at_either_size(folder: Path, tmp_path: Path) -> None:
    pairs, protocol = find_pairs(folder)[:2], Protocol(height=210)
    write_picture(tmp_path / "0.png", read_photo(pairs[0].original).pixels)
    write_picture(tmp_path / "1.jpg", protocol.fitted(read_photo(pairs[1].original).pixels))
    evaluation = evaluated(pairs, predictions("other", tmp_path, pairs, protocol), protocol=protocol)
    assert evaluation.photos[0].whole["other"].psnr == pytest.approx(evaluation.photos[0].whole[IDENTITY].psnr)
    assert evaluation.whole("other").psnr == pytest.approx(evaluation.whole(IDENTITY).psnr, abs=0.5)


def test_wrong_sizes_missing_and_ambiguous_predictions_are_refused(folder: Path, tmp_path: Path) -> None:
    pairs = find_pairs(folder)
    write_picture(tmp_path / "0.png", np.zeros((HEIGHT, WIDTH - 1, 3)))
    with pytest.raises(UserError, match=r"lacks 2 of 3 pictures: 1, 2\."):
        predictions("other", tmp_path, pairs, Protocol())
    with pytest.raises(UserError, match=r"0\.png is 280x319; 280x320 is taken"):
        evaluated(pairs[:1], predictions("other", tmp_path, pairs[:1], Protocol()))
    with pytest.raises(UserError, match="could belong to either"):
        predictions("other", tmp_path, [pairs[0], pairs[0]], Protocol())
