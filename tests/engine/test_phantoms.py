"""The phantoms: path lengths and Beer-Lambert by hand calculation, masks, determinism, marker."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from engine.phantoms import PHANTOMS, Phantom, make, physics
from engine.phantoms.bodies import Grid, inflate, outline_distance, thickness
from engine.phantoms.marker import STROKES
from engine.phantoms.outlines import polyline_distance, spline
from engine.phantoms.physics import Exposure
from engine.phantoms.scene import Bone, Scene

NAMES = [recipe.name for recipe in PHANTOMS]
GRID = Grid((200, 200), 0.25)


@pytest.fixture(scope="module")
def taken() -> Callable[..., Phantom]:
    """``make`` with a memory: tests only read what it returns."""
    memory: dict[tuple[object, ...], Phantom] = {}

    def get(name: str, seed: int = 7, **options: object) -> Phantom:
        key = (name, seed, *sorted(options.items()))
        if key not in memory:
            memory[key] = make(name, seed, **options)  # type: ignore[arg-type]
        return memory[key]

    return get


def _empty_scene(grid: Grid = GRID) -> Scene:
    return Scene(grid, np.zeros(grid.shape), np.zeros(grid.shape))


def test_slab_attenuates_as_calculated_by_hand() -> None:
    line = np.full((40, 40), physics.SOFT * 50.0)  # 50 mm of soft tissue
    signal = physics.expose(line, 0.2, Exposure(quanta=1e6, scatter=0.0))
    assert signal == pytest.approx(1e6 * math.exp(-0.0217 * 50.0))
    assert signal[0, 0] == pytest.approx(337_890, rel=1e-4)


def test_scatter_adds_to_the_primary_behind_a_patient_only() -> None:
    exposure = Exposure(quanta=1.0, scatter=0.5)
    behind = physics.expose(np.full((40, 40), 1.0), 1.0, exposure)
    p = math.exp(-1.0)
    assert behind == pytest.approx(p + 0.5 * p * (1 - p))
    assert physics.expose(np.zeros((40, 40)), 1.0, exposure) == pytest.approx(1.0)


def test_tube_is_a_cylinder_and_its_round_end_a_sphere() -> None:
    """A tube of radius 8 mm: 16 mm through the axis, 2 sqrt(64 - 25) mm 5 mm beside it."""
    scene = _empty_scene()
    path = np.zeros(GRID.shape)
    scene.tube_path(path, np.array([[25.125, 10.125], [25.125, 30.125]]), (8.0, 8.0))
    assert path[100, 100] == pytest.approx(16.0)
    assert path[100, 120] == pytest.approx(2 * math.sqrt(64 - 25))
    assert path[100, 140] == 0.0
    assert path[120 + 20, 100] == pytest.approx(2 * math.sqrt(64 - 25))  # 5 mm past the end
    assert physics.transmission(physics.CORTICAL * path)[100, 100] == pytest.approx(
        math.exp(-0.0604 * 16.0)
    )


def test_shell_and_cavity_of_a_tube_add_up_along_the_central_ray() -> None:
    scene = _empty_scene()
    axis = np.array([[25.125, 5.125], [25.125, 45.125]])
    scene.add_tube("bone", axis, (8.0, 8.0), shell=2.0)
    shell, cavity = 4.0, 12.0
    expected = shell * (physics.CORTICAL - physics.SOFT)
    expected += cavity * (physics.SPONGIOSA - physics.SOFT)
    assert scene.line[100, 100] == pytest.approx(expected)


def test_a_long_strip_inflates_to_a_cylinder() -> None:
    corners = np.array([[15.0, -40.0], [35.0, -40.0], [35.0, 90.0], [15.0, 90.0]])
    d = outline_distance(GRID, corners, GRID.whole)
    path = thickness(d, inflate(d, GRID.spacing, cap=1e4))[100]
    x = (np.arange(200) + 0.5) * 0.25 - 25.0
    chord = 2 * np.sqrt(np.maximum(100.0 - x**2, 0.0))
    assert np.abs(path - chord).max() < 0.4
    assert path[100] == pytest.approx(20.0, abs=0.2)


def test_a_disc_inflates_to_a_flattened_sphere() -> None:
    """u = (R^2 - r^2) / 2 solves the equation on a disc: the central ray is sqrt(2) R."""
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = np.stack([25 + 15 * np.cos(turn), 25 + 15 * np.sin(turn)], 1)
    d = outline_distance(GRID, circle, GRID.whole)
    path = thickness(d, inflate(d, GRID.spacing, cap=1e4))
    assert path[100, 100] == pytest.approx(math.sqrt(2) * 15.0, rel=0.02)


def test_wide_bodies_level_off_at_their_cap() -> None:
    corners = np.array([[-200.0, -200.0], [200.0, -200.0], [200.0, 200.0], [-200.0, 200.0]])
    d = outline_distance(GRID, corners, GRID.whole)
    path = thickness(d, inflate(d, GRID.spacing, cap=12.0))
    assert path[100, 100] == pytest.approx(12.0, rel=0.02)


def test_signed_distance_of_a_square() -> None:
    square = np.array([[10.0, 10.0], [30.0, 10.0], [30.0, 30.0], [10.0, 30.0]])
    x, y = np.array([[20.0, 12.0, 5.0, 33.0]]), np.array([[20.0], [34.0]])
    distance, _ = polyline_distance(square, x, y, closed=True)
    assert distance[0] == pytest.approx([10.0, 2.0, -5.0, -3.0])
    assert distance[1] == pytest.approx([-4.0, -4.0, -math.hypot(5, 4), -5.0])


def test_a_bones_mask_is_where_it_attenuates() -> None:
    scene = _empty_scene()
    outline = spline([(10, 12), (25, 9), (41, 14), (38, 30), (24, 40), (12, 28)])
    scene.add_bone(Bone("bone", outline, cortex=1.0))
    assert np.array_equal(scene.regions["bone"], scene.line > 0)


def test_noise_has_the_variance_of_the_quanta() -> None:
    exposure = Exposure(focus_sigma=0.0, detector_sigma=0.0, electronic=0.0)
    signal = np.full((300, 300), 2500.0)
    read = physics.detect(signal, 0.2, exposure, np.random.default_rng(1))
    assert read.mean() == pytest.approx(2500.0, abs=1.0)
    assert read.std() == pytest.approx(50.0, rel=0.02)


def test_log_image_of_known_transmission() -> None:
    exposure = Exposure(flatten=0.0, sharpen=0.0, gain=1000.0, offset=100.0)
    line = np.full((20, 20), 1.5)
    image = physics.present(exposure.quanta * np.exp(-line), line, 0.2, exposure)
    assert (image == 1600).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_phantom_is_what_it_says(name: str, taken: Callable[..., Phantom]) -> None:
    phantom = taken(name)
    assert phantom.image.dtype == np.uint16
    assert 1000 <= max(phantom.image.shape) <= 1400
    assert phantom.image.max() <= 4095
    regions = phantom.regions
    assert {"body", "marker", "collimation"} <= set(regions)
    for mask in regions.values():
        assert mask.shape == phantom.image.shape
        assert mask.any()
    assert (phantom.image[regions["collimation"]] == 0).all()
    assert not (regions["collimation"] & regions["body"]).any()
    assert not (regions["marker"] & regions["body"]).any()


@pytest.mark.parametrize(
    ("name", "bone"),
    [
        ("hand", "metacarpal 3"), ("hand", "capitate"), ("hand", "radius"),
        ("knee", "femur"), ("knee", "fibula"), ("knee", "patella"),
        ("foot", "cuboid"), ("foot", "metatarsal 1"), ("chest", "clavicle left"),
    ],
)  # fmt: skip
def test_bones_are_brighter_than_their_surroundings(
    name: str, bone: str, taken: Callable[..., Phantom]
) -> None:
    phantom = taken(name)
    mask = phantom.regions[bone]
    ring = physics.blur(mask.astype(np.float64), 3.0) > 1e-6
    ring &= ~mask & phantom.regions["body"]
    contrast = float(phantom.image[mask].mean()) - float(phantom.image[ring].mean())
    assert contrast > 3 * float(phantom.image[ring].std()) / math.sqrt(ring.sum())
    assert contrast > 25


def test_lungs_are_darker_than_the_heart(taken: Callable[..., Phantom]) -> None:
    phantom = taken("chest")
    heart = phantom.regions["heart"]
    for side in ("right lung", "left lung"):
        lung = phantom.regions[side]
        assert phantom.image[lung & ~heart].mean() < phantom.image[lung & heart].mean() - 200


def test_fingers_and_rays_do_not_touch(taken: Callable[..., Phantom]) -> None:
    regions = taken("hand").regions
    bones = [n for n in regions if n.startswith(("proximal", "middle", "distal"))]
    bones += ["radius", "ulna", "metacarpal 1"]
    assert len(bones) == 17
    for first, second in itertools.combinations(bones, 2):
        assert not (regions[first] & regions[second]).any(), (first, second)
    for number in range(1, 6):
        meta, proximal = regions[f"metacarpal {number}"], regions[f"proximal phalanx {number}"]
        assert not (meta & proximal).any()
        joint = regions[f"MCP {number}"]
        assert (joint & meta).any()
        assert (joint & proximal).any()


def test_knee_joint_space_is_a_gap_and_the_patella_overlaps(
    taken: Callable[..., Phantom],
) -> None:
    regions = taken("knee").regions
    assert not (regions["femur"] & regions["tibia"]).any()
    assert (regions["patella"] & ~regions["femur"]).sum() < 0.02 * regions["patella"].sum()
    assert (regions["fibula"] & regions["tibia"]).any()
    lateral, medial = regions["lateral compartment"], regions["medial compartment"]
    assert np.argwhere(lateral)[:, 1].max() < np.argwhere(medial)[:, 1].min()
    assert regions["fibula"].nonzero()[1].mean() < regions["tibia"].nonzero()[1].mean()


def test_left_and_right_are_where_the_views_put_them(taken: Callable[..., Phantom]) -> None:
    def centre(name: str, region: str) -> float:
        return float(taken(name).regions[region].nonzero()[1].mean())

    assert centre("hand", "metacarpal 1") > centre("hand", "metacarpal 5")
    assert centre("foot", "metatarsal 1") > centre("foot", "metatarsal 5")
    assert centre("chest", "right lung") < centre("chest", "left lung")
    assert centre("chest", "aortic knob") > centre("chest", "trachea")


def test_same_seed_same_picture_other_seed_other_noise(taken: Callable[..., Phantom]) -> None:
    first, again, other = taken("foot"), make("foot", 7), taken("foot", 8)
    assert np.array_equal(first.image, again.image)
    assert not np.array_equal(first.image, other.image)
    assert np.array_equal(first.regions["talus"], other.regions["talus"])


def test_noise_can_be_left_out(taken: Callable[..., Phantom]) -> None:
    noisy, clean = taken("hand"), taken("hand", noise=False)
    air = ~noisy.regions["body"] & ~noisy.regions["collimation"] & ~noisy.regions["marker"]
    assert np.abs(np.diff(clean.image[250:350, 60:120].astype(int), axis=1)).max() <= 1
    assert noisy.image[air].std() > 2.0
    assert np.corrcoef(noisy.image[air ^ True], clean.image[air ^ True])[0, 1] > 0.99


@pytest.mark.parametrize("noise", [False, True])
def test_marker_changes_its_own_region_only(noise: bool, taken: Callable[..., Phantom]) -> None:
    with_marker = taken("hand", noise=noise)
    without = taken("hand", noise=noise, marker=False)
    assert "marker" not in without.regions
    changed = with_marker.image != without.image
    assert changed.any()
    assert not (changed & ~with_marker.regions["marker"]).any()
    assert with_marker.image[changed].mean() > without.image[changed].mean() + 300


def test_marker_goes_where_it_is_put(taken: Callable[..., Phantom]) -> None:
    moved = taken("foot", marker_text="RT", marker_position=(135.0, 40.0))
    y, x = np.nonzero(moved.regions["marker"])
    assert (x.mean() + 0.5) * 0.22 == pytest.approx(135.0, abs=0.3)
    assert (y.mean() + 0.5) * 0.22 == pytest.approx(40.0, abs=0.3)
    assert moved.image[moved.regions["marker"]].max() == 4095


def test_letters_differ_from_their_mirror_images() -> None:
    for letter in "LR":
        points = {point for stroke in STROKES[letter] for point in stroke}
        assert {(0.66 - x, y) for x, y in points} != points


def test_unknown_names_and_letters_are_refused() -> None:
    with pytest.raises(ValueError, match="no phantom 'skull'"):
        make("skull")
    with pytest.raises(ValueError, match="no glyph"):
        make("foot", marker_text="?")
    with pytest.raises(ValueError, match="outside the picture"):
        make("foot", marker_position=(500.0, 40.0))
