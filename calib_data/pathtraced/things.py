"""Things that stand about in scenes: vessels, fruit, plants, furniture, masonry. Each stands on z = 0 unless said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calib_data.colour import to_linear
from calib_data.pathtraced.mesh import (
    Mesh,
    Place,
    Random,
    ball,
    ball_points,
    blades,
    box,
    joined,
    leaves,
    revolved,
    scattered,
    sheet,
    smooth_profile,
    stone,
    tube,
    wander,
)
from calib_data.pathtraced.setting import Material, Shape, foliage, glossy, matte
from calib_data.pathtraced.textures import (
    Colour,
    heights,
    label,
    noise,
    palette,
    ramp,
    slabs,
    speckled,
    upright,
    wood,
)

GREENS: list[Colour] = [(0.25, 0.42, 0.14), (0.34, 0.5, 0.18), (0.18, 0.34, 0.12), (0.45, 0.55, 0.2)]
AUTUMN: list[Colour] = [(0.62, 0.35, 0.12), (0.5, 0.22, 0.1), (0.7, 0.5, 0.15), (0.35, 0.22, 0.12)]
COVERS: list[Colour] = [
    *((0.4, 0.12, 0.1), (0.13, 0.2, 0.32), (0.16, 0.28, 0.2), (0.78, 0.72, 0.58), (0.55, 0.4, 0.22), (0.2, 0.18, 0.18)),
    *(
        (0.62, 0.24, 0.14),
        (0.72, 0.68, 0.64),
        (0.3, 0.4, 0.46),
        (0.36, 0.22, 0.26),
        (0.8, 0.62, 0.24),
        (0.5, 0.52, 0.46),
    ),
]


def vase(height: float) -> Mesh:
    """A bellied vase with a lip, hollow at its mouth."""
    knots = [(0, 0), (0.2, 0), (0.24, 0.02), (0.36, 0.3), (0.33, 0.55), (0.14, 0.8), (0.13, 0.9), (0.19, 1.0)]
    inside = [(0.17, 0.995), (0.11, 0.9), (0.12, 0.75), (0, 0.72)]
    return revolved(smooth_profile(knots, 80) + inside).moved(scale=height)


def bottle(height: float) -> Mesh:
    """A bottle with shoulders and a neck."""
    knots = [(0, 0), (0.1, 0), (0.125, 0.015), (0.13, 0.06), (0.13, 0.55), (0.115, 0.64), (0.05, 0.76), (0.043, 0.93)]
    lip = [(0.055, 0.935), (0.055, 0.975), (0.045, 1.0), (0, 1.0)]
    return revolved(smooth_profile(knots, 70) + lip, repeats=2).moved(scale=height)


def cup(height: float) -> Mesh:
    """A mug with a handle."""
    wall = smooth_profile([(0, 0), (0.3, 0), (0.38, 0.05), (0.42, 0.5), (0.44, 1.0)], 40)
    inside = [(0.42, 1.01), (0.40, 1.0), (0.38, 0.5), (0.36, 0.08), (0, 0.08)]
    angle = np.linspace(-1.35, 1.35, 24)
    path = np.stack([0.38 + 0.32 * np.cos(angle), 0 * angle, 0.52 + 0.32 * np.sin(angle)], -1)
    return joined([revolved(wall + inside), tube(path, np.full(24, 0.055), 12)]).moved(scale=height)


def pot(height: float) -> Mesh:
    """A flower pot with a rim, open at its top."""
    outside = [
        (0, 0),
        (0.33, 0),
        (0.46, 0.78),
        (0.52, 0.79),
        (0.53, 0.99),
        (0.51, 1.0),
        (0.46, 0.99),
        (0.44, 0.85),
        (0.4, 0.5),
    ]
    return revolved(outside).moved(scale=height)


def potting_soil(random: Random, height: float) -> Shape:
    """The earth in a pot of that height."""
    crumbs = speckled(random, (0.1, 0.07, 0.05), (0.24, 0.18, 0.13), (0.4, 0.33, 0.26), cells=30, side=256)
    return Shape(revolved([(0.45, 0.86), (0.2, 0.885), (0, 0.89)]).moved(scale=height), matte(crumbs))


def apple(radius: float) -> Mesh:
    """An apple."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 48)
    out = 1 + 0.12 * np.sin(angle) - 0.32 * np.exp(-(((angle - np.pi / 2) / 0.4) ** 2))
    profile = [(max(0.0, float(r * np.cos(a))), float(r * np.sin(a))) for r, a in zip(out, angle, strict=True)]
    return revolved(profile, 64).moved((0, 0, 0.88 * radius), scale=radius)


def earthenware(random: Random) -> Material:
    """Terracotta with stains."""
    stained = speckled(random, (0.5, 0.28, 0.18), (0.7, 0.42, 0.29), (0.8, 0.62, 0.5), cells=5, side=512)
    return glossy(stained, 0.8, bump=(heights(stained), 0.002))


def fruit_skin(random: Random, *colours: Colour) -> Material:
    """Waxy skin, streaked from pole to pole, with dots."""
    streaks = noise(random, (256, 512), (2, 60), 4)
    blush = noise(random, (256, 512), (2, 3), 3)
    dots = (noise(random, (256, 512), (90, 180), 1) > 2.6) * 0.3
    return glossy(ramp(np.clip(0.5 + 0.16 * streaks + 0.3 * blush + dots, 0, 1), *colours), 0.28)


def plant(random: Random, height: float, count: int, length: float, colours: list[Colour] = GREENS) -> list[Shape]:
    """A bushy plant: stems from the origin, leaves along their upper parts."""
    stems, places = [], []
    for _ in range(max(5, count // 16)):
        tip = random.normal(0, 0.3, 3) * height * (1, 1, 0.4) + (0, 0, height)
        path = wander(random, (0, 0, 0), tip, 0.06 * height)
        stems.append(tube(path, np.linspace(0.012, 0.004, len(path)) * height, 6))
        places.append(path[6:][random.integers(0, len(path) - 6, 16)])
    mesh = leaves(random, np.concatenate(places), length)
    return [Shape(joined(stems), matte((0.3, 0.34, 0.16))), Shape(mesh, foliage(palette(random, colours)))]


def bush(
    random: Random,
    centre: Place,
    radii: Place,
    count: int,
    length: float,
    colours: list[Colour] = GREENS,
) -> list[Shape]:
    """A hedge or the crown of a tree: leaves around a dark core."""
    mesh = leaves(random, ball_points(random, count, radii, 0.45), length, up=0.4)
    core = stone(random, 0.8, 24).moved(centre, scale=np.multiply(radii, 0.62))
    return [Shape(mesh.moved(centre), foliage(palette(random, colours))), Shape(core, matte((0.11, 0.14, 0.07)))]


def tree(random: Random, foot: Place, height: float, count: int = 9000, colours: list[Colour] = GREENS) -> list[Shape]:
    """A trunk with boughs and a crown of several clumps."""
    top = np.add(foot, (random.normal(0, 0.05 * height), 0, 0.55 * height))
    trunk = [tube(wander(random, foot, top, 0.02 * height), np.linspace(0.045, 0.022, 24) * height, 12)]
    shapes: list[Shape] = []
    for _ in range(6):
        end = top + random.normal(0, 1, 3) * (0.2 * height, 0.2 * height, 0.16 * height)
        start = np.add(foot, (0, 0, random.uniform(0.2, 0.5) * height))
        trunk.append(tube(wander(random, start, end, 0.03 * height), np.linspace(0.016, 0.005, 24) * height, 8))
        radii = random.uniform(0.14, 0.24, 3) * height
        shapes += bush(random, end, radii, count // 6, 0.011 * height, colours)[:1]
    bark = ramp(np.clip(0.5 + 0.3 * noise(random, (512, 512), (4, 24), 5), 0, 1), (0.16, 0.12, 0.1), (0.48, 0.42, 0.36))
    return [Shape(joined(trunk), matte(bark)), *shapes]


def lawn(random: Random, low: Place, high: Place, count: int, height: float = 0.06) -> list[Shape]:
    """Earth and grass in a rectangle on the ground, blades closer together near `low`'s y."""
    places = scattered(random, count, (low[0], 0, 0), (high[0], 1, 0))
    places[:, 1] = low[1] + (high[1] - low[1]) * places[:, 1] ** 1.8
    colours: list[Colour] = [(0.34, 0.46, 0.16), (0.42, 0.5, 0.2), (0.26, 0.4, 0.13), (0.58, 0.54, 0.3)]
    grass = Shape(blades(random, places, height), foliage(palette(random, colours), 0.5, 0.5))
    soil = speckled(random, (0.13, 0.15, 0.06), (0.24, 0.29, 0.1), (0.36, 0.36, 0.16), cells=40)
    return [grass, ground(low, high, matte(soil), 1.2)]


def ground(low: Place, high: Place, material: Material, repeat: float, height: float = 0) -> Shape:
    """A level rectangle; its texture repeats every `repeat` metres."""
    x, y = np.meshgrid((low[0], high[0]), (low[1], high[1]))
    points = np.stack([x, y, np.full_like(x, height, dtype=float)], -1)
    return Shape(sheet(points, ((high[0] - low[0]) / repeat, (high[1] - low[1]) / repeat)), material)


def horizon(random: Random, near: float) -> list[Shape]:
    """Open ground from y = `near` on, with a belt of bushes and trees 20 to 34 m away."""
    meadow = speckled(random, (0.2, 0.24, 0.1), (0.36, 0.38, 0.2), cells=9)
    shapes = [ground((-60, near), (60, 90), matte(meadow), 6, -0.1)]
    for place in np.linspace(-13, 13, 9):
        radii = random.uniform((1.4, 1.2, 1.2), (2.4, 2.0, 3.0))
        shapes += bush(random, (place, random.uniform(20, 34), 0.7 * radii[2]), radii, 5000, 0.2)
    return shapes


def wall(start: Place, end: Place, height: float, material: Material, repeat: float) -> Shape:
    """An upright rectangle over the line from `start` to `end` (x, y); its texture repeats every `repeat` metres."""
    bottom = np.array([[*start, 0.0], [*end, 0.0]])
    length = float(np.linalg.norm(bottom[1] - bottom[0]))
    return Shape(
        sheet(np.stack([bottom, np.add(bottom, (0, 0, height))]), (length / repeat, height / repeat)), material
    )


def bricks(random: Random, first: Colour, second: Colour) -> Material:
    """A wall of 13 courses a repeat."""
    burnt = speckled(random, first, second, cells=20, contrast=0.3)
    picture = slabs(random, burnt, 13, 4, (0.62, 0.59, 0.54), gap=9)
    return glossy(picture, 0.85, bump=(heights(picture), 0.004))


def paving(random: Random, rows: int = 4, columns: int = 4, light: float = 1.0) -> Material:
    """Slabs of concrete."""
    grey: list[Colour] = [(0.34 * light, 0.33 * light, 0.31 * light), (0.52 * light, 0.5 * light, 0.48 * light)]
    picture = slabs(random, speckled(random, *grey, cells=60, contrast=0.24), rows, columns, (0.16, 0.15, 0.12), gap=7)
    return glossy(picture, 0.75, bump=(heights(picture), 0.003))


def facade(random: Random, start: Place, end: Place, height: float, storey: float) -> list[Shape]:
    """A house's front with rows of windows between `start` and `end` (x, y), seen from its right-hand side."""
    tint = float(random.uniform(0, 1))
    plaster = speckled(random, (0.6, 0.5 + 0.1 * tint, 0.4), (0.8, 0.74, 0.58 + 0.1 * tint), cells=6)
    shapes = [wall(start, end, height, matte(plaster), 3.0)]
    along = np.subtract(end, start)
    length = float(np.linalg.norm(along))
    along, turn = along / length, float(np.arctan2(along[1], along[0]))
    panes, frames, sills = [], [], []
    for level in range(int(height / storey)):
        for place in np.arange(storey * 0.45, length - storey * 0.3, storey * 0.8):
            centre = (*(np.asarray(start) + along * place), (level + 0.35) * storey)
            size = storey * 0.34, 0.06, storey * 0.5
            frames.append(box((size[0] + 0.16, 0.1, size[2] + 0.16)).moved(np.add(centre, (0, 0, -0.08)), turn))
            sills.append(box((size[0] + 0.4, 0.34, 0.08)).moved(np.add(centre, (0, 0, -0.16)), turn))
            panes += [
                box((size[0] * 0.46, 0.14, size[2])).moved(_beside(centre, turn, side * size[0] / 4), turn)
                for side in (-1, 1)
            ]
    shapes.append(Shape(joined(panes), glossy((0.1, 0.13, 0.17), 0.08)))
    shapes.append(Shape(joined(frames), glossy((0.86, 0.84, 0.8), 0.4)))
    shapes.append(Shape(joined(sills), matte((0.55, 0.52, 0.48))))
    return shapes


def books(random: Random, start: Place, length: float, depth: float = 0.16) -> list[Shape]:
    """A row of books along x, spines towards -y, one of them leaning now and then."""
    shapes, place = [], 0.0
    while place < length:
        thick, tall = float(random.uniform(0.016, 0.05)), float(random.uniform(0.17, 0.26))
        cover_colour = COVERS[int(random.integers(len(COVERS)))]
        ink = (0.86, 0.8, 0.62) if sum(cover_colour) < 1.4 else (0.14, 0.12, 0.14)
        spine = label(random, cover_colour, ink, lines=5, side=256)
        at = np.add(start, (place + thick / 2, random.uniform(-0.012, 0.012), 0))
        cover = box((thick, depth, tall)).moved(at)
        face = np.array([[[-1, 0], [1, 0]], [[-1, 1], [1, 1]]]) * (thick / 2, tall)
        front = np.stack([face[..., 0], np.full((2, 2), -depth / 2 - 0.0006), face[..., 1]], -1)
        shapes.append(Shape(cover, matte(cover_colour)))
        shapes.append(Shape(sheet(front).moved(at), glossy(spine, float(random.uniform(0.3, 0.7)))))
        place += thick + 0.001 + (0.05 if random.random() < 0.06 else 0)
    return shapes


def chair(random: Random) -> Mesh:
    """A wooden chair, its back towards +y, seat at 0.45 m."""
    legs = [
        tube(np.array([[x, y, 0], [x * 0.9, y * 0.9, 0.44]]), np.array([0.015, 0.02]), 10)
        for x in (-0.2, 0.2)
        for y in (-0.2, 0.2)
    ]
    posts = [
        tube(np.array([[x, 0.18, 0.44], [x * 1.05, 0.26, 0.92]]), np.array([0.018, 0.014]), 10)
        for x in np.linspace(-0.19, 0.19, 5)
    ]
    rail = tube(wander(random, (-0.24, 0.26, 0.92), (0.24, 0.26, 0.92), 0.004), np.full(24, 0.024), 12)
    return joined([*legs, *posts, rail, box((0.44, 0.44, 0.035), 1.5).moved((0, 0, 0.44))])


def picket_fence(random: Random, start: Place, end: Place, height: float, gap: float) -> Shape:
    """Upright boards on two rails between `start` and `end` (x, y)."""
    along = np.subtract(end, start)
    length, turn = float(np.linalg.norm(along)), float(np.arctan2(along[1], along[0]))
    parts = []
    for place in np.arange(0, length, gap):
        at = (*(np.asarray(start) + along * place / length), 0.02)
        parts.append(
            box((gap * 0.62, 0.02, height * random.uniform(0.95, 1.03)), 1.3).moved(at, turn + random.normal(0, 0.02))
        )
    middle = (*np.add(start, end), 0.0)
    for share in (0.25, 0.75):
        parts.append(
            box((length, 0.05, 0.07), 1.3).moved(np.add(np.divide(middle, 2), (0, 0.03, share * height)), turn)
        )
    return Shape(joined(parts), glossy(upright(wood(random, (0.66, 0.6, 0.5), (0.4, 0.34, 0.28), 6)), 0.75))


def pebbles(random: Random, places: Sequence[Place], sizes: Place, kinds: int = 8) -> list[Shape]:
    """Stones of several kinds and colours at `places`, each of its own turn and size."""
    shapes = []
    for kind in range(kinds):
        one = stone(random, 0.1, 20)
        mine = [
            one.moved(place, random.uniform(0, 6.3), random.uniform(-0.4, 0.4), size * random.uniform(0.6, 1.2, 3))
            for place, size in list(zip(places, sizes, strict=True))[kind::kinds]
        ]
        tone = float(random.uniform(0.32, 0.75))
        warm = float(random.uniform(-0.06, 0.06))
        colour = (tone + warm, tone, tone - warm)
        dark = (0.6 * colour[0], 0.6 * colour[1], 0.6 * colour[2])
        shapes.append(Shape(joined(mine), glossy(speckled(random, dark, colour, cells=8, side=256), 0.6)))
    return shapes


def fallen_leaves(random: Random, low: Place, high: Place, count: int, length: float) -> Shape:
    """Dry leaves lying about."""
    mesh = leaves(random, scattered(random, count, (*low, 0.004), (*high, 0.015)), length, 0.6, 0.35, 0.93)
    return Shape(mesh, foliage(palette(random, AUTUMN), 0.6, 0.3))


def oranges(random: Random, places: Sequence[Place], radius: float) -> list[Shape]:
    """Oranges of a few shades with pored skin."""
    shapes = []
    pores = noise(random, (512, 1024), (110, 220), 1)
    for shade in range(3):
        base = ramp(
            np.clip(0.5 + 0.25 * noise(random, (512, 1024), (4, 6), 5) + 0.04 * pores, 0, 1),
            (0.85, 0.38 + 0.05 * shade, 0.05),
            (0.95, 0.58, 0.12),
        )
        bump = np.repeat(np.clip(0.7 - 0.15 * np.maximum(pores, 0), 0, 1)[..., None], 3, -1).astype(np.float32)
        mine = [
            ball(radius * float(random.uniform(0.9, 1.1))).moved(place, random.uniform(0, 6), random.uniform(0, 3))
            for place in list(places)[shade::3]
        ]
        shapes.append(Shape(joined(mine), glossy(base, 0.38, bump=(bump, 0.0008))))
    return shapes


def crate(random: Random, size: Place) -> Shape:
    """An open crate of slats."""
    x, y, z = size
    parts = [box((x, y, 0.012), 2)]
    for row in range(3):
        low = 0.01 + row * z / 3
        for side in (-1, 1):
            parts.append(box((x, 0.009, z / 3 - 0.016), 2).moved((0, side * y / 2, low)))
            parts.append(box((0.009, y, z / 3 - 0.016), 2).moved((side * x / 2, 0, low)))
    parts += [
        box((0.02, 0.02, z), 2).moved((i * (x / 2 - 0.012), j * (y / 2 - 0.012), 0)) for i in (-1, 1) for j in (-1, 1)
    ]
    return Shape(joined(parts), matte(wood(random, (0.8, 0.66, 0.46), (0.6, 0.45, 0.28), 5, 512)))


def awning(start: Place, end: Place, colour: Colour, stripes: int) -> Shape:
    """A striped cloth between two corners (x, y, z)."""
    stripe = (np.arange(512) * stripes // 256) % 2
    picture = np.where(stripe[None, :, None] == 1, to_linear(colour), to_linear((0.88, 0.85, 0.78)))
    x, y = np.meshgrid(np.linspace(start[0], end[0], 40), np.linspace(start[1], end[1], 12))
    z = np.interp(y, sorted((start[1], end[1])), (start[2], end[2])) + 0.03 * np.sin(x * 9)
    cloth = np.broadcast_to(picture, (64, 512, 3)).astype(np.float32)
    return Shape(sheet(np.stack([x, y, z], -1)), foliage(cloth, 0.8, 0.6))


def _beside(centre: Place, turn: float, offset: float) -> tuple[float, float, float]:
    return centre[0] + offset * float(np.cos(turn)), centre[1] + offset * float(np.sin(turn)), centre[2]
