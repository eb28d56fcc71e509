"""What tests of several rooms share: tiny models, photographs, and the real ones where they are."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

with contextlib.suppress(ImportError):  # an extra; imported after TensorFlow it aborts the process at its end
    import mitsuba  # noqa: F401

import numpy as np
import pytest
from PIL import Image
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).parent.parent
EBB = ROOT.parent / "shared" / "ebb"
SHARING = (
    [
        f"tests/convert/test_{name}.py"
        for name in ("artifact", "bench", "bench_phone", "exporter", "onnx_exporter", "runners", "self_check")
    ],
    [f"tests/convert/reporting/test_{name}.py" for name in ("gates", "layers", "page", "report")],
)
"""Test files that share fixtures of the whole session: the tiny model's files, and a report."""

# A script's background jobs ignore Ctrl-C, and what the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def real_photos() -> Path:
    """A few real EBB! photographs, which a user's clone does not have."""
    if not EBB.is_dir():
        pytest.skip(f"the real photographs are not in {EBB}")
    return EBB


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `.keras` PyNET, width 2, rgb, residual head, random weights."""
    return _save(tmp_path_factory, "tiny", inputs="rgb", head="residual")


@pytest.fixture(scope="session")
def tiny_rgbd_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `.keras` PyNET, width 2, rgbd, direct head, random weights."""
    return _save(tmp_path_factory, "tiny-rgbd", inputs="rgbd", head="direct")


def _save(factory: pytest.TempPathFactory, name: str, **options: str) -> Path:
    from pynet_tf import PyNETConfig, build_pynet, save_model

    path = factory.mktemp("models") / f"{name}.keras"
    model = build_pynet(PyNETConfig(width=2, **options), seed=3)
    random = np.random.default_rng(3)
    for weight in model.weights:
        if weight.shape.rank == 1:  # as training leaves them: biases, shifts and scales that no converter folds away
            weight.assign_add(random.normal(0, 0.05, weight.shape).astype(np.float32))
    save_model(model, path)
    return path


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An EBB!-layout folder: 3 pairs to train on, 2 to test on, 192x256, with depth maps."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(5)
    for split, count in (("train", 3), ("test", 2)):
        for number in range(count):
            photo = smooth_picture(random, 192, 256)
            write_picture(folder / split / "original" / f"{number}.png", photo)
            write_picture(folder / split / "bokeh" / f"{number}.png", photo * 0.9 + 0.05)
            depth = Image.fromarray((photo[::2, ::2, 0] * 255).astype(np.uint8))
            (folder / split / "original_depth").mkdir(parents=True, exist_ok=True)
            depth.save(folder / split / "original_depth" / f"{number}.png")
    return folder


def smooth_picture(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A picture `(H, W, 3)`, 0..1, of soft blots of colour with some grain."""
    coarse = random.integers(0, 256, (max(2, height // 32), max(2, width // 32), 3), dtype=np.uint8)
    large = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(large) / 255 + random.normal(0, 0.02, (height, width, 3)), 0, 1)


def write_picture(path: Path, pixels: np.ndarray) -> None:
    """Write `(H, W, 3)`, 0..1, as 8 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)


class _FilesTogether(LoadFileScheduling):
    """Tests of a file run in one process, and so do those of all files that share what takes minutes to make."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((files[0] for files in SHARING if file in files), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """What takes the place of `--dist loadfile`; xdist's own `loadgroup` does nothing under pytest 9.2."""
    return _FilesTogether(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes golden texts anew instead of comparing with them."""
    parser.addoption("--update-golden", action="store_true", help="write golden texts anew")
