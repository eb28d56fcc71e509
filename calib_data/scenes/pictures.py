"""Flat pictures in a scene: framed photographs, signs with lettering, labels and printed boxes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from calib_data.colour import to_encoded, to_linear
from calib_data.scenes.arrays import Array, Random, coverage, jitter, mix, pick
from calib_data.scenes.light import Light
from calib_data.scenes.planes import Plane, Seen
from calib_data.scenes.textures import Texture, photograph

HUNG = ("coffee", "chelsea", "rocket", "galaxies")
_SIDE = 512
_WORDS = (
    "CAFE", "ATELIER", "NORD", "MARKT", "HOTEL", "BOOKS", "OPEN", "EXIT", "GARDEN", "STATION", "MUSEUM", "BAKERY",
    "No 7", "12A", "RIVER WALK", "PRIVATE", "PLATZ", "FRESH", "SOAP", "TEA", "HONEY", "OLIVE", "COFFEE", "PRINTS",
)  # fmt: skip
_INKS = (
    ((0.6, 0.59, 0.55), (0.03, 0.03, 0.035)), ((0.03, 0.1, 0.25), (0.65, 0.65, 0.63)),
    ((0.35, 0.03, 0.03), (0.62, 0.6, 0.55)),
    ((0.05, 0.15, 0.08), (0.6, 0.56, 0.42)), ((0.55, 0.4, 0.06), (0.03, 0.03, 0.03)),
    ((0.5, 0.42, 0.3), (0.12, 0.05, 0.03)),
)  # fmt: skip


def hung_photograph(name: str) -> tuple[Texture, float]:
    """One of the photographs of `HUNG`, as a texture of 1 metre, and its height over its width."""
    image = photograph(name)
    return _texture(image), image.shape[0] / image.shape[1]


def lettering(random: Random, aspect: float) -> Texture:
    """A sign: words, a border and worn paint, as a texture of 1 metre; `aspect` is its height over its width."""
    paper, ink = (jitter(random, colour, 0.06, 0.15) for colour in pick(random, _INKS))
    mask = Image.new("L", (_SIDE, max(64, round(_SIDE * aspect))), 0)
    draw = ImageDraw.Draw(mask)
    width, height = mask.size
    if random.random() < 0.6:
        inset = round(0.04 * min(width, height))
        draw.rectangle((inset, inset, width - inset, height - inset), outline=255, width=max(2, inset // 2))
    lines = 1 + int(random.integers(0, 3)) if aspect > 0.5 else 1
    for line in range(lines):
        word = str(pick(random, _WORDS))
        room = height / (lines + 0.6)
        font = ImageFont.load_default(size=min(room * 0.8, width * 1.25 / max(len(word), 2)))
        draw.text((width / 2, (line + 0.8) * room), word, fill=255, font=font, anchor="mm")
    worn = np.asarray(mask.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), np.float32)[..., None] / 255
    return Texture.of(mix(paper, ink, worn * float(random.uniform(0.75, 1.0))), 1.0)


def printed(random: Random) -> Texture:
    """The printed side of a box or book: bands of colour, a photograph's cutting, a word."""
    tile = np.empty((_SIDE, _SIDE, 3), np.float32)
    tile[:] = jitter(random, pick(random, _INKS)[0])
    for _ in range(int(random.integers(1, 4))):
        top = int(random.integers(_SIDE))
        tile[top : top + int(random.integers(10, 180))] = jitter(random, pick(random, _INKS)[int(random.integers(2))])
    if random.random() < 0.5:
        image = _texture(photograph(pick(random, ["coffee", "chelsea", "rocket"]))).levels[1]
        side, top = image.shape[0], int(random.integers(_SIDE // 2))
        left = int(random.integers(_SIDE // 2))
        tile[top : top + side, left : left + side] = image[: _SIDE - top, : _SIDE - left]
    word = lettering(random, 0.3).levels[1]
    tile[40 : 40 + word.shape[0] // 2, 128 : 128 + word.shape[1]] = word[::2]
    return Texture.of(tile, 1.0)


def panelled(random: Random, texture: Texture) -> Texture:
    """A door or side of a cabinet: a seam round it, vents, sometimes a sticker, as a texture of 1 metre."""
    tile = next(level for level in texture.levels if level.shape[0] == _SIDE).copy()
    inset = int(random.integers(10, 40))
    for low, high in ((inset, inset + 4), (_SIDE - inset - 4, _SIDE - inset)):
        tile[low:high, inset : _SIDE - inset] *= 0.35
        tile[inset : _SIDE - inset, low:high] *= 0.35
    if random.random() < 0.6:
        for slot in range(int(random.integers(4, 9))):
            row = inset + 30 + 22 * slot
            tile[row : row + 7, 150:362] *= 0.25
            tile[row + 7 : row + 10, 150:362] *= 1.25
    if random.random() < 0.6:
        sticker = lettering(random, float(random.uniform(0.5, 1.0))).levels[2]
        top, left = int(random.integers(200, 340)), int(random.integers(60, 320))
        tile[top : top + 128, left : left + 128] = sticker
    return Texture.of(tile, 1.0)


def picture_radiance(
    texture: Texture, plane: Plane, light: Light, border: float = 0.0, frame: Array | None = None
) -> Callable[[Seen], Array]:
    """What `plane_layer` takes to show a texture of 1 metre stretched over a plane.

    A `frame` of one colour, `border` metres wide, may go round it.
    """
    wide, tall = plane.width - 2 * border, plane.height - 2 * border
    along = np.asarray(plane.normal, np.float32)

    def radiance(seen: Seen) -> Array:
        x, y = (seen.across - border) / wide, 1 - (seen.up - border) / tall
        pixel = seen.footprint / np.sqrt(wide * tall)
        colour = texture.at(np.clip(x, 0.002, 0.998), np.clip(y, 0.002, 0.998), pixel)
        if frame is not None:
            edge = np.minimum(np.minimum(x, 1 - x) * wide, np.minimum(y, 1 - y) * tall)
            colour = mix(frame, colour, coverage(edge / seen.footprint)[..., None])
        return light.faded((colour * light.on(np.broadcast_to(along, colour.shape))).astype(np.float32), seen.depth)

    return radiance


def _texture(image: Array) -> Texture:
    """An image of any shape, squeezed into a square tile."""
    encoded = Image.fromarray(np.uint8(np.rint(to_encoded(image) * 255)))
    square = encoded.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return Texture.of(to_linear(np.asarray(square, np.float32) / 255), 1.0)
