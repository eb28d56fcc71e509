"""What can be wrong with a folder of photographs and pairs, found file by file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calib_data.alignment import Shift, measure_shift, scene_likeness
from calib_data.borders import find_wedges
from calib_data.dataset import BOKEH, DEPTH, Listing, Pair
from calib_data.errors import UserError
from calib_data.features import colour_spread, detail, luma, reduced
from calib_data.files import sha256
from calib_data.findings import Finding
from calib_data.fingerprints import BITS, difference_hash, near_duplicates
from calib_data.photo import read_depth, read_photo

MISALIGNED = 4 / 1024
"""Largest shift within a pair, as a share of the photo's short side: 4 px at EBB!'s height of 1024."""
LEAST_SHIFT = 2.0
"""Shifts under this many pixels are never reported."""
SHARPER = 1.15
"""Largest ratio of the target's `detail` to the photo's; true pairs have about 0.3."""
OTHER_SCENE = 0.7
"""`scene_likeness` under which, without a clear shift, two pictures do not show the same thing."""
ASPECT_TOLERANCE = 0.02
"""Largest difference of a depth map's aspect from the photo's, as a share."""
COARSE_DEPTH = 0.25
"""Smallest height of a depth map, as a share of the photo's."""
FLAT = 0.01
"""Standard deviation of luma (0..1) under which a picture is one colour."""
GREY = 0.02
"""`colour_spread` under which a photo is grey."""


@dataclass(frozen=True)
class Examined:
    """What was seen in one pair; small, so that thousands may be kept.

    Attributes:
        pair: The files.
        findings: What is wrong within the pair.
        digests: SHA-256 of each file that could be read.
        look: The photo's difference hash, 32 bytes; None if it is unreadable or of one colour.
        shift: The target's displacement in pixels; None without a comparable target.
        detail_ratio: The target's detail by the photo's, likewise.
    """

    pair: Pair
    findings: tuple[Finding, ...]
    digests: dict[Path, str] = field(default_factory=dict)
    look: NDArray[np.uint8] | None = None
    shift: Shift | None = None
    detail_ratio: float | None = None


def check_names(listing: Listing) -> list[Finding]:
    """What is wrong by file names alone: missing partners and two pictures of one name."""
    findings = [
        Finding("namesake", group, f"{', '.join(path.name for path in group)} have the same name up to the suffix")
        for group in listing.namesakes
    ]
    findings += [
        Finding("unpaired", (path,), f"{path.parent.name} picture without a photo of its name")
        for path in listing.strays
    ]
    for pair in listing.pairs:
        if pair.bokeh is None and pair.split in listing.has_targets:
            findings.append(Finding("unpaired", (pair.original,), f"photo without a {BOKEH} picture of its name"))
        if pair.depth is None and pair.split in listing.has_depth:
            findings.append(Finding("no-depth", (pair.original,), f"photo without an {DEPTH} map of its name"))
    return findings


def examine(pair: Pair) -> Examined:
    """Open the files of one pair and look for what is wrong within it."""
    findings: list[Finding] = []
    photo = _opened(pair.original, findings)
    target = _opened(pair.bokeh, findings) if pair.bokeh is not None else None
    depth = _opened_depth(pair.depth, findings) if pair.depth is not None else None
    if photo is not None and depth is not None and pair.depth is not None:
        findings += _check_depth(pair.depth, depth, photo.shape[:2])
    files = [(pair.original, photo), (pair.bokeh, target), (pair.depth, depth)]
    digests = {path: sha256(path) for path, content in files if path is not None and content is not None}
    flat = {finding.files[0] for finding in findings if finding.kind == "constant"}
    look = difference_hash(luma(photo)) if photo is not None and pair.original not in flat else None
    if photo is None or target is None or pair.bokeh is None or flat & {pair.original, pair.bokeh}:
        return Examined(pair, tuple(findings), digests, look)
    if photo.shape != target.shape:
        message = f"photo is {_size(photo)}, target {_size(target)}"
        return Examined(pair, (*findings, Finding("size", (pair.original, pair.bokeh), message)), digests, look)
    compared, shift, ratio = _compare(pair.original, pair.bokeh, photo, target)
    return Examined(pair, (*findings, *compared), digests, look, shift, ratio)


def check_repeats(examined: Iterable[Examined]) -> list[Finding]:
    """Pictures that occur twice: the same bytes in any role, and photos that look alike."""
    seen = list(examined)
    twins = list(_same_bytes(seen))
    known = {frozenset(finding.files) for finding in twins}
    looks = [one for one in seen if one.look is not None]
    for first, second, bits in near_duplicates([one.look for one in looks if one.look is not None]):
        pairs = looks[first].pair, looks[second].pair
        files = pairs[0].original, pairs[1].original
        if frozenset(files) not in known:
            leak = pairs[0].split != pairs[1].split
            message = f"looks like {_name(files[1])} ({bits} of {BITS} bits differ)"
            twins.append(Finding("leak" if leak else "near-duplicate", files, message, float(bits)))
    return twins


def _same_bytes(seen: list[Examined]) -> Iterator[Finding]:
    first_of: dict[str, tuple[Path, str]] = {}
    for one in seen:
        for path, digest in one.digests.items():
            first, split = first_of.setdefault(digest, (path, one.pair.split))
            if first != path:
                kind = "leak" if split != one.pair.split else "duplicate"
                yield Finding(kind, (first, path), f"has the same bytes as {_name(path)}")


def _opened(path: Path, findings: list[Finding]) -> NDArray[np.float32] | None:
    """A photograph's pixels (H, W, 3), with what is wrong in it alone added to `findings`; None if unreadable."""
    try:
        pixels = read_photo(path).pixels
    except UserError as error:
        findings.append(_unreadable(path, error))
        return None
    if float(luma(pixels).std()) < FLAT:
        findings.append(Finding("constant", (path,), "the picture is of one colour"))
        return pixels
    if colour_spread(pixels) < GREY:
        findings.append(Finding("greyscale", (path,), "the picture has no colour"))
    findings += [
        Finding(
            "wedge",
            (path,),
            f"black wedge at the {wedge.border}: {wedge.length} px long, up to {wedge.depth} px deep",
            float(wedge.depth),
        )
        for wedge in find_wedges(pixels)
    ]
    return pixels


def _opened_depth(path: Path, findings: list[Finding]) -> NDArray[np.float32] | None:
    try:
        depth = read_depth(path)
    except UserError as error:
        findings.append(_unreadable(path, error))
        return None
    if float(depth.std()) < FLAT:
        findings.append(Finding("constant", (path,), "the depth map is of one value"))
    return depth


def _unreadable(path: Path, error: UserError) -> Finding:
    return Finding("unreadable", (path,), error.problem.removeprefix(str(path)).lstrip(": "))


def _check_depth(path: Path, depth: NDArray[np.float32], photo: tuple[int, ...]) -> Iterator[Finding]:
    height, width = depth.shape
    stretch = (width / height) / (photo[1] / photo[0])
    if abs(math.log(stretch)) > ASPECT_TOLERANCE:
        message = f"depth map is {_size(depth)}, its photo {photo[0]}x{photo[1]}: another aspect"
        yield Finding("depth-aspect", (path,), message, stretch)
    elif height < COARSE_DEPTH * photo[0]:
        yield Finding("depth-coarse", (path,), f"depth map is {_size(depth)}, its photo {photo[0]}x{photo[1]}")


def _compare(
    original: Path, bokeh: Path, photo: NDArray[np.float32], target: NDArray[np.float32]
) -> tuple[list[Finding], Shift, float]:
    """Compare a photo with its target, both (H, W, 3)."""
    small, small_target = luma(reduced(photo)), luma(reduced(target))
    scale = photo.shape[0] // small.shape[0]
    found = measure_shift(small, small_target)
    shift = replace(found, down=found.down * scale, right=found.right * scale)
    ratio = detail(small_target) / max(detail(small), 1e-6)
    files = original, bokeh
    if not shift.clear and (likeness := scene_likeness(small, small_target)) < OTHER_SCENE:
        message = f"photo and target show different things (correlation {likeness:.2f})"
        return [Finding("unrelated", files, message, likeness)], shift, ratio
    findings = []
    limit = max(LEAST_SHIFT, MISALIGNED * min(photo.shape[:2]))
    if shift.clear and shift.pixels > limit:
        message = f"target lies {_direction(shift)} of its photo (limit {limit:.1f} px)"
        findings.append(Finding("misaligned", files, message, shift.pixels))
    if ratio > SHARPER:
        message = f"target has {ratio:.2f} times the photo's fine detail (limit {SHARPER})"
        findings.append(Finding("sharper", files[::-1], message, ratio))
    return findings, shift, ratio


def _direction(shift: Shift) -> str:
    down = f"{abs(shift.down):.1f} px {'below' if shift.down > 0 else 'above'}"
    right = f"{abs(shift.right):.1f} px {'right' if shift.right > 0 else 'left'}"
    return f"{right} and {down}"


def _name(path: Path) -> str:
    return "/".join(path.parts[-3:])


def _size(pixels: NDArray[np.float32]) -> str:
    return f"{pixels.shape[0]}x{pixels.shape[1]}"
