"""The card of a dataset of predictions: README.md, with what the Hub reads of it at the top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from vecbench.escaping import in_markdown
from vecbench.report.reading import reading_markdown
from vecbench.report.tables import markdown_table, markdown_text
from vecbench.scoring import CompleteScores
from vecbench.store import Manifest
from vecbench.tasks import Catalogue

CARD = "README.md"
TAGS = ("vecbench", "evaluation", "calibration", "emotion-recognition")

_COLUMNS = {
    "target, answer": "the true answer, and the one that was read of the response; null where none was",
    "answer_status, confidence_status": "how they were read, or why not",
    "confidence": "that the answer is right, as the model states it, in [0, 1]",
    "correct": "whether the answer is right; one that was not read is not",
    "candidates": "the closed list that was asked with",
    "images, image_sha256": "path inside the data, and hash of the file; no picture is in this dataset",
    "prompt_sha256": "hash of the prompt",
    "response, reasoning": "the model's texts",
}


@dataclass(frozen=True)
class Config:
    """One task's predictions.

    Attributes:
        task: Its id, and the configuration's name.
        path: Of the Parquet in the repository.
        n: Rows.
        size: Bytes of the file.
        features: Of its columns.
    """

    task: str
    path: str
    n: int
    size: int
    features: Sequence[Mapping[str, Any]]


def card_text(
    complete: CompleteScores,
    manifest: Manifest,
    configs: Sequence[Config],
    repository: str,
    catalogue: Catalogue,
    *,
    texts: bool,
    licence: str | None,
) -> str:
    """The text of the card."""
    scores = complete.scores
    name, revision = in_markdown(manifest.model.name), in_markdown(manifest.model.revision)
    parts = [
        f"---\n{yaml.safe_dump(_metadata(manifest, configs, licence), sort_keys=False)}---\n",
        f"# What {name} answered\n",
        f"Answers of {name}, revision {revision}, to questions about images, and how sure it said that it "
        "was, as vecbench read and scored them.\n",
        markdown_table(scores, intervals=True),
        reading_markdown(complete.reading),
        _metrics(complete),
        "".join(f"- {in_markdown(note)}\n" for note in scores.notes),
        "## Rows\n",
        _loading(repository, configs),
        markdown_text(
            ("column", "what it says"),
            ((column, said) for column, said in _COLUMNS.items() if texts or column != "response, reasoning"),
            ":--",
        ),
        "`scores.json` has every metric with its interval, `run.json` the settings of the run.\n",
        f"## Versions\n\n{_versions(manifest, configs)}\n",
        "## Rights\n\nThe rows hold sample ids, labels and image paths of the benchmarks, whose licences "
        "hold for them. Neither images nor prompts are here.\n",
        "## For the card of the model\n",
        f"```yaml\n{_model_index(complete, manifest, configs, catalogue)}```\n",
    ]
    return "\n".join(part for part in parts if part)


def _metrics(complete: CompleteScores) -> str:
    """How to read the table: what each of its columns is, as the metric is declared."""
    rows = [*complete.scores.tasks.values()]
    shown = {metric.key: metric for each in rows for metric in each.scored_by if metric.shown != "asked"}
    said = ((metric.heading, metric.description, metric.better or "") for metric in shown.values())
    return markdown_text(("column", "what it is", "better"), said, ":--")


def _loading(repository: str, configs: Sequence[Config]) -> str:
    task = configs[0].task if configs else ""
    call = f'load_dataset("{repository}", "{task}", split="test")'
    return f"```python\nfrom datasets import load_dataset\n\nrows = {call}.to_pandas()\n```\n"


def _versions(manifest: Manifest, configs: Sequence[Config]) -> str:
    engine = manifest.engine.name if manifest.engine else "unknown"
    said = {
        "Tasks": ", ".join(f"{each.task} {manifest.tasks[each.task].version}" for each in configs),
        "Engine": engine,
        "Prompts": ", ".join(sorted(set(manifest.profiles().values()))),
        "Seed": f"{manifest.seed}; repeats: {manifest.repeats}",
        "Software": ", ".join(f"{name} {version}" for name, version in manifest.packages.items()),
    }
    return "  \n".join(f"{name}: {in_markdown(text)}" for name, text in said.items())


def _metadata(manifest: Manifest, configs: Sequence[Config], licence: str | None) -> dict[str, Any]:
    """What the Hub reads: a configuration a task."""
    said: dict[str, Any] = {} if licence is None else {"license": licence}
    return said | {
        "pretty_name": f"What {manifest.model.name} answered",
        "tags": list(TAGS),
        "configs": [
            {"config_name": each.task, "data_files": [{"split": "test", "path": each.path}]}
            for each in configs
        ],
        "dataset_info": [
            {
                "config_name": each.task,
                "features": [dict(feature) for feature in each.features],
                "splits": [{"name": "test", "num_examples": each.n, "num_bytes": each.size}],
                "download_size": each.size,
                "dataset_size": each.size,
            }
            for each in configs
        ],
    }


def _model_index(
    complete: CompleteScores, manifest: Manifest, configs: Sequence[Config], catalogue: Catalogue
) -> str:
    """The metrics that tables show, as a model's card declares results: a dataset's has no place for them."""
    from huggingface_hub import EvalResult
    from huggingface_hub.repocard_data import eval_results_to_model_index

    results = []
    for each in configs:
        rows = complete.scores.tasks.get(each.task)
        known = catalogue.tasks.get(each.task)
        for metric in rows.scored_by if rows else ():
            score = rows.metrics.get(metric.key) if rows else None
            if metric.shown != "asked" and score is not None and score.value is not None:
                results.append(
                    EvalResult(
                        task_type="image-text-to-text",
                        dataset_type=each.task,
                        dataset_name=known.display if known else each.task,
                        metric_type=metric.key,
                        metric_name=metric.heading,
                        metric_value=score.value,
                    )
                )
    if not results:
        return "model-index: []\n"
    index = eval_results_to_model_index(manifest.model.name, results)
    return yaml.safe_dump({"model-index": index}, sort_keys=False)
