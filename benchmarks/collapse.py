"""`python -m benchmarks.collapse`: how PyNET collapses to one tone, and which of the suspects does it.

One run follows the original's way: the `direct` head, all weights drawn small from one seed, Adam at 1e-3 on the sum
of all levels' L1, end to end. Each other run changes one thing of that, or what a change needs beside it; the last
three are our plan, with either head. All take the same number of steps. The curves are what `pynet_tf.train` logs:
spread, chroma, and PSNR against that of the photo as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calib_data import command
from calib_data.dataset import SAMPLES, TEST, TRAIN, Pair, find_pairs
from calib_data.errors import UserError
from calib_data.files import make_folder, write_json
from pynet_tf.config import COARSEST_LEVEL, FINEST_LEVEL, PyNETConfig
from pynet_tf.quiet import start_tensorflow

if TYPE_CHECKING:
    import tf_keras as keras
    from numpy.typing import NDArray

    from pynet_tf.schedule import LevelPlan

_EQUAL_SEED = 2020
_LOOKS = 20
_COLOURS = 10  # after so many lines Matplotlib's colours begin again
_BOTTOM_UP_SHARES = {7: 0.1, 6: 0.1, 5: 0.1, 4: 0.15, 3: 0.2, 2: 0.05, 1: 0.3}


@dataclass(frozen=True)
class Variant:
    """One way to train.

    Attributes:
        name: By which the curves call it.
        changes: What it changes of the original's way, in words.
        head: As in `PyNETConfig`.
        stddev: Of all weights, drawn from one seed; None for our initialization.
        norm: Whether levels 3 and its encoder stage are normalized too.
        wide: Level 1 reads the eight maps of level 2, not the three of its head.
        learning_rate: Adam's.
        clip_norm: Largest global norm of the gradients.
        all_levels: The loss is the sum over all levels, not the finest's alone.
        bottom_up: Level after level instead of end to end.
        begun: A `direct` head begins with the photo, as `pynet_tf.growth` says.
    """

    name: str
    changes: str
    head: str = "direct"
    stddev: float | None = 0.05
    norm: bool = False
    wide: bool = False
    learning_rate: float = 1e-3
    clip_norm: float | None = None
    all_levels: bool = True
    bottom_up: bool = False
    begun: bool = False


_ORIGINAL = Variant("original", "nothing")
VARIANTS = (
    _ORIGINAL,
    replace(_ORIGINAL, name="smaller-weights", changes="weights of 0.01, as published", stddev=0.01),
    replace(_ORIGINAL, name="sound-start", changes="He initialization, a seed for each layer", stddev=None),
    replace(_ORIGINAL, name="norm-in-level-3", changes="instance norm in level 3 too", norm=True),
    replace(_ORIGINAL, name="wide-way-up", changes="eight maps instead of three between levels 2 and 1", wide=True),
    replace(
        _ORIGINAL, name="slow-and-clipped", changes="Adam at 1e-4, gradients clipped", learning_rate=1e-4, clip_norm=1.0
    ),
    replace(
        _ORIGINAL,
        name="sound-slow-clipped",
        changes="He initialization, Adam at 1e-4, gradients clipped",
        stddev=None,
        learning_rate=1e-4,
        clip_norm=1.0,
    ),
    replace(_ORIGINAL, name="one-loss", changes="the loss of level 1 alone", all_levels=False),
    replace(_ORIGINAL, name="residual-head", changes="the head adds to the photo", head="residual"),
    replace(
        _ORIGINAL,
        name="residual-sound-clipped",
        changes="that head, He initialization, gradients clipped",
        head="residual",
        stddev=None,
        clip_norm=1.0,
    ),
    Variant(
        "drawn-direct", "He initialization, clipping, our plan, bottom-up", stddev=None, clip_norm=1.0, bottom_up=True
    ),
    Variant(
        "our-plan-direct",
        "the same, levels begin with the photo or the picture below",
        stddev=None,
        clip_norm=1.0,
        bottom_up=True,
        begun=True,
    ),
    Variant("our-plan", "our plan with our head", "blend", stddev=None, clip_norm=1.0, bottom_up=True, begun=True),
)


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    options = command.parser(
        "benchmarks.collapse",
        "Train PyNET the original's way and with one thing changed at a time; write curves, pictures and figures.",
        "python -m benchmarks.collapse --out collapse",
    )
    names = ", ".join(variant.name for variant in VARIANTS)
    options.add_argument("--data", type=Path, default=SAMPLES, help="pairs with depth maps (default: the samples)")
    options.add_argument(
        "--variant", action="append", default=[], metavar="V", help=f"of {names}; repeatable (default: all)"
    )
    options.add_argument("--steps", type=int, default=1100, help="steps of each run (default 1100)")
    options.add_argument("--batch", type=int, default=4, help="crops a step (default 4)")
    options.add_argument("--crop", type=int, default=64, help="side of the input tensor's crop (default 64)")
    options.add_argument("--width", type=int, default=8, help="maps of level 3 (default 8)")
    options.add_argument("--seed", type=int, default=1, help="decides crops and initial weights (default 1)")
    options.add_argument("--out", type=Path, required=True, help="folder for collapse.json, curves.png, pictures.jpg")
    return options


def run(options: argparse.Namespace) -> int:
    """Train all variants and write what became of them."""
    for name in ("steps", "batch", "width"):
        if getattr(options, name) < 1:
            raise UserError(f"--{name} is {getattr(options, name)}; it must be 1 or more.", f"Leave --{name} out.")
    variants = _chosen(options.variant)
    start_tensorflow()
    pairs, watched = (find_pairs(options.data, split, depth=True) for split in (TRAIN, TEST))
    make_folder(options.out)
    results = {}
    for variant in variants:
        command.tell(f"{variant.name}: {variant.changes}")
        results[variant.name] = _train(variant, options, pairs, watched)
        last = results[variant.name][0][-1]
        command.tell("  " + " ".join(f"{name} {last[name]:.2f}" for name in _SHOWN))
    _write(variants, results, options)
    return command.GOOD


def _chosen(names: Sequence[str]) -> list[Variant]:
    known = {variant.name: variant for variant in VARIANTS}
    for name in names:
        if name not in known:
            raise UserError(f"there is no variant {name!r}; known are {', '.join(known)}.", "Take one of these.")
    return [known[name] for name in names] or list(VARIANTS)


_Curve = list[dict[str, float]]


def _train(
    variant: Variant, options: argparse.Namespace, pairs: Sequence[Pair], watched: Sequence[Pair]
) -> tuple[_Curve, NDArray[np.float32]]:
    """The curve, an entry a look, and the last look's pictures."""
    from pynet_tf.growth import begin, copy_weights
    from pynet_tf.monitor import Watch
    from pynet_tf.pipeline import CropStream

    curve: _Curve = []
    pictures: list[NDArray[np.float32]] = []
    below, done = None, 0
    for plan in _plans(variant, options):
        model = _build(variant, plan.level, options)
        if variant.begun:
            begin(model, below)
        elif below is not None:
            copy_weights(below, model)
        step = _make_step(variant, model, plan)
        watch = Watch(model, watched, plan, depth=True)
        batches = iter(CropStream(pairs, plan, True, options.seed, cache="memory").batches(done))
        every = max(1, options.steps // _LOOKS)
        for number in range(1, plan.steps + 1):
            loss = float(step(*next(batches)))
            if number % every == 0 or number == plan.steps:
                standing, pictures_now = watch.look()
                pictures = [pictures_now]
                curve.append({"level": plan.level, "step": done + number, "loss": loss, **standing.figures()})
        below, done = model, done + plan.steps
    return curve, pictures[0]


def _plans(variant: Variant, options: argparse.Namespace) -> Iterator[LevelPlan]:
    from pynet_tf.schedule import LevelPlan

    shares = _BOTTOM_UP_SHARES if variant.bottom_up else {FINEST_LEVEL: 1.0}
    for level, share in shares.items():
        yield LevelPlan(
            level,
            max(1, round(share * options.steps)),
            options.batch,
            options.crop,
            variant.learning_rate,
            warm_up=0.05 if variant.bottom_up else 0.0,
            decay="cosine" if variant.bottom_up else "constant",
            clip_norm=variant.clip_norm,
        )


def _build(variant: Variant, level: int, options: argparse.Namespace) -> keras.Model:
    from pynet_tf.network import build_pynet

    levels = (3, 4, 5, 6, 7) if variant.norm else PyNETConfig().norm_levels
    config = PyNETConfig("rgbd", options.width, variant.head, norm_levels=levels)  # type: ignore[arg-type]
    model = build_pynet(config, level, seed=options.seed)
    if variant.wide:
        model = _with_wide_way_up(model)
    if variant.stddev is not None:
        _draw_from_one_seed(model, variant.stddev)
    return model


def _with_wide_way_up(model: keras.Model) -> keras.Model:
    """The network with a level 1 that reads all maps of level 2."""
    import tf_keras as keras

    from pynet_tf.layers import DirectHead

    maps = model.get_layer("level2_up_leaky").output
    maps = keras.layers.Conv2DTranspose(maps.shape[-1], 3, 2, "same", use_bias=False, name="level1_wide_up")(maps)
    maps = keras.layers.LeakyReLU(0.2, name="level1_wide_up_leaky")(maps)
    maps = keras.layers.Conv2D(3, 3, padding="same", name="level1_wide_head")(maps)
    return keras.Model(model.input, {**model.output, "level1": DirectHead(name="level1_wide")(maps)})


def _draw_from_one_seed(model: keras.Model, stddev: float) -> None:
    """Every kernel from the same seed, as the original does: layers of one shape start the same."""
    for layer in model.layers:
        for weight in layer.trainable_weights:
            if len(weight.shape) == 4:
                weight.assign(stddev * np.random.default_rng(_EQUAL_SEED).standard_normal(weight.shape))


def _make_step(variant: Variant, model: keras.Model, plan: LevelPlan) -> Callable[[Any, Any], Any]:
    import tensorflow as tf

    from pynet_tf.step import clip, make_optimizer

    optimizer = make_optimizer(plan, "float32")
    optimizer.build(model.trainable_variables)
    finest = f"level{plan.level}"

    @tf.function
    def step(photo: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = model(photo, training=True)
            chosen = outputs if variant.all_levels and not variant.bottom_up else {finest: outputs[finest]}
            losses = [_l1(picture, target) for picture in chosen.values()]
            loss = tf.add_n(losses)
        gradients = tape.gradient(loss, model.trainable_variables, unconnected_gradients="zero")
        clipped, _ = clip(gradients, plan.clip_norm)
        optimizer.apply_gradients(zip(clipped, model.trainable_variables, strict=True))
        return losses[-1]

    return step


def _l1(picture: Any, target: Any) -> Any:
    import tensorflow as tf

    wanted = tf.image.resize(target, tf.shape(picture)[1:3], "bicubic", antialias=True)
    return tf.reduce_mean(tf.abs(picture - wanted))


def _write(
    variants: Sequence[Variant], results: dict[str, tuple[_Curve, NDArray[np.float32]]], options: argparse.Namespace
) -> None:
    entries = [{**asdict(variant), "curve": results[variant.name][0]} for variant in variants]
    settings = {name: getattr(options, name) for name in ("steps", "batch", "crop", "width", "seed")}
    write_json(options.out / "collapse.json", {**settings, "coarsest": COARSEST_LEVEL, "variants": entries})
    _draw_curves({name: curve for name, (curve, _) in results.items()}, options.out / "curves.png")
    _join_pictures([pictures for _, pictures in results.values()], options.out / "pictures.jpg")
    rows = [
        [variant.name, variant.changes, *(f"{results[variant.name][0][-1][key]:.2f}" for key in _SHOWN)]
        for variant in variants
    ]
    command.console().print(command.table("", ["run", "changes", *_SHOWN[:-2], "dB", "photo's dB"], rows))
    command.tell(f"curves, pictures and figures: {options.out}")


_SHOWN = ("spread", "chroma", "colours", "psnr", "identity_psnr")


def _draw_curves(curves: dict[str, _Curve], path: Path) -> None:
    """Spread, chroma and gain over the photo by step, a line a run."""
    import matplotlib as mpl
    from matplotlib import pyplot

    mpl.use("agg")
    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4), layout="constrained")
    for place, (name, curve) in enumerate(curves.items()):
        line = "-" if place < _COLOURS else "--"
        steps = [entry["step"] for entry in curve]
        gain = [entry["psnr"] - entry["identity_psnr"] for entry in curve]
        for axis, values in zip(axes, ([e["spread"] for e in curve], [e["chroma"] for e in curve], gain), strict=True):
            axis.plot(steps, values, line, label=name)
    for axis, title in zip(
        axes, ("contrast / target's", "colour / target's", "PSNR over the photo's, dB"), strict=True
    ):
        axis.set(title=title, xlabel="step")
        axis.grid(alpha=0.3)
    axes[2].legend(fontsize=7)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _join_pictures(pictures: Sequence[NDArray[np.float32]], path: Path) -> None:
    """Rows of input, output and target, two watched crops a run."""
    from PIL import Image

    rows = [np.concatenate(list(shown[:2]), axis=1) for shown in pictures]
    joined = np.concatenate(rows, axis=0)
    Image.fromarray(np.round(255 * joined).astype(np.uint8)).save(path, quality=90)


if __name__ == "__main__":
    command.main(build_parser(), run)
