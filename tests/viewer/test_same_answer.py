"""One image, one answer: as an array, a picture file or a DICOM file of any of its forms."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

import resources
from engine.checkpoint import load_model
from engine.evaluation.answers import Answering
from engine.evaluation.index import Picture, read_picture
from engine.explainer import Explainer
from engine.explanation import explain
from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.frame import to_grey
from viewer.dicom.reader import read_frame

HAND = next(path for path in resources.sample_files() if path.name == "hand.dcm")


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    """A radiograph of a hand as a JPEG file; what it decodes to is the image of every test."""
    stream = io.BytesIO()
    Image.fromarray(to_grey(read_frame(HAND))).save(stream, "JPEG", quality=90)
    return stream.getvalue()


@pytest.fixture(scope="module")
def grey(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(jpeg)))


@pytest.fixture(scope="module", params=resources.MODEL_NAMES)
def explainer(request: pytest.FixtureRequest) -> Explainer:
    model = load_model(resources.model_folder(request.param))
    return Explainer.prepare(model, torch.device("cpu"))


def _compressed(jpeg: bytes, grey: NDArray[np.uint8]) -> FileDataset:
    dataset = make_dataset(grey)
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.PixelData = encapsulate([jpeg])
    dataset["PixelData"].VR = "OB"
    return dataset


DICOM_FORMS: dict[str, Callable[[bytes, NDArray[np.uint8]], FileDataset]] = {
    "MONOCHROME2": lambda jpeg, grey: make_dataset(grey),
    "MONOCHROME1": lambda jpeg, grey: make_dataset(
        255 - grey, PhotometricInterpretation="MONOCHROME1"
    ),
    "12 bits with an offset": lambda jpeg, grey: make_dataset(
        grey.astype(np.uint16) * 16,
        RescaleSlope="1",
        RescaleIntercept="-100",
        BitsStored=12,
        HighBit=11,
    ),
    "JPEG Baseline": _compressed,
}


def _chances(explainer: Explainer, image: NDArray[np.generic]) -> dict[str, float]:
    result = explain(explainer, image, modality="CR")
    assert not result.withheld
    return {item.name: item.probability for item in result.predictions}


@pytest.mark.parametrize("form", DICOM_FORMS)
def test_a_dicom_file_is_answered_as_its_pixels_are(
    explainer: Explainer, jpeg: bytes, grey: NDArray[np.uint8], form: str, tmp_path: Path
) -> None:
    path = save(DICOM_FORMS[form](jpeg, grey), tmp_path / "hand.dcm")
    seen = to_grey(read_frame(path))
    # grey values are rounded once more on the way: a shallow model between two classes feels it
    assert _chances(explainer, seen) == pytest.approx(_chances(explainer, grey), abs=5e-3)


def test_a_picture_file_is_evaluated_as_its_pixels_are_explained(
    explainer: Explainer, jpeg: bytes, grey: NDArray[np.uint8], tmp_path: Path
) -> None:
    (tmp_path / "hand.jpg").write_bytes(jpeg)
    Image.fromarray(grey.astype(np.uint16) * 200).save(tmp_path / "hand.png")
    answering = Answering(explainer.model, torch.device("cpu"))
    answering.add(Picture(grey))
    answering.add(read_picture(tmp_path / "hand.jpg"))
    answering.add(read_picture(tmp_path / "hand.png"))
    answers = answering.finish()
    explained = _chances(explainer, grey)
    for row in answers.probabilities:
        found = dict(zip(explainer.identity.classes, row.tolist(), strict=True))
        assert found == pytest.approx(explained, abs=1e-4)
    assert not answers.declined.any()


def test_what_training_kept_of_an_image_is_what_the_model_reads(
    explainer: Explainer, grey: NDArray[np.uint8], tmp_path: Path
) -> None:
    """Training keeps fitted images in eight bits: no more than rounding lies between."""
    from engine.evaluation.index import Example
    from engine.training.dataset import load

    Image.fromarray(grey).save(tmp_path / "hand.png")
    example = Example("hand.png", "made", "hand_wrist", "train", "")
    facts = explainer.model.specification
    kept = load(tmp_path, [example], facts.classes, facts.input_size, lambda line: None)
    read = explain(explainer, grey).input_image
    assert np.abs(kept.images[0].numpy() / 255 - read).max() <= 0.5 / 255 + 1e-6
    assert facts.classes[int(kept.labels[0])] == "hand_wrist"
