"""Chest, PA: the patient's left on the right of the picture. Lengths in mm, y down."""

from __future__ import annotations

import numpy as np

from engine.phantoms import physics
from engine.phantoms.bodies import Array, Grid, inflate, outline_distance, thickness
from engine.phantoms.outlines import Pair, Points, mirror, spline
from engine.phantoms.scene import Bone, Scene

GRID = Grid((1200, 1280), 0.3)
MIDLINE = 192.0

# fmt: off
SKIN: list[Pair] = [
    (152.0, -60.0), (152.0, -10.0), (143.0, 10.0), (112.0, 24.0), (70.0, 33.0), (30.0, 40.0),
    (-40.0, 60.0), (-60.0, 140.0), (10.0, 132.0), (29.0, 142.0), (33.0, 170.0), (34.0, 220.0),
    (36.0, 280.0), (34.0, 460.0),
]
RIGHT_LUNG: list[Pair] = [
    (160.0, 62.0), (149.0, 48.5), (132.0, 44.5), (114.0, 52.0), (97.0, 69.0), (83.0, 93.0),
    (73.0, 122.0), (66.5, 155.0), (62.5, 190.0), (60.5, 225.0), (60.0, 252.0), (60.5, 270.0),
    (64.0, 263.0), (74.0, 249.5), (92.0, 238.0), (114.0, 232.5), (136.0, 233.5), (154.0, 239.5),
    (167.0, 249.0), (172.0, 230.0), (172.0, 195.0), (171.5, 160.0), (172.5, 130.0),
    (170.0, 100.0), (166.0, 78.0),
]
LEFT_LUNG: list[Pair] = [
    (221.0, 62.0), (233.0, 48.0), (251.0, 44.0), (269.0, 52.0), (286.0, 69.0), (300.0, 93.0),
    (310.0, 122.0), (317.0, 155.0), (321.0, 190.0), (323.5, 225.0), (324.5, 255.0),
    (324.5, 278.0), (320.5, 270.0), (311.0, 257.0), (295.0, 246.5), (274.0, 241.0),
    (252.0, 242.5), (233.0, 248.0), (216.0, 254.0), (211.5, 235.0), (211.0, 195.0),
    (211.5, 160.0), (210.5, 130.0), (212.5, 100.0), (216.0, 78.0),
]
HEART: list[Pair] = [
    (176.0, 118.0), (172.0, 140.0), (165.5, 165.0), (158.5, 190.0), (157.0, 212.0),
    (161.5, 236.0), (172.0, 253.0), (200.0, 262.0), (235.0, 265.0), (262.0, 260.0),
    (275.0, 249.0), (276.5, 236.0), (269.0, 215.0), (256.0, 192.0), (243.0, 172.0),
    (232.0, 156.0), (226.0, 143.0), (221.0, 132.0), (208.0, 112.0), (190.0, 108.0),
]
KNOB: list[Pair] = [
    (196.0, 92.0), (210.0, 89.5), (221.5, 95.0), (226.0, 107.0), (222.5, 119.0), (217.5, 130.0),
    (214.0, 160.0), (211.0, 200.0), (196.0, 200.0), (190.0, 130.0),
]
RECESS: list[Pair] = [
    (60.8, 262.0), (70.0, 240.0), (110.0, 226.0), (150.0, 232.0), (171.0, 246.0), (168.0, 268.0),
    (146.0, 283.0), (110.0, 290.0), (80.0, 287.0), (64.0, 276.0),
]
CLAVICLE: list[Pair] = [
    (179.0, 84.0), (167.0, 76.0), (146.0, 68.5), (122.0, 62.0), (98.0, 52.5), (74.0, 45.5),
    (54.0, 46.0),
]
SCAPULA: list[Pair] = [
    (46.0, 58.0), (70.0, 62.0), (84.0, 74.0), (80.0, 105.0), (70.0, 140.0), (58.0, 166.0),
    (51.0, 163.0), (46.0, 130.0), (38.0, 98.0), (33.0, 84.0), (37.0, 70.0),
]
HUMERUS: list[Pair] = [
    (35.5, 62.0), (37.0, 74.0), (31.0, 86.0), (20.0, 96.0), (4.0, 122.0), (-30.0, 180.0),
    (-60.0, 160.0), (-20.0, 104.0), (-8.0, 80.0), (2.0, 62.0), (14.0, 53.0), (27.0, 53.0),
]
# fmt: on
HALF_WIDTHS = (52.0, 83.0, 102.0, 114.0, 121.5, 127.0, 130.5, 132.5, 133.5, 132.5)
DROPS = (34.0, 52.0, 66.0, 76.0, 84.0, 90.0, 95.0, 98.0, 98.0, 92.0)


def _rib(number: int) -> tuple[Points, Array, Array]:
    """A right rib's projected axis (N, 2), and along it its radius and stretch along the beam.

    The rib is half an ellipse about the thorax, tilted so that its front end hangs lower.
    """
    width, drop = HALF_WIDTHS[number - 1], DROPS[number - 1]
    start = 50.0 + 20.3 * (number - 1)
    last = 2.55 if number <= 7 else 2.55 - 0.33 * (number - 7)
    angle = np.linspace(0.045, last, 44)
    x = MIDLINE - 8.0 - (width - 8.0) * np.sin(angle) ** 0.85
    y = start - 7.0 * np.sin(angle * 1.6).clip(0) + drop * (1 - np.cos(angle)) / 2
    z = -0.55 * width * np.cos(angle)
    plane = np.hypot(np.gradient(x), np.gradient(y))
    stretch = np.hypot(plane, np.gradient(z)) / np.maximum(plane, 1e-6)
    radius = np.interp(angle, [0.0, 0.5, 1.6, 2.6], [4.2, 5.4, 5.8, 6.6])
    return np.stack([x, y], 1), radius, 0.72 * stretch.clip(1, 3.2)


def _vertebra(scene: Scene, index: int) -> None:
    """One vertebra: body, pedicles and spinous process. Index 0 is the first thoracic."""
    y = 30.0 + 20.6 * index + 0.28 * index**2
    tall, wide = 8.9 + 0.28 * index, 13.0 + 0.4 * index
    left = [(-0.97, -0.92), (-0.86, -0.3), (-0.86, 0.3), (-0.97, 0.92)]
    control = np.array([*left, (0.0, 0.98), *[(-u, v) for u, v in reversed(left)], (0.0, -0.98)])
    outline = spline(control * (wide, tall) + (MIDLINE, y))
    scene.add_bone(
        Bone(f"T{index + 1}" if index < 12 else f"L{index - 11}", outline, 0.55, cap=26.0, rim=0.3)
    )
    turn = np.linspace(0, 2 * np.pi, 17)
    for side in (-1, 1):
        ring = np.stack([2.3 * np.cos(turn), 3.6 * np.sin(turn)], 1)
        scene.add_shell(ring + np.array([MIDLINE + side * 0.62 * wide, y - 2.0]), 0.9, 2.0)
    drop = np.stack([1.9 * np.cos(turn), 4.4 * np.sin(turn)], 1) + np.array([MIDLINE, y + 8.0])
    scene.add_shell(drop, 1.0, 2.2)


def _vessels(scene: Scene, path: Array, hilum: Pair, side: int, rng: np.random.Generator) -> None:
    """A tree of lung vessels from a hilum; ``side`` is -1 to the left of the picture, 1 right."""
    angles = (-1.35, -1.0, -0.62, -0.2, 0.2, 0.55, 0.9, 1.2, 1.4)
    stack = []
    for angle in angles:
        at = np.array(hilum) + 7.0 * rng.standard_normal(2) * (0.6, 1.5)
        stack.append((at, angle + 0.1 * rng.standard_normal(), 4.3, 0))
    while stack:
        at, angle, radius, level = stack.pop()
        length = (30.0 if level == 0 else 22.0) * (0.75 + 0.5 * rng.random()) * (0.93**level)
        turns = angle + np.cumsum(0.16 * rng.standard_normal(4))
        steps = np.stack([side * np.cos(turns), np.sin(turns)], 1) * length / 4
        line = np.vstack([at, at + np.cumsum(steps, 0)])
        scene.tube_path(path, line, (radius, 0.8 * radius))
        if radius > 0.7 and level < 7:
            for sign in (-1, 1):
                fork = float(turns[-1]) + sign * (0.22 + 0.3 * rng.random())
                stack.append((line[-1], fork, radius * (0.62 + 0.18 * rng.random()), level + 1))


def _lungs(scene: Scene) -> Array:
    """Lungs, their recesses behind the diaphragm, and the vessels within; the lungs' path, mm."""
    lung = np.zeros(GRID.shape)
    for name, control in (("right lung", RIGHT_LUNG), ("left lung", LEFT_LUNG)):
        d = outline_distance(GRID, spline(control), GRID.whole, stride=4)
        lung += thickness(d, inflate(d, GRID.spacing, 165.0, nodes=200))
        scene.mark(name, GRID.whole, d > 0)
    scene.line += (physics.LUNG - physics.SOFT) * lung * (1 + 0.015 * scene.mottle)
    for recess in (np.array(RECESS), mirror(RECESS, MIDLINE, drop=8.0)):
        scene.add_filled("", spline(recess), physics.LUNG, 9.0)
    vessels = np.zeros(GRID.shape)
    rng = np.random.default_rng(11)
    _vessels(scene, vessels, (163.0, 152.0), -1, rng)
    _vessels(scene, vessels, (222.0, 145.0), 1, rng)
    inside = (lung / 60.0).clip(0, 1)
    scene.line += (physics.SOFT - physics.LUNG) * vessels * inside
    return lung


def _mediastinum(scene: Scene, lung: Array) -> None:
    """Heart and aorta in place of lung, where there is lung; windpipe and stomach as air."""
    left = lung
    for name, control, cap in (("heart", HEART, 100.0), ("aortic knob", KNOB, 40.0)):
        d = outline_distance(GRID, spline(control), GRID.whole, stride=4)
        path = np.minimum(thickness(d, inflate(d, GRID.spacing, cap, nodes=200)), left)
        scene.line += (physics.SOFT - physics.LUNG) * path
        scene.mark(name, GRID.whole, d > 0)
        left = left - path
    air = np.zeros(GRID.shape)
    trachea = [(191.0, -20.0), (190.5, 40.0), (189.0, 90.0), (191.5, 128.0)]
    scene.tube_path(air, spline(trachea, closed=False), (8.5, 8.5, 8.0))
    scene.mark("trachea", GRID.whole, air > 0)
    for end, radius in (((163.0, 158.0), 2.5), ((225.0, 156.0), 2.2)):
        scene.tube_path(air, np.array([(191.5, 126.0), end]), (6.8, radius))
    scene.line -= physics.SOFT * air
    bubble = [
        (246.0, 268.0),
        (258.0, 259.0),
        (276.0, 257.5),
        (292.0, 263.0),
        (298.0, 272.0),
        (286.0, 279.0),
        (266.0, 281.0),
        (251.0, 277.0),
    ]
    scene.add_filled("stomach bubble", spline(bubble), physics.AIR, 24.0)


def build(scene: Scene) -> None:
    """Put the whole chest into the scene."""
    outline = spline([*SKIN, *[(2 * MIDLINE - x, y) for x, y in reversed(SKIN)]])
    scene.add_soft(outline_distance(GRID, outline, GRID.whole, stride=4), 205.0)
    _mediastinum(scene, _lungs(scene))
    for index in range(15):
        _vertebra(scene, index)
    for side in ("right", "left"):
        for number in range(1, 11):
            line, radius, stretch = _rib(number)
            line = line if side == "right" else mirror(line, MIDLINE)
            name = f"rib {number} {side}"
            scene.add_tube(name, line, radius.tolist(), 1.15, stretch.tolist(), grain=0.1)
        flip = side == "left"
        clavicle = spline(mirror(CLAVICLE, MIDLINE) if flip else CLAVICLE, closed=False)
        scene.add_tube(f"clavicle {side}", clavicle, (8.0, 6.2, 5.6, 6.0, 6.6), 1.6)
        for name, control, cortex, cap in (
            ("scapula", SCAPULA, 0.8, 9.0),
            ("humerus", HUMERUS, 1.2, 42.0),
        ):
            points = spline(mirror(control, MIDLINE) if flip else control)
            scene.add_bone(Bone(f"{name} {side}", points, cortex, cap=cap, rim=0.2))
