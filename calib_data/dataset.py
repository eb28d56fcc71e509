"""Folders in the layout of EBB!: the one reader that training, evaluation, calibration and checking share.

Layouts that are read, names of folders and suffixes in any case:

    DIR/train/original/N.jpg   DIR/train/bokeh/N.jpg   DIR/train/original_depth/N.png   and the same under DIR/test
    DIR/Training/...           DIR/Testing/...         other names of the two splits
    DIR/original/N.jpg         DIR/bokeh/N.jpg         DIR/original_depth/N.png         one folder without splits
    DIR/*.jpg                                          a plain folder of photos (`find_photos` and `scan` only)

Partners are found by their stem. Targets (`bokeh`) and depth maps (`original_depth`) are optional while scanning.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from calib_data.errors import UserError
from calib_data.skipped import Skipped

ORIGINAL, BOKEH, DEPTH = "original", "bokeh", "original_depth"
TRAIN, TEST = "train", "test"
SAMPLES = Path(__file__).parent / "samples"
RENDERED = SAMPLES / "rendered"  # path-traced pairs that share nothing with the samples' scenes
SPLITS = (TRAIN, TEST)
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"})
LAYOUTS = "DIR/train/original + DIR/train/bokeh (and DIR/test/...), or DIR/original + DIR/bokeh"

_SPLIT_FOLDERS = {TRAIN: ("train", "training"), TEST: ("test", "testing")}
_SHOWN = 5


@dataclass(frozen=True)
class Pair:
    """One photograph with what belongs to it.

    Attributes:
        name: The files' common stem, such as `4402`.
        split: `train` or `test`; empty where the folder has no splits.
        original: The photograph with everything in focus.
        bokeh: The target, if there is one.
        depth: The depth map (near is bright), if there is one.
    """

    name: str
    split: str
    original: Path
    bokeh: Path | None = None
    depth: Path | None = None


@dataclass(frozen=True)
class Listing:
    """What lies in a folder, by name alone: no picture has been opened.

    Attributes:
        pairs: One per original, `train` before `test`, each in numeric order.
        strays: Targets and depth maps without an original.
        namesakes: Groups of pictures with one stem in one folder (`7.jpg`, `7.png`); the first of each is the one
            in `pairs`.
        has_targets: The splits (`""` for a folder without splits) that have a `bokeh` folder.
        has_depth: The splits that have an `original_depth` folder.
    """

    pairs: tuple[Pair, ...]
    strays: tuple[Path, ...]
    namesakes: tuple[tuple[Path, ...], ...]
    has_targets: frozenset[str]
    has_depth: frozenset[str]


def find_pairs(
    folder: Path, split: str | None = None, *, depth: bool = False, skipped: Skipped | None = None
) -> list[Pair]:
    """The complete pairs of a folder, each with its target and, if `depth`, its depth map.

    Args:
        folder: A folder in one of the layouts of this module.
        split: `train`, `test`, or None for both. A folder without splits is taken whole, whatever is asked.
        depth: Whether a pair needs a depth map.
        skipped: Takes down what is incomplete and leaves it out. Without it, incomplete pairs are refused.

    Raises:
        UserError: The folder or split is not there, has no complete pair, or has incomplete pairs and `skipped` is
            None.
    """
    listing = scan(folder, split)
    incomplete = _without_partner(listing.pairs, target=True, depth=depth)
    incomplete |= {path: f"{path} has no {ORIGINAL} picture of its name" for path in listing.strays}
    return _complete(listing, incomplete, "pairs", folder, skipped)


def find_photos(
    folder: Path, split: str | None = None, *, depth: bool = False, skipped: Skipped | None = None
) -> list[Pair]:
    """The photographs of a folder, for calibration and rendering; targets may be missing.

    A folder without `original` may be a plain folder of photos. Arguments and errors are those of `find_pairs`.
    """
    listing = scan(folder, split)
    incomplete = _without_partner(listing.pairs, target=False, depth=depth)
    return _complete(listing, incomplete, "photos", folder, skipped)


def scan(folder: Path, split: str | None = None) -> Listing:
    """List a folder in any of the layouts, complete or not.

    Raises:
        UserError: The folder is not there, lacks the split, or holds no picture in any layout that is read.
    """
    if split is not None and split not in SPLITS:
        raise UserError(f"{split!r} is no split.", f"Take one of: {', '.join(SPLITS)}.")
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise UserError(f"{folder} {what}.", f"Name a folder with photographs: {LAYOUTS}, or a plain folder of photos.")
    listings = [_scan_split(root, name) for name, root in _roots(folder, split).items()]
    listing = Listing(
        pairs=tuple(pair for part in listings for pair in part.pairs),
        strays=tuple(path for part in listings for path in part.strays),
        namesakes=tuple(group for part in listings for group in part.namesakes),
        has_targets=frozenset().union(*(part.has_targets for part in listings)),
        has_depth=frozenset().union(*(part.has_depth for part in listings)),
    )
    if not listing.pairs and not listing.strays:
        raise UserError(
            f"no pictures in {folder}.",
            f"Layouts that are read: {LAYOUTS}, or a plain folder of photos; suffixes {', '.join(sorted(SUFFIXES))}.",
        )
    return listing


def numeric_order(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """A key for sorting by name: numbers come before letters, 9 before 10, and `007` beside `7`."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts), name


def _roots(folder: Path, split: str | None) -> dict[str, Path]:
    """Where originals lie: split name to folder; `""` for a folder without splits."""
    below = _folders(folder)
    splits = {name: _split_folder(folder, below, name) for name in SPLITS}
    roots = {name: root for name, root in splits.items() if root is not None}
    if ORIGINAL in below or not roots:
        roots = {"": folder, **roots}
    if split is None:
        return roots
    if split in roots:
        return {split: roots[split]}
    if "" in roots:
        return {"": folder}
    raise UserError(
        f"{folder} has no {split} split, only {', '.join(roots)}.",
        f"Put the pictures in {folder / split / ORIGINAL}, or take another split.",
    )


def _split_folder(folder: Path, below: dict[str, list[str]], split: str) -> Path | None:
    names = [name for alias in _SPLIT_FOLDERS[split] for name in below.get(alias, [])]
    if len(names) > 1:
        raise UserError(
            f"{folder} has more than one {split} split: {', '.join(sorted(names))}.", "Keep one, or name it as the DIR."
        )
    return folder / names[0] if names else None


def _scan_split(root: Path, split: str) -> Listing:
    below = _folders(root)
    if ORIGINAL not in below and not (BOKEH in below or DEPTH in below):
        originals = _pictures([root])
        targets: dict[str, list[Path]] = {}
        depths: dict[str, list[Path]] = {}
    else:
        originals, targets, depths = (
            _pictures([root / name for name in below.get(part, [])]) for part in (ORIGINAL, BOKEH, DEPTH)
        )
    pairs = [
        Pair(stem, split, files[0], _first(targets.get(stem)), _first(depths.get(stem)))
        for stem, files in originals.items()
    ]
    partners = [*targets.items(), *depths.items()]
    return Listing(
        pairs=tuple(sorted(pairs, key=lambda pair: numeric_order(pair.name))),
        strays=tuple(path for stem, files in partners if stem not in originals for path in files),
        namesakes=tuple(tuple(files) for _, files in [*originals.items(), *partners] if len(files) > 1),
        has_targets=frozenset({split} if BOKEH in below else ()),
        has_depth=frozenset({split} if DEPTH in below else ()),
    )


def _folders(folder: Path) -> dict[str, list[str]]:
    """Names of the folders below, by their lower-case name."""
    found: dict[str, list[str]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                found.setdefault(entry.name.lower(), []).append(entry.name)
    return found


def _pictures(folders: Iterable[Path]) -> dict[str, list[Path]]:
    """Pictures in the folders by stem, in numeric order; hidden files and other suffixes are passed over."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        with os.scandir(folder) as entries:
            paths = [Path(entry.path) for entry in entries if not entry.name.startswith(".") and not entry.is_dir()]
        for path in sorted(paths, key=lambda path: numeric_order(path.name)):
            if path.suffix.lower() in SUFFIXES:
                found.setdefault(path.stem, []).append(path)
    return found


def _first(files: Sequence[Path] | None) -> Path | None:
    return files[0] if files else None


def _without_partner(pairs: Iterable[Pair], *, target: bool, depth: bool) -> dict[Path, str]:
    """Originals that lack what is needed: path to the problem."""
    return {
        pair.original: f"{pair.original} has no {part} picture of its name"
        for pair in pairs
        for part, path, needed in ((DEPTH, pair.depth, depth), (BOKEH, pair.bokeh, target))
        if needed and path is None
    }


def _complete(
    listing: Listing, incomplete: dict[Path, str], what: str, folder: Path, skipped: Skipped | None
) -> list[Pair]:
    """The pairs that are not in `incomplete`, which is taken down or refused."""
    ambiguous = {
        path: f"{path} has the same name as {', '.join(other.name for other in group if other != path)}"
        for group in listing.namesakes
        for path in group
    }
    problems = incomplete | ambiguous
    found = [pair for pair in listing.pairs if not {pair.original, pair.bokeh, pair.depth} & problems.keys()]
    if not found:
        raise UserError(
            f"{folder} has no complete {what}: {_few(problems.values())}.",
            f"Layouts that are read: {LAYOUTS}; depth maps in {DEPTH}; partners have one name up to the suffix.",
        )
    if problems and skipped is None:
        one = f"1 picture of {folder} is no complete {what[:-1]}"
        many = f"{len(problems)} pictures of {folder} are no complete {what}"
        raise UserError(
            f"{one if len(problems) == 1 else many}: {_few(problems.values())}.",
            "Add the missing pictures, or move these away; python -m calib_data.check lists them all.",
        )
    if skipped is not None:
        for path, problem in problems.items():
            skipped.add(path, problem)
    return found


def _few(problems: Collection[str]) -> str:
    rest = len(problems) - _SHOWN
    return "; ".join(islice(problems, _SHOWN)) + (f"; and {rest} more" if rest > 0 else "")
