"""Meshes as arrays: bodies of revolution, tubes, stones, leaves and blades, and how they are moved and joined.

Lengths are metres, z is up. Every function that draws by chance takes its generator.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Random = np.random.Generator
Point = tuple[float, float, float]
Place = Sequence[float] | npt.NDArray[Any]

_GOLDEN = np.pi * (3.0 - np.sqrt(5.0))
_VERTEX = [(name, "<f4") for name in ("x", "y", "z", "nx", "ny", "nz", "u", "v")]
_FACE = [("count", "u1"), ("a", "<i4"), ("b", "<i4"), ("c", "<i4")]


@dataclass(frozen=True)
class Mesh:
    """Triangles.

    Attributes:
        vertices: `(N, 3)` positions in metres.
        faces: `(M, 3)` numbers of vertices, counter-clockwise from outside.
        uv: `(N, 2)` places in the texture, one unit a repeat.
    """

    vertices: Floats
    faces: npt.NDArray[np.int32]
    uv: Floats

    def moved(self, offset: Place = (0, 0, 0), turn: float = 0.0, tilt: float = 0.0, scale: Any = 1) -> Mesh:
        """Scaled (one factor or three), then tilted about x and turned about z by radians, then shifted."""
        turned = _about_z(turn) @ _about_x(tilt)
        vertices = (self.vertices * np.asarray(scale, np.float32)) @ turned.T + np.asarray(offset)
        return Mesh(vertices.astype(np.float32), self.faces, self.uv)

    def normals(self) -> Floats:
        """Unit normals of the vertices `(N, 3)`, the mean of their faces' by area."""
        a, b, c = (self.vertices[self.faces[:, corner]] for corner in range(3))
        across = np.cross(b - a, c - a)
        total = np.zeros_like(self.vertices)
        for corner in range(3):
            np.add.at(total, self.faces[:, corner], across)
        length = np.linalg.norm(total, axis=1, keepdims=True)
        return np.where(length > 0, total / np.maximum(length, 1e-20), (0, 0, 1)).astype(np.float32)

    def write_ply(self, path: Path) -> None:
        """Write a binary PLY with normals and texture coordinates."""
        vertices = np.zeros(len(self.vertices), _VERTEX)
        for name, values in zip(("x", "y", "z"), self.vertices.T, strict=True):
            vertices[name] = values
        for name, values in zip(("nx", "ny", "nz"), self.normals().T, strict=True):
            vertices[name] = values
        vertices["u"], vertices["v"] = self.uv.T
        faces = np.zeros(len(self.faces), _FACE)
        faces["count"] = 3
        faces["a"], faces["b"], faces["c"] = self.faces.T
        with path.open("wb") as stream:
            stream.write(_header(len(vertices), len(faces)).encode("ascii"))
            stream.write(vertices.tobytes())
            stream.write(faces.tobytes())


def joined(meshes: Iterable[Mesh]) -> Mesh:
    """One mesh of several."""
    parts = list(meshes)
    starts = np.cumsum([0, *(len(part.vertices) for part in parts[:-1])])
    return Mesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]).astype(np.int32),
        np.concatenate([part.uv for part in parts]),
    )


def sheet(points: npt.NDArray[Any], repeats: tuple[float, float] = (1.0, 1.0)) -> Mesh:
    """A surface through a grid of points `(R, C, 3)`; u runs along columns, v along rows, `repeats` times."""
    rows, columns = points.shape[:2]
    number = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]
    faces = np.concatenate([np.stack(corners, -1).reshape(-1, 3) for corners in ((a, b, c), (a, c, d))])
    v, u = np.meshgrid(np.linspace(0, repeats[1], rows), np.linspace(0, repeats[0], columns), indexing="ij")
    return Mesh(points.reshape(-1, 3).astype(np.float32), faces.astype(np.int32), _uv(u, v))


def revolved(profile: Sequence[tuple[float, float]], sides: int = 96, repeats: float = 1.0) -> Mesh:
    """A body of revolution about z from its profile: (radius, height), upwards on the outside."""
    corners = np.asarray(profile, np.float64)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    radius, height = corners[:, :1], np.broadcast_to(corners[:, 1:], (len(corners), sides + 1))
    return sheet(np.stack([radius * np.cos(angle), radius * np.sin(angle), height], -1), (repeats, 1.0))


def smooth_profile(knots: Sequence[tuple[float, float]], steps: int = 60) -> list[tuple[float, float]]:
    """A profile through the knots by a monotone cubic along their length, for `revolved`."""
    from scipy.interpolate import PchipInterpolator

    points = np.asarray(knots, np.float64)
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    fine = PchipInterpolator(along, points)(np.linspace(0, along[-1], steps))
    return [(float(radius), float(height)) for radius, height in fine]


def box(size: Place, repeats: float = 1.0) -> Mesh:
    """A box standing on z = 0, centred in x and y, with separate faces; its texture repeats every `1 / repeats` m."""
    sides = np.asarray(size, np.float64)
    faces = []
    for across, up, out in ((0, 2, -1), (1, 2, 1), (0, 2, 1), (1, 2, -1), (0, 1, 1), (0, 1, -1)):
        axis = 3 - across - up
        left = out if axis == 1 else -1
        grid = np.zeros((2, 2, 3))
        grid[..., across] = np.array([[left, -left], [left, -left]]) * sides[across] / 2
        grid[..., up] = np.array([[-1, -1], [1, 1]]) * sides[up] / 2
        grid[..., axis] = out * sides[axis] / 2
        face = sheet(grid, (sides[across] * repeats, sides[up] * repeats))
        inward = out < 0 and axis != 1
        faces.append(Mesh(face.vertices, face.faces[:, ::-1], face.uv) if inward else face)
    return joined(faces).moved((0, 0, sides[2] / 2))


def tube(path: npt.NDArray[Any], radii: npt.NDArray[Any], sides: int = 8) -> Mesh:
    """A tube along points `(N, 3)` with radii `(N,)`, open at its ends."""
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    aside = np.cross(along, _least_aligned(along.mean(0)))
    aside /= np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-9)
    up = np.cross(along, aside)
    angle = np.linspace(0, 2 * np.pi, sides + 1)[None, :, None]
    ring = np.cos(angle) * aside[:, None] + np.sin(angle) * up[:, None]
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    return sheet(path[:, None] + radii[:, None, None] * ring, (1.0, length * 2))


def stone(random: Random, roughness: float = 0.25, detail: int = 48, repeats: float = 1.0) -> Mesh:
    """A boulder of radius about 1: a sphere cut by planes and dented by waves."""
    polar, around = np.meshgrid(np.linspace(np.pi, 0, detail), np.linspace(0, 2 * np.pi, 2 * detail), indexing="ij")
    out = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)
    radius = np.ones(out.shape[:2])
    for _ in range(14):
        normal = random.normal(size=3)
        facing = out @ (normal / np.linalg.norm(normal))
        radius = np.minimum(radius, random.uniform(0.72, 0.98) / np.maximum(facing, 0.05))
    for octave in range(5):
        wave = out @ (random.normal(size=(3, 6)) * 1.7 * 2**octave) + random.uniform(0, 6.3, 6)
        radius = radius + roughness * 0.12 * 0.55**octave * np.sin(wave).sum(-1)
    radius[:, -1] = radius[:, 0]
    return sheet(out * radius[..., None], (2 * repeats, repeats))


def ball(radius: float, sides: int = 64) -> Mesh:
    """A sphere about the origin."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, sides // 2)
    return revolved([(radius * np.cos(angle), radius * np.sin(angle)) for angle in angles], sides)


def leaves(
    random: Random, places: npt.NDArray[Any], length: float, width: float = 0.5, droop: float = 0.25, up: float = 0.6
) -> Mesh:
    """Pointed leaves, creased along their middle and bent, each of its own size, direction and colour.

    Args:
        random: The generator.
        places: `(N, 3)` where leaves are attached.
        length: Mean length in metres.
        width: Width by length.
        droop: Bend of the tip by length.
        up: 0 for leaves facing anywhere, 1 for leaves that mostly face up.

    Returns:
        A mesh whose u is by chance for each leaf (its colour) and whose v runs from stem to tip.
    """
    count = len(places)
    outline = np.array([0.0, 0.55, 0.95, 1.0, 0.72, 0.0])
    along = np.linspace(0, 1, len(outline))
    direction = random.normal(size=(count, 3)) * (1, 1, 1 - 0.7 * up)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    facing = random.normal(size=(count, 3)) * (1 - up) + (0, 0, up + 0.01)
    aside = np.cross(direction, facing)
    aside /= np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-9)
    facing = np.cross(aside, direction)
    size = length * random.lognormal(0, 0.22, count)[:, None, None, None]
    bend = droop * random.uniform(0.2, 1.6, count)[:, None, None, None]
    half = (outline * width / 2)[None, :, None, None] * np.array([-1, 0, 1])[None, None, :, None]
    crease = 0.3 * np.abs(half)
    t = along[None, :, None, None]
    points = places[:, None, None] + size * (
        t * direction[:, None, None] + half * aside[:, None, None] + (crease - bend * t * t) * facing[:, None, None]
    )
    return _many(points, np.broadcast_to(random.uniform(0, 1, count)[:, None], (count, 3)), along)


def blades(random: Random, places: npt.NDArray[Any], height: float, width: float = 0.004) -> Mesh:
    """Blades of grass, bent each its own way; u is by chance for each blade, v runs from root to tip."""
    count = len(places)
    along = np.linspace(0, 1, 4)
    angle = random.uniform(0, 2 * np.pi, count)
    lean = np.stack([np.cos(angle), np.sin(angle), np.zeros(count)], -1)[:, None, None]
    across = np.stack([-np.sin(angle), np.cos(angle), np.zeros(count)], -1)[:, None, None]
    size = height * random.lognormal(0, 0.35, count)[:, None, None, None]
    bend = random.uniform(0.1, 0.9, count)[:, None, None, None]
    t = along[None, :, None, None]
    half = width / 2 * (1 - t) * np.array([-1, 1])[None, None, :, None]
    points = (
        places[:, None, None] + size * (bend * t * t * lean + (t - 0.25 * bend * t * t) * (0, 0, 1)) + half * across
    )
    return _many(points, np.broadcast_to(random.uniform(0, 1, count)[:, None], (count, 2)), along)


def ball_points(random: Random, count: int, radii: Place, shell: float = 0.35) -> npt.NDArray[Any]:
    """Points `(N, 3)` in the outer `shell` of an ellipsoid, evenly spread over directions."""
    number = np.arange(count) + 0.5
    height = 1 - 2 * number / count
    angle = number * _GOLDEN
    flat = np.sqrt(1 - height**2)
    out = np.stack([flat * np.cos(angle), flat * np.sin(angle), height], -1)
    return out * random.uniform(1 - shell, 1, (count, 1)) * np.asarray(radii)


def scattered(random: Random, count: int, low: Place, high: Place) -> npt.NDArray[Any]:
    """Points `(N, 3)` anywhere in a box."""
    return random.uniform(low, high, (count, 3))


def wander(random: Random, start: Place, end: Place, sway: float, steps: int = 24) -> Floats:
    """A path `(steps, 3)` from `start` to `end` that strays by about `sway` metres."""
    t = np.linspace(0, 1, steps)[:, None]
    stray = sum(random.normal(size=3) * sway / k * np.sin(np.pi * k * t) for k in range(1, 6))
    return np.asarray(np.asarray(start) * (1 - t) + np.asarray(end) * t + stray, np.float32)


def _many(points: npt.NDArray[Any], colour: npt.NDArray[Any], along: npt.NDArray[Any]) -> Mesh:
    """Many small sheets `(N, R, C, 3)`, with u `(N, C)` and v `(R,)`."""
    count, rows, columns = points.shape[:3]
    one = sheet(np.zeros((rows, columns, 3)))
    faces = one.faces[None] + (np.arange(count) * rows * columns)[:, None, None]
    u = np.broadcast_to(colour[:, None], (count, rows, columns))
    v = np.broadcast_to(along[None, :, None], (count, rows, columns))
    return Mesh(points.reshape(-1, 3).astype(np.float32), faces.reshape(-1, 3).astype(np.int32), _uv(u, v))


def _uv(u: npt.NDArray[Any], v: npt.NDArray[Any]) -> Floats:
    return np.stack([u, v], -1).reshape(-1, 2).astype(np.float32)


def _least_aligned(direction: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.eye(3)[int(np.argmin(np.abs(direction)))]


def _about_z(angle: float) -> npt.NDArray[Any]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _about_x(angle: float) -> npt.NDArray[Any]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _header(vertices: int, faces: int) -> str:
    names = "".join(f"property float {name}\n" for name, _ in _VERTEX)
    return (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {vertices}\n{names}"
        f"element face {faces}\nproperty list uchar int vertex_indices\nend_header\n"
    )
