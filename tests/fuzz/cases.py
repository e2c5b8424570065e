"""Case N: always the same files for the same seed number, whatever was made before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz import containers
from tests.fuzz.blind import BLIND, Blind
from tests.fuzz.edits import RARE, STRUCTURE
from tests.fuzz.seeds import Draft, Seed, seeds
from tests.fuzz.values import CONTENT

_MEMBER = 150_000  # bytes of the files that archives are made of


@dataclass
class Case:
    """Files by their path in a folder, and which of them is opened; ``steps`` tell how they were
    made."""

    number: int
    entry: str
    files: dict[str, bytes]
    steps: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Write the files; gives the one to open."""
        for name, data in self.files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return folder / self.entry


def build(number: int, seed: int, folder: Path) -> Case:
    """Case ``number`` of run ``seed``, from the real files in ``folder``."""
    random = Random(f"attentive viewer {seed} {number}")
    kind = random.random()
    if kind < 0.84:
        return _single(random, number, seeds(folder))
    if kind < 0.94:
        return _archive(random, number, seeds(folder))
    return _disc(random, number, seeds(folder))


def _single(random: Random, number: int, sown: tuple[Seed, ...]) -> Case:
    """One damaged file."""
    images = [seed for seed in sown if seed.has_image]
    seed = random.choice(images if random.random() < 0.85 else sown)
    case = Case(number, "DICOMDIR" if seed.is_index else f"case{number}.dcm", {}, [seed.name])
    case.files[case.entry] = _damaged(random, seed, sown, case.steps)
    return case


def _damaged(random: Random, seed: Seed, sown: tuple[Seed, ...], steps: list[str]) -> bytes:
    """A seed's bytes after one to four steps."""
    draft = Draft(seed.draft.data, seed.draft.inflated)
    for _ in range(random.choice((1, 1, 1, 1, 2, 2, 3))):
        chance = random.random()
        if chance < 0.72:
            kinds = CONTENT if random.random() < 0.45 else STRUCTURE
            edit = random.choice(RARE if random.random() < 0.02 else kinds)
            changed = edit(random, draft)
            if changed is None:
                continue
            steps.append(edit.__name__)
            draft.data = changed
        elif chance < 0.95:
            blind = random.choice(BLIND)
            steps.append(blind.__name__)
            draft.data = blind(random, draft.data)
        else:
            draft.data = _splice(random, draft.data, random.choice(sown), steps)
    data = draft.written()
    if (draft.inflated and random.random() < 0.3) or len(steps) < 2:
        data = _blindly(random, data, BLIND, steps)
    return data


def _splice(random: Random, data: bytes, other: Seed, steps: list[str]) -> bytes:
    """The head of one file and the tail of another."""
    steps.append(f"splice with {other.name}")
    tail = other.draft.data
    at = random.randrange(len(data) + 1)
    to = at if random.random() < 0.5 else random.randrange(len(tail) + 1)
    return data[:at] + tail[to:]


def _blindly(random: Random, data: bytes, kinds: tuple[Blind, ...], steps: list[str]) -> bytes:
    blind = random.choice(kinds)
    steps.append(blind.__name__)
    return blind(random, data)


def _members(random: Random, sown: tuple[Seed, ...], steps: list[str], count: int) -> list[bytes]:
    """Small files for a container, one in three damaged."""
    found = []
    while len(found) < count:
        seed = random.choice(sown)
        if len(seed.draft.data) > _MEMBER or seed.is_index:
            continue
        steps.append(f"[{seed.name}]")
        hurt = random.random() < 0.33
        found.append(_damaged(random, seed, sown, steps) if hurt else seed.draft.written())
    return found


def _archive(random: Random, number: int, sown: tuple[Seed, ...]) -> Case:
    """A ZIP archive, itself damaged as a rule."""
    case = Case(number, f"case{number}.zip", {}, ["archive"])
    if random.random() < 0.03:
        data = containers.bomb(random)
    else:
        members = _members(random, sown, case.steps, random.choice((1, 2, 3)))
        data = containers.archive(random, members)
    if random.random() < 0.8:
        own = (containers.directory,) * 12 + (containers.locator,)
        for _ in range(random.choice((1, 1, 2))):
            data = _blindly(random, data, (*own, *BLIND), case.steps)
    case.files[case.entry] = data
    return case


def _disc(random: Random, number: int, sown: tuple[Seed, ...]) -> Case:
    """A DICOMDIR and the files that it names; in half of the cases the index is damaged."""
    case = Case(number, "DICOMDIR", {}, ["disc"])
    members = _members(random, sown, case.steps, random.choice((1, 2)))
    index = Seed("index", lambda: containers.disc(random, len(members) + random.choice((0, 1))))
    hurt = random.random() < 0.5
    data = index.draft.data
    case.files[case.entry] = _damaged(random, index, sown, case.steps) if hurt else data
    case.files |= {f"A/IM{count}": member for count, member in enumerate(members)}
    return case
