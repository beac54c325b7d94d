"""The shape of task and group files.

The files are lm-eval's: every top-level key is one that lm-eval 0.4 knows, and what it has no key
for lies under `metadata.vecbench`.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


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


class TaskMetadata(_Strict):
    """`metadata.vecbench` of a task."""

    display: Text
    names: list[Text] = []
    group: Name
    noun: Literal["emotion", "sentiment"]
    labels: list[Text] = Field(min_length=2)
    aliases: dict[Text, list[Text]] = {}
    parents: dict[Text, list[Text]] = {}
    prompts: str | dict[str, Text]
    prompt: str = "standard"
    expected_n: Annotated[int | tuple[Count, Count] | None, NoFlag] = None
    data: str | None = None
    sources: list[Text] = []


class GroupMetadata(_Strict):
    """`metadata.vecbench` of a group."""

    display: Text


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
