"""Path-trace pairs of photographs through a true thin lens, with Mitsuba 3: `python -m calib_data.pathtrace`."""

from __future__ import annotations

import argparse
from pathlib import Path

from calib_data import command
from calib_data.command import whole
from calib_data.sizes import PhotoSize, parse_size
from calib_data.wording import counted

_SEED, _COUNT, _SAMPLES, _QUALITY = 3, 8, 60, 92  # of calib_data/samples/rendered


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = command.parser(
        "calib_data.pathtrace",
        "Path-trace pairs in the layout of EBB!: original/N.jpg through a pinhole, bokeh/N.jpg through a 50 mm f/1.8,\n"
        "original_depth/N.png (half size, near is bright) and manifest.json. Ten scenes, none of them among those of\n"
        "calib_data.render. Needs Mitsuba: pip install 'pynet-bokeh[mitsuba]'. A series that was cut short goes on\n"
        "when the same command runs again.",
        "python -m calib_data.pathtrace --count 8 --size 512x768 --out check_set",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder, or one to complete")
    parser.add_argument("--count", type=whole(1), default=_COUNT, metavar="N", help=f"how many pairs ({_COUNT})")
    parser.add_argument(
        "--size", type=parse_size, default=PhotoSize(512, 768), metavar="HxW", help="of the photos (512x768)"
    )
    parser.add_argument(
        "--seed", type=whole(1), default=_SEED, metavar="S", help=f"with the number decides all ({_SEED})"
    )
    parser.add_argument(
        "--samples", type=whole(1), default=_SAMPLES, metavar="N", help=f"rays a pixel through the lens ({_SAMPLES})"
    )
    parser.add_argument(
        "--stopped-down", action="store_true", help="originals at f/16, as EBB!'s (default: through a pinhole)"
    )
    parser.add_argument(
        "--variant",
        choices=("auto", "llvm_ad_rgb", "scalar_rgb"),
        default="auto",
        help="of Mitsuba; llvm_ad_rgb is faster and needs libLLVM 19 or newer (auto: the fastest there is)",
    )
    return parser


def run(options: argparse.Namespace) -> int:
    """Render what is missing and say what to do next."""
    from calib_data.pathtraced.engine import choose_variant
    from calib_data.pathtraced.series import TracedSeries, render_traced
    from calib_data.series import MANIFEST, SeriesFolder

    series = TracedSeries(
        seed=options.seed,
        first=0,
        count=options.count,
        test=0,
        height=options.size.height,
        width=options.size.width,
        quality=_QUALITY,
        samples=options.samples,
        stopped_down=options.stopped_down,
    )
    missing = len(SeriesFolder(series, options.out).missing)
    variant = choose_variant(None if options.variant == "auto" else options.variant)
    command.tell(f"{missing} of {series.count} pairs to render, with Mitsuba's {variant}.")
    for _ in command.progress(render_traced(series, options.out, variant), missing, "pairs"):
        pass
    command.tell(
        f"{counted(series.count, 'pair')} of {options.size} in {options.out}, described in {options.out / MANIFEST}"
    )
    command.next_step(f"python -m calib_data.check {options.out}")
    return command.GOOD


if __name__ == "__main__":
    command.main(build_parser(), run)
