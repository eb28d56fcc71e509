"""Render pairs of photographs, sharp and with bokeh, that are our own: `python -m calib_data.render`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from calib_data import command
from calib_data.command import whole
from calib_data.errors import UserError
from calib_data.sizes import parse_size
from calib_data.wording import counted


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = command.parser(
        "calib_data.render",
        "Render pairs in the layout of EBB!: original/N.jpg all in focus, bokeh/N.jpg through a wide-open lens,\n"
        "original_depth/N.png (half size, near is bright) and manifest.json. A series that was cut short goes on\n"
        "when the same command runs again.",
        "python -m calib_data.render --count 24 --size 1024x1536 --seed 2020 --test 6 --out pairs",
    )
    parser.add_argument("--count", type=whole(1), required=True, help="how many pairs")
    parser.add_argument(
        "--size", type=parse_size, required=True, metavar="HxW", help="of the photos, such as 1024x1536"
    )
    parser.add_argument("--seed", type=whole(0), required=True, help="decides every scene, together with its number")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder, or one to complete")
    parser.add_argument("--first", type=whole(0), default=0, metavar="N", help="number of the first pair (0)")
    parser.add_argument(
        "--test", type=whole(0), default=0, metavar="N", help="put the last N into test/, the rest into train/"
    )
    parser.add_argument(
        "--workers", type=whole(1), default=os.cpu_count() or 1, metavar="N", help="processes (one a core)"
    )
    parser.add_argument("--quality", type=_quality, default=90, help="of the JPEG files, 1 to 95 (90)")
    parser.add_argument("--noise", action=argparse.BooleanOptionalAction, default=True, help="sensor noise (on)")
    parser.add_argument(
        "--exposure-shift",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="a small difference in exposure (on)",
    )
    parser.add_argument(
        "--stopped-down",
        action="store_true",
        help="originals at f/16, as EBB!'s, whose slight blur tells what is in focus (default: all in focus)",
    )
    parser.add_argument(
        "--focuses", type=whole(1), default=1, metavar="N", help="pairs in a row of one scene, focused differently (1)"
    )
    return parser


def run(options: argparse.Namespace) -> int:
    """Render what is missing and say what to do next."""
    from calib_data.scenes.pair import Effects
    from calib_data.scenes.series import DrawnSeries, render_series
    from calib_data.series import MANIFEST, SeriesFolder

    if options.test > options.count:
        raise UserError(
            f"--test {options.test} is more than the {options.count} pairs of --count.",
            "Ask for fewer test pairs, or for more pairs.",
        )
    series = DrawnSeries(
        seed=options.seed,
        first=options.first,
        count=options.count,
        test=options.test,
        height=options.size.height,
        width=options.size.width,
        quality=options.quality,
        effects=Effects(options.noise, options.exposure_shift, options.stopped_down),
        focuses=options.focuses,
    )
    missing = len(SeriesFolder(series, options.out).missing)
    held = series.count - missing
    if held:
        command.tell(f"{options.out} already holds {held} of {series.count} pairs of this series.")
    for _ in command.progress(render_series(series, options.out, options.workers), missing, "pairs"):
        pass
    command.tell(
        f"{counted(series.count, 'pair')} of {options.size} in {options.out}, described in {options.out / MANIFEST}"
    )
    command.next_step(f"python -m calib_data.check {options.out}")
    return command.GOOD


def _quality(text: str) -> int:
    value = whole(1)(text)
    if value > 95:
        raise argparse.ArgumentTypeError(f"{text} is over 95, the largest quality that is of use")
    return value


if __name__ == "__main__":
    command.main(build_parser(), run)
