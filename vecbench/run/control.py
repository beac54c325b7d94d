"""What a control run shows: its samples' images replaced or corrupted as an engine decodes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from vecbench.digests import joined_sha256, sha256_of
from vecbench.errors import DataError, UsageError, nearest
from vecbench.run.corruptions import CORRUPTIONS, SHORT, STRENGTHS, corrupted
from vecbench.run.plan import RunPlan, TaskRun
from vecbench.samples import Sample
from vecbench.samples.boxes import Box
from vecbench.samples.sample import SampleImage
from vecbench.store.control import REPLACED, SEEDED, Control

COLOURS = {"blank": (255, 255, 255), "grey": (128, 128, 128)}
"""White, as the paper on which transparent pictures are shown; and the middle of every channel, of which most
image processors make zeros. Neither has anything of the picture but its size."""

MOST_TRIED = 100
"""So many other pictures are looked at before a sample is said to have none but its own."""


def control_of(control: str | None, corruption: str | None, seed: int) -> Control | None:
    """The control that is asked for; None for none.

    Args:
        control: Of `REPLACED`.
        corruption: `NAME:STRENGTH`.
        seed: Of what is drawn.

    Raises:
        UsageError: It is unknown, or two are asked for.
    """
    if control is None and corruption is None:
        return None
    if control is not None and corruption is not None:
        raise UsageError(
            f"--control {control} and --corrupt {corruption} are two controls", "Run one after the other."
        )
    if control is not None:
        if control not in REPLACED:
            raise UsageError(f"--control: unknown control {control!r}", nearest(control, REPLACED))
        return Control(name=control, seed=seed if control in SEEDED else None)
    written, _, strength = str(corruption).partition(":")
    name = SHORT.get(written, written)
    if name not in CORRUPTIONS:
        raise UsageError(f"--corrupt: unknown corruption {written!r}", nearest(written, CORRUPTIONS))
    if strength not in map(str, STRENGTHS):
        raise UsageError(
            f"--corrupt {corruption}: {f'{strength!r} is no strength' if strength else 'no strength'}",
            f"Write {name}:3; a strength is 1, 2, 3, 4 or 5.",
        )
    return Control(name=name, strength=int(strength), seed=seed if name in SEEDED else None)


@dataclass(frozen=True, slots=True)
class ControlImage:
    """An image that is shown otherwise than it is; there is no file of it.

    Attributes:
        original: The sample's own.
        control: "blank", "grey" or a corruption.
    """

    original: SampleImage
    control: Control

    @property
    def identity(self) -> str | None:
        """Of the picture, what is done to it, and what that is drawn by."""
        return sha256_of(f"{self.control.title} {self.control.seed} {self.original.identity}")

    def decode(self) -> Image.Image:
        """The picture that is shown, mode RGB, of the original's size; an `ImageError` where that is none."""
        picture = self.original.decode()
        if self.control.strength is None:
            return Image.new("RGB", picture.size, COLOURS[self.control.name])
        drawn_by = f"{self.control.seed} {self.original.identity}"
        return corrupted(picture, self.control.name, self.control.strength, drawn_by)


@dataclass(frozen=True, slots=True)
class _Set:
    """The images of a sample, which others may show too; hashable, and small."""

    root: Path
    images: tuple[str, ...]
    box: Box | None


class Shuffle:
    """The images of a task's samples, in a seeded order in which each one's successor stands in for it.

    The order is that of hashes of seed and paths, so that it does not depend on that of the table; every
    image stands in for one other. It is of the samples that a run asks for: with a higher `--limit` some get
    another successor, and are asked again.
    """

    def __init__(self, samples: Iterable[Sample], seed: int) -> None:
        distinct = dict.fromkeys(
            _Set(each.root, each.images, each.box) for each in samples if each.fault is None
        )
        self._sets = sorted(distinct, key=lambda each: sha256_of(f"{seed} {each.images} {each.box}"))
        self._place = {each: place for place, each in enumerate(self._sets)}

    def require_several(self, task: str) -> None:
        """Refuses a task that has one image file."""
        if len({(each.root, image) for each in self._sets for image in each.images}) < 2:
            raise DataError(
                f"{task} has one image here, so that no sample can be shown another one's",
                "Ask for more samples, or for --control blank.",
            )

    def replaced(self, sample: Sample, own: Sequence[SampleImage]) -> tuple[SampleImage, ...]:
        """As many images of others as the sample has, none of which is the file of one of its own.

        Where the next one's is such a copy, or cannot be read, the one after it takes its place. Reasons why
        the sample's own cannot be read stay.
        """
        if any(isinstance(each.data, str) for each in own):
            return tuple(own)
        hashes = {each.sha256 for each in own}
        place, count = self._place[_Set(sample.root, sample.images, sample.box)], len(self._sets)
        found: list[SampleImage] = []
        for step in range(1, min(count, MOST_TRIED + 1)):
            other = self._sets[(place + step) % count]
            donor = Sample(sample.task, "", other.images, None, (), None, other.root, box=other.box)
            found += [
                each
                for each in donor.read_images()
                if not isinstance(each.data, str) and each.sha256 not in hashes
            ]
            if len(found) >= len(own):
                return tuple(found[: len(own)])
        why = "shuffled: no other picture of the task could be shown in its place"
        return tuple(SampleImage(each.name, f"{each.name}: {why}") for each in own)


class ShownImages(NamedTuple):
    """What is shown of a sample.

    Attributes:
        own: Its own images.
        images: What a request has: those, or what a control shows in their place.
        sha256: Of the files that stand in for its own, as `joined_sha256`; None where none do.
    """

    own: tuple[SampleImage, ...]
    images: tuple[SampleImage | ControlImage, ...]
    sha256: str | None = None

    @property
    def is_faulty(self) -> bool:
        """Whether an image cannot be read."""
        listed = (*self.own, *self.images)
        return any(isinstance(each, SampleImage) and isinstance(each.data, str) for each in listed)


Asked = tuple[Sample, str, str | None]
"""A sample, its prompt, and why it cannot be asked."""


def image_reader(plan: RunPlan, task_run: TaskRun) -> Callable[[Asked], ShownImages]:
    """Reads what is shown of a task's samples; the reason why one cannot be asked takes its images' place.

    Raises:
        DataError: The images are to be shuffled, and there is only one.
    """
    control = plan.control
    shuffle = None
    if control is not None and control.name == "shuffled":
        shuffle = Shuffle(task_run.data.samples(task_run.task, plan.limit), plan.seed)
        shuffle.require_several(task_run.task.id)

    def read(asked: Asked) -> ShownImages:
        sample, _, why_not = asked
        if why_not is not None:
            own = tuple(SampleImage(image, why_not) for image in sample.images or ("",))
            return ShownImages(own, own)
        own = sample.read_images()
        if control is None:
            return ShownImages(own, own)
        if shuffle is None:
            return ShownImages(own, tuple(ControlImage(each, control) for each in own))
        others = shuffle.replaced(sample, own)
        return ShownImages(own, others, joined_sha256([each.sha256 for each in others]))

    return read
