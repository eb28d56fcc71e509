"""LPIPS, the learned perceptual distance, from the package of its authors (an optional extra)."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from urllib.error import URLError

import numpy as np

from calib_data.errors import UserError
from pynet_tf.metrics import Pixels


def load_lpips() -> Callable[[Pixels, Pixels], float]:
    """LPIPS 0.1 with AlexNet (Zhang et al., CVPR 2018): 0 is equal, larger is worse.

    Returns:
        A function of two pictures (H, W, 3), 0..1.

    Raises:
        UserError: The package is not installed, or AlexNet's weights are not there and cannot be downloaded.
    """
    try:
        lpips, torch = importlib.import_module("lpips"), importlib.import_module("torch")
    except ImportError as error:
        raise UserError(
            f"LPIPS needs the package {error.name}, which is not installed.",
            "Run: python -m pip install 'pynet-bokeh[lpips]'  (or: python -m pip install lpips), or leave --lpips out.",
        ) from error
    try:
        network = lpips.LPIPS(net="alex", verbose=False).eval()
    except URLError as error:
        raise UserError(
            f"the weights of AlexNet, which LPIPS needs, could not be downloaded: {error.reason}.",
            "Run it once with a network connection; torch keeps them in its cache. Or leave --lpips out.",
        ) from error

    def distance(target: Pixels, picture: Pixels) -> float:
        first, second = (
            torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None] for pixels in (target, picture)
        )
        with torch.no_grad():
            return float(network(first, second, normalize=True))  # normalize: takes 0..1

    return distance
