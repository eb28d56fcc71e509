"""`python -m pynet_tf.evaluate`: how near a model's pictures are to the targets, beside what blur alone reaches."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from calib_data import command
from calib_data.command import whole
from calib_data.dataset import SAMPLES, SPLITS, TEST, Pair, find_pairs
from calib_data.errors import UserError
from calib_data.files import make_folder, write_json
from calib_data.sizes import parse_size
from calib_data.skipped import Skipped
from calib_data.wording import counted
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    from pynet_tf.candidates import Candidate
    from pynet_tf.evaluation import Evaluation
    from pynet_tf.metrics import Figures, Pixels
    from pynet_tf.protocol import Protocol, Sample

MODULE = "pynet_tf.evaluate"
ALL = "all"
SHEET_ROWS = 12
_SHEET_SUFFIXES = (".png", ".jpg", ".jpeg")
_COLUMNS = ("PSNR dB", "over Gaussian dB", "SSIM gauss11", "SSIM uniform7", "MS-SSIM", "CIEDE2000")


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = command.parser(
        MODULE,
        "Compare a model's pictures with the targets: PSNR, SSIM with two windows, MS-SSIM and colour error, over the\n"
        "frame and inside what is in focus. PSNR rewards blur, so the photo itself and the best single Gaussian blur\n"
        "of the whole photo always stand beside it. No contrast stretch; the protocol is part of the output.",
        f"python -m {MODULE} --data EBB --model runs/mine/model.keras --json figures.json --sheet sheet.jpg",
    )
    parser.add_argument(
        "--data", type=Path, default=SAMPLES, metavar="DIR", help="folder in EBB!'s layout; without it the samples"
    )
    parser.add_argument(
        "--model",
        type=Path,
        action="extend",
        nargs="+",
        default=[],
        metavar="ARTIFACT",
        help=".keras, .tflite or .onnx, one or several; without it and --predictions the sample model",
    )
    parser.add_argument(
        "--predictions",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="score the pictures in a folder, from any method, named as the photos are; may be repeated",
    )
    parser.add_argument("--split", choices=(*SPLITS, ALL), default=TEST, help="taken where the folder has splits")
    parser.add_argument("--count", type=whole(1), metavar="N", help="only the first N pairs")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--height", type=whole(1), metavar="N", help="scale photo and target to this height")
    size.add_argument("--size", type=parse_size, metavar="HxW", help="scale and crop photo and target to this size")
    parser.add_argument(
        "--border", type=whole(0), default=0, metavar="PX", help="pixels to leave out on each side, such as 32"
    )
    parser.add_argument(
        "--focus-from",
        choices=("sharpness", "depth"),
        default="sharpness",
        help="what is in focus: where the target kept the photo's fine contrast, or all at that depth",
    )
    parser.add_argument("--detail", action="store_true", help="put the photo's detail back, as pynet_tf.render can")
    parser.add_argument("--lpips", action="store_true", help="also LPIPS (needs the extra of that name)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures, those of each photo too")
    parser.add_argument(
        "--sheet",
        type=_sheet_path,
        metavar="FILE",
        help=f"PNG or JPEG with input, output, target and difference, at most {SHEET_ROWS} rows",
    )
    parser.add_argument(
        "--over-gaussian",
        type=float,
        metavar="DB",
        help="exit code 1 unless each model's mean PSNR beats the best Gaussian's by this",
    )
    parser.add_argument("--in-focus-over-gaussian", type=float, metavar="DB", help="the same inside what is in focus")
    parser.add_argument("--strict", action="store_true", help="exit code 1 if a pair had to be skipped")
    return parser


def run(options: argparse.Namespace) -> int:
    """Score, print, and judge."""
    from pynet_tf.evaluation import evaluate_candidates
    from pynet_tf.protocol import Protocol
    from pynet_tf.sheet import PictureSheet

    skipped = Skipped()
    split = None if options.split == ALL else options.split
    pairs = find_pairs(options.data, split, skipped=skipped)[: options.count]
    protocol = Protocol(options.height, options.size, options.border, options.focus_from)
    for written in (options.json, options.sheet):
        if written is not None:
            make_folder(written.parent)
    lpips = _lpips(options.lpips)
    scored = _candidates(options, pairs, protocol)
    sheet = PictureSheet(SHEET_ROWS)

    def show(sample: Sample, pictures: Mapping[str, Pixels]) -> None:
        for candidate in scored:
            sheet.add(f"{sample.pair.name}: {candidate.name}", sample.photo, pictures[candidate.name], sample.target)

    evaluation = evaluate_candidates(
        pairs, scored, protocol, skipped, lpips=lpips, show=show if options.sheet else None, watch=_watch
    )
    facts = _protocol(options, protocol)
    _print(evaluation, facts)
    if options.json is not None:
        reasons = [{"photo": str(path), "reason": reason} for path, reason in skipped]
        write_json(options.json, {"protocol": facts, **evaluation.as_json(), "skipped": reasons})
    if options.sheet is not None:
        sheet.write(options.sheet)
    if skipped:
        command.warn(skipped.summary())
    failures = _failures(evaluation, options)
    for failure in failures:
        command.warn(failure)
    _tell_next(options)
    return command.GATE_FAILED if failures or (skipped and options.strict) else command.GOOD


def _candidates(options: argparse.Namespace, pairs: Sequence[Pair], protocol: Protocol) -> list[Candidate]:
    """The folders of predictions, then the models, loaded; folders first, as a missing picture is found at once."""
    from pynet_tf.candidates import GAUSSIAN, IDENTITY, network, predictions

    if options.model or not options.predictions:
        start_tensorflow()
    models = _models(options)
    paths = [*options.predictions, *models]
    twice = {path for path in paths if paths.count(path) > 1}
    if twice:
        raise UserError(f"{', '.join(map(str, twice))} is named twice.", "Name each model and folder once.")
    stems = [IDENTITY, GAUSSIAN, *(path.name for path in paths)]
    names = {path: path.name if stems.count(path.name) == 1 else str(path.resolve()) for path in paths}
    found = [predictions(names[folder], folder, pairs, protocol) for folder in options.predictions]
    if models:
        from convert import load_artifact

        for path in models:
            runner = load_artifact(path)
            found.append(network(names[path], path, runner.run, runner.input_shape, options.detail))
    return found


def _models(options: argparse.Namespace) -> list[Path]:
    if options.model or options.predictions:
        return options.model
    from pynet_tf.model_files import SAMPLE_MODEL

    return [SAMPLE_MODEL]


def _lpips(asked: bool) -> Callable[[Pixels, Pixels], float] | None:
    if not asked:
        return None
    from pynet_tf.lpips_distance import load_lpips

    return load_lpips()


def _watch(pairs: Sequence[Pair], what: str) -> Iterable[Pair]:
    return command.progress(pairs, len(pairs), what)


def _protocol(options: argparse.Namespace, protocol: Protocol) -> dict[str, Any]:
    """All that decides the figures."""
    return {
        "data": str(options.data),
        "split": options.split,
        "count": options.count,
        **protocol.described(),
        "networks": (
            "full-size output"
            + (", the photo's detail put back" if options.detail else "")
            + "; photos larger than 1024 px on the shorter side, or than the model, are scaled down for it and its "
            "picture up again; padded by reflection to multiples of 64 px and cropped back"
        ),
        "means": "of each pair's figure, each pair counting once",
    }


def _print(evaluation: Evaluation, facts: Mapping[str, Any]) -> None:
    """The protocol, then one table for the frame and one for what is in focus."""
    for key, value in facts.items():
        if value is not None:
            command.tell(f"{key.replace('_', ' ')}: {value}")
    photos, focused = len(evaluation.photos), evaluation.in_focus_photos
    console = command.console()
    console.print(_table(f"whole frame, {counted(photos, 'pair')}", evaluation, in_focus=False))
    if focused:
        left_out = f", {photos - focused} left out: too little in focus" if focused < photos else ""
        console.print(_table(f"in focus, {counted(focused, 'pair')}{left_out}", evaluation, in_focus=True))
    else:
        command.tell(f"in focus: none of {counted(photos, 'pair')} has enough in focus")
    command.tell(f"best single Gaussian for the set: sigma {evaluation.gaussian.sigma:g} px")
    for candidate in evaluation.candidates:
        scaled = evaluation.scaled_for(candidate)
        if scaled:
            command.tell(f"{candidate.name}: {counted(scaled, 'photo')} scaled down for it, and its pictures up again")


def _table(title: str, evaluation: Evaluation, in_focus: bool) -> Table:
    rows = []
    for candidate in evaluation.candidates:
        figures = evaluation.in_focus(candidate.name) if in_focus else evaluation.whole(candidate.name)
        if figures is not None:
            lead = evaluation.over_gaussian(candidate.name)[in_focus]
            rows.append((candidate.name, *_row(figures, lead)))
    with_lpips = any(len(row) > len(_COLUMNS) + 1 for row in rows)
    return command.table(title, ("", *_COLUMNS, *(("LPIPS",) if with_lpips else ())), rows)


def _row(figures: Figures, lead: float | None) -> list[str]:
    similar = (figures.ssim_gauss11, figures.ssim_uniform7, figures.ms_ssim)
    cells = [f"{figures.psnr:.2f}", f"{lead:+.2f}", *(f"{value:.4f}" for value in similar), f"{figures.ciede2000:.2f}"]
    return cells if figures.lpips is None else [*cells, f"{figures.lpips:.4f}"]


def _failures(evaluation: Evaluation, options: argparse.Namespace) -> list[str]:
    """What the gates found."""
    failures = []
    gates = (("the whole frame", options.over_gaussian), ("what is in focus", options.in_focus_over_gaussian))
    for candidate in evaluation.candidates:
        for (where, wanted), lead in zip(gates, evaluation.over_gaussian(candidate.name), strict=True):
            if candidate.is_baseline or wanted is None:
                continue
            if lead is None:
                failures.append(f"{candidate.name}: no pair has enough in focus to judge by")
            elif lead < wanted:
                failures.append(f"{candidate.name}: {lead:+.2f} dB over the best Gaussian in {where}, not {wanted:+g}")
    return failures


def _tell_next(options: argparse.Namespace) -> None:
    if options.sheet is None:
        shown = [f" --predictions {folder}" for folder in options.predictions]
        shown += [f" --model {model}" for model in options.model or ()]
        command.next_step(
            f"python -m {MODULE} --data {options.data}{''.join(shown)} --sheet sheet.jpg    (look at the pictures, too)"
        )
    else:
        model = f" --model {options.model[0]}" if options.model else ""
        command.next_step(f"python -m pynet_tf.render PHOTO{model} --out rendered")


def _sheet_path(text: str) -> Path:
    if Path(text).suffix.lower() not in _SHEET_SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text!r} does not end in {', '.join(_SHEET_SUFFIXES)}")
    return Path(text)


if __name__ == "__main__":
    command.main(build_parser(), run)
