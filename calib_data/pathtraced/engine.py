"""Photographs of a setting by Mitsuba 3, through its thin lens or a pinhole, and the depth.

Mitsuba compiles for the processor with LLVM where it finds version 19 or newer, three times as fast as its scalar
variant here, which works everywhere. Older LLVM ends the process in the middle of compiling, so it is not tried.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from calib_data.errors import UserError
from calib_data.pathtraced.mesh import Floats
from calib_data.pathtraced.setting import Setting, Shape, View
from calib_data.sizes import PhotoSize

VARIANTS = ("llvm_ad_rgb", "scalar_rgb")

_OLDEST_LLVM, _NEWEST_LLVM = 19, 22
_LLVM_PATH = "DRJIT_LIBLLVM_PATH"  # where Dr.Jit, Mitsuba's compiler, looks for the library
_PASS = 30  # samples a pixel in one pass, a grid of 5x6: bounds memory at about 1 GiB for 512x768
_BOUNCES = 7
_DEPTH_SAMPLES = 4  # along each side of a depth pixel
_BRIGHTEST = 40.0  # radiance of a pixel in one pass: white many times over, so that rare bright paths leave no specks
_NEAR = 0.02  # metres before the lens where rays start, from where Mitsuba counts their length


class Engine:
    """One setting, ready to be photographed.

    Args:
        setting: The scene.
        size: Of the photos.
    """

    def __init__(self, setting: Setting, size: PhotoSize) -> None:
        self._mitsuba = _mitsuba()
        self._setting, self._size = setting, size
        with tempfile.TemporaryDirectory(prefix="pathtraced-") as folder:
            self._scene = self._mitsuba.load_dict(_scene(setting, Path(folder)))

    def photo(self, f_number: float | None, samples: int, seed: int) -> Floats:
        """What the camera sees: `(H, W, 3)` in linear light.

        Args:
            f_number: Of its lens; None for a pinhole, to which everything is in focus.
            samples: Rays a pixel.
            seed: Decides the grain.
        """
        view = self._setting.view
        if f_number is None:
            return self._photo({"type": "perspective"}, samples, seed)
        lens = {
            "type": "thinlens",
            "aperture_radius": view.focal_length / f_number / 2,
            "focus_distance": view.focus_distance,
        }
        return self._photo(lens, samples, seed)

    def inverse_depth(self) -> Floats:
        """One by depth along the camera's axis, `(H/2, W/2)` in 1/m, 0 for the sky."""
        per_side = _DEPTH_SAMPLES // 2
        size = PhotoSize(self._size.height * per_side, self._size.width * per_side)
        sensor = self._sensor({"type": "perspective"}, size, "box")
        integrator = self._mitsuba.load_dict({"type": "aov", "aovs": "away:depth"})
        distance = _array(self._mitsuba.render(self._scene, sensor=sensor, integrator=integrator, spp=1))[..., -1]
        along_axis = _cosines(self._setting.view, size)
        inverse = np.where(distance > 0, 1 / (distance * along_axis + _NEAR), 0.0)
        rows, columns = self._size.height // 2, self._size.width // 2
        blocks = inverse.reshape(rows, _DEPTH_SAMPLES, columns, _DEPTH_SAMPLES)
        return np.asarray(blocks.mean((1, 3)), np.float32)

    def _photo(self, sensor: dict[str, Any], samples: int, seed: int) -> Floats:
        loaded = self._sensor(sensor, self._size, "gaussian")
        integrator = self._mitsuba.load_dict({"type": "path", "max_depth": _BOUNCES, "rr_depth": 4})
        total = np.zeros((self._size.height, self._size.width, 3), np.float64)
        for number, count in enumerate(_passes(samples)):
            try:
                image = self._mitsuba.render(
                    self._scene, sensor=loaded, integrator=integrator, spp=count, seed=seed * 4096 + number
                )
            except RuntimeError as error:  # so Dr.Jit wraps an interruption, too
                if isinstance(error.__cause__, KeyboardInterrupt):
                    raise error.__cause__ from None
                raise
            total += count * np.minimum(_array(image), _BRIGHTEST)
        return (total / samples).astype(np.float32)

    def _sensor(self, sensor: dict[str, Any], size: PhotoSize, pixel_filter: str) -> Any:
        view, transform = self._setting.view, self._mitsuba.ScalarTransform4f
        return self._mitsuba.load_dict(
            {
                "fov": view.field_of_view,
                "fov_axis": "y",
                "near_clip": _NEAR,
                "to_world": transform().look_at(origin=list(view.eye), target=list(view.target), up=[0, 0, 1]),
                "film": {
                    "type": "hdrfilm",
                    "width": size.width,
                    "height": size.height,
                    "pixel_format": "rgb",
                    "component_format": "float32",
                    "rfilter": {"type": pixel_filter},
                },
                "sampler": {"type": "multijitter"},
                **sensor,
            }
        )


def choose_variant(wanted: str | None = None) -> str:
    """Make Mitsuba ready for this process and name the variant in use; scenes are loaded for the last one chosen.

    Args:
        wanted: One of `VARIANTS`; None takes the faster one that works here.

    Raises:
        UserError: Mitsuba is not installed, or LLVM is asked for and not there.
    """
    library = None if wanted == "scalar_rgb" else _llvm()
    if wanted == "llvm_ad_rgb" and library is None:
        raise UserError(
            f"llvm_ad_rgb needs libLLVM {_OLDEST_LLVM} or newer, and none was found.",
            f"Install it (Debian: apt install libllvm{_OLDEST_LLVM}), name it in {_LLVM_PATH}, or take scalar_rgb.",
        )
    if library is not None:
        os.environ[_LLVM_PATH] = library
    variant = "scalar_rgb" if library is None else "llvm_ad_rgb"
    module = _import()
    module.set_variant(variant)
    module.set_log_level(module.LogLevel.Error)
    return variant


def version() -> str:
    """Version of Mitsuba."""
    return str(_import().__version__)


def _import() -> Any:
    try:
        import mitsuba
    except ImportError as error:
        raise UserError("Mitsuba is not installed.", "Run: pip install 'pynet-bokeh[mitsuba]'") from error
    return mitsuba


def _mitsuba() -> Any:
    module = _import()
    if module.variant() is None:
        choose_variant()
    return module


def _llvm() -> str | None:
    """File of a libLLVM that is new enough: the one in the environment, or the newest installed."""
    named = os.environ.get(_LLVM_PATH)
    versions = range(_NEWEST_LLVM, _OLDEST_LLVM - 1, -1)
    names = [named] if named else [f"libLLVM.so.{number}.1" for number in versions]
    return next((name for name in names if _llvm_version(name) >= _OLDEST_LLVM), None)


def _llvm_version(name: str) -> int:
    """Main version of a libLLVM, 0 if it cannot be loaded or is older than 16, which does not tell."""
    try:
        tell = ctypes.CDLL(name).LLVMGetVersion
    except (OSError, AttributeError):
        return 0
    main = ctypes.c_uint()
    tell(ctypes.byref(main), None, None)
    return main.value


def _scene(setting: Setting, folder: Path) -> dict[str, Any]:
    """The dictionary that Mitsuba loads; meshes are handed over in files in `folder`."""
    import mitsuba

    upright = mitsuba.ScalarTransform4f().rotate([1, 0, 0], 90)
    scene: dict[str, Any] = {
        "type": "scene",
        "sky": {"type": "envmap", "bitmap": mitsuba.Bitmap(setting.sky), "to_world": upright},
    }
    if setting.sun is not None:
        direction, irradiance = setting.sun
        scene["sun"] = {"type": "directional", "direction": list(direction), "irradiance": _rgb(irradiance)}
    for number, shape in enumerate(setting.shapes):
        scene[f"shape{number}"] = _shape(shape, folder / f"{number}.ply")
    return scene


def _shape(shape: Shape, path: Path) -> dict[str, Any]:
    shape.mesh.write_ply(path)
    entry = {"type": "ply", "filename": str(path), "bsdf": _loaded(shape.material)}
    if shape.radiance is not None:
        entry["emitter"] = {"type": "area", "radiance": _rgb(shape.radiance)}
    return entry


def _loaded(value: Any) -> Any:
    """A material with its arrays as bitmap textures."""
    if isinstance(value, np.ndarray):
        import mitsuba

        return {"type": "bitmap", "bitmap": mitsuba.Bitmap(np.ascontiguousarray(value[::-1])), "raw": False}
    if isinstance(value, dict):
        return {key: _loaded(part) for key, part in value.items()}
    return value


def _rgb(values: Any) -> dict[str, Any]:
    return {"type": "rgb", "value": [float(value) for value in values]}


def _passes(samples: int) -> Iterator[int]:
    while samples > 0:
        yield min(_PASS, samples)
        samples -= _PASS


def _cosines(view: View, size: PhotoSize) -> npt.NDArray[Any]:
    """Cosine between each pixel's ray and the camera's axis, `(H, W)`."""
    step = view.sensor_height / view.focal_length / size.height
    y = (np.arange(size.height) + 0.5 - size.height / 2) * step
    x = (np.arange(size.width) + 0.5 - size.width / 2) * step
    return 1 / np.sqrt(1 + y[:, None] ** 2 + x[None] ** 2)


def _array(image: Any) -> npt.NDArray[np.float32]:
    return np.asarray(np.array(image), np.float32)
