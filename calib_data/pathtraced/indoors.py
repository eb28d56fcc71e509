"""Scenes in rooms and under awnings."""

from __future__ import annotations

import numpy as np

from calib_data.colour import to_linear
from calib_data.pathtraced import things
from calib_data.pathtraced.mesh import Random, ball, box, joined, leaves, revolved, sheet, smooth_profile, tube, wander
from calib_data.pathtraced.setting import Setting, Shape, View, foliage, glossy, lamp, matte, plain_sky
from calib_data.pathtraced.textures import (
    label,
    marble,
    noise,
    palette,
    ramp,
    sky,
    slabs,
    speckled,
    upright,
    wood,
)


def table_top(random: Random) -> Setting:
    """A vase with twigs and apples on a wooden table by a window; chairs and a shelf of books behind."""
    top = wood(random, (0.72, 0.5, 0.32), (0.5, 0.31, 0.18), 5)
    clouds = noise(random, (512, 512), (5, 5), 6)
    bands = np.linspace(0, 1, 512)[:, None] * np.ones(512)
    glaze = ramp(np.clip(bands + 0.07 * clouds, 0, 1), (0.16, 0.27, 0.36), (0.25, 0.42, 0.5), (0.8, 0.78, 0.7))
    shapes = [
        Shape(box((1.7, 0.9, 0.04), 1.1).moved((0, 0.25, 0.71)), glossy(top, 0.33)),
        Shape(things.vase(0.17).moved((-0.04, 0, 0.75)), glossy(glaze, 0.18)),
    ]
    stems = [
        wander(random, (-0.04, 0, 0.88), (-0.04 + x, y, 1.06 + z), 0.01) for x, y, z in random.normal(0, 0.05, (6, 3))
    ]
    shapes.append(
        Shape(joined([tube(path, np.linspace(0.0022, 0.001, 24), 6) for path in stems]), matte((0.36, 0.3, 0.2)))
    )
    twig_leaves = leaves(random, np.concatenate([path[7:] for path in stems]), 0.034, 0.42)
    shapes.append(
        Shape(twig_leaves, foliage(palette(random, [(0.45, 0.52, 0.4), (0.36, 0.46, 0.34), (0.55, 0.58, 0.45)])))
    )
    red = things.fruit_skin(random, (0.75, 0.62, 0.2), (0.7, 0.16, 0.12), (0.5, 0.06, 0.08))
    green = things.fruit_skin(random, (0.5, 0.6, 0.2), (0.68, 0.7, 0.3))
    for (x, y), skin in (((0.1, -0.04), red), ((0.17, 0.03), green), ((0.27, 0.3), red), ((-0.25, 0.42), green)):
        stalk = tube(wander(random, (x, y, 0.805), (x + 0.006, y, 0.832), 0.002, 8), np.full(8, 0.0013), 6)
        shapes += [
            Shape(things.apple(0.036).moved((x, y, 0.75), random.uniform(0, 6)), skin),
            Shape(stalk, matte((0.3, 0.2, 0.1))),
        ]
    shapes += _room(random, 3.9) + _bookcase(random, (-1.9, 3.55), 2.1)
    oak = glossy(upright(wood(random, (0.6, 0.42, 0.26), (0.4, 0.26, 0.15), 4, 512)), 0.4)
    shapes += [
        Shape(things.chair(random).moved(place, turn), oak)
        for place, turn in (((0.55, 1.5, 0), 0.5), ((-0.7, 1.9, 0), -2.3))
    ]
    shapes += [
        Shape(s.mesh.moved((1.35, 3.0, 0.4), scale=3.2), s.material) for s in things.plant(random, 0.35, 330, 0.07)
    ]
    shapes.append(Shape(things.pot(0.42).moved((1.35, 3.0, 0)), things.earthenware(random)))
    shapes.append(_window((-2.2, 0.2, 1.5), (1.6, 1.5), (13, 14, 15.5)))
    view = View((0.16, -1.05, 1.08), (0.035, 0.0, 0.882), (-0.04, -0.05, 0.85))
    return Setting(shapes, view, plain_sky(0.55, (1.0, 0.96, 0.9)), key=0.15, effort=2)


def book_shelf(random: Random) -> Setting:
    """A shelf of books seen along its length, a small figure in focus."""
    board = glossy(wood(random, (0.5, 0.36, 0.24), (0.34, 0.22, 0.14), 3), 0.4)
    shapes = [Shape(box((5.6, 0.3, 0.025), 0.9).moved((1.6, 0, level)), board) for level in (0.62, 0.975, 1.36)]
    shapes.append(
        things.wall((-1.2, 0.16), (4.4, 0.16), 2.4, matte(speckled(random, (0.74, 0.7, 0.62), (0.82, 0.79, 0.72))), 2.0)
    )
    for level in (0.645, 1.385):
        shapes += things.books(random, (-0.6, 0.02, level), 4.6)
    shapes += things.books(random, (0.1, 0.03, 1.0), 0.5) + things.books(random, (1.0, 0.03, 1.0), 3.2)
    spots = marble(random, (0.87, 0.84, 0.78), (0.42, 0.36, 0.34), 512)
    owl = [
        (0, 0),
        (0.034, 0),
        (0.042, 0.01),
        (0.045, 0.04),
        (0.036, 0.07),
        (0.03, 0.08),
        (0.035, 0.1),
        (0.025, 0.12),
        (0, 0.128),
    ]
    eyes = [ball(0.009, 24).moved((x, -0.033, 0.1)) for x in (-0.013, 0.013)]
    ears = [revolved([(0.011, 0), (0, 0.026)], 16).moved((x, 0, 0.117)) for x in (-0.02, 0.02)]
    at = (-0.11, -0.07, 1.0)
    shapes.append(Shape(joined([revolved(smooth_profile(owl)), *ears]).moved(at), glossy(spots, 0.22)))
    shapes.append(Shape(joined(eyes).moved(at, -0.6), glossy((0.05, 0.04, 0.04), 0.1)))
    shapes += [_at(s, (0.02, -0.02, 1.0)) for s in things.books(random, (0.0, 0, 0), 0.06)]
    shapes += _room(random, 3.2, (4.4, 2.6))[:1]
    shapes.append(_window((-2.4, -1.4, 1.7), (1.8, 1.6), (10, 10.5, 11)))
    shapes.append(lamp(ball(0.09).moved((3.4, -0.45, 1.55)), (20, 13, 7)))
    view = View((-0.93, -0.62, 1.17), (-0.05, -0.055, 1.075), (-0.14, -0.1, 1.08))
    return Setting(shapes, view, plain_sky(0.6, (1.0, 0.95, 0.88)), key=0.14, effort=2)


def cafe(random: Random) -> Setting:
    """Bottles on a marble counter, a café with hanging lamps behind."""
    shapes = [
        Shape(
            box((3, 0.6, 0.05), 1.0).moved((0, 0.1, 1.0)),
            glossy(marble(random, (0.86, 0.85, 0.83), (0.4, 0.38, 0.38)), 0.16),
        )
    ]
    wares = (
        ((-0.13, 0.02), 0.25, (0.32, 0.14, 0.05)),
        ((0.0, -0.02), 0.22, (0.1, 0.2, 0.11)),
        ((0.13, 0.14), 0.26, (0.55, 0.5, 0.42)),
        ((0.33, 0.3), 0.25, (0.12, 0.15, 0.3)),
    )
    for (x, y), height, colour in wares:
        shapes.append(Shape(things.bottle(height).moved((x, y, 1.05)), glossy(colour, 0.09)))
        angle = np.linspace(-2.7, -0.4, 30)
        rim = 0.1325 * height
        low, high = 0.14 * height, 0.48 * height
        wrap = np.stack(
            [
                rim * np.cos(angle) * np.ones((2, 1)),
                rim * np.sin(angle) * np.ones((2, 1)),
                np.array([[low], [high]]) * np.ones(30),
            ],
            -1,
        )
        printed = label(random, (0.9, 0.87, 0.78), tuple(random.uniform(0.05, 0.5, 3)))
        shapes.append(Shape(sheet(wrap).moved((x, y, 1.05)), glossy(printed, 0.55)))
        shapes.append(
            Shape(
                revolved([(0.058, 0.9), (0.06, 1.0), (0.05, 1.012), (0, 1.012)]).moved((x, y, 1.05), scale=height),
                glossy((0.75, 0.6, 0.3), 0.3, 0.8),
            )
        )
    shapes += _room(random, 6.5, (8.0, 3.4))
    oak = glossy(upright(wood(random, (0.5, 0.33, 0.2), (0.3, 0.18, 0.1), 4, 512)), 0.35)
    for x, y in ((-1.1, 2.8), (0.4, 3.4), (1.5, 2.7), (-0.4, 4.8), (1.3, 5.0)):
        shapes.append(
            Shape(
                joined(
                    [
                        box((0.75, 0.75, 0.03)).moved((x, y, 0.74)),
                        tube(np.array([[x, y, 0], [x, y, 0.74]]), np.full(2, 0.03)),
                    ]
                ),
                oak,
            )
        )
        shapes += [
            Shape(things.chair(random).moved((x + dx, y + 0.2, 0), turn), oak)
            for dx, turn in ((0.62, -1.4), (-0.62, 1.5))
        ]
        shapes.append(Shape(things.cup(0.09).moved((x, y, 0.77)), glossy((0.9, 0.88, 0.84), 0.2)))
    hung = (
        (-1.0, 3.0, 1.42),
        (-0.5, 3.9, 1.55),
        (0.2, 3.2, 1.4),
        (0.8, 4.4, 1.5),
        (1.1, 3.4, 1.45),
        (-1.2, 5.2, 1.6),
        (0.2, 5.6, 1.55),
    )
    shapes.append(lamp(joined([ball(0.055, 32).moved(place) for place in hung]), (17, 10.5, 5)))
    shades = [revolved([(0.13, 0.0), (0.05, 0.07), (0.015, 0.09), (0.015, 0.12)]).moved(place) for place in hung]
    cords = [tube(np.array([[x, y, z + 0.1], [x, y, 3.4]]), np.full(2, 0.006)) for x, y, z in hung]
    shapes.append(Shape(joined([*shades, *cords]), glossy((0.1, 0.2, 0.2), 0.3)))
    for x in (-1.7, -0.5, 0.8, 1.9):
        poster = label(random, things.COVERS[int(random.integers(len(things.COVERS)))], (0.9, 0.85, 0.7))
        shapes.append(
            Shape(
                sheet(np.array([[[x, 6.47, 0.9], [x + 0.7, 6.47, 0.9]], [[x, 6.47, 1.85], [x + 0.7, 6.47, 1.85]]])),
                matte(poster),
            )
        )
    shapes.append(_window((-2.4, -0.6, 1.9), (2.0, 1.6), (6.5, 7.5, 9)))
    view = View((0.1, -1.3, 1.29), (0.035, 0.0, 1.185), (0.0, -0.05, 1.15))
    return Setting(shapes, view, plain_sky(0.16, (1.0, 0.9, 0.8)), key=0.12, effort=2)


def market(random: Random) -> Setting:
    """A crate of oranges on a market stall; more crates, an awning and a wall behind."""
    shapes = [Shape(box((6, 0.62, 0.05), 1.0).moved((1.0, 0.15, 0.75)), matte((0.2, 0.34, 0.24)))]
    _fill(random, shapes, (0.0, 0.08), 0.8, 0.037, oranges=True)
    _fill(random, shapes, (0.56, 0.2), 0.8, 0.036, oranges=False)
    _fill(random, shapes, (-0.62, 0.25), 0.8, 0.034, oranges=False)
    shapes.append(Shape(box((6, 1.0, 0.05), 1.0).moved((0, 2.4, 0.5)), matte((0.2, 0.34, 0.24))))
    for place in ((-0.9, 2.2), (0.1, 2.5), (1.1, 2.3), (2.2, 2.6), (-2.0, 2.5)):
        _fill(random, shapes, place, 0.55, 0.05, oranges=bool(random.random() < 0.4))
    sign = label(random, (0.95, 0.93, 0.85), (0.1, 0.1, 0.12), 4)
    card = np.array([[[-0.05, 0, 0], [0.05, 0, 0]], [[-0.05, 0.02, 0.075], [0.05, 0.02, 0.075]]])
    shapes.append(Shape(sheet(card).moved((0.1, -0.07, 0.955)), matte(sign)))
    shapes.append(things.awning((-3.4, 1.6, 1.75), (3.4, 3.6, 2.3), (0.7, 0.14, 0.12), 12))
    shapes += [
        Shape(tube(np.array([[x, 1.65, 0], [x, 1.65, 1.8]]), np.full(2, 0.02)), glossy((0.6, 0.6, 0.6), 0.4, 0.6))
        for x in (-2.0, -0.55, 1.25, 2.6)
    ]
    shapes.append(things.ground((-9, -2), (9, 10), things.paving(random, 6, 6), 1.2))
    shapes.append(things.wall((-9, 8), (9, 8), 5, things.bricks(random, (0.55, 0.42, 0.3), (0.7, 0.58, 0.44)), 1.0))
    for x in (-2.6, 0.9, 3.6):
        shapes += things.bush(random, (x, 6.6, 0.9), (0.7, 0.7, 0.8), 6000, 0.07)
    view = View((0.06, -1.14, 1.13), (0.03, 0.0, 0.965), (0.02, -0.04, 0.95))
    covered = sky(random, (0.62, 0.72, 0.9), (0.92, 0.94, 0.97), (0.3, 0.29, 0.27), 0.5)
    return Setting(shapes, view, covered, ((-0.5, 0.62, -0.75), (2.6, 2.4, 2.1)))


def _fill(
    random: Random, shapes: list[Shape], place: tuple[float, float], height: float, radius: float, *, oranges: bool
) -> None:
    """A crate at `place` (x, y) with a heap of fruit."""
    size = 0.44, 0.32, 0.13
    crate = things.crate(random, size)
    shapes.append(Shape(crate.mesh.moved((*place, height)), crate.material))
    spots = []
    for level in range(3):
        step = 2.02 * radius
        inset = radius * (1 + level) + 0.014
        for x in np.arange(-size[0] / 2 + inset, size[0] / 2 - inset + 0.001, step):
            for y in np.arange(-size[1] / 2 + inset, size[1] / 2 - inset + 0.001, step):
                jitter = random.normal(0, 0.05 * radius, 3)
                spots.append(np.add((place[0] + x, place[1] + y, height + 0.055 + level * 1.45 * radius), jitter))
    if oranges:
        shapes.extend(things.oranges(random, spots, radius))
        return
    skins = [
        things.fruit_skin(random, (0.76, 0.66, 0.25), (0.7, 0.2, 0.14), (0.55, 0.08, 0.1)),
        things.fruit_skin(random, (0.45, 0.58, 0.18), (0.66, 0.7, 0.3)),
    ]
    skin = skins[int(random.integers(0, 2))]
    shapes.append(
        Shape(joined([things.apple(radius).moved(spot - (0, 0, radius), random.uniform(0, 6)) for spot in spots]), skin)
    )


def _room(random: Random, depth: float, size: tuple[float, float] = (5.2, 2.7)) -> list[Shape]:
    """The far wall, the floor and the right-hand wall of a room."""
    width, height = size
    paint = matte(speckled(random, (0.72, 0.69, 0.62), (0.8, 0.77, 0.71), cells=5, contrast=0.1))
    boards = glossy(wood(random, (0.55, 0.4, 0.26), (0.36, 0.24, 0.15), 8), 0.4)
    tiles = slabs(
        random, np.full((512, 512, 3), to_linear((0.35, 0.45, 0.42)), np.float32), 8, 8, (0.8, 0.8, 0.78), 0, 3
    )
    return [
        things.wall((-width / 2, depth), (width / 2, depth), height, paint, 2.5),
        things.ground((-width / 2, -2), (width / 2, depth), boards, 1.3),
        things.wall((width / 2, depth), (width / 2, -0.5), height, glossy(tiles, 0.25), 1.2),
    ]


def _bookcase(random: Random, place: tuple[float, float], height: float) -> list[Shape]:
    """A case with four rows of books, its left front corner at `place` (x, y)."""
    x, y = place
    frame = [box((1.5, 0.26, 0.03), 1.2).moved((x + 0.75, y, level)) for level in np.linspace(0.1, height, 6)]
    frame += [box((0.03, 0.26, height), 1.2).moved((x + side, y, 0)) for side in (0, 1.5)]
    shapes = [Shape(joined(frame), glossy(wood(random, (0.46, 0.32, 0.2), (0.3, 0.19, 0.11), 3, 512), 0.4))]
    for level in np.linspace(0.1, height, 6)[:-1]:
        shapes += things.books(random, (x + 0.03, y, level + 0.03), 1.38 if level > 0.4 else 0.7)
    return shapes


def _window(
    centre: tuple[float, float, float], size: tuple[float, float], radiance: tuple[float, float, float]
) -> Shape:
    """A bright pane that faces +x."""
    width, height = size
    y, z = np.meshgrid((-width / 2, width / 2), (-height / 2, height / 2))
    pane = sheet(np.stack([np.zeros_like(y), y, z], -1)).moved(centre)
    return lamp(pane, radiance)


def _at(shape: Shape, offset: tuple[float, float, float]) -> Shape:
    return Shape(shape.mesh.moved(offset), shape.material, shape.radiance)
