"""The bundled model's inputs and outputs: batches to train on, and greedy answers with what they rest on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from tools.demo.architecture import IMAGE_SIZE
from tools.demo.augmentation import normalise_pixels
from tools.demo.examples import LABELS, Example

IGNORED = -100
"""Target of a token that is not learnt, as torch's cross-entropy has it."""

ANSWER = re.compile(r"<think>[^<]+</think><answer>([^<]+)</answer><confidence>(0\.\d\d)</confidence>")
"""A complete answer, with its label and its confidence."""

BATCH = 128
"""Pictures answered at a time."""


@dataclass(frozen=True)
class Question:
    """A picture and the task it is asked about.

    Attributes:
        task: One of `LABELS`.
        pixels: uint8, or float in 0…1; shape (3, IMAGE_SIZE, IMAGE_SIZE).
    """

    task: str
    pixels: torch.Tensor


@dataclass(frozen=True)
class Response:
    """What the model said.

    Attributes:
        text: The whole answer without special tokens.
        label: The label in it; empty if the answer is malformed or names no label of the task.
        confidence: The stated confidence (0…1); none if the answer is malformed.
        certainty: Probability of the label among the task's labels (0…1) where it was written.
    """

    text: str
    label: str
    confidence: float | None
    certainty: float


def question_of(example: Example, task: str = "") -> Question:
    """The question that an example asks.

    Args:
        example: A picture.
        task: The task to ask about; the example's own by default.

    Returns:
        The question, with the picture as it is.
    """
    return Question(task or example.task, torch.from_numpy(example.pixels))


class Conversation:
    """Turns questions and answers into tensors and back.

    Args:
        processor: The model's processor.
        prompts: Prompt by task.

    Attributes:
        tokenizer: The processor's tokenizer.
        label_tokens: First token of each label, by task, in the order of the task's labels.
    """

    def __init__(self, processor: LlavaProcessor, prompts: dict[str, str]) -> None:
        self.tokenizer = processor.tokenizer
        blank = Image.new("RGB", (IMAGE_SIZE, IMAGE_SIZE))
        self._prompts: dict[str, list[int]] = {}
        for task, prompt in prompts.items():
            content = [{"type": "image"}, {"type": "text", "text": prompt}]
            text = processor.apply_chat_template(
                [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
            )
            # The processor repeats the image token once per patch.
            self._prompts[task] = processor(images=blank, text=text)["input_ids"][0]
        self.label_tokens = {
            task: [self.tokenizer.encode(label, add_special_tokens=False)[0] for label in LABELS[task]]
            for task in prompts
        }

    def teach(self, questions: Sequence[Question], answers: Sequence[str]) -> dict[str, torch.Tensor]:
        """Makes a training batch.

        Args:
            questions: The pictures and tasks.
            answers: What to answer to each.

        Returns:
            `input_ids`, `attention_mask` and `labels`, each of shape (batch, tokens), and `pixel_values` of
            shape (batch, 3, IMAGE_SIZE, IMAGE_SIZE). Labels are `IGNORED` before the answer; answers start in
            the same column and end with the end token.
        """
        tokenizer = self.tokenizer
        width = max(len(self._prompts[question.task]) for question in questions)
        encoded = [
            [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id] for text in answers
        ]
        length = width + max(map(len, encoded))
        tokens = torch.full((len(questions), length), tokenizer.pad_token_id)
        mask = torch.zeros_like(tokens)
        labels = torch.full_like(tokens, IGNORED)
        for row, (question, answer) in enumerate(zip(questions, encoded, strict=True)):
            prompt = self._prompts[question.task]
            start, end = width - len(prompt), width + len(answer)
            tokens[row, start:end] = torch.tensor(prompt + answer)
            mask[row, start:end] = 1
            labels[row, width:end] = torch.tensor(answer)
        return {
            "input_ids": tokens,
            "attention_mask": mask,
            "labels": labels,
            "pixel_values": normalise_pixels(torch.stack([question.pixels for question in questions])),
        }

    def ask(self, model: LlavaForConditionalGeneration, questions: Sequence[Question]) -> list[Response]:
        """Lets the model answer, greedily.

        Args:
            model: The model; left in evaluation mode.
            questions: The pictures and tasks.

        Returns:
            One response per question, in order.
        """
        model.eval()
        responses = []
        for first in range(0, len(questions), BATCH):
            with torch.inference_mode():
                responses += self._ask_batch(model, questions[first : first + BATCH])
        return responses

    def _ask_batch(
        self, model: LlavaForConditionalGeneration, questions: Sequence[Question]
    ) -> list[Response]:
        batch = self.teach(questions, [""] * len(questions))
        # Without the end token that an empty answer consists of.
        inputs = {name: batch[name][:, :-1] for name in ("input_ids", "attention_mask")}
        output = model.generate(
            **inputs,
            pixel_values=batch["pixel_values"].to(model.dtype),
            return_dict_in_generate=True,
            output_logits=True,
        )
        written = output.sequences[:, inputs["input_ids"].shape[1] :]
        logits = torch.stack(output.logits, dim=1).float()
        texts = self.tokenizer.batch_decode(written, skip_special_tokens=True)
        opening = self.tokenizer.convert_tokens_to_ids("<answer>")
        return [
            self._read(question, text, tokens, scores, opening)
            for question, text, tokens, scores in zip(questions, texts, written, logits, strict=True)
        ]

    def _read(
        self, question: Question, text: str, tokens: torch.Tensor, scores: torch.Tensor, opening: int
    ) -> Response:
        match = ANSWER.fullmatch(text)
        if match is None or match[1] not in LABELS[question.task]:
            return Response(text, "", None, 0.0)
        place = int((tokens == opening).nonzero()[0]) + 1
        shares = scores[place, self.label_tokens[question.task]].softmax(dim=0)
        certainty = shares[LABELS[question.task].index(match[1])].item()
        return Response(text, match[1], float(match[2]), float(np.clip(certainty, 0.0, 1.0)))
