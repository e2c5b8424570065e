"""Interventions on networks that use a marker by construction, and on one that cannot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from engine.__main__ import main
from engine.checkpoint import save_model
from engine.errors import RequestError
from engine.evaluation.index import Example
from engine.evidence.artefact_command import some_of_each
from engine.evidence.artefacts import find_artefacts
from engine.evidence.bootstrap import Estimate
from engine.evidence.reliance import (
    MATERIAL,
    PLACES,
    Effect,
    Searched,
    Use,
    answers_about,
    effect_of,
    reliance,
    without,
)
from engine.explainer import Explainer
from engine.models import build
from engine.phantoms import make
from engine.preprocess import fit_to_square
from tests.engine.gated_models import small_facts
from tests.engine.lettered import SIDE, Reader, letter_explainer, letter_picture
from tests.engine.small_networks import randomised

LABELS = ("body", "lettered")


def test_answers_are_the_networks_own() -> None:
    explainer, pictures = (
        letter_explainer(),
        [letter_picture(True, 1), letter_picture(False, 2)[:, :150]],
    )
    chances, odds = answers_about(explainer, pictures)
    for row, picture in enumerate(pictures):
        square = torch.from_numpy(fit_to_square(picture, SIDE)[0])[None, None]
        with torch.no_grad():
            wanted = torch.softmax(explainer.model.network(square)[0].double(), 0).numpy()
        np.testing.assert_allclose(chances[row], wanted)
        np.testing.assert_allclose(odds[row], np.log(wanted / (1 - wanted)), rtol=1e-3)
    empty, _ = answers_about(explainer, [])
    assert empty.shape == (0, 2)


@pytest.mark.parametrize(
    ("ending", "output"), [(nn.Softmax(1), "softmax"), (nn.Sigmoid(), "sigmoid")]
)
def test_a_network_that_ends_in_probabilities_is_read_as_they_are(
    ending: nn.Module, output: str
) -> None:
    network = nn.Sequential(Reader(honest=False), ending)
    explainer = Explainer.of(network, ("body", "lettered"), SIDE, layers=("0.white",))
    picture = letter_picture(True, 1)
    chances, odds = answers_about(explainer, [picture])
    square = torch.from_numpy(fit_to_square(picture, SIDE)[0])[None, None]
    with torch.no_grad():
        np.testing.assert_allclose(chances, network(square).numpy(), rtol=1e-5)
    assert explainer.model.specification.output == output
    np.testing.assert_allclose(odds, np.log(chances / (1 - chances)), rtol=1e-3)


def test_a_letter_that_decides_is_used() -> None:
    picture = letter_picture(True, 3)
    (marker,) = [item for item in find_artefacts(picture) if item.kind == "marker"]
    effect = effect_of(letter_explainer(), picture, marker)
    assert effect.target == "lettered"
    assert effect.before > 0.9
    assert effect.change < -0.5
    assert len(effect.elsewhere) == PLACES
    assert len(effect.moved) == 20
    assert np.median(np.abs(effect.elsewhere)) < MATERIAL
    assert effect.change < effect.span[0]
    assert abs(np.median(effect.moved)) < 0.2  # it counts wherever it stands beside the body
    assert effect.uses is True


def test_a_letter_that_decides_nothing_is_not_used() -> None:
    picture = letter_picture(True, 3)
    (marker,) = [item for item in find_artefacts(picture) if item.kind == "marker"]
    effect = effect_of(letter_explainer(honest=True), picture, marker, "lettered")
    assert abs(effect.change) < 1e-6
    assert effect.uses is False
    with pytest.raises(RequestError, match="no class 'nothing'"):
        effect_of(letter_explainer(), picture, marker, "nothing")


def test_the_same_seed_gives_the_same_effect() -> None:
    picture = letter_picture(True, 4)
    (marker,) = [item for item in find_artefacts(picture) if item.kind == "marker"]
    one, again, other = (
        effect_of(letter_explainer(), picture, marker, seed=seed) for seed in (1, 1, 2)
    )
    assert one == again
    assert one.moved != other.moved


@pytest.mark.parametrize(
    ("change", "elsewhere", "uses"),
    [
        (-0.3, (-0.01, 0.0, 0.01) * 13, True),
        (0.3, (-0.01, 0.0, 0.01) * 13, True),
        (-0.3, (-0.5, -0.2, 0.0) * 13, False),  # as much elsewhere does the same
        (-0.04, (0.0,) * 39, False),  # certain, but not material
        (-0.3, (-0.01, 0.0, 0.01), None),  # too few places: it may be chance
        (-0.3, (), None),  # nothing to compare with
        (-0.04, (), False),
    ],
)
def test_used_is_material_and_beyond_chance(
    change: float, elsewhere: tuple[float, ...], uses: bool | None
) -> None:
    effect = Effect("marker", (0, 0, 1, 1), "a", 0.9, change, elsewhere)
    assert effect.uses is uses


def _found(honest: bool) -> dict[tuple[str, str], bool | None]:
    images = [
        Searched.of(letter_picture(bool(seed % 2), seed), LABELS[seed % 2]) for seed in range(24)
    ]
    uses = list(reliance(letter_explainer(honest), images, ("marker", "border"), places=4))
    return {(use.kind, use.target): use.uses for use in uses}


def test_of_a_model_the_class_and_the_kind_are_named() -> None:
    found = _found(honest=False)
    assert found[("marker", "lettered")] is True
    assert found[("border", "lettered")] is False
    assert found[("border", "body")] is not True


def test_of_an_honest_model_nothing_is_said() -> None:
    found = _found(honest=True)
    assert found
    assert set(found.values()) == {False}


def test_letters_laid_on_other_images_make_them_theirs() -> None:
    images = [
        Searched.of(letter_picture(bool(seed % 2), seed), LABELS[seed % 2]) for seed in range(24)
    ]
    use = next(
        item
        for item in reliance(letter_explainer(), images, ("marker",), places=4)
        if item.target == "lettered"
    )
    assert use.gain.low > 0.5
    assert use.drop.low > 0.5
    assert use.score == max(use.odds_drop.value, use.odds_gain.value)
    assert use.gain.count == use.drop.count >= 8  # a value for each patient, not for each pair


def test_without_labels_no_class_is_blamed_by_chance() -> None:
    """The class is what the images with and without the letter say together."""
    images = [Searched.of(letter_picture(True, seed)) for seed in range(30)]
    found = {use.target: use for use in reliance(letter_explainer(), images, ("marker",), places=3)}
    assert found["lettered"].drop.value > 0.5
    for use in reliance(letter_explainer(honest=True), images, ("marker",), places=3):
        assert abs(use.drop.value) < 1e-6


def test_images_of_one_patient_count_once() -> None:
    images = [
        Searched.of(letter_picture(True, seed), "lettered", f"patient {seed % 3}")
        for seed in range(12)
    ]
    for use in reliance(letter_explainer(), images, ("marker",), places=2):
        assert use.drop.count <= 3
        assert use.uses is None  # too few patients to say anything


class _Away(nn.Module):
    """Class "neg" is likelier the brighter the image is: erasing dark ground changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.grey = nn.Conv2d(1, 1, 1)
        self.out = nn.Conv2d(1, 2, 1)
        with torch.no_grad():
            self.grey.weight.fill_(1.0)
            self.grey.bias.fill_(0.0)  # type: ignore[union-attr]
            self.out.weight.copy_(torch.tensor([0.0, 40.0]).view(2, 1, 1, 1))
            self.out.bias.copy_(torch.tensor([0.0, -3.0]))  # type: ignore[union-attr]

    def forward(self, image: Tensor) -> Tensor:
        found: Tensor = self.out(torch.relu(self.grey(image))).mean((2, 3))
        return found


def test_a_control_that_changes_the_answer_accuses_nobody() -> None:
    """What counts is what erasing takes away of the answer as it was."""
    explainer = Explainer.of(_Away(), ("pos", "neg"), SIDE, layers=("grey",))
    images = [Searched.of(letter_picture(bool(seed % 2), seed)) for seed in range(20)]
    for use in reliance(explainer, images, ("border", "background"), places=4):
        assert use.uses is not True


def test_where_erasing_elsewhere_costs_as_much_nothing_can_be_said() -> None:
    part = Estimate(-0.2, -0.3, -0.1, 20)
    seen = Use("border", "a", part, part, cost=Estimate(0.01, 0.0, 0.02, 20))
    blind = Use("border", "a", part, part, cost=Estimate(0.3, 0.2, 0.4, 20))
    assert seen.uses is False
    assert blind.uses is None
    assert Use("border", "a", Estimate(0.04, -0.1, 0.2, 20), part).uses is None  # not certain


class _Ground(nn.Module):
    """Class "gridded" by what a Laplacian leaves of the image."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Conv2d(1, 2, 3, padding=1, padding_mode="replicate", bias=False)
        self.out = nn.Conv2d(2, 2, 1)
        kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
        with torch.no_grad():
            self.fine.weight.copy_(torch.stack((kernel, -kernel))[:, None])
            self.out.weight.copy_(torch.tensor([[3000.0, 3000.0], [0, 0]]).view(2, 2, 1, 1))
            self.out.bias.copy_(torch.tensor([-90.0, 0.0]))  # type: ignore[union-attr]

    def forward(self, image: Tensor) -> Tensor:
        found: Tensor = self.out(torch.relu(self.fine(image))).mean((2, 3))
        return found


def test_use_of_the_background_is_found() -> None:
    """A grid in the air around the body makes the class; blanked, it is gone."""
    explainer = Explainer.of(_Ground(), ("gridded", "even"), SIDE, layers=("fine",))
    down, across = np.mgrid[:200, :200]
    grid = 45 * ((down // 12 + across // 12) % 2)
    images = []
    for seed in range(10):
        image = np.random.default_rng(seed).normal(20, 1, (200, 200)) + grid
        image[60:, 80:170] = 420
        image[120:140, 100:130] = 1000
        images.append(Searched.of(image, "gridded"))
    found = {use.target: use for use in reliance(explainer, images, ("background",))}
    assert list(found) == ["gridded"]
    assert found["gridded"].uses is True


def test_padding_becomes_grey_and_background_even() -> None:
    image = letter_picture(False, 1).astype(np.float32)
    mask = np.zeros(image.shape, bool)
    mask[:, :40] = True
    random = np.random.default_rng(0)
    as_padding, as_background = (without(image, kind, mask, random) for kind in _LARGE)
    assert set(np.unique(as_padding[mask])) == {np.median(image[~mask])}
    assert set(np.unique(as_background[mask])) == {np.median(image[mask])}


_LARGE = ("padding", "background")


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    facts = small_facts()
    save_model(randomised(build(facts)).float(), facts, folder)
    return folder


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "foot.png"
    Image.fromarray((make("foot").image[::4, ::4] // 17).astype(np.uint8)).save(path)
    return path


def test_patients_take_turns_where_not_all_images_are_taken() -> None:
    rows = [
        Example(f"{number}.png", "here", label, "test", group)
        for number, (label, group) in enumerate(
            [
                ("foot", "a"),
                ("foot", "a"),
                ("knee", "k"),
                ("foot", "b"),
                ("foot", "c"),
                ("foot", "b"),
            ]
        )
    ]
    taken = some_of_each(rows, ["foot", "hand", "knee"], 4)
    assert [row.file for row in taken] == ["0.png", "3.png", "4.png", "1.png", "2.png"]


def test_the_command_says_of_a_picture_what_is_attended_to_and_what_is_used(
    small_model: Path, film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["artefacts", "--image", str(film), "--model", str(small_model), "--places", "5"]
    assert main([*arguments, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    kinds = [item["kind"] for item in row["candidates"]]
    assert kinds[0] == "marker"
    assert {"border", "background"} <= set(kinds)
    for item in row["candidates"]:
        assert [layer["layer"] for layer in item["attends"]] == list(small_facts().exposed_layers)
        if item["kind"] in _LARGE:
            assert (item["places"], item["elsewhere"]) == (0, [None, None])
        else:
            assert item["places"] == 5
            assert item["elsewhere"][0] <= item["elsewhere"][1]
        small = abs(item["change"]) < MATERIAL
        assert item["uses"] is (False if small else None)  # five places are too few to accuse
        for layer in item["attends"]:
            assert layer["mass"] == pytest.approx(
                layer["lift"] * item["share_of_area"], rel=0.15, abs=0.01
            )
        assert len(item["kernels"]) == 5
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "attends to it with lift" in text
    assert "as much elsewhere" in text


def test_the_command_judges_a_model_on_an_index(
    small_model: Path, film: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    label = small_facts().classes[0]
    lines = ["file,source,class,split"]
    for number in range(8):
        name = f"film{number}.png"
        Image.open(film).rotate(number).save(tmp_path / name)
        lines.append(f"{name},somewhere,{label},test")
    (tmp_path / "index.csv").write_text("\n".join([*lines, f"gone.png,a,{label},test"]))
    arguments = ["artefacts", "--data", str(tmp_path), "--model", str(small_model)]
    assert main([*arguments, "--kind", "border", "--places", "2", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["kind"] for row in rows] == ["border"]  # all eight get the same answer
    assert rows[0]["drop"]["n"] == 8
    assert rows[0]["attends"]["n"] == 8
    assert main([*arguments, "--each", "2", "--kind", "border", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["uses"] is None  # two patients are too few to say anything
