"""PyNET in TensorFlow 2 with Keras 2 (`tf_keras`): the float model, its training and its files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pynet_tf.config import PyNETConfig

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # tfmot works with Keras 2 alone

if TYPE_CHECKING:
    from pynet_tf.model_files import SAMPLE_MODEL, load_model, save_model
    from pynet_tf.network import build_pynet

_LAZY = {
    "SAMPLE_MODEL": "pynet_tf.model_files",
    "build_pynet": "pynet_tf.network",
    "load_model": "pynet_tf.model_files",
    "save_model": "pynet_tf.model_files",
}

__all__ = ["SAMPLE_MODEL", "PyNETConfig", "build_pynet", "load_model", "save_model"]


def __getattr__(name: str) -> Any:
    """Import what needs TensorFlow only when it is asked for."""
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
