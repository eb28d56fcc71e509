"""`python -m pynet_tf.import_tf1`: turn a checkpoint of the original PyNET into a `.keras` model."""

from __future__ import annotations

import argparse
from pathlib import Path

from calib_data import command
from pynet_tf.quiet import start_tensorflow

MODULE = "pynet_tf.import_tf1"


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = command.parser(
        MODULE,
        "Read a checkpoint of the original, TensorFlow 1 PyNET (such as the published pynet_bokeh_level_0) and write\n"
        "it as a .keras model. Inputs (with or without depth), width and levels are found from the variables' shapes;\n"
        "a checkpoint whose variables are not exactly a PyNET's is refused. No code in the checkpoint is run.",
        f"python -m {MODULE} models/pynet_bokeh_level_0 --out dist/pynet-published.keras",
    )
    parser.add_argument(
        "checkpoint",
        type=Path,
        metavar="CHECKPOINT",
        help="the checkpoint's prefix, its .index file, or a folder with one checkpoint",
    )
    parser.add_argument(
        "--out", type=command.keras_file, required=True, metavar="MODEL.keras", help="the file to write"
    )
    return parser


def run(options: argparse.Namespace) -> int:
    """Import the checkpoint and say what was found."""
    start_tensorflow()
    from pynet_tf.model_files import save_model
    from pynet_tf.tf1_checkpoint import import_checkpoint

    imported = import_checkpoint(options.checkpoint)
    save_model(imported.model, options.out)
    command.tell(
        f"{options.out}: {imported.variables} variables, {imported.model.count_params():,} parameters, "
        f"{imported.config.inputs}, width {imported.config.width}, levels 7 to {imported.lowest_level}"
    )
    if imported.optimizer_variables:
        command.tell(
            f"left out {len(imported.optimizer_variables)} variables of the optimizer, "
            f"such as {imported.optimizer_variables[0]}"
        )
    if imported.lowest_level > 1:
        command.next_step(
            f"python -m pynet_tf.train --data EBB --from {options.out} --levels {imported.lowest_level - 1}-1 "
            f"--inputs {imported.config.inputs} --width {imported.config.width} --head direct --out runs/on"
        )
    else:
        command.next_step(f"python -m convert.tflite --model {options.out}")
    return command.GOOD


if __name__ == "__main__":
    command.main(build_parser(), run)
