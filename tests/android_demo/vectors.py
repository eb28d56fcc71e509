"""Test vectors that the Android app shares with Python: photo -> input tensor -> output tensor -> picture.

`python -m tests.android_demo.vectors` writes them anew. The network between the two tensors is a small one made of
numpy, so that they depend on no weights: it keeps what is near the middle and blurs the rest.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from convert.runners import dequantized, quantized
from pynet_tf.rendering import fit_photo, focus_depth, render
from tests.conftest import ROOT, smooth_picture

VECTORS = ROOT / "android_demo" / "core" / "src" / "test" / "resources" / "vectors.zip"
_MOMENT = (1980, 1, 1, 0, 0, 0)
_STEPS = 4096  # so that outputs compress


@dataclass
class Network:
    """A stand-in for an artifact: a number type at both ends, and what went through."""

    size: tuple[int, int]
    dtype: type[np.generic]
    channels: int = 3
    scale: float = 1 / 255
    tensors: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def details(self) -> dict[str, Any]:
        return {"dtype": self.dtype, "quantization": (self.scale, -128 if self.dtype == np.int8 else 0)}

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        return 1, self.size[0] // 2, self.size[1] // 2, self.channels

    def run(self, photo: NDArray[np.float32]) -> NDArray[np.float32]:
        given = quantized(photo, self.details)
        seen = dequantized(given, self.details)[0]
        shown = seen[..., :3].repeat(2, axis=0).repeat(2, axis=1)
        rows, columns = np.indices(shown.shape[:2])
        near = np.exp(-(((rows / self.size[0] - 0.5) / 0.2) ** 2) - ((columns / self.size[1] - 0.4) / 0.2) ** 2)
        blurred = ndimage.gaussian_filter(shown, (3, 3, 0), mode="nearest")
        bokeh = shown * near[..., None] + blurred * (1 - near[..., None]) + 0.03 * seen[..., -1:].mean()
        rounded = (np.rint(bokeh * _STEPS) / _STEPS).astype(np.float32)
        made = quantized(rounded[np.newaxis], self.details)
        self.tensors = {"input": given[0], "output": made[0]}
        return dequantized(made, self.details)

    def facts(self) -> dict[str, Any]:
        """The ports as an artifact's metadata names them."""
        quantized = self.dtype != np.float32
        _, zero_point = self.details["quantization"]
        port = {
            "type": np.dtype(self.dtype).name,
            "scale": [self.scale] if quantized else [],
            "zero_point": [zero_point] if quantized else [],
        }
        return {
            "input": {"name": "photo", "shape": list(self.input_shape), **port},
            "output": {"name": "bokeh", "shape": [1, *self.size, 3], **port},
        }


def cases() -> Iterator[tuple[str, NDArray[np.uint8], Network, tuple[int, int] | None]]:
    """Name, photo, network, and for depth the point (column, row) that stays sharp."""
    random = np.random.default_rng(11)

    def photo(height: int, width: int) -> NDArray[np.uint8]:
        return np.rint(smooth_picture(random, height, width) * 255).astype(np.uint8)

    yield "exact", photo(64, 128), Network((64, 128), np.float32), None
    yield "padded", photo(64, 100), Network((128, 128), np.uint8), None
    yield "small", photo(64, 64), Network((128, 192), np.uint8), None
    yield "scaled", photo(110, 150), Network((64, 128), np.float32), None
    yield "scaled-uint8", photo(101, 139), Network((64, 128), np.uint8), None
    yield "turned", photo(150, 110), Network((64, 128), np.float32), None
    yield "signed", photo(70, 181), Network((64, 128), np.int8), None
    yield "depth", photo(110, 150), Network((64, 128), np.float32, channels=4), (110, 30)
    yield "grey", photo(110, 150)[..., :1].repeat(3, axis=2), Network((64, 128), np.uint8), None


def fits() -> list[dict[str, Any]]:
    """How photos of many sizes are brought to networks of several."""
    random = np.random.default_rng(12)
    sizes = [(64, 64), (512, 768), (768, 512), (6144, 8192), (8192, 6144), (3000, 4000), (64, 16384), (513, 768)]
    sizes += [tuple(map(int, random.integers(64, 5000, 2))) for _ in range(60)]
    table = []
    for height, width in sizes:
        for rendered in ((512, 768), (1024, 1536), (768, 768), (1536, 1024)):
            fit = fit_photo(height, width, (1, rendered[0] // 2, rendered[1] // 2, 3))
            row = {"photo": [height, width], "rendered": rendered, "scaled": fit.scaled, "turned": fit.turned}
            table.append(row)
    return table


def contents() -> Iterator[tuple[str, bytes]]:
    """The files inside of the vectors' zip."""
    facts = {}
    for name, photo, network, focus in cases():
        pixels = photo.astype(np.float32) / 255
        depth = None if focus is None else focus_depth(*photo.shape[:2], *focus)
        picture = render(pixels, network.run, network.input_shape, depth)
        if (photo == photo[..., :1]).all():
            picture = picture.mean(axis=2, keepdims=True).repeat(3, axis=2)
        arrays = {"photo": photo, **network.tensors, "picture": np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)}
        for kind, values in arrays.items():
            yield f"{name}/{kind}.npy", _npy(values.view(np.uint8) if values.dtype == np.int8 else values)
        facts[name] = {**network.facts(), "focus": focus}
    yield "cases.json", json.dumps(facts, indent=1).encode()
    yield "fits.json", json.dumps(fits()).encode()


def main() -> None:
    """Write the vectors."""
    VECTORS.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(VECTORS, "w") as archive:
        for name, content in contents():
            entry = zipfile.ZipInfo(name, _MOMENT)
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    print(f"{VECTORS.relative_to(ROOT)}: {VECTORS.stat().st_size >> 10} KiB")


def _npy(values: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()


if __name__ == "__main__":
    main()
