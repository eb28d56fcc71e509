"""What a PyNET is made of, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from calib_data.errors import UserError

COARSEST_LEVEL = 7
FINEST_LEVEL = 1
LEVELS = range(FINEST_LEVEL, COARSEST_LEVEL + 1)
BLOCK_LEVELS = range(3, COARSEST_LEVEL + 1)

Inputs = Literal["rgb", "rgbd"]
Head = Literal["direct", "residual", "blend"]
Norm = Literal["instance", "none"]


@dataclass(frozen=True)
class PyNETConfig:
    """The choices that define a PyNET (Ignatov et al., CVPRW 2020, arXiv 2006.05698).

    Attributes:
        inputs: `rgb`, or `rgbd` with a depth map as fourth channel (near is bright).
        width: Maps w of level 3; level k of 3 to 7 has w * 2^(k-3). 32 is the paper's, 8 the sample model's.
        head: `direct`, the paper's 0.58 * tanh(x) + 0.5, or `residual`, the resized photo plus 0.58 * tanh(x):
            it starts at the identity and so cannot collapse to one colour; or `blend`, which starts there too and
            also chooses, pixel by pixel, between the photo and two blurred ones.
        norm: `instance`, or `none` to leave normalization out everywhere.
        norm_levels: Levels, with their encoder stages, that are normalized; of 3 to 7.
        epsilon: Added to the variance before its root is taken.

    Raises:
        UserError: A value is not one of those allowed.
    """

    inputs: Inputs = "rgb"
    width: int = 32
    head: Head = "direct"
    norm: Norm = "instance"
    norm_levels: tuple[int, ...] = (4, 5, 6, 7)
    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        _one_of("inputs", self.inputs, get_args(Inputs))
        _one_of("head", self.head, get_args(Head))
        _one_of("norm", self.norm, get_args(Norm))
        if not 1 <= self.width <= 256:
            raise UserError(f"width is {self.width}; 1 to 256 is allowed.", "Take 32 (the paper's) or 8 (a phone's).")
        if not 0 < self.epsilon < 1:
            raise UserError(f"epsilon is {self.epsilon}; it lies between 0 and 1.", "Take 1e-3, the paper's.")
        if not set(self.norm_levels) <= set(BLOCK_LEVELS):
            raise UserError(
                f"norm_levels is {self.norm_levels}; 3 to 7 can be normalized.", "Take (4, 5, 6, 7), the paper's."
            )

    @property
    def channels(self) -> int:
        """Channels C of the input tensor: 3 or 4."""
        return 3 if self.inputs == "rgb" else 4

    def maps(self, level: int) -> int:
        """Feature maps of a level of 3 to 7."""
        return self.width * 2 ** (level - 3)

    def normalizes(self, level: int) -> bool:
        """Whether the convolutions of a level, and of its encoder stage, are normalized."""
        return self.norm == "instance" and level in self.norm_levels


def check_level(level: int) -> None:
    """Refuse what is not a level of the pyramid.

    Raises:
        UserError: `level` is not 1 to 7.
    """
    if level not in LEVELS:
        raise UserError(f"level is {level}; 1 (full size) to 7 (coarsest) is allowed.", "Take 1 for the whole network.")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UserError(f"{name} is {value!r}; {', '.join(allowed)} are allowed.", f"Take one of these for {name}.")
