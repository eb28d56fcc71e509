"""Bottom-up training plans, as data: what each level is trained with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from calib_data.errors import UserError
from pynet_tf.config import COARSEST_LEVEL, FINEST_LEVEL, check_level
from pynet_tf.losses import check_side, check_weights
from pynet_tf.network import TENSOR_MULTIPLE

Decay = Literal["cosine", "constant"]
_MOST_ZOOM = 8.0
_MOST_SHARPNESS = 4.0


@dataclass(frozen=True)
class LevelPlan:
    """How one level is trained.

    Attributes:
        level: 1 to 7.
        steps: Optimizer steps.
        batch: Crops a step, over all devices.
        crop: Side of the square crop of the input tensor, a multiple of 32; the photo's crop is twice that.
        learning_rate: Peak rate of Adam.
        loss_weights: Weight of each loss by name, as `pynet_tf.losses` lists them.
        warm_up: Share of the steps in which the rate rises from 0.
        decay: `cosine` down to a fiftieth, or `constant`.
        clip_norm: Largest global norm of the gradients; None leaves them.
        upright: Crops are mirrored left to right only. Otherwise they are also turned by 90 degrees, as the paper's;
            then nothing can be learnt from what is up, such as that the ground is nearer below.
        zoom: Up to how many times a crop's side is cut from the photo and reduced to the crop: one photo shows its
            subject in many sizes, and the whole scene in a small crop. 1 cuts crops as they are.
        tones: How far gamma, colour and saturation of a pair are changed, both photos alike; 0 leaves them.
        sharpness: By up to how much fine detail of a pair is multiplied or divided, both photos alike; 1 leaves it.
        same_exposure: Whether a target is brought to its photo's exposure: by how much a camera exposed it differently
            no network can foresee.

    Raises:
        UserError: A number is out of range or a loss is not known.
    """

    level: int
    steps: int
    batch: int
    crop: int
    learning_rate: float
    loss_weights: dict[str, float] = field(default_factory=lambda: {"l1": 1.0})
    warm_up: float = 0.05
    decay: Decay = "cosine"
    clip_norm: float | None = 1.0
    upright: bool = False
    zoom: float = 1.0
    tones: float = 0.0
    sharpness: float = 1.0
    same_exposure: bool = False

    def __post_init__(self) -> None:
        check_level(self.level)
        check_weights(self.loss_weights)
        for name in ("steps", "batch", "crop"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} is {getattr(self, name)}; it must be 1 or more.", f"Take a larger --{name}.")
        if self.crop % TENSOR_MULTIPLE:
            nearest = max(TENSOR_MULTIPLE, round(self.crop / TENSOR_MULTIPLE) * TENSOR_MULTIPLE)
            raise UserError(
                f"--crop is {self.crop}; it must be a multiple of {TENSOR_MULTIPLE}.", f"Take --crop {nearest}."
            )
        check_side(self.loss_weights, self.output_side)
        if not 0 < self.learning_rate < 1:
            raise UserError(
                f"--learning-rate is {self.learning_rate}; it lies between 0 and 1.", "Take 1e-3 or less with Adam."
            )
        if not 1 <= self.zoom <= _MOST_ZOOM:
            raise UserError(
                f"--zoom is {self.zoom}; 1 to {_MOST_ZOOM:g} is allowed.",
                "Take 2, or leave it out for crops as they are.",
            )
        if not 0 <= self.tones <= 1:
            raise UserError(f"--tones is {self.tones}; 0 to 1 is allowed.", "Take 0.2, or leave it out.")
        if not 1 <= self.sharpness <= _MOST_SHARPNESS:
            raise UserError(
                f"--sharpness is {self.sharpness}; 1 to {_MOST_SHARPNESS:g} is allowed.", "Take 2, or leave it out."
            )
        if self.decay not in get_args(Decay):
            raise UserError(f"decay is {self.decay!r}.", f"Take one of {', '.join(get_args(Decay))}.")

    @property
    def output_side(self) -> int:
        """Side of this level's output for one crop, in pixels."""
        return 2 * self.crop >> (self.level - 1)


_COARSE = {"l1": 0.5, "l2": 5.0}
_FULL_SIZE = {"l1": 0.5, "l2": 10.0, "colour": 0.5}

_SMALL = (
    LevelPlan(7, 200, 8, 256, 1e-3, _COARSE),
    LevelPlan(6, 200, 8, 256, 1e-3, _COARSE),
    LevelPlan(5, 300, 6, 256, 1e-3, _COARSE),
    LevelPlan(4, 500, 4, 256, 1e-3, _COARSE),
    LevelPlan(3, 1_000, 2, 256, 1e-3, _COARSE),
    LevelPlan(2, 150, 2, 256, 5e-4, _COARSE),
    LevelPlan(1, 4_500, 2, 256, 1e-3, _FULL_SIZE),
)

_DEFAULT = (
    LevelPlan(7, 2_000, 16, 384, 1e-3, _COARSE),
    LevelPlan(6, 2_000, 16, 384, 1e-3, _COARSE),
    LevelPlan(5, 4_000, 16, 384, 1e-3, _COARSE),
    LevelPlan(4, 6_000, 12, 384, 1e-3, _COARSE),
    LevelPlan(3, 15_000, 8, 384, 5e-4, _COARSE),
    LevelPlan(2, 3_000, 8, 384, 3e-4, _COARSE),
    LevelPlan(1, 60_000, 8, 384, 5e-4, _FULL_SIZE),
)


# Multiplications per pixel of the input tensor at width 8, of all that a level builds.
_RELATIVE_COST = {7: 2_091, 6: 3_970, 5: 11_376, 4: 37_723, 3: 104_801, 2: 105_161, 1: 105_566}
_READING = 6e8  # a crop's share of decoding its pair, on one core, in multiplications


def _paper_level(level: int, batch: int, steps: int, losses: dict[str, float]) -> LevelPlan:
    return LevelPlan(level, steps, batch, 512, 5e-5, losses, warm_up=0.0, decay="constant", clip_norm=None)


_PAPER = (
    *(
        _paper_level(level, batch, steps, {"l1": 100.0})
        for level, batch, steps in (
            (7, 50, 5_000),
            (6, 50, 5_000),
            (5, 40, 20_000),
            (4, 14, 20_000),
            (3, 9, 30_000),
            (2, 9, 80_000),
        )
    ),
    _paper_level(1, 5, 100_000, {"l1": 10.0, "vgg": 0.1, "ssim": 10.0}),
)

_STUDENT = (
    LevelPlan(
        1, 100_000, 4, 512, 5e-5, {"l1": 1.0, "ssim": 1.0, "vgg": 0.01}, warm_up=0.0, decay="constant", clip_norm=None
    ),
)

PLANS: dict[str, tuple[LevelPlan, ...]] = {"default": _DEFAULT, "small": _SMALL, "paper": _PAPER, "student": _STUDENT}


def make_plan(levels: str | None = None, name: str = "default", **changes: Any) -> tuple[LevelPlan, ...]:
    """A named plan, narrowed to `levels` and with the given numbers in every level.

    Args:
        levels: `7-1`, `7-5` or a single level, coarse to fine; None takes all that the plan has.
        name: `default`, ours for a GPU; `small`, ours for two CPU cores and width 8; `paper`, that of Ignatov et al.,
            CVPRW 2020; `student`, level 1 end to end with L1 + SSIM + 0.01 VGG.
        changes: Fields of `LevelPlan`, such as `steps`, `batch`, `crop`, `learning_rate`; None changes nothing.

    Raises:
        UserError: No such plan, `levels` does not name levels from coarse to fine that the plan has, or a number is
            out of range.
    """
    if name not in PLANS:
        raise UserError(f"--plan is {name!r}.", f"Take one of {', '.join(PLANS)}.")
    plan = PLANS[name]
    first, last = parse_levels(levels) if levels else (plan[0].level, plan[-1].level)
    wanted = {key: value for key, value in changes.items() if value is not None}
    chosen = tuple(replace(one, **wanted) for one in plan if last <= one.level <= first)
    if len(chosen) != first - last + 1:
        has = ", ".join(str(one.level) for one in plan)
        raise UserError(f"the plan {name} has no levels {levels}, only {has}.", "Take those, or another --plan.")
    return chosen


def cost(plan: LevelPlan) -> float:
    """What a step costs, in units that are comparable between levels: multiplications, and what reading amounts to."""
    return plan.batch * (_RELATIVE_COST[plan.level] * plan.crop**2 + _READING)


def parse_levels(levels: str) -> tuple[int, int]:
    """Read `7-1` or `3` as the coarsest and the finest level.

    Raises:
        UserError: Not of that form, or not from coarse to fine within 7 to 1.
    """
    first, _, last = levels.partition("-")
    last = last or first
    if first.isdecimal() and last.isdecimal() and COARSEST_LEVEL >= int(first) >= int(last) >= FINEST_LEVEL:
        return int(first), int(last)
    raise UserError(
        f"--levels is {levels!r}; levels run from 7 (coarsest) to 1 (full size).", "Take 7-1 for all, or 7-5, or 1."
    )
