"""Scenes under the sky."""

from __future__ import annotations

import numpy as np

from calib_data.pathtraced import things
from calib_data.pathtraced.mesh import (
    Random,
    ball,
    box,
    joined,
    leaves,
    revolved,
    scattered,
    sheet,
    stone,
    tube,
    wander,
)
from calib_data.pathtraced.setting import Setting, Shape, View, foliage, glossy, lamp, matte
from calib_data.pathtraced.textures import heights, label, palette, sky, slabs, speckled, wood

_BLUE, _HAZE, _GROUND = (0.36, 0.55, 0.88), (0.86, 0.91, 0.97), (0.3, 0.29, 0.25)
_WARM_SUN = (5.2, 4.6, 3.7)


def garden(random: Random) -> Setting:
    """A potted plant on a wooden table; behind it a lawn, a fence and bushes in the sun."""
    top = wood(random, (0.62, 0.47, 0.32), (0.4, 0.27, 0.17), 6)
    shapes = [
        Shape(box((1.6, 0.5, 0.04), 1.4).moved((0, 0.05, 0.71)), glossy(top, 0.5)),
        Shape(things.pot(0.13).moved((-0.05, 0, 0.75)), things.earthenware(random)),
        _at(things.potting_soil(random, 0.13), (-0.05, 0, 0.75)),
        *(_at(shape, (-0.05, 0, 0.86)) for shape in things.plant(random, 0.13, 210, 0.034)),
        Shape(things.cup(0.085).moved((0.19, 0.13, 0.75), 0.7), glossy((0.72, 0.78, 0.76), 0.3)),
        *things.lawn(random, (-6, 0.6), (6, 11), 90000),
        things.picket_fence(random, (-6, 5.6), (6, 6.8), 0.85, 0.16),
    ]
    for place, radius in (
        ((-2.2, 5.0), 0.6),
        ((1.5, 4.4), 0.45),
        ((3.1, 7.2), 1.3),
        ((-0.9, 8.4), 1.2),
        ((-4, 8), 1.6),
    ):
        shapes += things.bush(random, (*place, radius * 0.8), (radius, radius, radius * 0.9), 9000, 0.06)
    herbs = leaves(random, scattered(random, 9000, (-3.2, 3.5, 0.0), (3.2, 5.1, 0.42)), 0.09, 0.3, up=0.2)
    shapes.append(Shape(herbs, foliage(palette(random, things.GREENS))))
    flowers = leaves(random, scattered(random, 600, (-3, 3.6, 0.1), (3, 5.0, 0.5)), 0.05, 0.9, up=0.8)
    shapes.append(Shape(flowers, foliage(palette(random, [(0.85, 0.2, 0.3), (0.95, 0.75, 0.2), (0.9, 0.85, 0.9)]))))
    view = View((0.05, -1.12, 1.12), (0.01, 0.0, 0.885), (-0.05, -0.05, 0.9))
    return Setting(shapes, view, sky(random, _BLUE, _HAZE, _GROUND), ((0.55, 0.45, -0.7), _WARM_SUN))


def bollards(random: Random) -> Setting:
    """A row of bollards along a pavement under a covered sky, houses and a tree at its side."""
    body = [(0, 0), (0.075, 0), (0.075, 0.06), (0.055, 0.09), (0.05, 0.7), (0.066, 0.72), (0.066, 0.76), (0.05, 0.78)]
    dome = [(0.05 * float(np.cos(a)), 0.78 + 0.05 * float(np.sin(a))) for a in np.linspace(0, np.pi / 2, 12)]
    one = joined([revolved(body + dome), revolved([(0.0535, 0.58), (0.0545, 0.585), (0.0545, 0.63), (0.0535, 0.635)])])
    rust = speckled(random, (0.1, 0.12, 0.13), (0.17, 0.19, 0.2), (0.4, 0.22, 0.12), cells=7, contrast=0.17)
    shapes = [Shape(one.moved((0.1 - 0.16 * k, 1.55 * k, 0), k), glossy(rust, 0.4)) for k in range(9)]
    shapes.append(things.ground((-1.7, -1.5), (1.6, 22), things.paving(random), 1.3))
    shapes.append(
        things.ground(
            (1.6, -1.5), (9, 22), glossy(speckled(random, (0.2, 0.2, 0.2), (0.33, 0.32, 0.31)), 0.7), 1.5, -0.08
        )
    )
    shapes.append(Shape(box((0.14, 24, 0.09), 1.0).moved((1.6, 10.4, -0.085)), matte((0.55, 0.53, 0.5))))
    shapes.append(
        things.wall((-1.7, -1), (-1.7, 9), 5, things.bricks(random, (0.45, 0.27, 0.2), (0.6, 0.41, 0.33)), 1.0)
    )
    shapes += things.facade(random, (-2.6, 22), (9.5, 19.0), 11, 2.9)
    shapes += things.tree(random, (2.9, 12, -0.08), 3.6, 16000) + things.tree(
        random, (-1.2, 14, 0), 3.0, 12000, things.AUTUMN
    )
    shapes += things.horizon(random, -2)
    for x in (-0.9, -0.2, 0.6):
        shapes += things.bush(random, (x, 17.5, 0.4), (0.5, 0.4, 0.55), 5000, 0.06)
    for place, colour in (((2.6, 7.2), (0.55, 0.08, 0.08)), ((3.3, 15.5), (0.16, 0.3, 0.5))):
        shapes += _parked_car(place, colour)
    shapes.append(things.fallen_leaves(random, (-1.6, -0.5), (1.5, 6), 320, 0.05))
    view = View((0.42, -1.75, 0.95), (0.16, 0.0, 0.74), (0.1, -0.05, 0.75))
    return Setting(shapes, view, sky(random, (0.8, 0.83, 0.88), (0.95, 0.95, 0.95), _GROUND, 0.5))


def courtyard_floor(random: Random) -> Setting:
    """Looking down at a tin watering can and pebbles on slabs with fallen leaves and moss."""
    can = revolved(
        [(0, 0), (0.075, 0), (0.078, 0.004), (0.07, 0.15), (0.073, 0.155), (0.066, 0.156), (0.066, 0.03), (0, 0.03)]
    )
    angle = np.linspace(0.1, np.pi - 0.1, 24)
    handle = tube(np.stack([0.07 * np.cos(angle), 0 * angle, 0.14 + 0.09 * np.sin(angle)], -1), np.full(24, 0.006), 10)
    spout = tube(wander(random, (0.06, 0, 0.04), (0.19, 0, 0.17), 0.004), np.linspace(0.016, 0.01, 24), 16)
    rose = revolved([(0.01, 0), (0.03, 0.025), (0.031, 0.03), (0, 0.032)]).moved((0.185, 0, 0.165))
    zinc = speckled(random, (0.36, 0.42, 0.44), (0.62, 0.66, 0.66), (0.75, 0.76, 0.74), cells=8, side=512)
    shapes = [
        Shape(joined([can, handle, spout, rose]).moved((-0.06, 0, 0), 0.5), glossy(zinc, 0.36, 0.75)),
        things.ground((-4, -1.5), (4, 7), things.paving(random, 3, 3, 1.1), 1.0),
        things.fallen_leaves(random, (-2.5, -0.5), (2.5, 4.5), 430, 0.055),
    ]
    places = scattered(random, 260, (-2.0, -0.4, 0), (2.0, 3.5, 0.004))
    shapes += things.pebbles(random, list(places), list(random.uniform(0.004, 0.02, len(places))))
    shapes += [_at(s, (0.42, 0.85, 0)) for s in things.plant(random, 0.25, 330, 0.06)]
    shapes += [
        _at(s, (-0.75, 1.5, 0)) for s in things.plant(random, 0.3, 330, 0.08, [(0.5, 0.2, 0.25), (0.35, 0.4, 0.2)])
    ]
    shapes.append(Shape(things.pot(0.3).moved((0.95, 2.3, 0)), things.earthenware(random)))
    view = View((0.12, -1.08, 0.66), (0.05, 0.1, 0.11), (-0.04, -0.06, 0.09))
    return Setting(shapes, view, sky(random, (0.62, 0.72, 0.9), (0.9, 0.92, 0.95), _GROUND, 0.4), key=0.15)


def twigs(random: Random) -> Setting:
    """A twig with leaves and berries before trees, with the sky in their gaps and the sun behind."""
    shapes: list[Shape] = []
    branches, spots = [], []
    main = wander(random, (-0.34, 0.03, 1.42), (0.24, -0.03, 1.63), 0.03, 40)
    branches.append(tube(main, np.linspace(0.0055, 0.002, 40), 10))
    for start in range(5, 38, 4):
        reach = np.add(random.normal(0, 0.05, 3), (0.07, -0.01, random.choice([-0.06, 0.08])))
        path = wander(random, main[start], main[start] + reach, 0.006, 16)
        branches.append(tube(path, np.linspace(0.0024, 0.0009, 16), 7))
        spots.append(path[4:])
    bark = speckled(random, (0.2, 0.14, 0.1), (0.42, 0.33, 0.26), cells=20, side=256)
    places = np.concatenate(spots)
    shapes.append(Shape(joined(branches), matte(bark)))
    shapes.append(
        Shape(
            leaves(random, places[random.random(len(places)) < 0.62], 0.042, 0.55),
            foliage(palette(random, things.GREENS), 0.36, 0.9),
        )
    )
    berries = joined(
        [ball(0.0068, 24).moved(path[-1] + random.normal(0, 0.007, 3)) for path in spots for _ in range(3)]
    )
    shapes.append(Shape(berries, glossy((0.72, 0.07, 0.06), 0.16)))
    for x, y, height in (
        (-1.3, 6.5, 2.6),
        (0.7, 8.5, 3.4),
        (1.9, 6.0, 2.4),
        (-0.4, 12, 3.6),
        (-2.6, 9, 3.2),
        (2.9, 10, 3.5),
    ):
        shapes += things.tree(random, (x, y, 0), height, 13000, things.AUTUMN if x > 2 else things.GREENS)
    for x, y in ((-1.0, 4.6), (0.4, 5.4), (1.3, 4.9), (-2.0, 5.6)):
        shapes += things.bush(random, (x, y, 0.5), (0.6, 0.6, 0.6), 7000, 0.06)
    shapes += things.lawn(random, (-7, 1.5), (7, 14), 30000, 0.09) + things.horizon(random, 14)
    view = View((0.0, -0.92, 1.53), (0.0, 0.0, 1.54), (0.0, 0.0, 1.53))
    return Setting(
        shapes, view, sky(random, _BLUE, (1, 0.98, 0.95), _GROUND, 0.6), ((0.35, -0.62, -0.7), (6, 5.2, 4)), 0.15
    )


def evening(random: Random) -> Setting:
    """A lantern and a bottle on a balcony's ledge at dusk, lights of a town behind."""
    ledge = slabs(random, speckled(random, (0.4, 0.37, 0.34), (0.6, 0.57, 0.52)), 2, 3, (0.3, 0.28, 0.25), 0)
    shapes = [Shape(box((3, 0.34, 0.12), 1.2).moved((0, 0.02, 0.88)), glossy(ledge, 0.6))]
    shapes += _lantern((-0.09, 0.0, 1.0))
    printed = label(random, (0.86, 0.8, 0.62), (0.4, 0.1, 0.1))
    shapes.append(Shape(things.bottle(0.27).moved((0.12, 0.06, 1.0)), glossy((0.08, 0.17, 0.09), 0.1)))
    angle = np.linspace(-2.6, -0.4, 30)
    wrap = np.stack(
        [
            np.broadcast_to(0.0358 * np.cos(angle), (2, 30)),
            np.broadcast_to(0.0358 * np.sin(angle), (2, 30)),
            np.array([[0.03], [0.125]]) * np.ones((2, 30)),
        ],
        -1,
    )
    shapes.append(Shape(sheet(wrap).moved((0.12, 0.06, 1.0)), glossy(printed, 0.6)))
    for tint, count in (((1.0, 0.55, 0.2), 18), ((1.0, 0.75, 0.42), 16), ((0.7, 0.85, 1.0), 7), ((1.0, 0.25, 0.14), 5)):
        bulbs = []
        for x, y, z in scattered(random, count, (-0.36, 9, -0.1), (0.36, 26, 0.2)):
            bulbs.append(ball(random.uniform(0.005, 0.009) * y**0.95, 16).moved((x * y, y, 1 + z * y)))
        shapes.append(lamp(joined(bulbs), np.multiply(tint, 6.5)))
    for x, y, height, width in ((-6, 27, 5, 6), (1, 29, 7, 5), (7, 26, 4.6, 6), (-12, 30, 8, 5), (13, 29, 6.5, 6)):
        tone = random.uniform(0.15, 0.4)
        shapes.append(Shape(box((width, 3, height + 4)).moved((x, y + 2, -4)), matte((tone, tone * 0.92, tone * 0.9))))
    shapes += [_at(s, (0, 0, -2)) for s in things.tree(random, (-2.4, 9, 0), 5.0, 9000)]
    shapes += things.bush(random, (2.6, 7, -0.1), (1.2, 0.9, 1.0), 9000, 0.08)
    shapes.append(things.ground((-30, 3), (30, 40), matte((0.2, 0.2, 0.2)), 3, -2))
    view = View((0.02, -1.0, 1.16), (0.01, 0.0, 1.115), (-0.09, -0.04, 1.1))
    dusk = sky(random, (0.2, 0.27, 0.5), (0.72, 0.5, 0.42), (0.12, 0.11, 0.11), 0.05) * np.float32(0.8)
    return Setting(shapes, view, dusk, key=0.085)


def beach(random: Random) -> Setting:
    """A tower of flat stones on a shingle beach, the sea behind."""
    shapes, height = [], 0.0
    for width in (0.1, 0.085, 0.088, 0.066, 0.06, 0.042, 0.03, 0.02):
        thick = width * random.uniform(0.32, 0.46)
        tone = float(random.uniform(0.3, 0.68))
        grain = speckled(
            random,
            (tone * 0.55, tone * 0.54, tone * 0.52),
            (tone, tone * 0.97, tone * 0.93),
            (0.85, 0.83, 0.8),
            cells=9,
            side=512,
        )
        mesh = stone(random, 0.08, 64).moved(
            (*random.normal(0, 0.006, 2), height + 0.9 * thick),
            random.uniform(0, 6),
            0.03,
            (width, width * 0.85, thick),
        )
        shapes.append(Shape(mesh, glossy(grain, 0.6, bump=(heights(grain), 0.0015))))
        height += 1.72 * thick
    near = scattered(random, 2600, (-1.0, -0.7, -0.012), (1.2, 2.2, 0.0))
    far = scattered(random, 2200, (-3.5, 2.0, -0.03), (3.5, 7.5, 0.0))
    shapes += things.pebbles(random, list(near), list(random.gamma(4, 0.0055, len(near))))
    shapes += things.pebbles(random, list(far), list(random.gamma(4, 0.012, len(far))))
    sand = speckled(random, (0.3, 0.27, 0.23), (0.5, 0.46, 0.4), cells=40)
    shapes.append(things.ground((-8, -1.5), (8, 8.5), matte(sand), 0.8, -0.012))
    x, y = np.meshgrid(np.linspace(-60, 60, 300), 8 + 90 * np.linspace(0, 1, 300) ** 2)
    swell = 0.05 * np.sin(2.1 * y + 0.5 * np.sin(x * 0.9)) + 0.03 * np.sin(3.3 * x + 1.7 * y) - 0.06
    shapes.append(Shape(sheet(np.stack([x, y, swell], -1)), glossy((0.1, 0.22, 0.28), 0.12)))
    for place in ((-1.5, 4.2), (1.9, 5.4), (0.8, 7.4)):
        shapes.append(Shape(stone(random, 0.3).moved((*place, 0.1), 0, 0, random.uniform(0.25, 0.5, 3)), matte(grain)))
    view = View((0.06, -1.15, 0.31), (0.05, 0, 0.185), (0.0, -0.05, 0.18))
    return Setting(shapes, view, sky(random, _BLUE, _HAZE, (0.35, 0.36, 0.36), 0.2), ((-0.75, 0.25, -0.55), _WARM_SUN))


def _lantern(place: tuple[float, float, float]) -> list[Shape]:
    base = box((0.1, 0.1, 0.015))
    posts = [box((0.009, 0.009, 0.13)).moved((i * 0.042, j * 0.042, 0.015)) for i in (-1, 1) for j in (-1, 1)]
    roof = revolved([(0.075, 0.145), (0.07, 0.155), (0.02, 0.2), (0.012, 0.215), (0, 0.217)], 4).moved(turn=np.pi / 4)
    angle = np.linspace(0, 2 * np.pi, 32)
    ring = tube(np.stack([0.022 * np.cos(angle), 0 * angle, 0.235 + 0.022 * np.sin(angle)], -1), np.full(32, 0.003), 8)
    candle = revolved([(0, 0.015), (0.024, 0.015), (0.024, 0.075), (0.02, 0.078), (0, 0.074)])
    flame = revolved([(0, 0.08), (0.006, 0.088), (0.0065, 0.094), (0.003, 0.107), (0, 0.114)], 24)
    iron = glossy((0.13, 0.13, 0.14), 0.45, 0.6)
    turned = [mesh.moved(place, 0.45) for mesh in (joined([base, *posts, roof, ring]), candle, flame)]
    return [Shape(turned[0], iron), Shape(turned[1], matte((0.9, 0.84, 0.7))), lamp(turned[2], (40, 22, 7.5))]


def _parked_car(place: tuple[float, float], colour: tuple[float, float, float]) -> list[Shape]:
    body = box((1.7, 4.1, 0.5)).moved((*place, 0.25))
    cabin = box((1.45, 2.1, 0.5)).moved((place[0], place[1] + 0.2, 0.74))
    wheels = [revolved([(0, -0.1), (0.3, -0.1), (0.32, 0), (0.3, 0.1), (0, 0.1)]).moved((0, 0, 0), 0, np.pi / 2)]
    turned = [
        wheels[0].moved((place[0] + i * 0.8, place[1] + j * 1.3, 0.24), np.pi / 2) for i in (-1, 1) for j in (-1, 1)
    ]
    lights = [box((0.3, 0.03, 0.14)).moved((place[0] + i * 0.6, place[1] - 2.06, 0.5)) for i in (-1, 1)]
    return [
        Shape(body, glossy(colour, 0.2)),
        Shape(cabin, glossy((0.08, 0.09, 0.1), 0.08)),
        Shape(joined(turned), matte((0.05, 0.05, 0.05))),
        Shape(joined(lights), glossy((0.7, 0.7, 0.68), 0.2)),
    ]


def _at(shape: Shape, offset: tuple[float, float, float]) -> Shape:
    return Shape(shape.mesh.moved(offset), shape.material, shape.radiance)
