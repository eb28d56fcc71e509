"""`python -m pynet_tf.render`: photographs with a rendered background blur."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from calib_data import command
from calib_data.errors import UserError
from calib_data.files import make_folder, write_json
from calib_data.photo import Photo, read_depth, read_photo
from calib_data.photo_writing import write_before_after, write_photo
from calib_data.sizes import PhotoSize, parse_size
from calib_data.skipped import Skipped, readable
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from convert import Runner

MODULE = "pynet_tf.render"
_SUFFIXES = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",), "WEBP": (".webp",), "HEIF": (".heic", ".heif")}
_BEFORE_AFTER = "-before-after"
_SHOWN = 5


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = command.parser(
        MODULE,
        "Render a natural background blur into photographs. JPEG, PNG (8 and 16 bits), WebP and, with pillow-heif,\n"
        "HEIC of 64 pixels to 50 MP; format, size, colour profile, EXIF and alpha are kept. A large photo is shown to\n"
        "the model small, and its own detail is put back where the model kept it sharp.",
        f"python -m {MODULE} holiday/*.jpg --out rendered --before-after",
    )
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="photographs to render")
    parser.add_argument(
        "--model", type=Path, metavar="ARTIFACT", help=".keras, .tflite or .onnx; without it the sample model"
    )
    focus = parser.add_mutually_exclusive_group()
    focus.add_argument(
        "--depth",
        type=Path,
        metavar="MAP",
        help="for a model with depth: a grey picture, near is bright; for several photos the folder of their maps",
    )
    focus.add_argument(
        "--focus",
        type=_point,
        metavar="X,Y",
        help="for a model with depth: the point that stays sharp, in pixels from the upper left of the upright photo",
    )
    parser.add_argument(
        "--size",
        type=parse_size,
        metavar="HxW",
        help="photo size at which a model of free size runs; without it the photo's own, the shorter side at most 1024",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--detail", action="store_true", help="put the photo's detail back also where the photo was not scaled"
    )
    parser.add_argument(
        "--before-after", action="store_true", help=f"also write NAME{_BEFORE_AFTER}.png, both side by side"
    )
    parser.add_argument("--strict", action="store_true", help="exit code 1 if a photo had to be skipped")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what was done as JSON")
    return parser


def run(options: argparse.Namespace) -> int:
    """Render the photos one after the other."""
    _check_names(options.photos, options.out, options.before_after)
    _check_maps(options.photos, options.depth, options.out)
    start_tensorflow()
    from convert import load_artifact
    from pynet_tf import SAMPLE_MODEL
    from pynet_tf.rendering import check_depth

    model = options.model or SAMPLE_MODEL
    runner = load_artifact(model)
    input_shape = _input_shape(runner, options.size)
    check_depth(input_shape, options.depth is not None or options.focus is not None)
    make_folder(options.out)
    skipped = Skipped()
    done = list(_rendered(options, runner, input_shape, skipped))
    if options.json is not None:
        write_json(options.json, {"model": str(model), "photos": done, "skipped": _reasons(skipped)})
    if skipped:
        command.warn(skipped.summary())
    command.tell(f"{len(done)} of {len(options.photos)} photos rendered into {options.out}")
    if model.suffix == ".keras":
        command.next_step(f"python -m convert.tflite --model {model}")
    else:
        command.next_step(f"unzip -p {model} metadata.json    (what is known about the artifact)")
    return command.GATE_FAILED if skipped and options.strict else command.GOOD


def _rendered(
    options: argparse.Namespace, runner: Runner, input_shape: Sequence[int | None], skipped: Skipped
) -> Iterator[dict[str, Any]]:
    """Render and write each photo that can be read; yield what was done."""

    def load(path: Path) -> tuple[Photo, NDArray[np.float32] | None]:
        photo = read_photo(path)
        return photo, _depth(path, photo, options)

    if len(options.photos) == 1:  # nothing to pass over: its own error says how to mend it
        loaded = iter([(options.photos[0], load(options.photos[0]))])
    else:
        photos = command.progress(options.photos, len(options.photos), "photos")
        loaded = readable(photos, load, lambda path: path, skipped, workers=1)
    for path, (photo, depth) in loaded:
        done = _render_one(path, photo, depth, runner, input_shape, options)
        command.tell("{photo} -> {result}: {size}, rendered at {rendered_at}, {seconds} s".format(**done))
        yield done


def _render_one(
    path: Path,
    photo: Photo,
    depth: NDArray[np.float32] | None,
    runner: Runner,
    input_shape: Sequence[int | None],
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Render and write one photo."""
    from pynet_tf.rendering import fit_photo, render

    start = time.perf_counter()
    height, width = photo.pixels.shape[:2]
    result = render(photo.pixels, runner.run, input_shape, depth, options.detail)
    if photo.grey:
        result = np.repeat(result.mean(axis=2, keepdims=True), 3, axis=2)
    target = options.out / f"{path.stem}{_suffix(path, photo)}"
    write_photo(target, result, photo)
    if options.before_after:
        write_before_after(options.out / f"{path.stem}{_BEFORE_AFTER}.png", photo, result)
    fit = fit_photo(height, width, input_shape)
    return {
        "photo": str(path),
        "result": str(target),
        "size": str(PhotoSize(height, width)),
        "scaled_to": str(PhotoSize(*fit.scaled)),
        "turned": fit.turned,
        "rendered_at": str(fit.padded),
        "seconds": round(time.perf_counter() - start, 1),
    }


def _depth(path: Path, photo: Photo, options: argparse.Namespace) -> NDArray[np.float32] | None:
    """The depth map of one photo, from a file or round a point."""
    from pynet_tf.rendering import focus_depth

    if options.focus is not None:
        return focus_depth(*photo.pixels.shape[:2], *options.focus)
    if options.depth is None:
        return None
    if options.depth.is_dir():
        return read_depth(options.depth / f"{path.stem}.png")
    return read_depth(options.depth)


def _input_shape(runner: Runner, size: PhotoSize | None) -> tuple[int | None, ...]:
    """The runner's input shape, a free size replaced by the one that was asked for."""
    batch, height, width, channels = runner.input_shape
    if size is None:
        return runner.input_shape
    if any(own is not None and own != asked for own, asked in zip((height, width), size.tensor, strict=True)):
        own = f"{2 * (height or 0)}x{2 * (width or 0)}"
        raise UserError(
            f"{runner.path} renders at {own} only; --size {size} is another size.",
            "Leave --size out, or convert the model at that size: python -m convert.tflite --size.",
        )
    return batch, *size.tensor, channels


def _check_names(photos: Sequence[Path], out: Path, before_after: bool) -> None:
    """Refuse what would overwrite a photo or another result, before any work."""
    names = [path.stem for path in photos]
    if before_after:
        names += [path.stem + _BEFORE_AFTER for path in photos]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise UserError(
            f"{len(twice)} names occur twice among the photos: {', '.join(twice[:_SHOWN])}; "
            "their results would overwrite each other.",
            "Render them into different folders, or name each photo once.",
        )
    inside = [path for path in photos if path.parent.resolve() == out.resolve()]
    if inside:
        raise UserError(f"{inside[0]} lies in {out} and would be overwritten.", "Name another folder with --out.")


def _check_maps(photos: Sequence[Path], depth: Path | None, out: Path) -> None:
    """Refuse a map that is not there, one for several photos, and maps that results would overwrite."""
    if depth is None:
        return
    if (depth if depth.is_dir() else depth.parent).resolve() == out.resolve():
        raise UserError(f"the results would lie beside the depth maps in {out}.", "Name another folder with --out.")
    if depth.is_dir():
        return
    if not depth.is_file():
        raise UserError(f"{depth} is not there.", "Check the name of the depth map.")
    if len(photos) > 1:
        raise UserError(
            f"one depth map, {depth}, for {len(photos)} photos.",
            "Name a folder with one map a photo (PHOTO's name, .png), or render the photos one at a time.",
        )


def _suffix(path: Path, photo: Photo) -> str:
    """The photo's own suffix if it tells the format, and the format's otherwise."""
    suffixes = _SUFFIXES[photo.format]
    return path.suffix if path.suffix.lower() in suffixes else suffixes[0]


def _reasons(skipped: Skipped) -> list[dict[str, str]]:
    return [{"photo": str(path), "reason": reason} for path, reason in skipped]


def _point(text: str) -> tuple[float, float]:
    try:
        column, row = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y in pixels, such as 760,510") from None
    return column, row


if __name__ == "__main__":
    command.main(build_parser(), run)
