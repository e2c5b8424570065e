"""Left hand, PA: seen from its back with the thumb on the right. Lengths in mm, y down."""

from __future__ import annotations

import numpy as np

from engine.phantoms.bodies import Array, Grid, enlarge, outline_distance, union
from engine.phantoms.outlines import Pair, Points, grown, place, polyline_distance, spline
from engine.phantoms.scene import Bone, Scene

GRID = Grid((1280, 1000), 0.2)

# finger: metacarpal base, head, half width; then (length, half width) of the phalanges, direction
# fmt: off
RAYS: tuple[tuple[int, Pair, Pair, float, tuple[Pair, ...], Pair], ...] = (
    (1, (128.5, 180.5), (152.0, 141.0), 7.4, ((30.0, 7.0), (22.0, 6.4)), (0.44, -0.9)),
    (
        2,
        (109.0, 175.0), (120.0, 110.5),
        7.2,
        ((39.0, 7.0), (23.0, 6.2), (16.5, 5.2)),
        (0.16, -0.99),
    ),
    (3, (96.8, 176.6), (99.0, 112.5), 7.0, ((43.5, 7.1), (28.0, 6.4), (17.5, 5.4)), (0.0, -1.0)),
    (4, (86.0, 179.3), (79.5, 121.5), 6.0, ((40.0, 6.7), (26.5, 6.0), (17.5, 5.2)), (-0.15, -0.99)),
    (5, (76.3, 182.8), (62.5, 132.0), 6.2, ((32.0, 6.1), (19.0, 5.3), (15.5, 4.6)), (-0.33, -0.94)),
)

CARPALS: dict[str, list[Pair]] = {
    "scaphoid": [
        (107.5, 206.5), (112.5, 205.5), (117.5, 200.5), (121.0, 194.5), (119.5, 191.0),
        (115.0, 191.5), (112.0, 195.5), (107.5, 197.5), (105.0, 201.5),
    ],
    "lunate": [
        (92.0, 207.0), (98.0, 208.5), (103.8, 206.0), (104.3, 201.5), (101.5, 197.8),
        (97.5, 198.8), (92.8, 198.2), (90.5, 202.0),
    ],
    "triquetrum": [
        (78.0, 195.5), (82.5, 196.0), (87.5, 198.5), (90.0, 201.5), (89.5, 206.0), (85.0, 207.0),
        (79.5, 203.5), (76.5, 199.0),
    ],
    "pisiform": [
        (78.0, 201.0), (81.5, 199.5), (84.0, 202.0), (83.8, 206.0), (80.8, 208.0), (77.6, 205.5),
    ],
    "trapezium": [
        (113.8, 190.0), (118.5, 190.5), (124.0, 189.5), (127.5, 185.5), (124.5, 180.5),
        (119.5, 177.5), (114.8, 178.8), (114.0, 184.0),
    ],
    "trapezoid": [
        (104.0, 180.0), (108.5, 177.6), (112.8, 179.6), (113.0, 185.0), (112.5, 190.6),
        (108.0, 190.0), (104.5, 187.0),
    ],
    "capitate": [
        (91.8, 179.3), (97.0, 178.6), (102.6, 179.5), (103.4, 186.0), (106.0, 191.5),
        (104.5, 196.3), (99.5, 197.2), (94.5, 196.5), (92.3, 190.0),
    ],
    "hamate": [
        (79.0, 185.0), (85.0, 181.2), (90.5, 180.8), (91.0, 187.0), (92.6, 193.0), (91.8, 197.0),
        (88.0, 196.2), (82.0, 192.5), (78.5, 189.0),
    ],
}

RADIUS: list[Pair] = [
    (95.5, 270.0), (95.3, 245.0), (94.6, 230.0), (91.6, 220.0), (90.3, 213.5), (92.5, 210.3),
    (98.0, 211.8), (104.5, 210.3), (111.0, 207.0), (116.0, 203.2), (119.8, 201.5), (121.6, 204.5),
    (121.0, 211.0), (118.2, 219.5), (114.5, 230.0), (112.0, 245.0), (111.2, 270.0),
]
ULNA: list[Pair] = [
    (71.5, 270.0), (71.3, 245.0), (70.8, 230.0), (69.3, 222.0), (68.7, 215.5), (69.2, 210.2),
    (70.8, 207.6), (72.6, 209.8), (75.5, 212.6), (80.5, 211.6), (85.6, 212.4), (88.3, 216.0),
    (87.2, 221.0), (84.2, 227.0), (82.7, 236.0), (82.3, 250.0), (82.0, 270.0),
]

PALM: list[Pair] = [
    (63.5, 275.0), (63.0, 240.0), (62.8, 218.0), (64.0, 200.0), (60.0, 185.0), (54.5, 165.0),
    (51.0, 145.0), (51.0, 131.0), (56.0, 120.0), (66.0, 113.0), (78.0, 105.0), (98.0, 97.0),
    (118.0, 97.0), (130.0, 106.0), (131.5, 122.0), (133.0, 136.0), (136.0, 150.0), (142.0, 164.0),
    (141.0, 176.0), (136.0, 187.0), (129.0, 200.0), (124.5, 215.0), (122.5, 240.0),
    (121.0, 275.0),
]
# fmt: on

_NAMES = ("proximal phalanx", "middle phalanx", "distal phalanx")


def _ray(ray: tuple[int, Pair, Pair, float, tuple[Pair, ...], Pair]) -> tuple[list[Bone], Points]:
    """The bones of one finger, and the points (N, 2) of its joints and tip in order."""
    number, base, head, half, phalanges, direction = ray
    step = np.array(direction) / np.hypot(*direction)
    outline = place("metacarpal", base, head, half, bend=0.5)
    bones = [Bone(f"metacarpal {number}", outline, 0.55, 1.5, (base, head), cap=17.0)]
    joints, at = [np.array(base)], np.array(head)
    for index, (length, width) in enumerate(phalanges):
        last = index == len(phalanges) - 1
        gap = (1.9, 1.5, 1.2)[index] + 0.2 * (number == 1)
        joints.append(at + 0.5 * gap * step)
        start, at = at + gap * step, at + (gap + length) * step
        ends = ((float(start[0]), float(start[1])), (float(at[0]), float(at[1])))
        name = _NAMES[2] if last else _NAMES[index]
        shape = place("tuft" if last else "phalanx", *ends, width)
        bones.append(Bone(f"{name} {number}", shape, 0.5, 0.7 if last else 1.2, ends, cap=13.0))
    return bones, np.array([*joints, at])


def _soft(rays: list[Points]) -> Array:
    """Signed distance (H, W) of the skin: the palm and forearm with a tapered finger a ray."""
    coarse = Grid((GRID.shape[0] // 4 + 1, GRID.shape[1] // 4 + 1), GRID.spacing * 4)
    d = outline_distance(coarse, spline(PALM), coarse.whole, stride=1)
    x, y = coarse.axes(coarse.whole)
    for number, joints in enumerate(rays, start=1):
        first = joints[0] * 0.65 + joints[1] * 0.35
        points = np.vstack([first, joints[1:]]) if number == 1 else joints[1:]
        distance, along = polyline_distance(points, x, y, closed=False)
        start, end = (16.0, 8.6) if number == 1 else ((10.6, 7.6) if number < 5 else (9.4, 6.8))
        knuckles = 0.45 * np.sin(along * np.pi * 2 * (len(joints) - 2)) ** 2
        d = union(d, start + (end - start) * along + knuckles - distance, 5.0)
    return d


def build(scene: Scene) -> None:
    """Put the whole hand into the scene."""
    fingers = [_ray(ray) for ray in RAYS]
    scene.add_soft(enlarge(_soft([points for _, points in fingers]), 4, GRID.shape), 30.0)
    scene.add_bone(
        Bone("radius", spline(RADIUS) - (0.0, 0.5), 0.6, 2.0, ((104, 196), (104, 330)), cap=20.0)
    )
    scene.add_bone(
        Bone("ulna", spline(ULNA) - (0.0, 0.5), 0.6, 1.8, ((76, 200), (76, 330)), cap=15.0)
    )
    for name, outline in CARPALS.items():
        scene.add_bone(Bone(name, grown(spline(outline), 1.07), 0.65, depth=1.1, cap=17.0))
    for number, (bones, points) in enumerate(fingers, start=1):
        for bone in bones:
            scene.add_bone(bone)
        names = ("MCP", "IP") if number == 1 else ("MCP", "PIP", "DIP")
        for name, point, radius in zip(names, points[1:-1], (8.0, 6.5, 5.5), strict=False):
            scene.joint(f"{name} {number}", (float(point[0]), float(point[1])), radius)
