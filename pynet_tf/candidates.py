"""Whatever makes pictures of photos, behind one face: models, folders of pictures, and the two baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from calib_data.dataset import Pair, find_photos
from calib_data.errors import UserError
from calib_data.photo import read_photo
from calib_data.sizes import PhotoSize
from pynet_tf.baselines import gaussian_blur
from pynet_tf.metrics import Pixels
from pynet_tf.protocol import Protocol, Sample
from pynet_tf.rendering import Run, render, render_direct

IDENTITY, GAUSSIAN = "identity", "gaussian"
_SHOWN = 5


@dataclass(frozen=True)
class Candidate:
    """Something whose pictures are compared with the targets.

    Attributes:
        name: By which its figures are told.
        picture: Makes the picture (H, W, 3), 0..1, of a sample, of the size of its photo.
        source: The file or folder it comes from; None for a baseline.
        input_shape: A network's `(1, H/2, W/2, C)`.
        ready: Whether the pictures lie ready, so that all can be checked before anything is computed.
    """

    name: str
    picture: Callable[[Sample], Pixels]
    source: Path | None = None
    input_shape: tuple[int | None, ...] | None = None
    ready: bool = False

    @property
    def is_baseline(self) -> bool:
        """Whether it is one of the two that every model is compared with."""
        return self.source is None

    @property
    def takes_depth(self) -> bool:
        """Whether it is a network with a depth map as fourth channel."""
        return self.input_shape is not None and self.input_shape[3] == 4


def identity() -> Candidate:
    """The photo itself."""
    return Candidate(IDENTITY, lambda sample: sample.photo)


def gaussian(sigma: float) -> Candidate:
    """The whole photo blurred by one Gaussian of `sigma` pixels."""
    return Candidate(GAUSSIAN, lambda sample: gaussian_blur(sample.photo, sigma))


def network(name: str, source: Path, run: Run, input_shape: Sequence[int | None], detail: bool = False) -> Candidate:
    """A network by its full-size output, padded and scaled for it as `pynet_tf.render` does.

    Args:
        name: By which its figures are told.
        source: Its file.
        run: `(1, H/2, W/2, C)`, 0..1, to `(1, H, W, 3)`, 0..1.
        input_shape: Its input's shape; None for a free side.
        detail: Whether the photo's own detail is put back where the network kept it (`pynet_tf.detail`).
    """
    takes_depth = input_shape[3] == 4

    def picture(sample: Sample) -> Pixels:
        depth = sample.depth if takes_depth else None
        try:
            if detail:
                return render(sample.photo, run, input_shape, depth, always_detail=True)
            return render_direct(sample.photo, run, input_shape, depth)
        except UserError as error:
            raise UserError(f"{sample.pair.original} by {source}: {error.problem}", error.fix) from error

    return Candidate(name, picture, source, tuple(input_shape))


def predictions(name: str, folder: Path, pairs: Sequence[Pair], protocol: Protocol) -> Candidate:
    """A folder of pictures, one for each pair, matched by the stem of the photo.

    A picture has the size of the photo's file, and is then brought to the protocol's size as the photo is, or has the
    protocol's size already.

    Raises:
        UserError: The folder is missing, holds two pictures of one stem, or lacks a picture; or two of the pairs have
            one stem. `picture` raises it for one that cannot be read or has another size.
    """
    stems = [pair.name for pair in pairs]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise UserError(
            f"the splits share names ({', '.join(twice[:_SHOWN])}); predictions could belong to either.",
            "Score one split at a time: --split train, --split test.",
        )
    found = {photo.name: photo.original for photo in find_photos(folder)}
    missing = [stem for stem in stems if stem not in found]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise UserError(
            f"{folder} lacks {len(missing)} of {len(stems)} pictures: {', '.join(missing[:_SHOWN])}{more}.",
            "Add them under the photos' names, or take fewer photos with --split or --count.",
        )

    def picture(sample: Sample) -> Pixels:
        path = found[sample.pair.name]
        pixels = read_photo(path).pixels
        wanted = sample.photo.shape[:2]
        fitted = protocol.fitted(pixels) if pixels.shape[:2] == sample.native else pixels
        if fitted.shape[:2] != wanted:
            sizes = dict.fromkeys([str(PhotoSize(*sample.native)), str(PhotoSize(*wanted))])
            raise UserError(
                f"{path} is {PhotoSize(*pixels.shape[:2])}; {' or '.join(sizes)} is taken.",
                "Write predictions at the size of their photos.",
            )
        return fitted

    return Candidate(name, picture, folder, ready=True)
