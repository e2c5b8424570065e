"""The engine as a real process: answers, refusals, and what happens when it dies."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.checkpoint import SPECIFICATION_FILE, WEIGHTS_FILE, load_model, save_model
from engine.evidence.effects import Effect
from engine.explainer import Explainer
from engine.explanation import explain
from engine.models import build
from engine.presets import PRESETS
from engine.process import Ended, EngineProcess, ProcessDied, Ready, Warm
from engine.questions import (
    Asked,
    Candidates,
    Control,
    Edit,
    Explain,
    FindCandidates,
    MapKernels,
    Network,
    Ranked,
    RankKernels,
    Subject,
    WhatIf,
    WhatIfAnswer,
)
from engine.results import Explanation, KernelMaps, Method, Refusal
from engine.shapes import box
from tests.engine.small_networks import grey_image, randomised, specification

LAYERS = ("conv1", "conv2", "classes")


def _save(folder: Path, seed: int = 0) -> Path:
    facts = specification("plain", {"stages": [[4, 5, 2], [6, 3, 2]]}, LAYERS, 32)
    save_model(randomised(build(facts), seed).float(), facts, folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    """One process for all tests that only ask."""
    process = EngineProcess()
    yield process
    process.stop()


def _ask(engine: EngineProcess, model: Path, **changes: Any) -> Any:
    """About an image, with some of the question changed."""
    image = changes.pop("image", grey_image())
    network = Network(model, changes.pop("device", "cpu"))
    subject = Subject(image, changes.pop("modality", ""))
    digest = hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()
    key = f"{digest} {image.shape} {subject.modality}"
    asked = Explain(**{"method": PRESETS["gradient"], **changes})
    return engine.answer(key, lambda: subject, network, asked)


def _warm(model: Path) -> Warm:
    return Warm(Network(model, "cpu"))


def _refused(engine: EngineProcess, ask: Callable[[], Any]) -> str:
    """The sentence of a refusal; the same process must be there afterwards."""
    before = engine.pid
    answer = ask()
    assert isinstance(answer, Refusal)
    assert answer.message.endswith(".")
    assert not answer.message.endswith("..")
    assert before is None or engine.pid == before
    return answer.message


def test_warm_gives_ready(engine: EngineProcess, model: Path) -> None:
    assert engine.ask(_warm(model)) == Ready("CPU", str(torch.__version__))
    assert engine.pid is not None
    assert engine.pid != os.getpid()
    if hasattr(os, "getpriority"):
        own, its = (os.getpriority(os.PRIO_PROCESS, pid) for pid in (os.getpid(), engine.pid))
        assert its == min(19, own + 10), "it gives way to the window"


def test_a_request_gives_the_explanation_that_this_process_would_give(
    engine: EngineProcess, model: Path
) -> None:
    asked = {"target": "foot", "with_classes": True, "modality": "DX"}
    answer = _ask(engine, model, **asked)
    assert isinstance(answer, Explanation)
    explainer = Explainer.prepare(load_model(model), torch.device("cpu"))
    here = explain(explainer, grey_image(), PRESETS["gradient"], "foot", True, "DX")
    assert answer.target == "foot"
    assert answer.model == here.model
    assert [item.name for item in answer.predictions] == [item.name for item in here.predictions]
    assert np.array_equal(answer.input_image, here.input_image)
    assert answer.class_responses is not None
    assert len(answer.layers) == len(LAYERS)
    for one, two in zip(answer.layers, here.layers, strict=True):
        assert (one.name, one.depth, one.native_shape) == (two.name, two.depth, two.native_shape)
        assert one.values == pytest.approx(two.values, abs=1e-5 * float(np.abs(two.values).max()))


def test_asking_again_gives_the_same_bits(engine: EngineProcess, model: Path) -> None:
    first, second = _ask(engine, model), _ask(engine, model)
    assert isinstance(first, Explanation)
    assert isinstance(second, Explanation)
    for one, two in zip(first.layers, second.layers, strict=True):
        assert one.values.tobytes() == two.values.tobytes()


def test_a_declined_modality_crosses_the_door(engine: EngineProcess, model: Path) -> None:
    answer = _ask(engine, model, modality="US")
    assert isinstance(answer, Explanation)
    assert answer.withheld
    assert "US" in answer.withheld_because


@pytest.mark.parametrize("writeable", [True, False])
def test_images_of_many_kinds_cross_the_door(
    engine: EngineProcess, model: Path, writeable: bool
) -> None:
    for image in (grey_image().astype(np.uint16), np.asfortranarray(grey_image()[::2, ::-1])):
        image.flags.writeable = writeable
        assert isinstance(_ask(engine, model, image=image), Explanation)


def test_a_wrong_folder_is_refused_in_a_sentence(engine: EngineProcess, tmp_path: Path) -> None:
    said = _refused(engine, lambda: engine.ask(_warm(tmp_path / "none")))
    assert str(tmp_path / "none") in said
    assert "cannot be read" in said
    assert _refused(engine, lambda: _ask(engine, tmp_path / "none")) == said


def test_damaged_weights_are_refused_in_a_sentence(engine: EngineProcess, tmp_path: Path) -> None:
    folder = _save(tmp_path / "damaged")
    weights = folder / WEIGHTS_FILE
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert "not the ones" in _refused(engine, lambda: engine.ask(_warm(folder)))
    weights.write_bytes(data[:100])
    assert "not the ones" in _refused(engine, lambda: engine.ask(_warm(folder)))
    weights.unlink()
    assert "cannot be read" in _refused(engine, lambda: engine.ask(_warm(folder)))


def test_a_wrong_description_is_refused_in_a_sentence(
    engine: EngineProcess, tmp_path: Path
) -> None:
    folder = _save(tmp_path / "wrong")
    path = folder / SPECIFICATION_FILE
    fields = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(fields | {"exposed_layers": ["conv1", "conv9"]}), encoding="utf-8")
    assert "no layer 'conv9'" in _refused(engine, lambda: engine.ask(_warm(folder)))
    path.write_text("{", encoding="utf-8")
    os.utime(folder / WEIGHTS_FILE, (1, 1))  # what was loaded of this folder is not to be used
    assert "not a valid model description" in _refused(engine, lambda: engine.ask(_warm(folder)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": "elbow"}, "no class 'elbow'"),
        ({"image": np.ones(5, np.float32)}, "(5,)"),
        ({"image": np.full((5, 5), np.nan)}, "not finite"),
        ({"device": "tpu"}, "'tpu' is not known"),
        ({"method": replace(PRESETS["gradient"], rule="none")}, "rule 'none' is not known"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_request_is_refused_in_a_sentence(
    engine: EngineProcess, model: Path, change: dict[str, object], said: str
) -> None:
    message = _refused(engine, lambda: _ask(engine, model, **change))
    assert said in message


def test_a_replaced_model_is_loaded_anew(engine: EngineProcess, tmp_path: Path) -> None:
    folder = _save(tmp_path / "replaced", seed=1)
    first = _ask(engine, folder)
    _save(folder, seed=2)
    second = _ask(engine, folder)
    assert isinstance(first, Explanation)
    assert isinstance(second, Explanation)
    assert first.model.sha256 != second.model.sha256


def test_a_model_whose_description_alone_changes_is_loaded_anew(
    engine: EngineProcess, tmp_path: Path
) -> None:
    described = _save(tmp_path / "described") / "model.json"
    _ask(engine, described.parent)
    text = described.read_text(encoding="utf-8").replace('"version": "0.1"', '"version": "0.2"')
    described.write_text(text, encoding="utf-8")
    answer = _ask(engine, described.parent)
    assert isinstance(answer, Explanation)
    assert answer.model.version == "0.2"


def _wait(happened: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_killed_while_asked_and_killed_between(model: Path) -> None:
    engine = EngineProcess()
    assert engine.pid is None
    engine.kill()  # nothing to end: nothing happens
    outcome: list[object] = []

    def ask() -> None:
        try:
            outcome.append(engine.ask(_warm(model)))
        except ProcessDied as error:
            outcome.append(error)

    try:
        asking = threading.Thread(target=ask)
        asking.start()
        _wait(lambda: engine.pid is not None)
        first = engine.pid
        assert first is not None
        engine.kill()  # while it still imports torch
        asking.join(20)
        assert not asking.is_alive()
        assert isinstance(outcome[0], Ended)
        assert engine.pid is None

        assert isinstance(engine.ask(_warm(model)), Ready)
        second = engine.pid
        assert second is not None
        assert second != first
        engine.kill()  # between two questions: the next one is asked of another process
        _wait(lambda: engine.pid is None)
        assert isinstance(_ask(engine, model), Explanation)
        assert engine.pid not in (None, first, second)
    finally:
        status = engine.stop()
    assert status == 0
    assert engine.pid is None
    assert engine.stop() is None


class _Sending:
    """An image, and how often it was asked for."""

    def __init__(self) -> None:
        self.times = 0

    def subject(self) -> Subject:
        self.times += 1
        return Subject(grey_image())


def test_an_image_is_sent_once(model: Path) -> None:
    engine, sending = EngineProcess(), _Sending()
    network = Network(model, "cpu")

    def ask(key: str, asked: Asked) -> Any:
        return engine.answer(key, sending.subject, network, asked)

    try:
        whole = ask("one", Explain(PRESETS["gradient"]))
        assert isinstance(whole, Explanation)
        edited = ask("one", WhatIf((Edit(box(5, 5, 20, 30)),)))
        assert isinstance(edited, WhatIfAnswer)
        assert sending.times == 1
        ask("two", Explain(PRESETS["gradient"]))
        assert sending.times == 2  # another key, another image
        first = engine.pid
        engine.kill()
        _wait(lambda: engine.pid is None)
        again = ask("one", Explain(PRESETS["gradient"]))
        assert isinstance(again, Explanation)
        assert engine.pid not in (None, first)
        assert sending.times == 3  # another process has not seen it
        for one, two in zip(whole.layers, again.layers, strict=True):
            np.testing.assert_array_equal(one.values, two.values)
    finally:
        engine.stop()


def test_an_image_that_two_threads_ask_about_is_sent_once(
    engine: EngineProcess, model: Path
) -> None:
    sending, found, network = _Sending(), [], Network(model, "cpu")

    def ask() -> None:
        asked = Explain(PRESETS["gradient"])
        found.append(engine.answer("by two", sending.subject, network, asked))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [type(answer) for answer in found] == [Explanation, Explanation]
    assert sending.times == 1


def test_an_image_that_cannot_be_had_leaves_the_engine_as_it_was(
    engine: EngineProcess, model: Path
) -> None:
    def gone() -> Subject:
        raise OSError("the file has gone")

    network, asked = Network(model, "cpu"), Explain(PRESETS["gradient"])
    with pytest.raises(OSError, match="has gone"):
        engine.answer("gone", gone, network, asked)
    assert isinstance(engine.ask(_warm(model)), Ready)


def test_every_kind_of_question_crosses_the_door(engine: EngineProcess, model: Path) -> None:
    sending, network, method = _Sending(), Network(model, "cpu"), Method("linear", "full")
    region = box(5, 5, 20, 30)
    for asked, kind in (
        (RankKernels("region", method, "foot", region=region), Ranked),
        (MapKernels("conv2", (1, 0), method, "foot"), KernelMaps),
        (WhatIf((Edit(region),), alone=True), WhatIfAnswer),
        (Control(Edit(region), "foot", places=3), Effect),
        (FindCandidates(), Candidates),
    ):
        assert isinstance(engine.answer("all", sending.subject, network, asked), kind)
    assert sending.times == 1


def test_threads_of_the_engine_sleep_while_they_wait(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spinning would make them ten times as slow where other programs keep all cores busy. Whoever
    set it otherwise is obeyed."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("only Linux shows the environment of a process")
    for setting in (None, "active"):
        monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
        if setting:
            monkeypatch.setenv("GOMP_SPINCOUNT", setting)
        engine = EngineProcess()
        try:
            assert isinstance(engine.ask(_warm(model)), Ready)
            found = Path(f"/proc/{engine.pid}/environ").read_bytes().split(b"\0")
            assert f"GOMP_SPINCOUNT={setting or '10000'}".encode() in found
        finally:
            engine.kill()
            engine.stop()


PARENT = """
import sys
from pathlib import Path
import numpy as np
import engine
from engine.process import EngineProcess, Ready, Warm
from engine.presets import PRESETS
from engine.questions import Explain, Network, Subject
from engine.results import Explanation
process = EngineProcess()
network, asked = Network(Path(sys.argv[1]), "cpu"), Explain(PRESETS["gradient"])
answer = process.answer("eye", lambda: Subject(np.eye(40)), network, asked)
assert isinstance(answer, Explanation), answer
assert process.stop() == 0
heavy = {"torch", "safetensors", "captum"} & set(sys.modules)
assert not heavy, heavy
"""


def test_the_parent_never_imports_torch_and_works_from_any_folder(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "engine.py").write_text("raise SystemExit('the wrong engine')", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", PARENT, str(model)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == ""


def test_the_worker_ends_when_its_parent_closes_the_pipe() -> None:
    worker = [sys.executable, "-P", "-m", "engine.worker"]
    done = subprocess.run(worker, input=b"", capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
