"""Every fault of a task or group file at once, each with its remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from pydantic import BaseModel, ValidationError

from vecbench.answers import kind_of
from vecbench.answers.registry import kinds
from vecbench.errors import DataError, UsageError, nearest
from vecbench.labels import normal_form
from vecbench.tasks.prompts import prompt_profiles
from vecbench.tasks.schema import FILE, PROFILES, GroupFile, TaskFile, TaskMetadata, in_full
from vecbench.tasks.task import AUTO, without_prefix
from vecbench.tasks.templates import names_in
from vecbench.tasks.yaml_file import YamlFile, read_yaml


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with one file, said so that it can be mended."""

    file: Path
    key: str  # of the YAML, dotted; empty for the file as a whole
    problem: str
    remedy: str  # what to write instead

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else str(self.file)
        return f"{where}: {self.problem}"

    def error(self) -> DataError:
        """For who cannot go on without the file."""
        return DataError(str(self), self.remedy or f"See: vecbench tasks check {self.file}")


REMEDIES = {
    "metadata": "Write it whole: an include's metadata is replaced by the file's, not merged.",
    "metadata.version": "Write `version: 1.0` under metadata; an include's metadata is replaced, not merged.",
    "metadata.vecbench.answer.kind": "Write such as `answer: {kind: rating, range: [1, 9]}`.",
    "metadata.vecbench.exclude": "Write `exclude: {ids: [ID, …], because: TEXT}`.",
    "metadata.vecbench.exclude.because": "Say why: it is shown beside the scores.",
    "metadata.vecbench.headline": "Write `headline: macro`, or `headline: {mean_of: [VALUE, …]}`.",
    "metadata.vecbench.labels": "Write `labels: [LABEL, LABEL, …]`, or the `answer` of another kind.",
    "metadata.vecbench.reasoning": 'Write such as `reasoning: [["<ponder>", "</ponder>"]]`.',
    "metadata.vecbench.scale": "Write one for all prompt profiles, or `scale: {PROFILE: percent}`.",
    "generation_kwargs.until": "Write `until: []`: without it lm-eval ends answers at a blank line.",
    "num_fewshot": "Write `num_fewshot: 0`: examples in the prompt are not supported.",
    "output_type": "Write `output_type: generate_until`.",
}

FLAGS = "YAML takes yes, no, on and off for true and false: put texts into quotes."

LOADER = "!function vecbench.interop.lm_eval.load"
RESULTS = "!function vecbench.interop.lm_eval.process_results"
METRICS = ("accuracy", "coverage", "brier", "ece")
"""What `RESULTS` returns for every response."""

_WRONG_TYPES = {
    "string_type": "not a text",
    "list_type": "not a list",
    "dict_type": "not a mapping of keys to values",
    "model_type": "not a mapping of keys to values",
    "string_too_short": "empty",
    "too_short": "empty",
}
"""pydantic's errors in the words of somebody who writes YAML."""


def _task_faults(file: YamlFile, task: TaskFile) -> list[Fault]:
    """What contradicts itself in a task file whose keys are all well-formed."""
    metadata = task.metadata.vecbench
    faults = [
        *_answer_faults(metadata),
        *_label_faults(metadata),
        *_parent_faults(metadata),
        *_prompt_faults(file, metadata),
        *_scale_faults(file, metadata),
        *_headline_faults(metadata),
        *_lm_eval_faults(task),
    ]
    expected = metadata.expected_n
    if isinstance(expected, int):
        expected = (expected, expected)
    if expected is not None and not 1 <= expected[0] <= expected[1]:
        faults.append(
            ("metadata.vecbench.expected_n", f"{expected} is no row count", "Write N or [LOW, HIGH].")
        )
    if metadata.data is not None and not _exists(file.path.parent / metadata.data):
        problem = f"there is no folder or table {file.path.parent / metadata.data}"
        faults.append(("metadata.vecbench.data", problem, "Name one relative to this file."))
    return [_located(file, *fault) for fault in faults]


def _exists(path: Path) -> bool:
    try:
        return path.resolve().exists()  # a folder that is yet to be made has a parent too
    except (OSError, ValueError):  # a name that no file can have
        return False


_Finding = tuple[str, str, str]


def _answer_faults(metadata: TaskMetadata) -> Iterator[_Finding]:
    key = "metadata.vecbench.answer"
    specification = metadata.specification
    beside = [name for name in ("labels", "aliases") if name in specification.options]
    for name in beside:
        yield f"{key}.{name}", "stands beside answer, not in it", f"Move it to metadata.vecbench.{name}."
    if beside:
        return
    try:
        kind_of(specification)
    except UsageError as unknown:
        yield f"{key}.kind", unknown.message, unknown.remedy
    except (TypeError, ValueError) as refused:
        if metadata.answer is None:
            key = "metadata.vecbench.labels"
        yield key, str(refused), FLAGS if _has_flag(specification.options) else REMEDIES.get(key, "")


def _has_flag(value: object) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return isinstance(value, bool) or any(_has_flag(each) for each in inner)


def _label_faults(metadata: TaskMetadata) -> Iterator[_Finding]:
    key = "metadata.vecbench.labels"
    forms = {label: normal_form(label) for label in metadata.labels}
    for label, form in forms.items():
        if not form:
            yield key, f"the label {label!r} is nothing but punctuation", "Labels are words."
    for form, count in Counter(normal_form(label) for label in metadata.labels).items():
        if count > 1:
            yield (
                key,
                f"{count} labels are read as {form!r}",
                "Labels must differ in more than case or punctuation.",
            )
    key = "metadata.vecbench.aliases"
    taken = {form: label for label, form in forms.items()}
    for label, aliases in metadata.aliases.items():
        if label not in forms:
            yield key, f"{label!r} is not among the labels", nearest(label, metadata.labels)
        for alias in aliases:
            form = normal_form(alias)
            if form in taken:
                yield key, f"{alias!r} (for {label}) already means {taken[form]}", "An alias has one meaning."
            taken[form] = label


def _parent_faults(metadata: TaskMetadata) -> Iterator[_Finding]:
    if not metadata.parents:
        return
    key = "metadata.vecbench.parents"
    if not metadata.labels:
        yield key, "there are no labels that could have parents", "Leave it out."
        return
    children = Counter(label for labels in metadata.parents.values() for label in labels)
    for label in children:
        if label not in metadata.labels:
            yield key, f"{label!r} is not among the labels", nearest(label, metadata.labels)
    for label in metadata.labels:
        if children[label] != 1:
            yield key, f"{label!r} has {children[label]} parents", "Every label has exactly one parent."


def _prompt_faults(file: YamlFile, metadata: TaskMetadata) -> Iterator[_Finding]:
    key = "metadata.vecbench.prompts"
    kind = metadata.specification.kind
    if metadata.prompts is None and kind not in kinds():
        return  # which is a fault already
    try:
        profiles = prompt_profiles(file, metadata)
    except DataError as fault:
        yield key, fault.message, fault.remedy
        return
    for name, profile in profiles.items():
        try:
            names_in(profile.template)
        except jinja2.TemplateSyntaxError as fault:
            yield (
                f"{key}.{name}",
                f"template line {fault.lineno}: {fault.message}",
                "Mend the Jinja2 template.",
            )
    if AUTO in profiles:
        yield f"{key}.{AUTO}", "the name is taken", "It means: the data's own prompt, else standard."
    for name in ("dataset", "standard") if metadata.prompt == AUTO else (metadata.prompt,):
        if name not in profiles:
            yield "metadata.vecbench.prompt", f"there is no prompt profile {name!r}", nearest(name, profiles)


def _scale_faults(file: YamlFile, metadata: TaskMetadata) -> Iterator[_Finding]:
    key = "metadata.vecbench.scale"
    scales = metadata.scale
    if metadata.prompts is None:
        if scales not in (None, "unit"):
            remedy = "Leave it out, or write `prompts` that ask for a confidence on that scale."
            yield key, "the prompts of the answer kind ask for a confidence from 0 to 1", remedy
        return
    try:
        profiles = prompt_profiles(file, metadata)
    except DataError:
        return  # which is a fault of the prompts
    for name in scales if isinstance(scales, dict) else ():
        if name not in profiles:
            yield f"{key}.{name}", f"there is no prompt profile {name!r}", nearest(name, profiles)
    kind = kinds().get(metadata.specification.kind)
    for name, profile in profiles.items():
        if profile.range is not None and kind is not None and not kind.has_numbers:
            place = f"metadata.vecbench.prompts.{name}.range"
            yield place, f"answers of the kind {kind.name} are on no scale", "Leave it out."
        if profile.levels and not metadata.specification.options.get("levels"):
            place = f"metadata.vecbench.prompts.{name}.levels"
            yield place, "the task has no levels", "Write them: answer: {…, levels: [High, Medium, Low]}."


def _headline_faults(metadata: TaskMetadata) -> Iterator[_Finding]:
    headline = metadata.headline
    if headline is not None and headline.how != "pooled" and not metadata.subsets:
        problem = f"{headline.how} is a mean over subsets, and the task has none"
        yield "metadata.vecbench.headline", problem, "Write `subsets: [COLUMN]`, a column of the data."


def _lm_eval_faults(task: TaskFile) -> Iterator[_Finding]:
    settings = task.generation_kwargs
    if settings.do_sample != (settings.temperature > 0):
        yield (
            "generation_kwargs",
            f"do_sample: {str(settings.do_sample).lower()} contradicts temperature: {settings.temperature}",
            "Greedy is do_sample: false with temperature: 0, sampling is true with a temperature above 0.",
        )
    for place, metric in enumerate(task.metric_list):
        if not isinstance(metric, dict) or not {"metric", "aggregation"} <= metric.keys():
            key = f"metric_list.{place}"
            yield key, "needs the keys metric and aggregation", "lm-eval falls back to the mean without them."
    if task.process_results == RESULTS:
        listed = [metric.get("metric") for metric in task.metric_list if isinstance(metric, dict)]
        for name in METRICS:
            if name not in listed:
                remedy = "List it as the shipped tasks do: without it lm-eval ends after the last answer."
                yield "metric_list", f"lacks {name}, which process_results returns", remedy
    if task.custom_dataset == LOADER:
        name = without_prefix(task.task)
        given = task.dataset_kwargs.get("task") if isinstance(task.dataset_kwargs, dict) else None
        if given is None or without_prefix(str(given)) != name:
            problem = "missing" if given is None else f"{given!r} is another task than this file's, {name}"
            remedy = f"Write `dataset_kwargs: {{task: {name}}}`: lm-eval loads that."
            yield "dataset_kwargs.task", problem, remedy


def _fault(schema: type[BaseModel], file: YamlFile, error: Any) -> Fault:
    location = [str(part) for part in error["loc"] if part not in (FILE, PROFILES)]
    key = ".".join(location)
    if error["type"] == "extra_forbidden":
        return _located(file, key, "unknown key", nearest(location[-1], _fields(schema, location[:-1])))
    said = _WRONG_TYPES.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    problem = "missing" if error["type"] == "missing" else said[:1].lower() + said[1:]
    return _located(file, key, problem, REMEDIES.get(key, "Add it." if problem == "missing" else ""))


def _fields(schema: type[BaseModel], location: list[str]) -> list[str]:
    for part in location:
        annotation = schema.model_fields[part].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        schema = annotation
    return list(schema.model_fields)


def _located(file: YamlFile, key: str, problem: str, remedy: str) -> Fault:
    origin = file.origin.get(key.split(".", maxsplit=1)[0], file.path)
    return Fault(origin, key, problem, remedy)


def file_faults(path: Path) -> list[Fault]:
    """Every fault of one file, by itself: what other files say about it is `Catalogue.faults`'s concern."""
    try:
        file = read_yaml(path)
    except DataError as fault:
        return [Fault(path, "", fault.message.removeprefix(f"{path}: "), fault.remedy)]
    if not defines_something(file):
        remedy = "Add a key `task` or `group`, or leave it out."
        return [Fault(path, "", "it defines no task and no group", remedy)]
    return content_faults(file)


def content_faults(file: YamlFile) -> list[Fault]:
    """Every fault of what a task's or a group's file says."""
    schema = GroupFile if "group" in file.content else TaskFile
    file = file if schema is GroupFile else in_full(file)
    try:
        said = schema.model_validate(dict(file.content))
    except ValidationError as invalid:
        return [_fault(schema, file, error) for error in invalid.errors()]
    return _task_faults(file, said) if isinstance(said, TaskFile) else []


def defines_something(file: YamlFile) -> bool:
    """Whether it is a task's or a group's file: bases and prompt profiles are neither."""
    return "task" in file.content or "group" in file.content
