"""Short task files, which vecbench reads alone, and the full form that lm-eval reads too.

A short file says the task, its version and what lies under `metadata.vecbench`; the rest is the same for
all of them. Here it stands as the text that is appended to a short file, and that is also what vecbench takes
a short file to say: both forms are one task, with one hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from vecbench.tasks.schema import TaskFile
from vecbench.tasks.task import without_prefix
from vecbench.tasks.yaml_file import YamlFile, inline, parsed

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
