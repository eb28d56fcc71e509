"""Tiny networks with every head, weights as training leaves them, and photos for them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import tf_keras as keras

from pynet_tf import PyNETConfig, build_pynet
from tests.conftest import smooth_picture

Make = Callable[..., keras.Model]


@pytest.fixture(scope="session")
def make_model() -> Make:
    """A width-2 PyNET with random weights of the options given, built once; tests leave it as it is."""

    @functools.cache
    def make(**options: str) -> keras.Model:
        model = build_pynet(PyNETConfig(width=2, **options), seed=3)
        random = np.random.default_rng(3)
        for weight in model.weights:
            if weight.shape.rank == 1:
                weight.assign_add(random.normal(0, 0.05, weight.shape).astype(np.float32))
        return model

    return make


def inputs(count: int, channels: int = 3, height: int = 64, width: int = 96) -> Iterator[np.ndarray]:
    """Input tensors `(1, H, W, C)`, 0..1."""
    random = np.random.default_rng(7)
    for _ in range(count):
        photo = smooth_picture(random, height, width)
        yield np.concatenate([photo, photo[..., :1]], -1)[np.newaxis, ..., :channels].astype(np.float32)
