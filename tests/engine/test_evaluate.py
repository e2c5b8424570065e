"""``python -m engine evaluate``: its figures are those that the network itself gives."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

import resources
from engine.__main__ import main
from engine.checkpoint import load_model, save_model
from engine.models import build
from engine.models.plain import PlainCNN
from engine.preprocess import fit_to_square, normalise
from tests.engine.gated_models import SIDE, gate_by_hand, grey_bytes, save_gated, small_facts
from tests.engine.small_networks import CLASSES, randomised

COLUMNS = ("file", "source", "class", "split", "group")
Row = tuple[str, str, str, str, str]
Json = dict[str, Any]
Evaluate = Callable[..., Json]

# file, source, class, split, group: nine of one test split, four to train, six of elsewhere
ROWS: tuple[Row, ...] = (
    *(
        (f"test/{n}.png", "north", CLASSES[n % 3], "test" if n < 9 else "train", f"p{n // 2}")
        for n in range(13)
    ),
    *((f"far_{n}.png", "south", CLASSES[n % 2], "external", "") for n in range(6)),
)


def _network() -> nn.Module:
    """Random, with class kernels and biases such that each class is the answer to some picture."""
    network = cast(PlainCNN, randomised(build(small_facts())).float().requires_grad_(False))
    facts = small_facts()
    squares = np.stack([fit_to_square(grey_bytes(seed), SIDE)[0] for seed in range(9)])
    logits = network(normalise(torch.from_numpy(squares)[:, None], facts.mean, facts.std))
    assert network.classes.bias is not None
    network.classes.weight /= logits.std(0)[:, None, None, None]
    network.classes.bias.copy_((network.classes.bias - logits.mean(0)) / logits.std(0))
    return network


def _write(folder: Path, file: str, values: NDArray[np.generic]) -> None:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


def _index(folder: Path, rows: Sequence[Row]) -> Path:
    folder.mkdir(exist_ok=True)
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    return folder


def _own_answers(model_folder: Path, data: Path, files: Sequence[str]) -> list[str]:
    """What the network says, one picture at a time, by the two steps that every picture takes."""
    model = load_model(model_folder)
    facts, found = model.specification, []
    for file in files:
        square, _ = fit_to_square(np.asarray(Image.open(data / file)), facts.input_size)
        inputs = normalise(torch.from_numpy(square)[None, None], facts.mean, facts.std)
        found.append(facts.classes[int(model.network(inputs)[0].argmax())])
    return found


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "small"
    save_model(_network(), small_facts(), folder)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pictures of ``ROWS`` and their index."""
    folder = tmp_path_factory.mktemp("pictures")
    for seed, (file, *_) in enumerate(ROWS):
        _write(folder, file, grey_bytes(seed))
    return _index(folder, ROWS)


@pytest.fixture
def evaluated(model_folder: Path, capsys: pytest.CaptureFixture[str]) -> Evaluate:
    """The JSON that the command prints for a data folder, of the small model by default."""

    def run(data: Path, *options: str, model: Path = model_folder) -> Json:
        asked = ["--data", str(data), "--model", str(model), "--device", "cpu", "--json"]
        assert main(["evaluate", *asked, *options]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        return dict(json.loads(said.out))

    return run


def _bundle(folder: Path, model_folder: Path, limit: float) -> Path:
    """The small model with a gate of that limit."""
    return save_gated(load_model(model_folder).network, gate_by_hand(limit), folder)


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right)


def test_the_figures_are_those_of_the_network_itself(
    evaluated: Evaluate, model_folder: Path, pictures: Path
) -> None:
    found = evaluated(pictures)
    rows = [row for row in ROWS if row[3] == "test"]
    labels = [row[2] for row in rows]
    own = _own_answers(model_folder, pictures, [row[0] for row in rows])
    right = [answer == label for answer, label in zip(own, labels, strict=True)]
    assert set(own) == set(CLASSES)
    assert 0 < sum(right) < len(right)
    assert (found["split"], found["source"], found["n"]) == ("test", None, 9)
    assert found["accuracy"] == pytest.approx(_share(right), abs=1e-6)
    for name in CLASSES:
        of_class = [hit for hit, label in zip(right, labels, strict=True) if label == name]
        entry = found["per_class"][name]
        assert (entry["n"], entry["right"]) == (len(of_class), sum(of_class))
        assert entry["recall"] == pytest.approx(_share(of_class), abs=1e-6)
    recalls = [entry["recall"] for entry in found["per_class"].values()]
    assert found["mean_recall"] == pytest.approx(sum(recalls) / 3, abs=1e-6)
    assert found["confusion"]["counts"] == [
        [sum(pair == (label, name) for pair in zip(labels, own, strict=True)) for name in CLASSES]
        + [0]
        for label in CLASSES
    ]
    assert found["confusion"]["rows"] == list(CLASSES)
    assert found["confusion"]["columns"] == [*CLASSES, "declined"]


def test_every_figure_is_in_the_json(
    evaluated: Evaluate, model_folder: Path, pictures: Path
) -> None:
    found = evaluated(pictures)
    summary = {"n", "accuracy", "accuracy_ci", "mean_recall", "mean_recall_ci", "per_class", "ece"}
    of_images = {"declined", "declined_ci", "declined_n", "accepted", "confusion", "reliability"}
    of_files = {"declined_because", "left_out", "unreadable"}
    asked = {"model", "data", "split", "source", "seconds"}
    assert set(found) == summary | of_images | of_files | asked
    assert found["accepted"] == {name: found[name] for name in summary}  # none was declined
    for name in ("accuracy", "mean_recall"):
        low, high = found[f"{name}_ci"]
        assert 0 <= low <= found[name] <= high <= 1
    facts = load_model(model_folder).specification
    assert found["model"] == {
        "name": "small",
        "version": "0.1",
        "weights_sha256": facts.weights_sha256,
    }
    assert found["data"] == str(pictures)
    assert (found["declined"], found["declined_n"], found["declined_because"]) == (0, 0, {})
    assert (found["left_out"], found["unreadable"]) == (0, [])


def test_the_calibration_error_is_that_of_the_reliability_bins(
    evaluated: Evaluate, pictures: Path
) -> None:
    found = evaluated(pictures)
    bins = found["reliability"]
    assert len(bins) > 1
    assert sum(part["n"] for part in bins) == found["n"]
    assert all(part["low"] <= part["confidence"] <= part["high"] for part in bins)
    gaps = [abs(part["confidence"] - part["accuracy"]) * part["n"] for part in bins]
    assert found["ece"] == pytest.approx(sum(gaps) / found["n"], abs=1e-5)


@pytest.mark.parametrize(
    ("options", "split", "source", "count"),
    [
        ((), "test", None, 9),
        (("--split", "train"), "train", None, 4),
        (("--source", "north"), "test", "north", 9),
        (("--source", "south"), None, "south", 6),
        (("--source", "south", "--split", "external"), "external", "south", 6),
    ],
)
def test_rows_are_chosen_by_split_and_source(
    evaluated: Evaluate,
    pictures: Path,
    options: Sequence[str],
    split: str | None,
    source: str | None,
    count: int,
) -> None:
    found = evaluated(pictures, *options)
    assert (found["split"], found["source"], found["n"]) == (split, source, count)


def test_without_a_test_split_every_row_is_taken(
    evaluated: Evaluate, pictures: Path, tmp_path: Path
) -> None:
    rows = [(str(pictures / row[0]), *row[1:3], "any" + row[3][:1], row[4]) for row in ROWS]
    found = evaluated(_index(tmp_path, rows))
    assert (found["split"], found["n"]) == (None, len(ROWS))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--split", "tset"], "no split 'tset'; there are external, test, train"),
        (["--source", "west"], "no source 'west'; there are north, south"),
        (["--source", "south", "--split", "test"], "source 'south' has no row of the split 'test'"),
        (["--model", "nothing"], r"no model 'nothing': give a bundled one \(.*shallow"),
        (["--data", "nowhere"], r"index\.csv cannot be read: No such file"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence_that_names_what_is(
    model_folder: Path,
    pictures: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    asked = ["--data", str(pictures), "--model", str(model_folder), *options]
    assert main(["evaluate", *asked]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"error: .*{words}.*\n", said.err)


def test_without_a_data_folder_the_command_is_called_wrongly(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate"])
    assert stopped.value.code == 2
    assert "--data" in capsys.readouterr().err


def test_a_bundled_model_goes_by_its_name(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = load_model(resources.model_folder("shallow")).specification
    row = (str(pictures / ROWS[0][0]), "north", facts.classes[0], "test", "")
    asked = ["--data", str(_index(tmp_path, [row])), "--model", "shallow", "--device", "cpu"]
    assert main(["evaluate", *asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["weights_sha256"] == facts.weights_sha256


def test_rows_of_a_class_that_the_model_does_not_name_are_counted_and_left_out(
    evaluated: Evaluate, pictures: Path, tmp_path: Path
) -> None:
    known = [(str(pictures / row[0]), *row[1:]) for row in ROWS[:4]]
    strange = [(file, "north", name, "test", "") for file, *_ in known for name in ("toe", "Hand")]
    assert {**evaluated(_index(tmp_path, [*strange, *known])), "seconds": 0} == {
        **evaluated(_index(tmp_path, known)),
        "seconds": 0,
        "left_out": 8,
    }


def test_files_that_cannot_be_read_are_listed_and_the_others_counted(
    evaluated: Evaluate, pictures: Path, tmp_path: Path
) -> None:
    good = [(str(pictures / row[0]), *row[1:]) for row in ROWS[:5]]
    wanted = evaluated(_index(tmp_path, good))
    (tmp_path / "text.png").write_text("no picture")
    _write(tmp_path, "holes.tif", np.full((70, 70), np.nan, np.float32))
    bad = [(name, "north", "hand", "test", "") for name in ("text.png", "gone.png", "holes.tif")]
    found = evaluated(_index(tmp_path, [bad[0], *good[:2], bad[1], *good[2:], bad[2]]))
    listed = {entry["file"]: entry["reason"] for entry in found["unreadable"]}
    assert list(listed) == ["text.png", "gone.png", "holes.tif"]
    assert "no picture that can be read" in listed["text.png"]
    assert "there is no such file" in listed["gone.png"]
    assert "not finite" in listed["holes.tif"]
    for name in ("n", "accuracy", "confusion", "ece", "reliability"):
        assert found[name] == wanted[name]


def test_the_text_names_each_file_that_cannot_be_read(
    model_folder: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path, "holes.tif", np.full((70, 70), np.nan, np.float32))
    rows = [
        (file, "north", "hand", "test", "")
        for file in ("gone.png", "holes.tif", str(pictures / ROWS[0][0]))
    ]
    asked = ["--data", str(_index(tmp_path, rows)), "--model", str(model_folder)]
    assert main(["evaluate", *asked]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "unreadable" in line]
    for line, words in zip(lines, ("gone.png.*no such file", "holes.tif.*not finite"), strict=True):
        assert re.search(words, line)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("toe", "no picture to evaluate: 0 of 2 rows are of a class"),
        ("hand", r"2 of 2 rows.*2 of them cannot be read; the first: .*gone_0\.png"),
    ],
)
def test_a_folder_with_nothing_to_evaluate_is_said(
    model_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    label: str,
    words: str,
) -> None:
    rows = [(f"gone_{number}.png", "north", label, "test", "") for number in range(2)]
    asked = ["--data", str(_index(tmp_path, rows)), "--model", str(model_folder)]
    assert main(["evaluate", *asked]) == 1
    assert re.fullmatch(rf"error: .*{words}.*\n", capsys.readouterr().err)


def test_blank_and_coloured_pictures_are_declined_and_not_right(
    evaluated: Evaluate, model_folder: Path, pictures: Path, tmp_path: Path
) -> None:
    good = [(str(pictures / row[0]), *row[1:]) for row in ROWS[:2]]
    own = _own_answers(model_folder, tmp_path, [row[0] for row in good])
    _write(tmp_path, "blank.png", np.full((80, 70), 90, np.uint8))
    _write(tmp_path, "colour.png", np.stack((grey_bytes(1), 255 - grey_bytes(1), grey_bytes(2)), 2))
    odd = [(name, "north", "knee", "test", "") for name in ("blank.png", "colour.png")]
    labelled = [
        (row[0], "north", answer, "test", "") for row, answer in zip(good, own, strict=True)
    ]
    found = evaluated(_index(tmp_path, [labelled[0], *odd, labelled[1]]))
    assert (found["n"], found["accuracy"]) == (4, 0.5)
    assert (found["declined"], found["declined_n"]) == (0.5, 2)
    assert sorted(found["declined_because"].values()) == [1, 1]
    assert all(
        any(word in reason for reason in found["declined_because"]) for word in ("blank", "colours")
    )
    assert (found["accepted"]["n"], found["accepted"]["accuracy"]) == (2, 1)
    assert sum(part["n"] for part in found["reliability"]) == 2
    assert found["confusion"]["counts"][CLASSES.index("knee")][-1] == 2


def test_pictures_that_are_too_small_are_one_reason_whatever_their_size(
    evaluated: Evaluate, model_folder: Path, tmp_path: Path
) -> None:
    gated = _bundle(tmp_path / "gated", model_folder, 1e6)
    for number in range(3):
        _write(tmp_path / "data", f"{number}.png", grey_bytes(number, 90, 50 + number))
    rows = [(f"{number}.png", "north", "hand", "test", "") for number in range(3)]
    found = evaluated(_index(tmp_path / "data", rows), model=gated)
    assert list(found["declined_because"].values()) == [3]


@pytest.mark.parametrize("declines", [False, True])
def test_above_the_limit_of_its_gate_the_model_declines(
    evaluated: Evaluate, model_folder: Path, pictures: Path, tmp_path: Path, declines: bool
) -> None:
    gated = _bundle(tmp_path / "gated", model_folder, -1e6 if declines else 1e6)
    found, without = evaluated(pictures, model=gated), evaluated(pictures)
    if not declines:
        assert (found["declined"], found["accuracy"]) == (0, without["accuracy"])
        return
    assert (found["declined"], found["declined_n"]) == (1, 9)
    assert (found["accuracy"], found["mean_recall"]) == (0, 0)
    assert found["ece"] is None
    assert found["accepted"]["n"] == 0
    assert found["accepted"]["accuracy"] is None
    ((reason, count),) = found["declined_because"].items()
    assert "does not look like the radiographs" in reason
    assert count == 9


@pytest.mark.parametrize("limit", [-1e6, 1e6])
def test_the_text_says_the_same_as_the_json(
    evaluated: Evaluate,
    model_folder: Path,
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    limit: float,
) -> None:
    gated = _bundle(tmp_path / "gated", model_folder, limit)
    found = evaluated(pictures, model=gated)
    assert main(["evaluate", "--data", str(pictures), "--model", str(gated)]) == 0
    text = capsys.readouterr().out
    for name, words in (("accuracy", "accuracy"), ("mean_recall", "mean recall")):
        low, high = found[f"{name}_ci"]
        line = rf"^{words} +{found[name]:.3f} \({low:.3f} to {high:.3f}\)"
        assert re.search(line, text, re.MULTILINE)
    assert re.search(rf"^declined +{found['declined']:.3f}", text, re.MULTILINE)
    assert ("of the 9 answered" in text) == (limit > 0)
    head, *rows = text[text.index("confusion (") :].splitlines()[1:]
    columns = [int(number) - 1 for number in head.split()]
    counts = np.zeros((3, 4), int)
    for line in rows[:3]:
        number, name, *cells = line.split()
        assert CLASSES[int(number) - 1] == name
        counts[int(number) - 1, columns] = [int(cell) for cell in cells]
    assert counts.tolist() == found["confusion"]["counts"]


def test_the_mistakes_are_on_a_sheet(
    evaluated: Evaluate, model_folder: Path, pictures: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "sheets" / "wrong.png"
    found = evaluated(pictures, "--mistakes", str(sheet))
    files, labels = [row[0] for row in ROWS[:9]], [row[2] for row in ROWS[:9]]
    own = _own_answers(model_folder, pictures, files)
    wrong = [
        file for file, answer, label in zip(files, own, labels, strict=True) if answer != label
    ]
    assert len(wrong) == round(9 * (1 - found["accuracy"]))
    assert [item.name for item in sheet.parent.iterdir()] == ["wrong.png"]
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"
        drawn = np.asarray(picture.convert("L"))
    assert drawn.shape == (12 + 232, 12 + 192 * len(wrong))  # a row of tiles of 180, gaps of 12
    for number, file in enumerate(wrong):
        square, _ = fit_to_square(np.asarray(Image.open(pictures / file)), 180)
        tile = drawn[12 : 12 + 180, 12 + 192 * number :][:, :180]
        np.testing.assert_array_equal(tile, np.rint(square * 255))


def test_declined_pictures_are_mistakes_and_the_ninth_begins_a_row(
    evaluated: Evaluate, model_folder: Path, pictures: Path, tmp_path: Path
) -> None:
    gated = _bundle(tmp_path / "gated", model_folder, -1e6)
    sheet = tmp_path / "wrong.png"
    sheet.write_text("an older one")
    evaluated(pictures, "--mistakes", str(sheet), model=gated)
    with Image.open(sheet) as picture:
        assert picture.size == (12 + 192 * 8, 12 + 232 * 2)


def test_without_a_mistake_the_sheet_says_so(
    evaluated: Evaluate, model_folder: Path, pictures: Path, tmp_path: Path
) -> None:
    files = [str(pictures / row[0]) for row in ROWS[:4]]
    own = _own_answers(model_folder, tmp_path, files)
    rows = [(file, "north", answer, "test", "") for file, answer in zip(files, own, strict=True)]
    found = evaluated(_index(tmp_path, rows), "--mistakes", str(tmp_path / "wrong.png"))
    assert found["accuracy"] == 1
    with Image.open(tmp_path / "wrong.png") as picture:
        assert picture.size == (12 + 192, 12 + 232)
        assert np.ptp(np.asarray(picture.convert("L"))[:40]) > 100  # light words on the ground


def test_a_sheet_that_cannot_be_written_is_said(
    model_folder: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--data", str(pictures), "--model", str(model_folder), "--mistakes", str(tmp_path)]
    assert main(["evaluate", *asked]) == 1
    assert re.fullmatch(
        rf"error: {re.escape(str(tmp_path))}.*cannot be written.*\n", capsys.readouterr().err
    )
