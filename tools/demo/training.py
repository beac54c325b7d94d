"""Trains the bundled model, `vecbench-nano`, from the demo's training pictures.

Run as `python -m tools.demo.training --training build/demo --output vecbench/checkpoints/vecbench-nano` after
`tools.demo.dataset`. Everything random is seeded; the test pictures are not read. With
`--holdout` the validation emoji are kept out of training and measured instead: that is how the settings in
`Recipe` were chosen. Without it, the validation emoji are trained on as well, and only cross-fitting tells
how the model does on emoji that it has not seen.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

import torch
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from tools.demo import checkpoint
from tools.demo.architecture import build_model, build_processor
from tools.demo.augmentation import augment
from tools.demo.calibration import Calibration, Observation
from tools.demo.conversation import Conversation, Question, Response, question_of
from tools.demo.curriculum import (
    train_answers,
    train_captions,
    train_confidences,
    train_drawings,
    train_labels,
)
from tools.demo.examples import LABELS, Example, Reasons, corpus, read_examples, read_prompts, stack
from tools.demo.figures import Figures, measure
from tools.demo.heads import Heads, keyword_vocabulary
from tools.demo.recipe import Recipe
from tools.demo.tokenizer import build_tokenizer
from vecbench.errors import RunError

Result = TypeVar("Result")

PROFILE = "standard"
"""The prompt profile that the model is trained on."""

REPORT = "training.json"
"""File in the model's folder with the recipe, the time it took and the figures."""


@dataclass(frozen=True)
class Groundwork:
    """What the first two stages came to, for the runs that build on it.

    Attributes:
        weights: The model's weights.
        heads: The heads' weights.
        vocabulary: Keywords that the heads know.
        conversation: Encodes questions and answers.
        reasons: Chooses the keywords to name.
        unlabelled: Pictures without a label.
        recipe: Steps, batch sizes and seed.
    """

    weights: dict[str, torch.Tensor]
    heads: dict[str, torch.Tensor]
    vocabulary: Sequence[str]
    conversation: Conversation
    reasons: Reasons
    unlabelled: Sequence[Example]
    recipe: Recipe


@dataclass
class Trainer:
    """One training run.

    Args:
        examples: Labelled and unlabelled pictures.
        prompts: Prompt by task by profile.
        recipe: Steps, batch sizes and seed.

    Attributes:
        seconds: Wall time by stage.
        processor: The model's processor.
        conversation: Encodes questions and answers.
    """

    examples: Sequence[Example]
    prompts: dict[str, dict[str, str]]
    recipe: Recipe
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        torch.manual_seed(self.recipe.seed)
        self.unlabelled = [example for example in self.examples if not example.task]
        labelled = [example for example in self.examples if example.task]
        self.reasons = Reasons(labelled)
        self.vocabulary = keyword_vocabulary(self.examples)
        tokenizer = build_tokenizer(corpus(self.prompts, labelled, self.reasons))
        self.processor: LlavaProcessor = build_processor(tokenizer)
        self.conversation = Conversation(self.processor, self.prompts[PROFILE])

    def train(self, labelled: Sequence[Example]) -> tuple[LlavaForConditionalGeneration, Figures]:
        """Runs all stages.

        Args:
            labelled: The labelled pictures to train on.

        Returns:
            The model, and the figures of cross-fitting: how models that had not seen an emoji answered it.
        """
        model = build_model(self.processor.tokenizer)
        heads = Heads(model, self.vocabulary)
        self._timed("drawings", train_drawings, model, heads, self.unlabelled, self.recipe)
        self._timed(
            "captions", train_captions, model, self.conversation, self.unlabelled, self.reasons, self.recipe
        )
        groundwork = Groundwork(
            model.state_dict(),
            heads.layers.state_dict(),
            self.vocabulary,
            self.conversation,
            self.reasons,
            self.unlabelled,
            self.recipe,
        )
        weights, observed, figures = self._timed("answers", self._cross_fit, groundwork, labelled)
        model.load_state_dict(weights)
        print(json.dumps(figures, indent=1), flush=True)
        questions, answers = self._confident(model, labelled, Calibration(observed))
        self._timed(
            "confidences", train_confidences, model, self.conversation, questions, answers, self.recipe
        )
        return model, figures

    def _cross_fit(
        self, groundwork: Groundwork, labelled: Sequence[Example]
    ) -> tuple[dict[str, torch.Tensor], list[Observation], Figures]:
        """Teaches answers on all labelled pictures, and once without each fold to answer that fold's.

        The runs are independent. Each has a thread of its own, which uses the cores better than one run
        on all of them would.
        """
        folds = range(self.recipe.folds)
        held_out = [[one for one in labelled if fold_of(one.emoji, len(folds)) == fold] for fold in folds]
        rest = [[one for one in labelled if fold_of(one.emoji, len(folds)) != fold] for fold in folds]
        context = multiprocessing.get_context("spawn")
        workers = min(torch.get_num_threads(), len(folds) + 1)
        with ProcessPoolExecutor(workers, context, torch.set_num_threads, (1,)) as pool:
            whole = pool.submit(learn_answers, groundwork, labelled, [])
            parts = [
                pool.submit(learn_answers, groundwork, *pair) for pair in zip(rest, held_out, strict=True)
            ]
            responses = [response for part in parts for response in part.result()[1]]
            weights = whole.result()[0]
        examples = [example for fold in held_out for example in fold]
        observed = [
            Observation(example.task, example.emoji, response.certainty, response.label == example.label)
            for example, response in zip(examples, responses, strict=True)
            if response.label
        ]
        return weights, observed, measure(examples, responses)

    def _confident(
        self, model: LlavaForConditionalGeneration, labelled: Sequence[Example], calibration: Calibration
    ) -> tuple[list[Question], list[str]]:
        """Questions, the model's answers to them, and in these the confidence that calibration asks for.

        The model knows the labelled pictures by heart and would be certain of nearly all of them. Pictures
        without a label, which it must guess at, fill the rest of the scale. No label is needed: the
        confidence follows from the certainty of the answer, whatever it is.
        """
        generator = torch.Generator().manual_seed(self.recipe.seed + 1)
        pool = [*labelled, *self.unlabelled]
        weights = torch.tensor(
            [1 / len(labelled)] * len(labelled) + [1 / len(self.unlabelled)] * len(self.unlabelled)
        )
        count = self.recipe.confidence_questions
        places = torch.multinomial(weights, count, replacement=True, generator=generator).tolist()
        pixels = augment(stack([pool[place] for place in places]), generator)
        tasks = torch.randint(len(LABELS), (count,), generator=generator).tolist()
        questions = [Question(tuple(LABELS)[task], image) for task, image in zip(tasks, pixels, strict=True)]
        kept, answers = [], []
        for question, response in zip(questions, self.conversation.ask(model, questions), strict=True):
            if response.label:
                stated = calibration.confidence(question.task, response.certainty)
                kept.append(question)
                answers.append(
                    response.text.rpartition("<confidence>")[0] + f"<confidence>{stated}</confidence>"
                )
        if not kept:
            raise RunError("the model does not answer in the format yet", "Train it for more steps.")
        return kept, answers

    def _timed(self, stage: str, work: Callable[..., Result], *arguments: object) -> Result:
        start = time.monotonic()
        result = work(*arguments)
        self.seconds[stage] = round(time.monotonic() - start, 1)
        print(f"{stage}: {self.seconds[stage]:.0f} s", flush=True)
        return result


def learn_answers(
    groundwork: Groundwork, labelled: Sequence[Example], held_out: Sequence[Example]
) -> tuple[dict[str, torch.Tensor], list[Response]]:
    """One run of the third and the fourth stage, in a process of its own.

    Args:
        groundwork: What the first two stages came to.
        labelled: Pictures to learn.
        held_out: Pictures to answer afterwards.

    Returns:
        The weights, and the answers to the pictures held out.
    """
    recipe, unlabelled = groundwork.recipe, groundwork.unlabelled
    model = build_model(groundwork.conversation.tokenizer)
    model.load_state_dict(groundwork.weights)
    heads = Heads(model, groundwork.vocabulary)
    heads.layers.load_state_dict(groundwork.heads)
    train_labels(model, heads, unlabelled, labelled, recipe)
    train_answers(model, groundwork.conversation, heads, unlabelled, labelled, groundwork.reasons, recipe)
    questions = [question_of(example) for example in held_out]
    return model.state_dict(), groundwork.conversation.ask(model, questions)


def fold_of(emoji: str, folds: int) -> int:
    """The cross-fitting fold of an emoji, the same in every task."""
    return int(hashlib.sha256(f"fold {emoji}".encode()).hexdigest(), 16) % folds


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line.

    Args:
        arguments: Command-line arguments; the process's own by default.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.demo.training", description=__doc__)
    parser.add_argument("--training", type=Path, default=Path("build/demo"), help="training data")
    parser.add_argument("--prompts", type=Path, default=Path("tasks/prompts.yaml"), help="prompt profiles")
    parser.add_argument(
        "--output", type=Path, default=Path("vecbench/checkpoints/vecbench-nano"), help="where to save"
    )
    parser.add_argument(
        "--holdout", action="store_true", help="train on the training split, measure validation"
    )
    parser.add_argument(
        "--validation", type=Path, help="report of a run with --holdout, to quote in this one's"
    )
    parser.add_argument("--share", type=float, default=1.0, help="share of the steps, for a quick trial")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    start = time.monotonic()
    examples = read_examples(options.training)
    recipe = Recipe(seed=options.seed).scaled(options.share)
    trainer = Trainer(examples, read_prompts(options.prompts), recipe)
    splits = {"train"} if options.holdout else {"train", "validation"}
    model, figures = trainer.train([example for example in examples if example.split in splits])
    minutes = (time.monotonic() - start) / 60
    checkpoint.save(model, trainer.processor, options.output)
    report: dict[str, object] = {
        "recipe": asdict(recipe),
        "minutes": round(minutes, 1),
        "seconds": trainer.seconds,
        "threads": torch.get_num_threads(),
        "cross_fitting": figures,
        "validation": json.loads(options.validation.read_text())["validation"] if options.validation else {},
    }
    if options.holdout:
        # What is saved is measured, rounded to bfloat16.
        saved, _ = checkpoint.load(options.output)
        held_out = [example for example in examples if example.split == "validation"]
        questions = [question_of(example) for example in held_out]
        report["validation"] = measure(held_out, trainer.conversation.ask(saved, questions))
    text = json.dumps(report, indent=1)
    (options.output / REPORT).write_text(f"{text}\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
