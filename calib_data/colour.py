"""The curves of sRGB, and the brightness of a colour as stored."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float32]

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in the brightness Y' of stored values (ITU-R BT.601)."""


def to_linear(encoded: Any) -> Array:
    """The sRGB decoding of IEC 61966-2-1: values 0..1 as stored to linear light 0..1."""
    value = np.asarray(encoded, np.float32)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_encoded(linear: Array) -> Array:
    """The sRGB encoding of IEC 61966-2-1: linear light, clipped to 0..1, to values as stored."""
    value = np.clip(linear, 0.0, 1.0)
    return np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055).astype(np.float32)
