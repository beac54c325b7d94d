"""The shape of task and group files, in full and in short.

The files are lm-eval's: every top-level key is one that lm-eval 0.4 knows, and what it has no key
for lies under `metadata.vecbench`. A short file says the task, its version and what lies there; the rest is
the same for all of them. Here it stands as the text that is appended to a short file, and that is also what
vecbench takes a short file to say: both forms are one task, with one hash.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from vecbench.answers import AnswerSpecification
from vecbench.parsing.form import Scale
from vecbench.tasks.task import Headline, without_prefix
from vecbench.tasks.yaml_file import YamlFile, inline, parsed

QUOTED = "put it into quotes"
"""What to do about a text that YAML takes for something else."""


def _text(value: object) -> object:
    """YAML 1.1 takes yes, no, on and off for true and false: labels and answers to questions are lost."""
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is no text: {QUOTED}, such as 'yes' or 'no'")
    return value


def _written(value: object) -> object:
    """What names a row or a value of the data, which is a text there; whole numbers are spelt alike."""
    if isinstance(value, float):
        raise ValueError(f"{value} may be spelt otherwise in the data: {QUOTED}")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def _distinct(values: list[str]) -> list[str]:
    for value, count in Counter(values).items():
        if count > 1:
            raise ValueError(f"{value!r} is listed twice")
    return values


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True), BeforeValidator(_text)]
Written = Annotated[str, StringConstraints(min_length=1), BeforeValidator(_written)]
Distinct = AfterValidator(_distinct)


def _ends(value: object) -> object:
    numbers = value if isinstance(value, list) else []
    known = [each for each in numbers if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(known) != 2 or len(numbers) != 2 or not all(map(math.isfinite, known)) or known[0] >= known[1]:
        raise ValueError(f"{_shortened(value)} is no range of two numbers, the lower one first")
    return tuple(known)


def _no_flag(value: object) -> object:
    """Python takes true for 1; whoever writes it for a number means something else."""
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is no number")
    return value


def _definite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a version is a finite number or a text")
    return _no_flag(value)


NoFlag = BeforeValidator(_no_flag)
Count = Annotated[int, NoFlag]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class AnswerMetadata(BaseModel):
    """`answer`: a kind, and whatever that kind wants to know."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: Text


class Exclusion(_Strict):
    """`exclude`: samples that are not scored, and why."""

    ids: Annotated[list[Written], Field(min_length=1), Distinct]
    because: Text


def _headline(value: object) -> object:
    """One fault for whatever it is instead, not one for each thing that it could have been."""
    if value in ("pooled", "macro"):
        return Headline(value)
    if not isinstance(value, dict) or value.keys() != {"mean_of"}:
        raise ValueError(f"{_shortened(value)} is neither pooled, macro nor {{mean_of: [VALUE, …]}}")
    listed = value["mean_of"]
    if not isinstance(listed, list) or not listed:
        raise ValueError(f"mean_of: {_shortened(listed)} is no list of values")
    values = [_written(each) for each in listed]
    if not all(isinstance(each, str) and each for each in values):
        raise ValueError(f"mean_of: {_shortened(listed)} is no list of texts")
    return Headline("mean_of", tuple(_distinct([str(each) for each in values])))


def _scales(value: object) -> object:
    known = get_args(Scale)
    for each in value.values() if isinstance(value, dict) else [value]:
        if each not in known:
            raise ValueError(f"{_shortened(each)} is no scale of a confidence: {_either(known)}")
    return value


def _shortened(value: object) -> str:
    return f"{value!r:.60}"


def _either(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _delimiters(value: object) -> object:
    for pair in value if isinstance(value, list) else [value]:
        texts = pair if isinstance(pair, list) and all(isinstance(each, str) for each in pair) else []
        if len(texts) != 2 or texts[0].strip() == texts[1].strip():
            raise ValueError(f"{_shortened(pair)} is no pair of what opens reasoning and what closes it")
        for text in texts:
            if re.fullmatch(r"[\w\s]*|<\s*/?\s*(?:answer|confidence)\b.*", text, re.IGNORECASE):
                raise ValueError(f"{_shortened(text)} can be text of an answer, and marks no reasoning")
    return value


def _names(value: object) -> object:
    names = value if isinstance(value, list) else [value]
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"[^\W\d_][\w -]{0,39}", name.strip()):
            raise ValueError(f"{_shortened(name)} is no name of a field, such as emotion")
    return names


HeadlineRule = Annotated[Headline | None, BeforeValidator(_headline)]


class Fields(_Strict):
    """`fields` of a prompt profile: what its prompt calls the answer and the confidence."""

    answer: Annotated[list[str], BeforeValidator(_names)] = []
    confidence: Annotated[list[str], BeforeValidator(_names)] = []

    @model_validator(mode="after")
    def _differ(self) -> Self:
        answer, confidence = ({name.casefold() for name in names} for names in (self.answer, self.confidence))
        if both := (answer | {"answer", "think"}) & (confidence | {"confidence", "think"}) - {"think"}:
            raise ValueError(f"{min(both)!r} is the name of both")
        return self


class PromptProfile(_Strict):
    """A prompt: its template alone, or with how its answers are written.

    Attributes:
        template: Jinja2.
        fields: What it calls the answer and the confidence.
        scale: What it asks the confidence in.
        lettered: Whether it letters the labels, A, B, C, in their order.
        range: What it asks ratings on, where that is not the task's own range.
        levels: Whether it asks for one of the task's levels, words that stand for ratings.
    """

    template: Text
    fields: Fields = Fields()
    scale: Annotated[Scale | None, BeforeValidator(_scales)] = None
    lettered: bool = False
    range: Annotated[tuple[float, float] | None, BeforeValidator(_ends)] = None
    levels: bool = False

    @property
    def said(self) -> Any:
        """What its file says."""
        plain = self.model_fields_set == {"template"}
        return self.template if plain else self.model_dump(exclude_unset=True)


def _profile(value: object) -> object:
    return {"template": value} if isinstance(value, str | bool) else value


Profile = Annotated[PromptProfile, BeforeValidator(_profile)]

FILE, PROFILES = "(the name of a file)", "(profiles)"
"""Parts of the place of a fault that are no keys."""

Prompts = Annotated[
    Annotated[str, Tag(FILE)] | Annotated[dict[str, Profile], Tag(PROFILES)] | Annotated[None, Tag("")],
    Discriminator(lambda said: FILE if isinstance(said, str) else PROFILES if said is not None else ""),
]


class TaskMetadata(_Strict):
    """`metadata.vecbench` of a task.

    Attributes:
        kept: What the file said that a run took the task from, where its copy says something else: see
            `vecbench.tasks.kept`.
    """

    display: Text | None = None
    names: list[Text] = []
    group: Name | None = None
    noun: Text = "emotion"
    answer: AnswerMetadata | None = None
    labels: list[Text] = []
    aliases: dict[Text, list[Text]] = {}
    parents: dict[Text, list[Text]] = {}
    prompts: Prompts = None
    prompt: str = "standard"
    scale: Annotated[Scale | dict[str, Scale] | None, BeforeValidator(_scales)] = None
    reasoning: Annotated[list[tuple[Text, Text]], BeforeValidator(_delimiters)] = []
    subsets: Annotated[list[Text], Distinct] = []
    headline: HeadlineRule = None
    exclude: Exclusion | None = None
    box: Literal["drawn", "cropped"] | None = None
    expected_n: Annotated[int | tuple[Count, Count] | None, NoFlag] = None
    data: str | None = None
    sources: list[Text] = []
    kept: dict[Literal["prompts", "data"], str | None] = {}

    @property
    def specification(self) -> AnswerSpecification:
        """What it says of the answers; without `answer` they are labels."""
        aliases = {alias: label for label, listed in self.aliases.items() for alias in listed}
        said = AnswerSpecification(labels=tuple(self.labels), aliases=aliases)
        if self.answer is None:
            return said
        return replace(said, kind=self.answer.kind, options=self.answer.model_extra or {})


class GroupMetadata(_Strict):
    """`metadata.vecbench` of a group."""

    display: Text | None = None
    headline: HeadlineRule = None


class Versioned(BaseModel):
    """`metadata`: lm-eval wants a version there and lets anything else be."""

    model_config = ConfigDict(extra="allow", frozen=True)

    version: Annotated[str | int | float, BeforeValidator(_definite)]


class TaskFileMetadata(Versioned):
    """`metadata` of a task file."""

    vecbench: TaskMetadata


class GroupFileMetadata(Versioned):
    """`metadata` of a group file."""

    vecbench: GroupMetadata


class GenerationSettings(_Strict):
    """`generation_kwargs`, as far as every engine can honour them."""

    until: list[Text]
    do_sample: bool = False
    temperature: Annotated[float, NoFlag] = Field(0.0, ge=0, allow_inf_nan=False)
    top_p: Annotated[float, NoFlag] = Field(1.0, gt=0, le=1)
    max_gen_toks: Count = Field(1024, ge=1)
    top_k: Count = Field(0, ge=0)
    min_p: Annotated[float, NoFlag] = Field(0.0, ge=0, le=1)
    repetition_penalty: Annotated[float, NoFlag] = Field(1.0, gt=0, le=100)


class TaskFile(_Strict):
    """A task file; the fields of type Any are lm-eval's alone."""

    task: Name
    metadata: TaskFileMetadata
    generation_kwargs: GenerationSettings
    output_type: Literal["generate_until"]
    test_split: str
    doc_to_text: str
    doc_to_target: str
    doc_to_image: str
    process_results: str
    metric_list: list[Any]
    num_fewshot: Literal[0] = 0
    repeats: int = Field(1, ge=1)
    task_alias: str | None = None
    tag: Any = None
    custom_dataset: Any = None
    dataset_path: Any = None
    dataset_name: Any = None
    dataset_kwargs: Any = None
    training_split: Any = None
    validation_split: Any = None
    fewshot_split: Any = None
    process_docs: Any = None
    doc_to_audio: Any = None
    doc_to_choice: Any = None
    unsafe_code: Any = None
    use_prompt: Any = None
    description: Any = None
    target_delimiter: Any = None
    fewshot_delimiter: Any = None
    fewshot_config: Any = None
    filter_list: Any = None
    should_decontaminate: Any = None
    doc_to_decontamination_query: Any = None
    gen_prefix: Any = None


class GroupFile(_Strict):
    """A group file."""

    group: Name
    task: list[Name] = Field(min_length=1)
    metadata: GroupFileMetadata
    group_alias: str | None = None
    aggregate_metric_list: Any = None


SHORT = frozenset({"task", "metadata", "generation_kwargs"})
"""The keys that a short file may have."""

_KEYS = """\
dataset_kwargs: {{task: {task}}}
custom_dataset: !function vecbench.interop.lm_eval.load
test_split: test
output_type: generate_until
doc_to_image: !function vecbench.interop.lm_eval.doc_to_image
doc_to_text: "<image>{{{{prompt}}}}"
doc_to_target: target
num_fewshot: 0
fewshot_config: {{samples: [{{}}]}}
process_results: !function vecbench.interop.lm_eval.process_results
"""

_GENERATION = "generation_kwargs: {until: [], do_sample: false, temperature: 0.0, max_gen_toks: 1024}\n"

_METRICS = """\
metric_list:
  - {metric: accuracy, aggregation: mean, higher_is_better: true}
  - {metric: coverage, aggregation: mean, higher_is_better: true}
  - {metric: brier, aggregation: !function vecbench.interop.lm_eval.brier, higher_is_better: false}
  - {metric: ece, aggregation: !function vecbench.interop.lm_eval.ece, higher_is_better: false}
"""


def is_short(content: Mapping[str, Any]) -> bool:
    """Whether a task's file says nothing of what lm-eval needs; unknown keys make no difference."""
    return "task" in content and not content.keys() & (TaskFile.model_fields.keys() - SHORT)


def missing_keys(content: Mapping[str, Any]) -> str:
    """What makes a short file a full one when it is appended, as YAML; it ends with a line feed."""
    generation = "" if "generation_kwargs" in content else _GENERATION
    return _KEYS.format(task=inline(without_prefix(str(content["task"])))) + generation + _METRICS


def in_full(file: YamlFile) -> YamlFile:
    """A task's file in its full form: itself, unless it is a short one."""
    if not is_short(file.content):
        return file
    filled = _filled(missing_keys(file.content))
    return replace(
        file,
        content={**filled, **file.content},
        origin={**dict.fromkeys(filled, file.path), **file.origin},
    )


@lru_cache(maxsize=64)
def _filled(keys: str) -> dict[str, Any]:
    return dict(parsed(keys))
