"""Scoring: candidates against the targets of a set, beside the identity and the best single Gaussian blur.

Two passes over the set, one pair in work at a time: the first chooses the blur, the second measures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

from calib_data.dataset import Pair
from calib_data.errors import UserError
from calib_data.files import sha256
from calib_data.parallel import in_parallel
from calib_data.skipped import Skipped, readable
from pynet_tf.baselines import BestGaussian, GaussianSearch
from pynet_tf.candidates import GAUSSIAN, Candidate, gaussian, identity
from pynet_tf.metrics import Area, Comparison, Figures, Pixels, mean_figures
from pynet_tf.protocol import DEPTH, Protocol, Sample, in_focus, load_sample
from pynet_tf.rendering import fit_photo

Distance: TypeAlias = Callable[[Pixels, Pixels], float]
"""A further figure of two pictures (H, W, 3), 0..1, such as LPIPS."""
Show: TypeAlias = Callable[[Sample, Mapping[str, Pixels]], None]
Watch: TypeAlias = Callable[[Sequence[Pair], str], Iterable[Pair]]
"""Passes pairs on and shows how far the work named by the text is."""

_AHEAD = 2


@dataclass(frozen=True)
class PhotoScore:
    """What was measured on one pair.

    Attributes:
        name: The files' stem.
        split: `train`, `test`, or empty.
        size: Height and width at which it was compared, before the border was taken off.
        in_focus_share: Share of the frame that is in focus, 0..1.
        whole: Figures over the frame by candidate.
        in_focus: Figures inside the in-focus area by candidate; empty where too little is in focus.
    """

    name: str
    split: str
    size: tuple[int, int]
    in_focus_share: float
    whole: Mapping[str, Figures]
    in_focus: Mapping[str, Figures]


@dataclass(frozen=True)
class Evaluation:
    """The figures of a set.

    Attributes:
        candidates: In the order in which they are shown.
        photos: One score a pair; at least one.
        gaussian: The best single Gaussian blur.
    """

    candidates: Sequence[Candidate]
    photos: Sequence[PhotoScore]
    gaussian: BestGaussian

    @property
    def in_focus_photos(self) -> int:
        """How many pairs have enough in focus to count in the in-focus means."""
        return sum(bool(photo.in_focus) for photo in self.photos)

    def whole(self, name: str) -> Figures:
        """A candidate's means over the frame."""
        return mean_figures([photo.whole[name] for photo in self.photos])

    def in_focus(self, name: str) -> Figures | None:
        """A candidate's means inside the in-focus areas; None if no pair has one."""
        figures = [photo.in_focus[name] for photo in self.photos if photo.in_focus]
        return mean_figures(figures) if figures else None

    def over_gaussian(self, name: str) -> tuple[float, float | None]:
        """By how many dB of mean PSNR a candidate beats the best Gaussian: over the frame, and in focus."""
        own, blurred = self.in_focus(name), self.in_focus(GAUSSIAN)
        focus = None if own is None or blurred is None else own.psnr - blurred.psnr
        return self.whole(name).psnr - self.whole(GAUSSIAN).psnr, focus

    def as_json(self) -> dict[str, Any]:
        """Means by candidate, and the figures of every photo."""
        return {
            "photos_scored": len(self.photos),
            "photos_in_focus": self.in_focus_photos,
            "gaussian_sigma_px": self.gaussian.sigma,
            "candidates": [self._candidate_json(candidate) for candidate in self.candidates],
            "photos": [{**asdict(photo), "size": list(photo.size)} for photo in self.photos],
        }

    def _candidate_json(self, candidate: Candidate) -> dict[str, Any]:
        source = candidate.source
        whole_lead, focus_lead = self.over_gaussian(candidate.name)
        focus = self.in_focus(candidate.name)
        return {
            "name": candidate.name,
            "baseline": candidate.is_baseline,
            "source": None if source is None else str(source),
            "sha256": sha256(source) if source is not None and source.is_file() else None,
            "photos_scaled_for_it": self.scaled_for(candidate),
            "whole": asdict(self.whole(candidate.name)),
            "in_focus": None if focus is None else asdict(focus),
            "psnr_over_gaussian": {"whole": whole_lead, "in_focus": focus_lead},
        }

    def scaled_for(self, candidate: Candidate) -> int:
        """How many photos were larger than the network takes, so that its pictures had to be brought up again."""
        shape = candidate.input_shape
        if shape is None:
            return 0
        return sum(fit_photo(*photo.size, shape).scaled != photo.size for photo in self.photos)


def evaluate_candidates(
    pairs: Sequence[Pair],
    scored: Sequence[Candidate],
    protocol: Protocol,
    skipped: Skipped,
    *,
    lpips: Distance | None = None,
    show: Show | None = None,
    watch: Watch = lambda pairs, _: pairs,
) -> Evaluation:
    """Score candidates, and beside them the identity and the best single Gaussian blur.

    Args:
        pairs: The set.
        scored: Networks, folders of predictions; each with a name of its own.
        protocol: How pairs are compared.
        skipped: Takes down the pairs that cannot be read.
        lpips: Adds LPIPS over the frame.
        show: Is given each sample and its pictures.
        watch: Shows progress.

    Raises:
        UserError: A depth map that is needed is missing, not one pair can be read, a prediction is wrong, or a network
            gives no numbers.

    Example:
        >>> runner = load_artifact("model.keras")
        >>> candidates = [network("mine", runner.path, runner.run, runner.input_shape)]
        >>> evaluate_candidates(find_pairs(SAMPLES, "test"), candidates, Protocol(), Skipped()).whole("mine").psnr
    """
    needs = [f"{one.source}, a model with depth," for one in scored if one.takes_depth]
    if protocol.focus_from == DEPTH:
        needs.append("the in-focus area from depth")
    if needs:
        require_depth(pairs, needs[0])
    ready = [candidate for candidate in scored if candidate.ready]
    best, good = choose_gaussian(watch(pairs, "choosing the blur"), protocol, bool(needs), skipped, ready)
    candidates = [identity(), gaussian(best.sigma), *scored]
    photos = list(score(watch(good, "scoring"), candidates, protocol, bool(needs), lpips, show))
    return Evaluation(candidates, photos, best)


def require_depth(pairs: Iterable[Pair], why: str) -> None:
    """Refuse a set in which depth maps are missing.

    Raises:
        UserError: Names the photos without a map, and says why maps are needed.
    """
    missing = [str(pair.original) for pair in pairs if pair.depth is None]
    if missing:
        raise UserError(
            f"{why} needs depth maps, and {len(missing)} photos have none in original_depth: {', '.join(missing)}.",
            "Add the maps (grey, near is bright), or leave these photos out.",
        )


def choose_gaussian(
    pairs: Iterable[Pair], protocol: Protocol, with_depth: bool, skipped: Skipped, ready: Sequence[Candidate] = ()
) -> tuple[BestGaussian, list[Pair]]:
    """The first pass: the blur with the best mean PSNR under the protocol, and the pairs that can be read.

    It is found on the pictures as they are compared, without their border, mirrored where that was cut.

    Args:
        pairs: The set.
        protocol: How pairs are compared.
        with_depth: Whether their depth maps are read too.
        skipped: Takes down the pairs that cannot be read.
        ready: Candidates whose pictures lie ready; each is read, so that a wrong one is refused at once.

    Raises:
        UserError: Not one pair can be read, or a picture that lies ready is wrong.
    """
    search, good = GaussianSearch(), []
    loaded = readable(
        pairs, lambda pair: load_sample(pair, protocol, with_depth), lambda pair: pair.original, skipped, _AHEAD
    )
    for pair, sample in loaded:
        for candidate in ready:
            candidate.picture(sample)
        search.add(protocol.inner(sample.photo), protocol.inner(sample.target))
        good.append(pair)
    return search.best(), good


def score(
    pairs: Iterable[Pair],
    candidates: Sequence[Candidate],
    protocol: Protocol,
    with_depth: bool,
    lpips: Distance | None = None,
    show: Show | None = None,
) -> Iterator[PhotoScore]:
    """The second pass: yield the figures of each pair.

    Args:
        pairs: Pairs that `choose_gaussian` found readable.
        candidates: What is compared, each with a name of its own.
        protocol: How pairs are compared.
        with_depth: Whether depth maps are read.
        lpips: Adds LPIPS over the frame.
        show: Is given each sample and its pictures.
    """
    for sample in in_parallel(lambda pair: load_sample(pair, protocol, with_depth), pairs, 1):
        pictures = {candidate.name: candidate.picture(sample) for candidate in candidates}
        if show is not None:
            show(sample, pictures)
        yield _score_sample(sample, pictures, protocol, lpips)


def _score_sample(
    sample: Sample, pictures: Mapping[str, Pixels], protocol: Protocol, lpips: Distance | None
) -> PhotoScore:
    target = protocol.inner(sample.target)
    share, area = in_focus(sample, protocol)

    def measure(picture: Pixels) -> tuple[Figures, Figures | None]:
        return _measure(target, protocol.inner(picture), area, lpips)

    measured = dict(zip(pictures, in_parallel(measure, pictures.values(), _AHEAD), strict=True))
    return PhotoScore(
        name=sample.pair.name,
        split=sample.pair.split,
        size=(sample.photo.shape[0], sample.photo.shape[1]),
        in_focus_share=share,
        whole={name: whole for name, (whole, _) in measured.items()},
        in_focus={name: focus for name, (_, focus) in measured.items() if focus is not None},
    )


def _measure(
    target: Pixels, picture: Pixels, area: Area | None, lpips: Distance | None
) -> tuple[Figures, Figures | None]:
    comparison = Comparison(target, picture)
    whole = comparison.figures()
    if lpips is not None:
        whole = replace(whole, lpips=lpips(target, picture))
    return whole, None if area is None else comparison.figures(area)
