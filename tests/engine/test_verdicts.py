"""Findings: judged by their intervals, kept with the weights, and never of other weights."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.__main__ import main
from engine.checkpoint import load_model, save_model
from engine.errors import EngineError
from engine.evidence.bootstrap import Estimate
from engine.evidence.landmarks import Agreements
from engine.evidence.reliance import Use
from engine.evidence.sanity import SHARES, Sanity
from engine.evidence.verdict import judged, of_landmarks, of_sanity, of_uses
from engine.explainer import Explainer
from engine.explanation import explain
from engine.findings import FAIL, PASS, TESTS, UNKNOWN, Finding, summary
from engine.models import build
from engine.presets import PRESETS
from engine.verdicts import (
    EVIDENCE_FILE,
    NOTHING_KNOWN,
    Verdicts,
    read_verdicts,
    write_verdicts,
)
from tests.engine.gated_models import grey_bytes, small_facts
from tests.engine.small_networks import randomised

FINDING = Finding(
    "stability", PASS, "ρ at least 0.7", "Maps stay.", 0.9, 0.8, 0.95, 12, (("noise", "0.95"),)
)


@pytest.mark.parametrize(
    ("low", "high", "above", "wanted"),
    [
        (0.8, 0.9, True, PASS),
        (0.5, 0.6, True, FAIL),
        (0.6, 0.8, True, UNKNOWN),
        (0.5, 0.6, False, PASS),
        (0.8, 0.9, False, FAIL),
        (0.6, 0.8, False, UNKNOWN),
        (np.nan, np.nan, True, UNKNOWN),
    ],
)
def test_the_whole_interval_decides(low: float, high: float, above: bool, wanted: str) -> None:
    assert judged(Estimate((low + high) / 2, low, high, 9), above, 0.7) == wanted


def _sanity(
    randomised_to: float, other: float, kept: float, repeated: bool = True, images: int = 9
) -> Sanity:
    shape = (2, images)
    return Sanity(
        repeated,
        np.full((len(SHARES), *shape), randomised_to),
        np.full(shape, other),
        np.full(shape, other),
        np.full(shape, kept),
        np.full(shape, kept),
        np.zeros(images, bool),
    )


def test_good_maps_pass_and_bad_ones_fail() -> None:
    method, layers = PRESETS["class gradient"], ("one", "two")
    good = {item.test: item for item in of_sanity(method, layers, _sanity(0.1, 0.3, 0.95))}
    assert {item.outcome for item in good.values()} == {PASS}
    assert good["randomisation"].value == pytest.approx(0.1)
    assert good["stability"].images == 9
    bad = list(of_sanity(method, layers, _sanity(0.9, 0.99, 0.2, repeated=False)))
    assert {item.outcome for item in bad} == {FAIL}
    assert len(bad) == 4


def test_a_method_without_classes_says_so() -> None:
    found = {i.test: i for i in of_sanity(PRESETS["CLEAR"], ("a", "b"), _sanity(0.1, 1.0, 0.9))}
    assert found["class sensitivity"].outcome == FAIL
    assert "does not know of classes" in found["class sensitivity"].sentence


def test_an_image_whose_answer_changed_does_not_count_against_stability() -> None:
    sane = _sanity(0.1, 0.1, 0.9)
    sane.shift[:, 0] = 0.0
    sane.moved[0] = True
    found = {item.test: item for item in of_sanity(PRESETS["gradient"], ("a", "b"), sane)}
    assert found["stability"].outcome == PASS
    assert found["stability"].images == 8


def _agreements(trained: float, untrained: float, count: int = 8) -> Agreements:
    def table(value: float) -> np.ndarray:
        return np.full((1, 2, count, 5), value) + 0.01 * np.arange(count)[None, None, :, None]

    nulls = np.ones((count, 5))
    lifts = np.ones((1, 2, count, 1))
    names = tuple(str(number) for number in range(count))
    return Agreements(
        "hand_wrist", ("one", "two"), ("PIP",), names, table(trained), table(untrained),
        table(1.0), nulls, nulls, lifts, lifts, count,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("hand", "chest", "wanted"), [(2.0, 1.4, PASS), (2.0, 0.8, FAIL), (2.0, 1.0, UNKNOWN)]
)
def test_landmarks_pass_for_every_class_or_not(hand: float, chest: float, wanted: str) -> None:
    other = _agreements(chest, 1.0)
    if wanted == UNKNOWN:
        other.trained[0, :, ::2] += 0.2
        other.trained[0, :, 1::2] -= 0.2
    found = of_landmarks(
        0, {"hand_wrist": _agreements(hand, 1.0), "chest": other}, {"chest": "lungs"}
    )
    assert found.outcome == wanted
    assert "lungs" in found.sentence


def test_of_few_images_nothing_is_said() -> None:
    found = list(of_sanity(PRESETS["gradient"], ("a", "b"), _sanity(0.1, 0.1, 0.9, images=3)))
    assert [item.outcome for item in found] == [PASS, UNKNOWN, UNKNOWN, UNKNOWN]


def test_where_nothing_responds_there_is_no_number() -> None:
    found = list(of_sanity(PRESETS["gradient"], ("a", "b"), _sanity(*(np.nan,) * 3)))
    assert [item.outcome for item in found] == [PASS, UNKNOWN, UNKNOWN, UNKNOWN]
    assert not any("nan" in item.sentence for item in found)


def test_the_second_class_counts_though_the_last_differs() -> None:
    sane = _sanity(0.1, 0.2, 0.9)
    sane.runner_up[:] = 0.95
    found = {i.test: i for i in of_sanity(PRESETS["class gradient"], ("a", "b"), sane)}
    assert found["class sensitivity"].outcome == FAIL


def _use(low: float, count: int = 20) -> Use:
    part = Estimate(low + 0.02, low, low + 0.04, count)
    return Use("marker", "hand_wrist", part, part)


def test_any_use_of_an_artefact_fails_and_doubt_is_no_pass() -> None:
    assert of_uses([_use(0.0)]).outcome == PASS
    doubtful = of_uses([_use(0.0), _use(0.03)])
    assert doubtful.outcome == UNKNOWN
    assert "1 of 2 pairs" in doubtful.sentence
    found = of_uses([_use(0.0), _use(0.2)])
    assert found.outcome == FAIL
    assert found.value == pytest.approx(0.22)
    assert "marker for hand wrist" in found.sentence
    assert of_uses([]).outcome == UNKNOWN
    assert of_uses([_use(0.5, count=3)]).outcome == UNKNOWN  # too few images to say


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    kept = Verdicts("ab" * 32, "a command", {"gradient": (FINDING,)})
    write_verdicts(tmp_path, kept)
    found = read_verdicts(tmp_path, "ab" * 32)
    assert found.presets["gradient"] == (FINDING,)
    assert found.made_with == "a command"
    every = found.of("gradient")
    assert [item.test for item in every] == list(TESTS)
    assert every[list(TESTS).index("stability")] == FINDING
    assert summary(every) == "1 of 6 passed, 5 unknown"
    assert {item.outcome for item in found.of("another")} == {UNKNOWN}


def test_evidence_about_a_method_that_has_changed_is_none(tmp_path: Path) -> None:
    write_verdicts(tmp_path, Verdicts("ab", "", {"gradient": (FINDING,), "CLEAR": (FINDING,)}))
    path = tmp_path / EVIDENCE_FILE
    kept = json.loads(path.read_text())
    kept["presets"]["CLEAR"]["method"]["rule"] = "guided"
    path.write_text(json.dumps(kept))
    assert list(read_verdicts(tmp_path, "ab").presets) == ["gradient"]


def test_evidence_about_another_model_is_none(tmp_path: Path) -> None:
    write_verdicts(tmp_path, Verdicts("ab" * 32, "", {"gradient": (FINDING,)}))
    assert read_verdicts(tmp_path, "cd" * 32) is NOTHING_KNOWN
    assert read_verdicts(tmp_path, "") is NOTHING_KNOWN
    assert read_verdicts(tmp_path / "nowhere", "ab" * 32) is NOTHING_KNOWN


_INFINITE = json.dumps(
    {
        "model_digest": "",
        "made_with": "",
        "presets": {
            "gradient": {
                "method": asdict(PRESETS["gradient"]),
                "findings": [{**asdict(FINDING), "images": float("inf")}],
            }
        },
    }
)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"presets": {"gradient": [{}]}}', '{"model_digest": 1, "presets": 3}', _INFINITE],
)
def test_a_damaged_file_is_told_and_does_not_stop_the_model(text: str, tmp_path: Path) -> None:
    facts = small_facts()
    save_model(randomised(build(facts)).float(), facts, tmp_path)
    (tmp_path / EVIDENCE_FILE).write_text(text)
    with pytest.raises(EngineError, match="no evidence"):
        read_verdicts(tmp_path, "ab")
    assert load_model(tmp_path).verdicts is NOTHING_KNOWN


def test_no_finding_of_an_unknown_test() -> None:
    with pytest.raises(ValueError, match="no finding"):
        Finding("beauty", PASS, "", "")


@pytest.fixture(scope="module")
def model_and_index(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder, data = tmp_path_factory.mktemp("model"), tmp_path_factory.mktemp("films")
    facts = small_facts()
    save_model(randomised(build(facts)).float(), facts, folder)
    lines = ["file,source,class,split"]
    for number in range(9):
        Image.fromarray(grey_bytes(number + 1)).save(data / f"{number}.png")
        lines.append(f"{number}.png,somewhere,{facts.classes[number % 3]},test")
    (data / "index.csv").write_text("\n".join(lines))
    return folder, data


def test_the_command_keeps_its_verdict_with_the_model_and_explanations_carry_it(
    model_and_index: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, data = model_and_index
    arguments = ["verdict", "--data", str(data), "--model", str(folder), "--preset", "gradient"]
    assert main([*arguments, "--write"]) == 0
    text = capsys.readouterr().out
    assert f"{small_facts().name} · gradient: " in text
    assert "pass  repeatability" in text
    model = load_model(folder)
    assert "--data DIR" in model.verdicts.made_with
    assert str(data) not in (folder / EVIDENCE_FILE).read_text()

    explainer = Explainer.prepare(model, torch.device("cpu"))
    answer = explain(explainer, grey_bytes(3), PRESETS["gradient"])
    assert answer.evidence == model.verdicts.of("gradient")
    assert answer.evidence[0].outcome == PASS
    unknown = explain(explainer, grey_bytes(3), PRESETS["CLEAR"]).evidence
    assert {item.outcome for item in unknown} == {UNKNOWN}
    assert main([*arguments, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["weights_sha256"] == model.specification.weights_sha256
    tests = [item["test"] for item in row["presets"]["gradient"]]
    assert tests == list(TESTS)
    landmarks = row["presets"]["gradient"][tests.index("landmarks")]
    assert landmarks["outcome"] == UNKNOWN  # no annotated images were given
    assert main([*arguments[:-1], "CLEAR", "--write"]) == 0
    assert set(load_model(folder).verdicts.presets) == {"gradient", "CLEAR"}  # nothing is lost
    capsys.readouterr()
    (data / "index.csv").write_text("file,source,class,split\ngone.png,a,one,test\n")
    kept = (folder / EVIDENCE_FILE).read_bytes()
    assert main([*arguments, "--write"]) == 1
    assert "no picture that can be read" in capsys.readouterr().err
    assert (folder / EVIDENCE_FILE).read_bytes() == kept
