"""Makes the small golden file: `python -m tests.pynet_tf.golden`.

It holds what a width-2 rgbd network with the paper's head gives for known weights; it was made by a network that
agrees with the original graph's outputs at width 32.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pynet_tf import PyNETConfig, build_pynet
from pynet_tf.tf1_checkpoint import tf1_variables

SMALL = Path(__file__).parent / "data" / "pynet_rgbd_w2.npz"
WIDTH = 2


def golden_model(width: int):
    """An rgbd network with the weights of the golden files, drawn in the original's order of variables."""
    model = build_pynet(PyNETConfig(inputs="rgbd", width=width, head="direct"))
    random = np.random.default_rng(2020)
    for _, weight in tf1_variables(model):
        shape = tuple(weight.shape)
        values = random.standard_normal(shape).astype(np.float32)
        factor = np.sqrt(2 / (shape[0] * shape[1] * shape[2])) if len(shape) == 4 else 0.1
        weight.assign(values * np.float32(factor))
    return model


def golden_input(height: int, width: int) -> np.ndarray:
    """The input `(1, H, W, 4)` of the golden files."""
    return np.random.default_rng(2021).random((1, height, width, 4), dtype=np.float32)


if __name__ == "__main__":
    outputs = golden_model(WIDTH)(golden_input(32, 64))
    np.savez_compressed(SMALL, **{name: value.numpy() for name, value in outputs.items()})
