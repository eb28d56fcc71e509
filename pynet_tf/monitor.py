"""How a level in training does on pairs that it does not see, and whether it collapses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from calib_data.dataset import Pair
from pynet_tf.losses import Loss
from pynet_tf.method import Outputs
from pynet_tf.pipeline import CropStream
from pynet_tf.schedule import LevelPlan

LEAST_SHARE, LEAST_COLOURS = 0.3, 0.6
_SPREAD_FROM, _PSNR_FROM = 0.1, 0.5
_SEED = 4711
_MOST_PICTURES = 4
_LARGEST_PSNR = 100.0
_BLOCK = 8
_COARSE, _COARSE_MARGIN = 6, 1.5  # levels 7 and 6 of runs that end well are up to 1 dB under the photo


@dataclass(frozen=True)
class Standing:
    """What a level's output is worth, means over the watched crops.

    Attributes:
        psnr: Against the target, dB.
        identity_psnr: Of the resized input against the target, dB.
        spread: Standard deviation of the output's values over that of the target's.
        chroma: Mean distance of the output's pixels from grey over that of the target's.
        colours: Correlation of the colours of 8x8-pixel means with the target's, over all crops; 1 is the same, and a
            picture in one tone, however lively, is far under that.
        losses: Mean of each loss of the plan, by name.
    """

    psnr: float
    identity_psnr: float
    spread: float
    chroma: float
    colours: float = 1.0
    losses: Mapping[str, float] = field(default_factory=dict)

    def figures(self) -> dict[str, float]:
        """All figures, rounded, by name; those of losses begin with `watched_`."""
        found = {name: round(value, 4) for name, value in asdict(self).items() if name != "losses"}
        return found | {f"watched_{name}": float(f"{value:.5g}") for name, value in self.losses.items()}

    def warnings(self, progress: float, level: int) -> list[str]:
        """What looks like a collapse after this share (0..1) of the level's steps, and what to try."""
        found = []
        if progress >= _SPREAD_FROM and self.spread < LEAST_SHARE:
            found.append(
                f"the output has {self.spread:.0%} of the target's contrast: it collapses to one tone. "
                "Try a lower --learning-rate, or start --from a model with the levels below; "
                "--head blend and residual begin with the photo itself."
            )
        if progress >= _SPREAD_FROM and self.chroma < LEAST_SHARE:
            found.append(
                f"the output has {self.chroma:.0%} of the target's colour: it collapses to grey. "
                "Try --loss colour beside the others, or start --from a model with the levels below; "
                "--head blend and residual begin with the photo's colours."
            )
        elif progress >= _SPREAD_FROM and self.colours < LEAST_COLOURS:
            found.append(
                f"the output's colours are not the target's (correlation {self.colours:.2f}, 1 being the same): "
                "it collapses to one tone with contrast. Try --loss colour beside the others, or start --from a model "
                "with the levels below; --head blend and residual begin with the photo's colours."
            )
        margin = _COARSE_MARGIN if level >= _COARSE else 0.0
        if progress >= _PSNR_FROM and self.psnr < self.identity_psnr - margin:
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
        cache: A folder for decoded pictures; None to decode them each time.
        losses: By name; their means are among the figures.
    """

    def __init__(
        self,
        model: Outputs,
        pairs: Sequence[Pair],
        plan: LevelPlan,
        depth: bool,
        cache: Path | None = None,
        losses: Mapping[str, Loss] | None = None,
    ) -> None:
        self._losses = losses or {}
        name = f"level{plan.level}"
        self._run = tf.function(lambda photo: model(photo, training=False)[name])
        self._stream = CropStream(pairs, plan, depth, _SEED, cache=cache)
        self._crops = self._stream.batches().take(-(-len(pairs) // plan.batch))

    def look(self) -> tuple[Standing, NDArray[np.float32]]:
        """The standing of the model as it is now, and pictures of it.

        Returns:
            The standing, and pictures `(N, h, 3w, 3)`, 0..1: input, output and target side by side.

        Raises:
            UserError: A picture cannot be read.
        """
        figures, pictures, chromas, losses = [], [], [], []
        for photo, target in self._stream.explained(self._crops):
            output = self._run(photo)
            identity = tf.image.resize(photo[..., :3], target.shape[1:3], "bicubic", antialias=True)
            figures.append(_figures(target.numpy(), output.numpy(), identity.numpy()))
            chromas.append([_coarse_chroma(picture) for picture in (tf.clip_by_value(output, 0, 1), target)])
            losses.append([loss(target, output).numpy() for loss in self._losses.values()])
            pictures.append(np.clip(np.concatenate([identity, output, target], axis=2), 0, 1))
        psnr, identity_psnr, spread, chroma = (float(np.mean(part)) for part in np.concatenate(figures, axis=1))
        colours = _correlation(*(np.concatenate(part) for part in zip(*chromas, strict=True)))
        means = [float(np.mean(np.concatenate(part))) for part in zip(*losses, strict=True)]
        standing = Standing(psnr, identity_psnr, spread, chroma, colours, dict(zip(self._losses, means, strict=True)))
        return standing, np.concatenate(pictures)[:_MOST_PICTURES]


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


def _coarse_chroma(picture: tf.Tensor) -> NDArray[np.float64]:
    """What the colours of 8x8-pixel means are away from grey: `(B, h, w, 3)` to `(N, 3)`."""
    side = min(_BLOCK, *picture.shape[1:3])
    means = tf.nn.avg_pool2d(picture, side, side, "VALID").numpy().reshape(-1, 3).astype(np.float64)
    return means - means.mean(-1, keepdims=True)


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Of all three colours together, each from its own mean; 0 where either has one colour only."""
    one, other = (values - values.mean(0) for values in (one, other))
    size = float(np.sqrt(np.sum(one * one) * np.sum(other * other)))
    return float(np.sum(one * other)) / size if size > 0 else 0.0


def _ratio(value: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return value / np.maximum(other, 1e-3)
