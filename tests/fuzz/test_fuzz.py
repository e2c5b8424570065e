"""A few of the cases of ``python -m tests.fuzz``, and that each is always the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.factories.dicom_files import DATA
from tests.fuzz.cases import build
from tests.fuzz.trial import Trials
from tests.fuzz.worker import begin

FOLDER = DATA / "dicom"
SEED = 7
CASES = 150


@pytest.fixture
def trials(qapp: QApplication, tmp_path: Path) -> Iterator[Trials]:
    made = begin(tmp_path, causes=False)
    yield made
    made.close()


def test_no_damage_ends_the_program(trials: Trials) -> None:
    outcomes = [trials.run(build(number, SEED, FOLDER)) for number in range(CASES)]
    failed = {o.number: (o.steps, o.failures) for o in outcomes if o.failures}
    assert not failed, f"python -m tests.fuzz --seed {SEED} --case N, N = {failed}"
    assert sum(outcome.images > 0 for outcome in outcomes) > CASES / 5
    assert sum(outcome.refusals > 0 for outcome in outcomes) > CASES / 5


def test_a_case_is_the_same_whatever_was_made_before_it() -> None:
    numbers = range(40)
    forwards = {number: build(number, SEED, FOLDER) for number in numbers}
    backwards = {number: build(number, SEED, FOLDER) for number in reversed(numbers)}
    assert forwards == backwards
    assert build(3, SEED, FOLDER).files != build(3, SEED + 1, FOLDER).files


def test_without_real_files_the_cases_are_made_from_the_bundled_ones(
    trials: Trials, tmp_path: Path
) -> None:
    absent = tmp_path / "absent"
    outcomes = [trials.run(build(number, SEED, absent)) for number in range(20)]
    assert not [outcome.failures for outcome in outcomes if outcome.failures]
