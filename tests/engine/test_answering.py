"""The desk: an image is sent once, and every answer is what asking the engine directly gives."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import rasters
from engine.answering import Desk
from engine.bundled import folder_of
from engine.checkpoint import load_model, save_model
from engine.errors import EngineError, ModelError, RequestError
from engine.evidence.interventions import Workpiece
from engine.explainer import Explainer, Observed, observe
from engine.explanation import explain, explained
from engine.kernels import kernel_maps, rank_by_activation, rank_by_class, rank_by_region
from engine.models import build
from engine.preprocess import fit_to_square
from engine.presets import PRESETS
from engine.questions import (
    Asked,
    Candidates,
    Control,
    Edit,
    Explain,
    FindCandidates,
    MapKernels,
    Network,
    Question,
    Ranked,
    RankKernels,
    Subject,
    Unseen,
    WhatIf,
)
from engine.results import Explanation, Method
from engine.shapes import Shape, box
from tests.engine.gated_models import gate_by_hand, grey_bytes, save_gated, small_facts
from tests.engine.small_networks import randomised, state_of

GRADIENT, LINEAR = PRESETS["gradient"], Method("linear", "full")
GREY = grey_bytes(1)
EDITS = (Edit(box(10, 12, 40, 50)), Edit(Shape("point", ((50, 70),), 15.0), "mean"))
REGION = Shape("polygon", ((5, 5), (60, 20), (30, 80)))


def _save(folder: Path, seed: int = 0) -> Path:
    save_model(randomised(build(small_facts()), seed).float(), small_facts(), folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def declining(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that declines every image."""
    folder = tmp_path_factory.mktemp("models") / "declining"
    return save_gated(randomised(build(small_facts())).float(), gate_by_hand(-1e9), folder)


@pytest.fixture(scope="module")
def explainer(model: Path) -> Explainer:
    return Explainer.prepare(load_model(model), torch.device("cpu"))


@pytest.fixture(scope="module")
def observed(explainer: Explainer) -> Observed:
    return observe(explainer, *fit_to_square(GREY, 40))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _ask(
    desk: Desk, model: Path, asked: Asked, key: str = "image", number: int = 0, **facts: Any
) -> Any:
    """About an image that is sent with the question."""
    subject = Subject(facts.pop("image", GREY), **facts)
    return desk.answer(Question(key, Network(model, "cpu", number), asked, subject))


def _known(desk: Desk, model: Path, key: str) -> bool:
    """Whether the desk answers without the image."""
    answer = desk.answer(Question(key, Network(model, "cpu"), Explain(GRADIENT)))
    if isinstance(answer, Unseen):
        assert answer.key == key
        return False
    assert isinstance(answer, Explanation)
    return True


def _same(one: Explanation, two: Explanation) -> None:
    """But for the time it took."""
    assert one.predictions == two.predictions
    assert (one.target, one.method, one.geometry) == (two.target, two.method, two.geometry)
    assert (one.model, one.evidence) == (two.model, two.evidence)
    np.testing.assert_array_equal(one.input_image, two.input_image)
    assert len(one.layers) == len(two.layers) > 0
    for first, second in zip(one.layers, two.layers, strict=True):
        np.testing.assert_array_equal(first.values, second.values)


# what is kept


def test_an_image_is_unseen_until_it_is_sent(desk: Desk, model: Path) -> None:
    assert not _known(desk, model, "image")
    _ask(desk, model, Explain(GRADIENT))
    assert _known(desk, model, "image")
    assert not _known(desk, model, "another")


def test_the_image_used_least_recently_is_forgotten_first(desk: Desk, model: Path) -> None:
    for number in range(6):
        _ask(desk, model, FindCandidates(), f"image {number}", image=grey_bytes(number))
    assert _known(desk, model, "image 0")
    _ask(desk, model, FindCandidates(), "image 6", image=grey_bytes(6))
    kept = [_known(desk, model, f"image {number}") for number in range(7)]
    assert kept == [True, False, True, True, True, True, True]


def test_answers_about_one_image_are_not_those_about_another(desk: Desk, model: Path) -> None:
    first = _ask(desk, model, Explain(GRADIENT), "one", image=grey_bytes(1))
    second = _ask(desk, model, Explain(GRADIENT), "two", image=grey_bytes(2))
    again = _ask(desk, model, Explain(GRADIENT), "one", image=grey_bytes(1))
    _same(first, again)
    assert not np.array_equal(first.input_image, second.input_image)


def test_a_replaced_model_answers_anew(desk: Desk, tmp_path: Path) -> None:
    folder = _save(tmp_path / "model", seed=1)
    first = _ask(desk, folder, Explain(GRADIENT))
    before = _ask(desk, folder, WhatIf(())).before
    _save(folder, seed=2)
    second = _ask(desk, folder, Explain(GRADIENT))
    assert second.model.sha256 != first.model.sha256
    assert second.predictions != first.predictions
    assert _ask(desk, folder, WhatIf(())).before != before


def test_a_model_replaced_by_an_older_one_answers_anew(desk: Desk, tmp_path: Path) -> None:
    """Files copied with their dates, as from a backup, beside others that are newer."""
    old, new = _save(tmp_path / "old", seed=1), _save(tmp_path / "new", seed=2)
    for file in old.iterdir():
        os.utime(file, (1e9, 1e9))
    (new / "NOTES.md").write_text("newer than both", encoding="utf-8")
    first = _ask(desk, new, Explain(GRADIENT))
    for file in old.iterdir():
        shutil.copy2(file, new / file.name)
    second = _ask(desk, new, Explain(GRADIENT))
    assert second.model.sha256 != first.model.sha256


def test_a_model_that_went_away_is_refused(desk: Desk, tmp_path: Path) -> None:
    folder = _save(tmp_path / "model")
    _ask(desk, folder, Explain(GRADIENT))
    shutil.rmtree(folder)
    with pytest.raises(ModelError, match="cannot be read"):
        _ask(desk, folder, Explain(GRADIENT))


# every kind of question


@pytest.mark.parametrize("method", [GRADIENT, LINEAR, Method("guided", "peak")])
@pytest.mark.parametrize("with_classes", [False, True])
def test_explanations_are_those_of_the_front_door(
    desk: Desk, model: Path, explainer: Explainer, method: Method, with_classes: bool
) -> None:
    found = _ask(desk, model, Explain(method, "foot", with_classes), modality="DX")
    expected = explain(explainer, GREY, method, "foot", with_classes, "DX")
    _same(found, expected)
    assert (found.class_responses is not None) is with_classes
    if found.class_responses and expected.class_responses:
        np.testing.assert_array_equal(
            found.class_responses.dominant, expected.class_responses.dominant
        )


def test_pixels_that_are_not_square_count(desk: Desk, model: Path, explainer: Explainer) -> None:
    found = _ask(desk, model, Explain(GRADIENT), aspect_ratio=2.0)
    _same(found, explain(explainer, GREY, GRADIENT, aspect_ratio=2.0))


@pytest.mark.parametrize("layers", [(), ("conv2",)])
def test_rankings_are_those_of_the_engine(
    desk: Desk, model: Path, explainer: Explainer, observed: Observed, layers: tuple[str, ...]
) -> None:
    wanted = layers or explainer.layers

    def ranked(asked: RankKernels) -> Ranked:
        answer: Ranked = _ask(desk, model, asked)
        assert len(answer.scores) == answer.total
        return answer

    found = ranked(RankKernels("activation", LINEAR, "foot", layers))
    assert found.scores == rank_by_activation(explainer, observed, wanted)
    found = ranked(RankKernels("class", LINEAR, "foot", layers))
    assert found.scores == rank_by_class(explainer, observed, wanted, "foot")
    region = np.zeros((40, 40), np.float32)
    geometry = observed.geometry  # 90 × 70 pixels: 40 × 31 in the middle of the input
    part = rasters.coverage(REGION, (90, 70), (40, 31))
    (x, y), (height, width) = geometry.offset, geometry.fitted_size
    region[y : y + height, x : x + width] = part
    assert (x, y) == (4, 0)
    found = ranked(RankKernels("region", LINEAR, "foot", layers, REGION))
    assert found.scores == rank_by_region(explainer, observed, LINEAR, region, wanted, "foot")


def test_only_the_strongest_come_back(desk: Desk, model: Path) -> None:
    every = _ask(desk, model, RankKernels("activation", LINEAR, "foot"))
    some = _ask(desk, model, RankKernels("activation", LINEAR, "foot", most=3))
    assert some.scores == every.scores[:3]
    assert some.total == every.total == len(every.scores)


def test_a_region_over_the_whole_image_holds_the_whole_mass(
    desk: Desk, model: Path, explainer: Explainer, observed: Observed
) -> None:
    """Of each kernel's map, summed over the frame."""
    asked = RankKernels("region", LINEAR, "foot", ("conv2",), box(0, 0, 70, 90))
    maps = next(kernel_maps(explainer, observed, LINEAR, "conv2"))
    for row in _ask(desk, model, asked).scores:
        whole = observed.geometry.crop(maps.values[row.kernel]).sum()
        assert row.score == pytest.approx(float(whole), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("seed", ["full", "class", "peak"])
def test_kernel_maps_are_those_of_the_engine(
    desk: Desk, model: Path, explainer: Explainer, observed: Observed, seed: Any
) -> None:
    method = Method("linear", seed)
    found = _ask(desk, model, MapKernels("conv2", (4, 0, 2), method, "foot"))
    (expected,) = kernel_maps(explainer, observed, method, "conv2", (4, 0, 2), "foot", chunk=3)
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.kernels == (4, 0, 2)
    assert (found.done, found.total) == (3, 3)


def test_what_if_answers_are_those_of_the_workpiece(
    desk: Desk, model: Path, explainer: Explainer
) -> None:
    piece = Workpiece(GREY, 40)
    found = _ask(desk, model, WhatIf(EDITS, alone=True))
    images = [piece.copy, piece.edited(EDITS), *(piece.edited((edit,)) for edit in EDITS)]
    expected = piece.answers(explainer, images)
    assert found.classes == explainer.identity.classes
    table = np.array([found.before, found.after, *found.alone])
    np.testing.assert_allclose(table, expected, atol=1e-12)
    np.testing.assert_array_equal(found.edited, piece.edited(EDITS))
    together = _ask(desk, model, WhatIf(EDITS))
    assert (together.before, together.after) == (found.before, found.after)
    assert together.alone == ()
    nothing = _ask(desk, model, WhatIf(()))
    assert nothing.before == nothing.after


def test_an_edited_image_is_explained_as_it_is_scored(
    desk: Desk, model: Path, explainer: Explainer
) -> None:
    piece = Workpiece(GREY, 40)
    square = piece.read(piece.edited(EDITS))
    found = _ask(desk, model, Explain(GRADIENT, "foot", edits=EDITS))
    seen = observe(explainer, square, piece.geometry)
    _same(found, explained(explainer, seen, GRADIENT, "foot"))
    answer = _ask(desk, model, WhatIf(EDITS))
    said = {item.name: item.probability for item in found.predictions}
    np.testing.assert_allclose([said[n] for n in answer.classes], answer.after, atol=1e-6)
    other = _ask(desk, model, Explain(GRADIENT, "foot", edits=EDITS[:1]))
    assert not np.array_equal(other.input_image, found.input_image)
    whole = _ask(desk, model, Explain(GRADIENT, "foot"))
    _same(whole, explain(explainer, GREY, GRADIENT, "foot"))


def test_controls_and_candidates_are_those_of_the_workpiece(
    desk: Desk, model: Path, explainer: Explainer
) -> None:
    piece, asked = Workpiece(GREY, 40), Control(EDITS[0], "foot", places=4, moves=2, seed=3)
    assert _ask(desk, model, asked) == piece.control(explainer, asked)
    assert _ask(desk, model, FindCandidates()) == Candidates(piece.candidates())


# what the model declines


def test_of_a_declined_image_there_are_no_kernels(desk: Desk, declining: Path) -> None:
    whole = _ask(desk, declining, Explain(GRADIENT))
    assert whole.withheld
    for asked in (RankKernels("class", LINEAR, "foot"), MapKernels("conv2", (0,), LINEAR, "foot")):
        with pytest.raises(
            RequestError, match="gives no output for this image: the image does not"
        ):
            _ask(desk, declining, asked)


def test_what_is_asked_for_to_be_seen_is_never_declined(desk: Desk, declining: Path) -> None:
    for asked, number in ((Explain(GRADIENT, edits=EDITS), 0), (Explain(GRADIENT), 1)):
        answer = _ask(desk, declining, asked, number=number, modality="US")
        assert not answer.withheld
        assert answer.layers
    assert len(_ask(desk, declining, WhatIf(EDITS)).after) == 3


def test_a_wrong_modality_is_declined_whatever_was_seen_before(desk: Desk, model: Path) -> None:
    assert not _ask(desk, model, Explain(GRADIENT), "as film", modality="DX").withheld
    declined = _ask(desk, model, Explain(GRADIENT), "as ultrasound", modality="US")
    assert "US" in declined.withheld_because
    np.testing.assert_array_equal(declined.input_image, fit_to_square(GREY, 40)[0])


# networks that never learnt anything


def test_an_untrained_network_is_another_one_of_the_same_shape(desk: Desk, model: Path) -> None:
    trained = desk.explainer(Network(model, "cpu"))
    before = state_of(trained.model.network)
    whole = _ask(desk, model, Explain(GRADIENT, "foot"))
    one, again, two = (
        _ask(desk, model, Explain(GRADIENT, "foot"), number=number) for number in (1, 1, 2)
    )
    _same(one, again)
    _same(one, _ask(Desk(), model, Explain(GRADIENT, "foot"), number=1))
    for other in (whole, two):
        assert [item.native_shape for item in one.layers] == [
            item.native_shape for item in other.layers
        ]
        assert one.predictions != other.predictions
        assert not np.array_equal(one.layers[0].values, other.layers[0].values)
    assert one.model.sha256 == ""  # it has no file
    assert state_of(trained.model.network) == before
    _same(_ask(desk, model, Explain(GRADIENT, "foot")), whole)


def test_of_an_untrained_network_nothing_is_known(desk: Desk) -> None:
    """What was measured of the maps of the model that it has the shape of holds for that alone."""
    folder = folder_of("plain3")
    assert folder is not None
    trained, bare = (_ask(desk, folder, Explain(GRADIENT), number=number) for number in (0, 1))
    assert {finding.outcome for finding in trained.evidence} != {"unknown"}
    assert {finding.outcome for finding in bare.evidence} == {"unknown"}


def test_an_untrained_network_is_asked_itself(desk: Desk, model: Path) -> None:
    """Not the trained one in its place."""
    for asked in (WhatIf(EDITS), WhatIf(())):
        answers = [_ask(desk, model, asked, number=number) for number in (0, 1)]
        assert answers[0].before != answers[1].before
    said = _ask(desk, model, Explain(GRADIENT), number=1).predictions
    answer = _ask(desk, model, WhatIf(()), number=1)
    expected = [{item.name: item.probability for item in said}[name] for name in answer.classes]
    np.testing.assert_allclose(answer.before, expected, atol=1e-6)
    asked = Control(EDITS[0], "foot", places=2)
    assert _ask(desk, model, asked).before != _ask(desk, model, asked, number=1).before
    ranking = RankKernels("activation", LINEAR, "foot")
    assert _ask(desk, model, ranking) != _ask(desk, model, ranking, number=1)


# what cannot be answered


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Explain(GRADIENT, "elbow"), "no class 'elbow'; it has hand, foot, knee"),
        (Explain(replace(GRADIENT, rule="none")), "the rule 'none' is not known"),  # type: ignore[arg-type]
        (RankKernels("class", LINEAR, "elbow"), "no class 'elbow'"),
        (RankKernels("class", LINEAR, "foot", ("conv9",)), "the layer 'conv9' is not among those"),
        (RankKernels("region", LINEAR, "foot"), "needs a region"),
        (RankKernels("region", LINEAR, "foot", (), box(200, 0, 300, 9)), "lies outside the image"),
        (RankKernels("region", Method("guided", "full"), "foot", (), REGION), "with guided"),
        (RankKernels("region", Method("none", "full"), "foot", (), REGION), "rule 'none'"),  # type: ignore[arg-type]
        (MapKernels("conv9", (0,), LINEAR, "foot"), "the layer 'conv9' is not among those"),
        (MapKernels("conv2", (6,), LINEAR, "foot"), "has the kernels 0 to 5, not 6"),
        (MapKernels("conv2", (-1,), LINEAR, "foot"), "has the kernels 0 to 5, not -1"),
        (MapKernels("conv2", (), LINEAR, "foot"), "no kernel was asked for"),
        (MapKernels("conv2", (0,), Method("linear", "class"), "elbow"), "needs a target"),
        (MapKernels("conv2", (0,), Method("none", "full"), "foot"), "rule 'none'"),  # type: ignore[arg-type]
        (WhatIf((Edit(REGION, "smear"),)), "the way 'smear' to edit is not known"),  # type: ignore[arg-type]
        (Control(EDITS[0], "elbow"), "no class 'elbow'"),
        ("how are you", "does not know the question str"),
    ],
)
def test_a_wrong_question_gets_a_sentence(desk: Desk, model: Path, asked: Any, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        _ask(desk, model, asked)
    assert _known(desk, model, "image")  # and the next one an answer


@pytest.mark.parametrize("asked", [Explain(GRADIENT), WhatIf(EDITS), FindCandidates()])
def test_what_is_no_image_gets_a_sentence(desk: Desk, model: Path, asked: Asked) -> None:
    with pytest.raises(RequestError, match=r"the image has the shape \(5,\)"):
        _ask(desk, model, asked, image=np.ones(5))
    with pytest.raises(EngineError, match="times as high as wide"):
        _ask(desk, model, asked, "flat", aspect_ratio=0.0)
