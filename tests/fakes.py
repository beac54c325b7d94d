"""Stand-ins: an engine that answers from a script, an observer that remembers, data made on the spot."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

from PIL import Image

from vecbench.answers import Label, registry
from vecbench.engines import EngineDescription, Request, Response, Sampling
from vecbench.engines.window import decoded
from vecbench.errors import ImageError
from vecbench.models import Model
from vecbench.run import RunPlan, TaskRun
from vecbench.samples import open_data
from vecbench.samples.sample import SampleImage
from vecbench.tasks import load_catalogue

ANSWER = "<think>…</think><answer>joy</answer><confidence>0.75</confidence>"


class ScriptedEngine:
    """Decodes every image and answers what `answer` says; None fails the request."""

    def __init__(self, answer: Callable[[Request], str | None] = lambda _: ANSWER, *, ahead: int = 2) -> None:
        self.answer = answer
        self.ahead = ahead
        self.requests: list[Request] = []
        self.closed = False

    @property
    def description(self) -> EngineDescription:
        return EngineDescription("scripted", {}, "none")

    def generate(self, requests: Iterable[Request]) -> Iterator[Response]:
        for request, picture in decoded(requests, ahead=self.ahead, threads=2):
            self.requests.append(request)
            if isinstance(picture, ImageError):
                yield Response(request.key, None, error=picture.message)
                continue
            text = self.answer(request)
            if text is None:
                yield Response(request.key, None, error="the script says so")
            else:
                yield Response(request.key, text, "stop", None, 10, 5)

    def close(self) -> None:
        self.closed = True


class Watcher:
    """A `RunObserver` that remembers what it was told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.notes: list[str] = []
        self.stages: list[tuple[str, ...]] = []
        self.asked = self.kept_count = self.stored_count = 0

    def warned(self, message: str) -> None:
        self.warnings.append(message)

    def noted(self, message: str) -> None:
        self.notes.append(message)

    def stage(self, *said: str) -> AbstractContextManager[None]:
        self.stages.append(said)
        return nullcontext()

    def started(self, asked: int, samples: Mapping[str, int]) -> None:
        self.asked, self.samples = asked, samples

    def generating(self) -> None:
        self.stages.append(("generating",))

    def kept(self) -> None:
        self.kept_count += 1

    def stored(self, _response: object) -> None:
        self.stored_count += 1


class Grade(Label):
    """An answer kind of another package: one of so many steps, which is neither right nor wrong."""

    name = "grade"
    judges = False
    has_confusion = False

    @classmethod
    def of(cls, specification):
        specification.require_only("steps")
        if specification.labels:
            raise ValueError("a grade has steps and no labels")
        steps = specification.options.get("steps")
        if not isinstance(steps, int):
            raise ValueError(f"steps: {steps!r} is no number")
        return cls(tuple(str(step) for step in range(steps)))


@contextmanager
def plugged_in(monkeypatch, kind):
    """An answer kind as an installed package brings it."""
    point = SimpleNamespace(name=kind.name, load=lambda: kind)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [point])
    registry.kinds.cache_clear()
    yield
    registry.kinds.cache_clear()


def made_image(colour: object = "red", size: tuple[int, int] = (64, 64)) -> SampleImage:
    """An image of one colour, as a file's bytes."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "PNG")
    return SampleImage("made.png", stream.getvalue())


def make_request(key: str, prompt: str, colour: object = "red", **sampling: object) -> Request:
    """A request for at most 40 tokens about a red picture, unless told otherwise."""
    return Request(key, prompt, (made_image(colour),), Sampling(**{"max_tokens": 40} | sampling))


def make_data(root: Path, labels: Iterable[str], task: str = "emoji_7") -> Path:
    """A data folder with one small image a label."""
    (root / "images").mkdir(parents=True, exist_ok=True)
    with (root / "samples.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["task", "id", "image", "label"])
        for place, label in enumerate(labels):
            Image.new("RGB", (8, 8), (place % 256, 50, 100)).save(root / "images" / f"{place}.png")
            writer.writerow([task, f"s{place}", f"images/{place}.png", label])
    return root


def make_plan(root: Path, *, task: str = "emoji_7", model: str = "fake", **options: object) -> RunPlan:
    """A plan to run one task on a data folder."""
    sampling = options.pop("sampling", Sampling(max_tokens=64))
    chosen = load_catalogue().tasks[task]
    profile = options.pop("profile", "standard")
    run = TaskRun(chosen, open_data(root), profile, sampling)
    return RunPlan(Model(model, model, "1"), (run,), **options)
