"""Configurations: what is allowed, and what is said about the rest."""

from __future__ import annotations

import dataclasses

import pytest

from calib_data.errors import UserError
from pynet_tf import PyNETConfig


def test_the_default_is_the_papers_network_on_rgb() -> None:
    config = PyNETConfig()
    assert (config.inputs, config.width, config.head, config.epsilon) == ("rgb", 32, "direct", 1e-3)
    assert [config.normalizes(level) for level in (3, 4, 5, 6, 7)] == [False, True, True, True, True]
    assert [config.maps(level) for level in (3, 4, 5, 6, 7)] == [32, 64, 128, 256, 512]


def test_it_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PyNETConfig().width = 8  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"inputs": "cmyk"}, "rgb, rgbd"),
        ({"head": "none"}, "direct, residual"),
        ({"norm": "batch"}, "instance, none"),
        ({"width": 0}, "1 to 256"),
        ({"epsilon": 0.0}, "between 0 and 1"),
        ({"norm_levels": (2,)}, "3 to 7"),
    ],
)
def test_other_values_are_refused_with_those_allowed(options: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        PyNETConfig(**options)  # type: ignore[arg-type]
