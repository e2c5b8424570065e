"""Left foot, dorsoplantar: seen from its back, great toe on the right. Lengths in mm, y down."""

from __future__ import annotations

import numpy as np

from engine.phantoms import physics
from engine.phantoms.bodies import Array, Grid, enlarge, outline_distance, union
from engine.phantoms.outlines import Pair, Points, place, polyline_distance, spline
from engine.phantoms.scene import Bone, Scene

GRID = Grid((1280, 720), 0.22)

Ray = tuple[int, Pair, Pair, float, tuple[Pair, ...], Pair]

# fmt: off
RAYS: tuple[Ray, ...] = (
    (1, (97.0, 147.5), (107.5, 88.0), 10.4, ((32.0, 9.0), (22.0, 8.6)), (-0.05, -1.0)),
    (2, (84.5, 143.0), (84.5, 74.0), 6.4, ((27.0, 5.6), (13.0, 4.8), (9.5, 4.4)), (-0.02, -1.0)),
    (3, (74.5, 147.0), (67.5, 78.0), 6.0, ((25.0, 5.2), (10.0, 4.5), (9.0, 4.1)), (-0.05, -1.0)),
    (4, (65.0, 151.0), (51.5, 86.0), 6.0, ((23.5, 4.9), (8.5, 4.3), (8.5, 4.0)), (-0.07, -1.0)),
    (5, (53.5, 156.0), (36.5, 97.0), 6.4, ((21.0, 4.8), (7.5, 4.3), (8.0, 4.0)), (-0.14, -1.0)),
)

TARSALS: dict[str, tuple[list[Pair], float]] = {
    "medial cuneiform": (
        [
            (87.5, 150.5), (96.0, 149.5), (104.5, 150.5), (106.0, 160.0), (104.5, 172.0),
            (97.5, 173.5), (90.5, 172.0), (88.0, 162.0),
        ],
        25.0,
    ),
    "intermediate cuneiform": (
        [
            (78.5, 146.5), (85.0, 145.5), (90.0, 147.0), (89.5, 156.0), (91.5, 169.5),
            (84.0, 170.5), (79.5, 166.0), (78.0, 156.0),
        ],
        20.0,
    ),
    "lateral cuneiform": (
        [
            (68.0, 150.5), (74.0, 149.5), (79.5, 150.0), (80.0, 160.0), (82.5, 171.0),
            (76.0, 175.0), (70.5, 171.0), (67.5, 161.0),
        ],
        20.0,
    ),
    "cuboid": (
        [
            (47.5, 162.0), (56.0, 158.0), (66.5, 154.5), (69.0, 164.0), (71.5, 178.0),
            (69.5, 190.5), (58.5, 191.0), (50.5, 184.0), (50.5, 172.0),
        ],
        24.0,
    ),
    "navicular": (
        [
            (73.0, 176.5), (82.0, 173.0), (94.0, 175.0), (105.0, 174.0), (110.0, 180.0),
            (108.0, 187.5), (100.0, 186.0), (89.0, 184.5), (79.0, 188.5), (73.5, 184.0),
        ],
        24.0,
    ),
    "talus": (
        [
            (77.0, 192.5), (86.0, 187.5), (98.0, 188.5), (104.0, 193.5), (103.5, 202.0),
            (103.0, 212.0), (106.5, 224.0), (105.0, 238.0), (95.0, 243.5), (80.0, 243.0),
            (70.5, 236.0), (68.5, 224.0), (74.0, 212.0), (77.5, 203.0),
        ],
        30.0,
    ),
    "calcaneus": (
        [
            (52.5, 193.0), (62.0, 192.5), (72.0, 193.5), (76.5, 203.0), (82.0, 212.0),
            (92.0, 216.0), (95.0, 228.0), (95.0, 246.0), (93.0, 261.0), (83.0, 269.0),
            (70.0, 268.5), (61.5, 260.0), (59.5, 242.0), (57.5, 222.0), (53.0, 206.0),
        ],
        36.0,
    ),
}

SKIN: list[Pair] = [
    (50.5, 262.0), (47.5, 240.0), (43.5, 215.0), (38.0, 190.0), (32.5, 165.0), (28.5, 140.0),
    (26.5, 118.0), (27.0, 100.0), (31.0, 84.0), (42.0, 76.0), (56.0, 66.0), (72.0, 56.0),
    (88.0, 52.0), (104.0, 60.0), (117.5, 72.0), (120.5, 86.0), (116.5, 104.0), (112.5, 124.0),
    (112.0, 144.0), (115.0, 164.0), (118.0, 182.0), (116.5, 205.0), (113.0, 225.0),
    (108.5, 245.0), (103.5, 264.0), (94.0, 275.0), (77.0, 278.5), (61.0, 274.0),
]
LEG: list[Pair] = [
    (56.0, 214.0), (60.0, 203.0), (72.0, 197.0), (90.0, 196.0), (106.0, 201.0), (115.0, 213.0),
    (116.0, 232.0), (110.0, 250.0), (96.0, 261.0), (80.0, 263.0), (66.0, 256.0), (58.0, 240.0),
]
# fmt: on


def _ray(ray: Ray) -> tuple[list[Bone], Points]:
    """The bones of one ray, and the points (N, 2) of its joints and tip in order."""
    number, base, head, half, phalanges, direction = ray
    step = np.array(direction) / np.hypot(*direction)
    template = "fifth metatarsal" if number == 5 else "metacarpal"
    outline = place(template, base, head, half, bend=-0.8)
    bones = [Bone(f"metatarsal {number}", outline, 0.55, 1.5, (base, head), cap=20.0)]
    joints, at = [np.array(base)], np.array(head)
    names = ("proximal", "distal") if number == 1 else ("proximal", "middle", "distal")
    for index, (length, width) in enumerate(phalanges):
        gap = 1.9 if index == 0 else 1.2
        joints.append(at + 0.5 * gap * step)
        start, at = at + gap * step, at + (gap + length) * step
        ends = ((float(start[0]), float(start[1])), (float(at[0]), float(at[1])))
        template = "tuft" if index == len(phalanges) - 1 else "phalanx"
        name = f"{names[index]} phalanx {number}"
        shape = place(template, *ends, width)
        bones.append(Bone(name, shape, 0.45, 0.7, ends, cap=13.0, rim=0.4))
    return bones, np.array([*joints, at])


def _skin(rays: list[Points]) -> Array:
    """Signed distance (H, W) of the skin: the sole and a capsule a toe."""
    coarse = Grid((GRID.shape[0] // 4 + 1, GRID.shape[1] // 4 + 1), GRID.spacing * 4)
    d = outline_distance(coarse, spline(SKIN), coarse.whole, stride=1)
    x, y = coarse.axes(coarse.whole)
    for number, joints in enumerate(rays, start=1):
        distance, along = polyline_distance(joints[1:], x, y, closed=False)
        start, end = (13.5, 11.8) if number == 1 else (8.0, 6.7)
        d = union(d, start + (end - start) * along - distance, 3.0)
    return enlarge(d, 4, GRID.shape)


def build(scene: Scene) -> None:
    """Put the whole foot into the scene."""
    rays = [_ray(ray) for ray in RAYS]
    d = _skin([points for _, points in rays])
    y = ((np.arange(GRID.shape[0]) + 0.5) * GRID.spacing)[:, None]
    scene.add_soft(d, 50.0)
    # the instep rises and the leg stands over the heel: thicker towards the back
    scene.line += physics.SOFT * 34.0 * (d > 0) * (d / 12).clip(0, 1) * ((y - 110) / 130).clip(0, 1)
    leg = outline_distance(GRID, spline(LEG), GRID.whole, stride=4)
    ramp = (leg / 36.0 + 0.45).clip(0, 1)
    scene.line += physics.SOFT * 22.0 * ramp**2 * (3 - 2 * ramp) * (d > 0)
    for name, (outline, cap) in TARSALS.items():
        scene.add_bone(Bone(name, spline(outline), 0.6, cap=cap, grain=0.6))
    for bones, _ in rays:
        for bone in bones:
            scene.add_bone(bone)
    for side, x in (("medial", 112.0), ("lateral", 102.0)):
        oval = [
            (x - 3.6, 91.0),
            (x, 86.5),
            (x + 3.4, 90.5),
            (x + 3.4, 96.0),
            (x, 100.0),
            (x - 3.6, 96.5),
        ]
        scene.add_bone(Bone(f"{side} sesamoid", spline(oval), 0.5, cap=9.0, rim=0.2))
    for number, (_, points) in enumerate(rays, start=1):
        for name, point, radius in zip(("MTP", "PIP"), points[1:3], (9.0, 5.0), strict=True):
            label = "IP" if number == 1 and name == "PIP" else name
            scene.joint(f"{label} {number}", (float(point[0]), float(point[1])), radius)
