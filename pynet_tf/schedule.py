"""The bottom-up training plan, as data: what each level is trained with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from calib_data.errors import UserError
from pynet_tf.config import COARSEST_LEVEL, FINEST_LEVEL
from pynet_tf.network import TENSOR_MULTIPLE


@dataclass(frozen=True)
class LevelPlan:
    """How one level is trained.

    Attributes:
        level: 1 to 7.
        steps: Optimizer steps.
        batch: Crops a step.
        crop: Side of the square crop of the input tensor, a multiple of 32; the photo's crop is twice that.
        learning_rate: Peak rate of Adam, reached after a warm-up and followed by a cosine down to a fiftieth.
        loss_weights: Weight of each loss by name (`l1`, `l2`, `ssim`).

    Raises:
        UserError: A number is out of range.
    """

    level: int
    steps: int
    batch: int
    crop: int
    learning_rate: float
    loss_weights: dict[str, float] = field(default_factory=lambda: {"l1": 1.0})

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "crop"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} is {getattr(self, name)}; it must be 1 or more.", f"Take a larger --{name}.")
        if self.crop % TENSOR_MULTIPLE:
            nearest = max(TENSOR_MULTIPLE, round(self.crop / TENSOR_MULTIPLE) * TENSOR_MULTIPLE)
            raise UserError(
                f"--crop is {self.crop}; it must be a multiple of {TENSOR_MULTIPLE}.", f"Take --crop {nearest}."
            )


DEFAULT_PLAN = (
    LevelPlan(7, 150, 8, 192, 1e-3),
    LevelPlan(6, 150, 8, 192, 1e-3),
    LevelPlan(5, 250, 6, 192, 1e-3),
    LevelPlan(4, 400, 4, 192, 1e-3),
    LevelPlan(3, 700, 3, 192, 1e-3),
    LevelPlan(2, 200, 3, 192, 5e-4),
    LevelPlan(1, 1600, 3, 192, 1e-3, {"l1": 0.5, "l2": 10.0}),
)


def make_plan(
    levels: str = "7-1", steps: int | None = None, batch: int | None = None, crop: int | None = None
) -> tuple[LevelPlan, ...]:
    """The default plan, narrowed to `levels` and with the given numbers in every level.

    Args:
        levels: `7-1`, `7-5` or a single level, coarse to fine.
        steps: Steps per level.
        batch: Crops a step.
        crop: Side of the crop of the input tensor.

    Raises:
        UserError: `levels` does not name levels from coarse to fine, or a number is out of range.
    """
    first, last = parse_levels(levels)
    changes: dict[str, Any] = {
        name: value for name, value in (("steps", steps), ("batch", batch), ("crop", crop)) if value is not None
    }
    return tuple(replace(plan, **changes) for plan in DEFAULT_PLAN if last <= plan.level <= first)


def parse_levels(levels: str) -> tuple[int, int]:
    """Read `7-1` or `3` as the coarsest and the finest level.

    Raises:
        UserError: Not of that form, or not from coarse to fine within 7 to 1.
    """
    first, _, last = levels.partition("-")
    last = last or first
    if first.isdigit() and last.isdigit() and COARSEST_LEVEL >= int(first) >= int(last) >= FINEST_LEVEL:
        return int(first), int(last)
    raise UserError(
        f"--levels is {levels!r}; levels run from 7 (coarsest) to 1 (full size).", "Take 7-1 for all, or 7-5, or 1."
    )
