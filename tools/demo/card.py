"""The bundled model's card, with its figures on the test pictures.

Run as `python -m tools.demo.card`, once, after training: it is the only place where the model meets the
test pictures before somebody evaluates it. Nothing is chosen by what it finds. Run again, it
renders the card from the figures that there are.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jinja2

from tools.demo import checkpoint
from tools.demo.conversation import Conversation, question_of
from tools.demo.examples import LABELS, Example, read_pixels, read_prompts
from tools.demo.figures import Figures, measure
from tools.demo.training import PROFILE, REPORT

TASKS = {"emoji_2": "emoji_2", "emoji_7": "emoji_7", "fluent_7": "emoji_7"}
"""The task whose prompt and labels each test task shares."""

_COLUMNS = {
    "rows": "rows",
    "format": "valid format",
    "accuracy": "accuracy",
    "majority": "majority class",
    "chance": "uniform chance",
    "confidence": "mean confidence",
    "confidences": "distinct confidences",
    "auroc_confidence": "AUROC of the confidence",
}

_BEFORE_CONFIDENCES = {
    **{name: _COLUMNS[name] for name in ("rows", "format", "accuracy", "majority", "chance")},
    "accuracy_by_emoji": "accuracy, each emoji counted once",
    "auroc_certainty": "AUROC of the label's probability",
}
"""Before the last stage the stated confidences are random, and the label's probability is what there is."""

_CARD = """\
---
license: apache-2.0
library_name: transformers
pipeline_tag: image-text-to-text
---

# vecbench-nano

A LLaVA of {{ parameters }} parameters (CLIP vision tower, projector, Llama decoder) that looks at 64-pixel
emoji, names a few keywords, answers with a label and states a confidence. It comes with vecbench so that the
whole path from picture to report can be tried without a download or an accelerator. **It demonstrates the
tool and ranks nothing**: it knows no photographs, and no prompt but the `standard` profile of the demo tasks.

## Data

Trained on the training part of the demo's Noto (Apache-2.0) and Twemoji (CC-BY 4.0) emoji, with labels
derived from emoji-emotion (MIT) and the CLDR keywords in emojibase-data (MIT). `tasks/demo/data/NOTICE` has
sources, versions, authors and the labelling rule. Fluent emoji (MIT) are used for testing only, and no test
emoji is in training in any task, artwork, gender or skin tone. The weights are under Apache-2.0.

## Training

```
python -m tools.demo.dataset --packages build/packages
python -m tools.demo.training --training build/demo --output vecbench/checkpoints/vecbench-nano
python -m tools.demo.card --model vecbench/checkpoints/vecbench-nano
```

Took {{ report.minutes }} minutes on {{ report.threads }} CPU threads, seed {{ report.recipe.seed
}}. The vision tower and then the decoder learn
the keywords of emoji without a label. The tower then learns what a linear classifier on edges and colours,
fitted to the labelled emoji, says of changed and mixed pictures; the decoder learns to answer what the tower
has learnt. Last comes the confidence. Its targets are learnt from held-out correctness: {{
report.recipe.folds }} models, each
trained without a part of the training emoji, answer that part; a logistic curve per task maps the
probability of a label to how often such answers were right; the model then learns to write that number,
rounded to 0.05, after answers of its own.

The settings were chosen by cross-fitting on the training and validation emoji, and both are trained on.

## Figures

Test pictures, measured once, after all settings were fixed:

{{ table(report.test) }}

Cross-fitting on the training emoji (each answered by a model that had not seen it, before the last stage):

{{ early_table(report.cross_fitting) }}
{% if report.validation %}
Validation emoji, by the same recipe trained without them; this is what settings were chosen on:

{{ table(report.validation) }}
{% endif %}

Accuracy counts pictures, several of which may show one emoji. There are few of them: the 95 %
interval of a test accuracy is about ±0.08 in the in-domain tasks and ±0.12 in `fluent_7`, pictures of one
emoji taken as independent.
"""


def table(figures: Mapping[str, Mapping[str, float]], titles: Mapping[str, str] = _COLUMNS) -> str:
    """Renders figures as a Markdown table.

    Args:
        figures: Figure by name by task, as `measure` returns them.
        titles: Title by name of the figures to show, in order.

    Returns:
        One line per figure, one column per task; figures that no task has are left out.
    """
    lines = ["| |" + "".join(f" {task} |" for task in figures), "|---|" + "---:|" * len(figures)]
    for name, title in titles.items():
        values = [
            1 / len(LABELS[TASKS[task]]) if name == "chance" else of_task.get(name)
            for task, of_task in figures.items()
        ]
        if any(value is not None for value in values):
            cells = (
                "-"
                if value is None
                else f"{value:.0f}"
                if name in ("rows", "confidences")
                else f"{value:.3f}"
                for value in values
            )
            lines.append(f"| {title} |" + "".join(f" {cell} |" for cell in cells))
    return "\n".join(lines)


def render(report: Mapping[str, Any], parameters: int) -> str:
    """Renders the card.

    Args:
        report: What training wrote to `REPORT`, with the figures of the test pictures as `test`.
        parameters: Number of the model's weights.

    Returns:
        Markdown.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, keep_trailing_newline=True
    )
    environment.globals |= {"table": table, "early_table": partial(table, titles=_BEFORE_CONFIDENCES)}
    return environment.from_string(_CARD).render(report=report, parameters=f"{parameters / 1e6:.2f} million")


def measure_test(model: Path, data: Path, prompts: Path) -> Figures:
    """Puts the test pictures to the saved model.

    Args:
        model: The model's folder.
        data: Folder with `samples.csv` and `images`.
        prompts: The prompt profiles.

    Returns:
        Figures by task.
    """
    examples = []
    with (data / "samples.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            pixels = read_pixels(data, row["image"])
            examples.append(Example(row["task"], row["label"], row["emoji"], "test", (), pixels))
    weights, processor = checkpoint.load(model)
    conversation = Conversation(processor, read_prompts(prompts)[PROFILE])
    questions = [question_of(example, TASKS[example.task]) for example in examples]
    return measure(examples, conversation.ask(weights, questions))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line.

    Args:
        arguments: Command-line arguments; the process's own by default.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.demo.card", description=__doc__)
    parser.add_argument(
        "--model", type=Path, default=Path("vecbench/checkpoints/vecbench-nano"), help="the model's folder"
    )
    parser.add_argument("--data", type=Path, default=Path("tasks/demo/data"), help="test data")
    parser.add_argument("--prompts", type=Path, default=Path("tasks/prompts.yaml"), help="prompt profiles")
    options = parser.parse_args(arguments)
    report = json.loads((options.model / REPORT).read_text(encoding="utf-8"))
    if "test" not in report:
        report["test"] = measure_test(options.model, options.data, options.prompts)
    (options.model / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    parameters = checkpoint.count_parameters(options.model)
    (options.model / "README.md").write_text(render(report, parameters), encoding="utf-8")
    print(json.dumps(report["test"], indent=1))


if __name__ == "__main__":
    main()
