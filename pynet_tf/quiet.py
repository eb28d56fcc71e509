"""TensorFlow without the lines that its native code prints while it starts."""

from __future__ import annotations

import logging
import os
import sys


def start_tensorflow() -> None:
    """Import TensorFlow with standard error closed to its native code, and keep its loggers to errors.

    For commands: their standard error is for their own messages. Does nothing if TensorFlow is there already.
    """
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow as tf
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
    tf.get_logger().setLevel(logging.ERROR)
    logging.getLogger("absl").setLevel(logging.ERROR)
