"""How a level in training does on pairs that it does not see, and whether it collapses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from calib_data.dataset import Pair
from pynet_tf.method import Outputs
from pynet_tf.pipeline import CropStream
from pynet_tf.pixel_cache import DEFAULT_BUDGET_MIB, CacheChoice
from pynet_tf.schedule import LevelPlan

LEAST_SHARE = 0.3
_SPREAD_FROM, _PSNR_FROM = 0.1, 0.5
_SEED = 4711
_MOST_PICTURES = 4
_LARGEST_PSNR = 100.0


@dataclass(frozen=True)
class Standing:
    """What a level's output is worth, means over the watched crops.

    Attributes:
        psnr: Against the target, dB.
        identity_psnr: Of the resized input against the target, dB.
        spread: Standard deviation of the output's values over that of the target's.
        chroma: Mean distance of the output's pixels from grey over that of the target's.
    """

    psnr: float
    identity_psnr: float
    spread: float
    chroma: float

    def figures(self) -> dict[str, float]:
        """All figures, rounded, by name."""
        return {name: round(value, 4) for name, value in asdict(self).items()}

    def warnings(self, progress: float) -> list[str]:
        """What looks like a collapse after this share (0..1) of the level's steps, and what to try."""
        found = []
        if progress >= _SPREAD_FROM and self.spread < LEAST_SHARE:
            found.append(
                f"the output has {self.spread:.0%} of the target's contrast: it collapses to one tone. "
                "Take --head residual, a lower --learning-rate, or start from a trained level below."
            )
        if progress >= _SPREAD_FROM and self.chroma < LEAST_SHARE:
            found.append(
                f"the output has {self.chroma:.0%} of the target's colour: it collapses to grey. "
                "Take --head residual, add the loss colour, or start from a trained level below."
            )
        if progress >= _PSNR_FROM and self.psnr < self.identity_psnr:
            found.append(
                f"the output ({self.psnr:.2f} dB) is worse than the photo as it is ({self.identity_psnr:.2f} dB). "
                "Train this level longer, or look at its pictures in TensorBoard."
            )
        return found


class Watch:
    """Crops of watched pairs at one level, the same every time.

    Args:
        model: What is watched: a function of photos and `training` that gives this level's picture by name.
        pairs: Pairs that are not trained on.
        plan: The level's.
        depth: Whether the input has a depth map.
        cache: Where decoded pictures are kept, as `CropStream`'s.
        cache_mib: Most memory for them, in MiB.
    """

    def __init__(
        self,
        model: Outputs,
        pairs: Sequence[Pair],
        plan: LevelPlan,
        depth: bool,
        cache: CacheChoice = None,
        cache_mib: int = DEFAULT_BUDGET_MIB,
    ) -> None:
        name = f"level{plan.level}"
        self._run = tf.function(lambda photo: model(photo, training=False)[name])
        self._stream = CropStream(pairs, plan, depth, _SEED, cache=cache, cache_mib=cache_mib)
        self._crops = self._stream.batches().take(-(-len(pairs) // plan.batch))

    def look(self) -> tuple[Standing, NDArray[np.float32]]:
        """The standing of the model as it is now, and pictures of it.

        Returns:
            The standing, and pictures `(N, h, 3w, 3)`, 0..1: input, output and target side by side.

        Raises:
            UserError: A picture cannot be read.
        """
        figures, pictures = [], []
        for photo, target in self._stream.explained(self._crops):
            output = self._run(photo)
            identity = tf.image.resize(photo[..., :3], target.shape[1:3], "bicubic", antialias=True)
            figures.append(_figures(target.numpy(), output.numpy(), identity.numpy()))
            pictures.append(np.clip(np.concatenate([identity, output, target], axis=2), 0, 1))
        psnr, identity_psnr, spread, chroma = (float(np.mean(part)) for part in np.concatenate(figures, axis=1))
        return Standing(psnr, identity_psnr, spread, chroma), np.concatenate(pictures)[:_MOST_PICTURES]


def _figures(
    target: NDArray[np.float32], output: NDArray[np.float32], identity: NDArray[np.float32]
) -> NDArray[np.float64]:
    shown = np.clip(output, 0, 1)
    rows = [
        _psnr(target, shown),
        _psnr(target, np.clip(identity, 0, 1)),
        _ratio(shown.std((1, 2, 3)), target.std((1, 2, 3))),
        _ratio(_chroma(shown), _chroma(target)),
    ]
    return np.array(rows)


def _psnr(target: NDArray[np.float32], picture: NDArray[np.float32]) -> NDArray[np.float64]:
    error = np.mean(np.square(target.astype(np.float64) - picture), (1, 2, 3))
    return np.minimum(-10 * np.log10(np.maximum(error, 1e-12)), _LARGEST_PSNR)


def _chroma(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    away = picture - picture.mean(-1, keepdims=True)
    return np.sqrt(np.mean(np.square(away.astype(np.float64)), (1, 2, 3)))


def _ratio(value: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return value / np.maximum(other, 1e-3)
