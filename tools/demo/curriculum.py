"""The stages that the bundled model is trained in.

1. *Drawings*: the vision tower learns the keywords of emoji that carry no label in any task.
2. *Captions*: projector and decoder learn to write those of these keywords that labelled emoji have
   too, as LLaVA is first aligned on captions. Emoji without a label are in no test or held-out set, so the
   model and its cross-fitting folds share the first two stages.
3. *Labels*: linear heads teach the tower what `tools.demo.teacher`, fitted to the labelled emoji, says of
   pictures with and without a label, half of them mixed. Then the tower is frozen.
4. *Answers*: projector and decoder learn to write the reasons, and to expect of each label what the heads
   expect of it, on pictures with and without a label. The confidence's digits are random: that digits
   follow is all that is learnt of them.
5. *Confidences*: the decoder learns which confidence to write after its own answers.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
from torch.nn import functional
from transformers import LlavaForConditionalGeneration

from tools.demo.augmentation import augment, mix
from tools.demo.conversation import IGNORED, Conversation, Question
from tools.demo.examples import CONFIDENCES, LABELS, Example, Reasons, answer, caption, stack
from tools.demo.heads import Heads
from tools.demo.recipe import Recipe
from tools.demo.teacher import Teacher

DRAWING_RATE = 1e-3
WRITING_RATE = 2e-3
LABEL_RATE = 1e-3
CONFIDENCE_RATE = 1e-3
WEIGHT_DECAY = 0.05

REASON_WEIGHT = 0.3
"""Weight of a reason's token in the fourth stage; a tag's counts 1."""

WRONG_REASONS = 0.5
"""Share of answers in the fourth stage whose reasons are another picture's, not learnt themselves.

The reasons of a training emoji give it away. With right ones only, the decoder would learn which label
follows which words and never look at the picture; on an unseen emoji, one wrong word would then decide.
"""

LABEL_WEIGHT = 1.0
"""Weight of the label's own loss beside the mean of the other tokens' in the fourth stage."""

LABELLED_SHARE = 0.5
"""Share of pictures with a label in the fourth stage."""

DIGIT_WEIGHT = 0.1
"""Weight of the random digits in the fourth stage."""


class Draw:
    """Draws labelled examples: each emoji equally often, whatever its number of genders and skin tones.

    Args:
        examples: Labelled examples.
        seed: Seed of the order.
    """

    def __init__(self, examples: Sequence[Example], seed: int) -> None:
        groups: dict[tuple[str, str], list[Example]] = defaultdict(list)
        for example in examples:
            groups[example.task, example.emoji].append(example)
        self._groups = list(groups.values())
        self._random = random.Random(seed)

    def __call__(self, count: int) -> list[Example]:
        """Draws with replacement."""
        return [self._random.choice(self._random.choice(self._groups)) for _ in range(count)]


def train_drawings(
    model: LlavaForConditionalGeneration, heads: Heads, unlabelled: Sequence[Example], recipe: Recipe
) -> None:
    """Trains the vision tower in place on keywords: the first stage.

    Args:
        model: The model; only its vision tower changes.
        heads: Heads on this tower, trained with it.
        unlabelled: Pictures without a label.
        recipe: Steps, batch size and seed.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    shuffle = random.Random(recipe.seed)

    def loss() -> torch.Tensor:
        batch = shuffle.choices(unlabelled, k=recipe.drawing_batch)
        return heads.keyword_loss(batch, augment(stack(batch), generator))

    descend(model, [{"params": heads.parameters(), "lr": DRAWING_RATE}], recipe.drawing_steps, loss)


def train_captions(
    model: LlavaForConditionalGeneration,
    conversation: Conversation,
    unlabelled: Sequence[Example],
    reasons: Reasons,
    recipe: Recipe,
) -> None:
    """Trains projector and decoder in place to write keywords: the second stage.

    Args:
        model: The model.
        conversation: Encodes questions and answers.
        unlabelled: Pictures without a label; both tasks' prompts are put to them.
        reasons: Chooses the keywords to name.
        recipe: Steps, batch size and seed.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    shuffle = random.Random(recipe.seed)
    named = [example for example in unlabelled if reasons(example)]

    def loss() -> torch.Tensor:
        examples = shuffle.choices(named, k=recipe.writing_batch)
        pixels = augment(stack(examples), generator)
        questions = [Question(shuffle.choice(tuple(LABELS)), image) for image in pixels]
        batch = conversation.teach(questions, [caption(reasons(example)) for example in examples])
        return token_loss(answer_logits(model, batch), batch, torch.ones(batch["labels"].shape))

    _write(model, recipe.caption_steps, loss)


def train_labels(
    model: LlavaForConditionalGeneration,
    heads: Heads,
    unlabelled: Sequence[Example],
    labelled: Sequence[Example],
    recipe: Recipe,
) -> None:
    """Trains the vision tower in place on labels: the third stage.

    Args:
        model: The model; only its vision tower changes.
        heads: Heads on this tower, trained with it.
        unlabelled: Pictures without a label, a third of each batch.
        labelled: Pictures with a label.
        recipe: Steps, batch size and seed.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    shuffle, draw = random.Random(recipe.seed), Draw(labelled, recipe.seed)
    teacher = Teacher(labelled, generator)

    def loss() -> torch.Tensor:
        known = draw(recipe.drawing_batch * 2 // 3)
        batch = [*known, *shuffle.choices(unlabelled, k=recipe.drawing_batch - len(known))]
        shuffle.shuffle(batch)
        pixels = augment(stack(batch), generator)
        return heads.label_loss(mix(pixels, generator), teacher)

    descend(model, [{"params": heads.parameters(), "lr": LABEL_RATE}], recipe.label_steps, loss)


def train_answers(
    model: LlavaForConditionalGeneration,
    conversation: Conversation,
    heads: Heads,
    unlabelled: Sequence[Example],
    labelled: Sequence[Example],
    reasons: Reasons,
    recipe: Recipe,
) -> None:
    """Trains projector and decoder in place to write reasons and label: the fourth stage.

    Args:
        model: The model; its vision tower stays as it is.
        conversation: Encodes questions and answers.
        heads: What the tower has learnt, from the third stage.
        unlabelled: Pictures without a label.
        labelled: Pictures with a label.
        reasons: Chooses the keywords to name.
        recipe: Steps, batch size and seed.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    shuffle, draw = random.Random(recipe.seed), Draw(labelled, recipe.seed)
    tokenizer = conversation.tokenizer
    stated = torch.tensor(sorted({tokenizer.encode(text.removeprefix("0."))[0] for text in CONFIDENCES}))
    closing, opening = tokenizer.convert_tokens_to_ids(["</think>", "<answer>"])
    named = [example for example in unlabelled if reasons(example)]
    everything = [*named, *labelled]

    def loss() -> torch.Tensor:
        known = draw(round(recipe.writing_batch * LABELLED_SHARE))
        examples = [*known, *shuffle.choices(named, k=recipe.writing_batch - len(known))]
        pixels = augment(stack(examples), generator)
        tasks = [example.task or shuffle.choice(tuple(LABELS)) for example in examples]
        expected = {task: heads.distributions(task, pixels) for task in LABELS}
        misled = torch.tensor([shuffle.random() < WRONG_REASONS for _ in examples])
        answers = [
            answer(
                reasons(shuffle.choice(everything) if wrong else example),
                LABELS[task][int(expected[task][row].argmax())],
                shuffle.choice(CONFIDENCES),
            )
            for row, (example, task, wrong) in enumerate(zip(examples, tasks, misled.tolist(), strict=True))
        ]
        batch = conversation.teach(
            [Question(task, image) for task, image in zip(tasks, pixels, strict=True)], answers
        )
        reasoning = (batch["labels"] == closing).flip(1).cumsum(1).flip(1) > 0
        weights = torch.where(reasoning, REASON_WEIGHT, 1.0)
        weights[torch.isin(batch["labels"], stated)] = DIGIT_WEIGHT
        weights[reasoning & misled[:, None]] = 0.0
        # The label's place has a loss of its own: all labels' probabilities are to be those of the heads.
        place = torch.zeros_like(reasoning)
        place[:, 1:] = batch["labels"][:, :-1] == opening
        weights[place] = 0.0
        logits = answer_logits(model, batch)
        written = logits[place[:, -logits.shape[1] :]].log_softmax(dim=1)
        targets = torch.zeros_like(written)
        for row, task in enumerate(tasks):
            targets[row, conversation.label_tokens[task]] = expected[task][row]
        return token_loss(logits, batch, weights) - LABEL_WEIGHT * (targets * written).sum(dim=1).mean()

    _write(model, recipe.answer_steps, loss)


def train_confidences(
    model: LlavaForConditionalGeneration,
    conversation: Conversation,
    questions: Sequence[Question],
    answers: Sequence[str],
    recipe: Recipe,
) -> None:
    """Trains the decoder in place to write the confidence that its own answers deserve: the fifth stage.

    The tower and the projector stay as they are. Up to the confidence the decoder is held to what it said
    before, so that the answers do not drift away from what their confidence was measured on.

    Args:
        model: The model.
        conversation: Encodes questions and answers.
        questions: Pictures and tasks.
        answers: The model's own answers to them, with the confidence that it should have stated.
        recipe: Steps, batch size and seed.
    """
    shuffle = random.Random(recipe.seed)
    tokenizer = conversation.tokenizer
    opening = tokenizer.convert_tokens_to_ids("<confidence>")
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    kept = [parameter.detach().clone() for parameter in _decoder(model)]

    def loss() -> torch.Tensor:
        chosen = shuffle.choices(range(len(questions)), k=recipe.writing_batch)
        batch = conversation.teach(
            [questions[place] for place in chosen], [answers[place] for place in chosen]
        )
        labels = batch["labels"]
        confident = (labels == opening).cumsum(1) > 0
        before = answer_logits(model, batch, kept)
        after = answer_logits(model, batch)
        width = after.shape[1]
        targets, confident = labels[:, -width:], confident[:, -width:]
        error = functional.cross_entropy(
            after.transpose(1, 2), targets, reduction="none", ignore_index=IGNORED
        )
        drift = functional.kl_div(
            after.log_softmax(dim=2), before.log_softmax(dim=2), log_target=True, reduction="none"
        ).sum(dim=2)
        earlier = (targets != IGNORED) & ~confident
        return error[confident].mean() + drift[earlier].mean()

    for parameter in _decoder(model):
        parameter.requires_grad_(True)
    groups = [{"params": _decoder(model), "lr": CONFIDENCE_RATE}]
    descend(model, groups, recipe.confidence_steps, loss)
    for parameter in model.parameters():
        parameter.requires_grad_(True)


def answer_logits(
    model: LlavaForConditionalGeneration,
    batch: dict[str, torch.Tensor],
    decoder: Sequence[torch.Tensor] | None = None,
) -> torch.Tensor:
    """The model's scores for the answer's tokens.

    Args:
        model: The model.
        batch: A batch of `Conversation.teach`.
        decoder: Weights to put in place of the decoder's for this once; no gradient then.

    Returns:
        float, shape (batch, answer tokens, vocabulary).
    """
    width = int((batch["labels"] != IGNORED).any(dim=0).sum())
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "pixel_values")}
    if decoder is None:
        return model(**inputs, logits_to_keep=width + 1, use_cache=False).logits[:, :-1]
    names = [name for name, _ in model.named_parameters() if not name.startswith(_EYE)]
    with torch.no_grad():
        output = torch.func.functional_call(
            model,
            dict(zip(names, decoder, strict=True)),
            kwargs={**inputs, "logits_to_keep": width + 1, "use_cache": False},
        )
    return output.logits[:, :-1]


def token_loss(
    logits: torch.Tensor,
    batch: dict[str, torch.Tensor],
    weights: torch.Tensor,
) -> torch.Tensor:
    """Weighted cross-entropy of the answer's tokens.

    Args:
        logits: Scores from `answer_logits`.
        batch: A batch of `Conversation.teach`.
        weights: Weight of each token, float, shape (batch, tokens).

    Returns:
        The mean over the tokens that count, a scalar.
    """
    width = logits.shape[1]
    labels = batch["labels"][:, -width:]
    weights = weights[:, -width:] * (labels != IGNORED)
    error = functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none", ignore_index=IGNORED)
    return (error * weights).sum() / weights.sum()


_EYE = ("model.vision_tower.", "model.multi_modal_projector.")


def _decoder(model: LlavaForConditionalGeneration) -> list[torch.nn.Parameter]:
    return [parameter for name, parameter in model.named_parameters() if not name.startswith(_EYE)]


def _write(model: LlavaForConditionalGeneration, steps: int, loss: Callable[[], torch.Tensor]) -> None:
    """Trains projector and decoder and keeps the tower as it is."""
    tower = model.model.vision_tower.requires_grad_(False)
    writer = [*model.model.multi_modal_projector.parameters(), *_decoder(model)]
    descend(model, [{"params": writer, "lr": WRITING_RATE}], steps, loss)
    tower.requires_grad_(True)


def descend(
    model: LlavaForConditionalGeneration,
    groups: list[dict[str, object]],
    steps: int,
    loss: Callable[[], torch.Tensor],
) -> None:
    """Minimises a loss with AdamW: a tenth of the steps to warm up, then down along a cosine."""
    model.train()
    optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
    rates = [group["lr"] for group in groups]
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rates, total_steps=max(steps, 20), pct_start=0.1
    )
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
    model.eval()
