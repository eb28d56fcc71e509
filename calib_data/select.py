"""Pick a calibration set that covers the brightness, colour, texture and depth of a real data set.

    python -m calib_data.select --data EBB --count 64 --out calibration

The steps: list the folder, measure each photo (`features`), choose farthest points (`selection`), copy the chosen
pairs in EBB! layout and write `manifest.json` with hashes, features and the order of choice.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calib_data import command
from calib_data.command import whole

if TYPE_CHECKING:
    from calib_data.dataset import Pair
    from calib_data.skipped import Skipped

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Chosen:
    """A photo that was picked, with its features."""

    pair: Pair
    features: dict[str, float]


def build_parser() -> argparse.ArgumentParser:
    """The options of the command."""
    options = command.parser(
        "calib_data.select",
        "Pick photographs that cover the brightness, colour, texture and depth of a folder, for calibration.",
        "python -m calib_data.select --data EBB --count 64 --out calibration",
    )
    options.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder in EBB! layout, or of photos")
    options.add_argument("--count", type=whole(1), required=True, metavar="N", help="how many photos to pick")
    options.add_argument("--out", type=Path, required=True, metavar="DIR", help="new or empty folder for them")
    options.add_argument(
        "--split",
        choices=("train", "test"),
        default="train",
        help="pick from this split (default: train; a folder without splits is taken whole)",
    )
    options.add_argument("--seed", type=whole(0), default=0, metavar="S", help="draws the first photo (default: 0)")
    how = options.add_mutually_exclusive_group()
    how.add_argument("--copy", action="store_true", help="copy the files (default)")
    how.add_argument("--link", action="store_true", help="make symbolic links instead of copies")
    options.add_argument("--strict", action="store_true", help="exit 1, writing nothing, if a photo is unreadable")
    return options


def run(options: argparse.Namespace) -> int:
    """Measure, choose, write; returns the exit code."""
    from calib_data.dataset import find_photos
    from calib_data.folders import refuse_filled
    from calib_data.selection import coverage, farthest_points, random_coverage, standardised
    from calib_data.skipped import Skipped

    refuse_filled(options.out)
    skipped = Skipped()
    pairs = find_photos(options.data, options.split, skipped=skipped)
    _refuse_too_few(len(pairs), options)
    measured = _measure(pairs, skipped)
    if skipped:
        command.warn(skipped.summary())
        if options.strict:
            return command.GATE_FAILED
    _refuse_too_few(len(measured), options)
    points = standardised([one.features for one in measured])
    places = farthest_points(points, options.count, options.seed)
    cover = {
        "chosen": coverage(points, places),
        "random_mean": random_coverage(points, options.count, options.seed),
    }
    _write([measured[place] for place in places], len(measured), cover, skipped, options)
    command.tell(
        f"{options.count} of {len(measured)} photos in {options.out}; farthest photo from its nearest pick: "
        f"{cover['chosen']:.2f} standard deviations (random picks: {cover['random_mean']:.2f})"
    )
    command.next_step(f"python -m convert.tflite --calibration {options.out}")
    return command.GOOD


def _refuse_too_few(available: int, options: argparse.Namespace) -> None:
    from calib_data.errors import UserError

    if options.count > available:
        raise UserError(
            f"--count {options.count} is more than the {available} photos of {options.data}.",
            f"Take --count {available} or less.",
        )


def _measure(pairs: Sequence[Pair], skipped: Skipped) -> list[Chosen]:
    """Features of each photo that is readable, its depth map included."""
    from calib_data.features import photo_features
    from calib_data.photo import read_depth, read_photo
    from calib_data.skipped import readable

    def load(pair: Pair) -> dict[str, float]:
        depth = None if pair.depth is None else read_depth(pair.depth)
        return photo_features(read_photo(pair.original).pixels, depth)

    loaded = readable(command.progress(pairs, len(pairs), "measuring"), load, lambda pair: pair.original, skipped)
    return [Chosen(pair, features) for pair, features in loaded]


def _write(
    chosen: Sequence[Chosen], available: int, cover: dict[str, float], skipped: Skipped, options: argparse.Namespace
) -> None:
    """Fill the folder: files in EBB! layout, and the manifest."""
    from calib_data.files import write_json
    from calib_data.folders import atomic_folder

    with atomic_folder(options.out) as folder:
        photos = [_place(order, one, folder, link=options.link) for order, one in enumerate(chosen, 1)]
        manifest = {
            "format": 1,
            "source": str(options.data),
            "split": options.split,
            "seed": options.seed,
            "available": available,
            "skipped": [{"file": str(path), "reason": reason} for path, reason in skipped],
            "coverage": cover,
            "photos": photos,
        }
        write_json(folder / MANIFEST, manifest)


def _place(order: int, chosen: Chosen, folder: Path, *, link: bool) -> dict[str, Any]:
    """Copy or link one pair's files below `folder`; returns its entry of the manifest."""
    from calib_data.dataset import BOKEH, DEPTH, ORIGINAL
    from calib_data.files import sha256

    pair = chosen.pair
    files = {}
    for part, source in ((ORIGINAL, pair.original), (BOKEH, pair.bokeh), (DEPTH, pair.depth)):
        if source is None:
            continue
        place = Path(pair.split) / part / source.name
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        if link:
            (folder / place).symlink_to(source.resolve())
        else:
            shutil.copyfile(source, folder / place)
        files[part] = {"file": place.as_posix(), "source": str(source), "sha256": sha256(folder / place)}
    return {"order": order, "name": pair.name, "split": pair.split, "files": files, "features": chosen.features}


if __name__ == "__main__":
    command.main(build_parser(), run)
