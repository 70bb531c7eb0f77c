"""Scene → picture: light, haze, rain, lamps, and the sensor's noise.

Painted at `SUPERSAMPLE` times the size from the same outlines as the masks, then shrunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from segtrial.data.streets.colours import Colour, mix

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from segtrial.data.streets.scene import Scene
    from segtrial.data.streets.shapes import Shape, Thing
    from segtrial.types.arrays import Bytes, Ints

    Pixels: TypeAlias = npt.NDArray[np.float32]

SUPERSAMPLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """`ambient`: factor on every colour. Sky from `zenith` to `rim`, which is the haze's colour.

    `view_m`: depth at which 63 % of a thing is lost in haze. `lamps`: 0 off to 1 night.
    """

    ambient: Colour
    zenith: Colour
    rim: Colour
    view_m: float
    lamps: float
    noise: float


TIMES: dict[str, Light] = {
    "daytime": Light(
        ambient=(1.0, 0.99, 0.96),
        zenith=(0.3, 0.53, 0.86),
        rim=(0.78, 0.87, 0.95),
        view_m=260,
        lamps=0.0,
        noise=0.012,
    ),
    "dawn/dusk": Light(
        ambient=(0.84, 0.67, 0.6),
        zenith=(0.3, 0.32, 0.55),
        rim=(0.96, 0.66, 0.45),
        view_m=180,
        lamps=0.55,
        noise=0.018,
    ),
    "night": Light(
        ambient=(0.5, 0.52, 0.64),
        zenith=(0.04, 0.05, 0.13),
        rim=(0.19, 0.2, 0.31),
        view_m=120,
        lamps=1.0,
        noise=0.02,
    ),
}


def light_of(timeofday: str, weather: str) -> Light:
    """The light of a time of day under a weather."""
    light = TIMES[timeofday]
    if weather == "clear":
        return light
    grey = sum(light.rim) / 3
    dull, far, dim = {
        "overcast": (0.75, 0.8, 0.9),
        "rainy": (0.8, 0.35, 0.78),
        "foggy": (0.92, 0.2, 0.92),
    }[weather]
    clouds = (grey * 0.96, grey * 0.98, grey)
    ambient = mix(light.ambient, (sum(light.ambient) / 3,) * 3, 0.5)
    return Light(
        ambient=(ambient[0] * dim, ambient[1] * dim, ambient[2] * dim),
        zenith=mix(light.zenith, (clouds[0] * 0.86, clouds[1] * 0.87, clouds[2] * 0.9), dull),
        rim=mix(light.rim, clouds, dull),
        view_m=light.view_m * far,
        lamps=light.lamps,
        noise=light.noise,
    )


def picture(scene: Scene, owner: Ints, rng: np.random.Generator) -> Bytes:
    """The picture, uint8 (height, width, 3). `owner`: which thing is seen in which pixel."""
    camera, light = scene.camera, light_of(scene.timeofday, scene.weather)
    size = (camera.width_px * SUPERSAMPLE, camera.height_px * SUPERSAMPLE)
    canvas = Image.fromarray(_to_bytes(_sky(scene, light)))
    sky, *lying = scene.things[: scene.flat]
    _paint(canvas, sky.shapes[1:], light)
    _paint_things(canvas, lying, light, hazy=False)
    canvas = _haze_ground(canvas, scene, light)
    _paint_things(canvas, scene.things[scene.flat :], light)
    assert canvas.size == size
    pixels = _from_image(canvas.reduce(SUPERSAMPLE))
    if light.lamps:
        pixels = _glow(pixels, scene, owner, light)
    if scene.weather == "rainy":
        pixels = _rain(pixels, rng)
    return _to_bytes(_sensor(pixels, light, rng))


def _from_image(image: Image.Image) -> Pixels:
    return np.asarray(image).astype(np.float32) / np.float32(255)


def _to_bytes(pixels: Pixels) -> Bytes:
    return (np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8)


def _sky(scene: Scene, light: Light) -> Pixels:
    camera = scene.camera
    rows = (np.arange(camera.height_px * SUPERSAMPLE) + 0.5) / SUPERSAMPLE
    up = np.clip(1 - rows / camera.horizon_y_px, 0, 1)[:, None] ** 0.8
    column = np.array(light.rim) * (1 - up) + np.array(light.zenith) * up
    width = camera.width_px * SUPERSAMPLE
    return np.repeat(column[:, None, :], width, axis=1).astype(np.float32)


def _paint_things(
    canvas: Image.Image, things: Sequence[Thing], light: Light, hazy: bool = True
) -> None:
    for thing in things:
        _paint(canvas, thing.shapes, light, hazy)


def _paint(canvas: Image.Image, shapes: Sequence[Shape], light: Light, hazy: bool = True) -> None:
    draw = ImageDraw.Draw(canvas, "RGBA")
    for shape in shapes:
        colour = _lit(shape, light)
        if hazy:
            colour = mix(colour, light.rim, 1 - float(np.exp(-shape.depth_m / light.view_m)))
        # PIL paints the pixels whose centres are at whole numbers, with their border.
        corners = (shape.outline_px * SUPERSAMPLE - 0.5).ravel().tolist()
        fill = tuple(int(255 * min(value, 1.0) + 0.5) for value in (*colour, shape.alpha))
        draw.polygon(corners, fill=fill)


def _lit(shape: Shape, light: Light) -> Colour:
    r, g, b = shape.colour
    a = light.ambient
    colour = (r * a[0], g * a[1], b * a[2])
    return mix(colour, shape.lit, max(light.lamps, 0.0)) if shape.lit and light.lamps else colour


def _haze_ground(canvas: Image.Image, scene: Scene, light: Light) -> Image.Image:
    """Depth haze by row on what lies flat; at night the headlamps light the nearest metres."""
    camera = scene.camera
    pixels = _from_image(canvas)
    rows = (np.arange(len(pixels)) + 0.5) / SUPERSAMPLE - camera.horizon_y_px
    below = rows > 0.2
    depth = camera.focal_px * camera.height_m / rows[below]
    clear = np.exp(-depth / light.view_m)[:, None, None].astype(np.float32)
    lamp = 1 + 1.1 * light.lamps**2 * np.exp(-((depth - 6) ** 2) / 60)[:, None, None]
    out: Pixels = pixels.copy()
    out[below] = pixels[below] * lamp * clear + np.array(light.rim) * (1 - clear)
    return Image.fromarray(_to_bytes(out))


def _glow(pixels: Pixels, scene: Scene, owner: Ints, light: Light) -> Pixels:
    """A halo around every lamp that is seen; large lamps (0.08 % of the picture) the brightest."""
    height, width = owner.shape
    rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
    wide = 2 * (width * 0.013) ** 2
    out: Pixels = pixels.copy()
    for row, thing in enumerate(scene.things):
        for shape in thing.shapes if thing.name != "building" else ():
            x, y = shape.outline_px.mean(axis=0).tolist()
            inside = 0 <= x < width and 0 <= y < height
            if shape.lit is None or not inside or owner[int(y), int(x)] != row:
                continue
            extent = float(np.prod(np.ptp(shape.outline_px, axis=0))) / (width * height)
            peak = 1.4 * light.lamps * min(extent / 0.0008, 1.0)
            halo = np.outer(np.exp(-((rows - y) ** 2) / wide), np.exp(-((columns - x) ** 2) / wide))
            out += (halo[..., None] * np.array(shape.lit) * peak).astype(np.float32)
    return out


def _rain(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Slanting streaks, and less contrast."""
    height, width = pixels.shape[:2]
    sheet = Image.new("L", (width * 2, height * 2))
    draw = ImageDraw.Draw(sheet)
    slant = rng.uniform(-0.35, 0.35)
    for x, y, long in rng.random((int(width * 0.9), 3)).tolist():
        length = height * (0.05 + 0.12 * long)
        start = (x * width * 2, y * height * 2)
        draw.line((*start, start[0] + slant * length, start[1] + length), fill=90 + int(90 * long))
    streaks = _from_image(sheet.reduce(2))[..., None] * np.float32(0.5)
    bright = np.float32(0.35 + 0.65 * pixels.mean())
    return pixels + (bright - pixels) * streaks


def _sensor(pixels: Pixels, light: Light, rng: np.random.Generator) -> Pixels:
    """Exposure, a darker rim of the lens, noise."""
    height, width = pixels.shape[:2]
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    vignette = 1 - 0.1 * (x**2 + y**2)
    exposure = rng.uniform(0.92, 1.08)
    noise = rng.normal(0, light.noise, (height, width, 3))
    exposed: Pixels = (pixels * (vignette * exposure)[..., None] + noise).astype(np.float32)
    return exposed
