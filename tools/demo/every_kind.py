"""Teaches a copy of the bundled model the demo's further questions: `vecbench-nano-all`.

Run as `python -m tools.demo.every_kind --training build/demo --packages packages` after
`tools.demo.training`. The test pictures are not read. The bundled model is its own teacher: what it says of a
training picture, with the confidence that it was taught by cross-fitting, is taken for the probabilities of
the picture's labels, and the answers to statements, pairs, orders and ratings follow from these by Bayes'
rule, confidence included. The labels of the pictures are not used again; only the ratings are, for a linear
map from probabilities to ratings. Projector and decoder learn these answers, and to answer the old questions
as before; the vision tower stays.
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import Ridge
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from tools.demo import checkpoint
from tools.demo.architecture import IMAGE_SIZE
from tools.demo.augmentation import augment, normalise_pixels
from tools.demo.conversation import ANSWER, IGNORED
from tools.demo.curriculum import answer_logits, descend, token_loss
from tools.demo.examples import CONFIDENCES, LABELS, Example, read_examples, stack
from tools.demo.labels import EMOTIONS, SENTIMENTS, read_polarities
from tools.demo.packages import EMOTION, fetch, read_members
from tools.demo.questions import LETTERS, PLACES, RANKED, question_of_pair, statement_of
from vecbench.samples import Sample
from vecbench.tasks import Catalogue, load_catalogue
from vecbench.tasks.prompts import render_prompt

STEPS = 2000
RATE = 1e-3
BATCH = 24
PICTURES = 4096
"""So many augmented pictures are asked about."""

OLD_SHARE = 0.25
"""Share of the old questions in a batch."""

RATINGS = range(-5, 6)
DRAWS = 400
"""Draws of four ratings, for the confidence in the first of an order."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """What the bundled model says of a picture.

    Attributes:
        pixels: float in 0…1, shape (3, IMAGE_SIZE, IMAGE_SIZE).
        said: Its whole answer, by old task.
        shares: Probabilities of the labels, by old task; their largest is the stated confidence.
        rating: The rating that is expected of it.
    """

    pixels: torch.Tensor
    said: Mapping[str, str]
    shares: Mapping[str, Array]
    rating: float


@dataclass(frozen=True)
class Lesson:
    """A prompt, the pictures it is put to, and what to answer."""

    prompt: str
    pixels: tuple[torch.Tensor, ...]
    answer: str


class Prompts:
    """The prompts of the tasks, as a run renders them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def __call__(self, task: str, images: int = 1, **columns: str) -> str:
        chosen = self._catalogue.select(task)[0]
        candidates = chosen.answers.candidates(columns)
        sample = Sample(task, "", ("",) * images, None, candidates, None, Path(), columns=columns)
        return render_prompt(chosen, "standard", sample)


def at_confidence(shares: Array, confidence: float) -> Array:
    """Probabilities, made more or less even until the largest is the stated confidence.

    Args:
        shares: Probabilities, shape (labels,).
        confidence: What the largest is to be; at least that of the uniform distribution is possible.
    """
    logs = np.log(np.clip(shares, 1e-6, 1))
    sharpness = np.geomspace(0.01, 100, 400)
    tempered = np.exp(sharpness[:, None] * (logs - logs.max()))
    tempered /= tempered.sum(axis=1, keepdims=True)
    return np.asarray(tempered[np.abs(tempered.max(axis=1) - confidence).argmin()], dtype=np.float64)


def stated(probability: float) -> str:
    """The confidence that is written for a probability."""
    return min(CONFIDENCES, key=lambda text: abs(float(text) - probability))


def direct(answer: str, probability: float) -> str:
    """An answer with its confidence, in the tags that the prompts show."""
    return f"<answer>{answer}</answer><confidence>{stated(probability)}</confidence>"


def statement_lesson(prompts: Prompts, known: Known, draw: random.Random) -> Lesson:
    """A statement, true in half of the cases: another label is as probable as it is to be drawn."""
    task, labels = draw.choice((("emoji_7", EMOTIONS), ("emoji_2", SENTIMENTS)))
    shares = known.shares[task]
    true = draw.choices(range(len(labels)), shares.tolist())[0]
    place = true if draw.random() < 0.5 else draw.choice([at for at in range(len(labels)) if at != true])
    right = shares[place] / (shares[place] + (1 - shares[place]) / (len(labels) - 1))
    prompt = prompts("emoji_statements", statement=statement_of(labels[place]))
    return Lesson(
        prompt,
        (known.pixels,),
        direct("correct" if right >= 0.5 else "incorrect", max(right, 1 - right)),
    )


def pair_lesson(prompts: Prompts, pair: Sequence[Known], draw: random.Random) -> Lesson:
    """Two pictures of different labels: which has the one that is asked for?"""
    task, labels = draw.choice((("emoji_7", EMOTIONS), ("emoji_2", SENTIMENTS)))
    first, second = (known.shares[task] for known in pair)
    asked = draw.choices(range(len(labels)), (first + second).tolist())[0] if task == "emoji_7" else 0
    odds = first[asked] * (1 - second[asked]), second[asked] * (1 - first[asked])
    right = odds[0] / sum(odds)
    prompt = prompts("emoji_pairs", 2, question=question_of_pair(labels[asked]))
    return Lesson(
        prompt,
        tuple(known.pixels for known in pair),
        direct(LETTERS[int(right < 0.5)], max(right, 1 - right)),
    )


def order_lesson(prompts: Prompts, four: Sequence[Known], noise: float, draw: np.random.Generator) -> Lesson:
    """Four pictures: the order of their expected ratings, and how probably the first is the highest."""
    ratings = np.array([known.rating for known in four])
    drawn = ratings + draw.normal(0, noise, (DRAWS, len(four)))
    best = (-ratings).argsort()
    first = float((drawn.argmax(axis=1) == best[0]).mean())
    answer = ", ".join(PLACES[place] for place in best[:RANKED])
    return Lesson(
        prompts("emoji_order", len(four)), tuple(known.pixels for known in four), direct(answer, first)
    )


def rating_lesson(prompts: Prompts, known: Known) -> Lesson:
    """The expected rating, rounded."""
    value = min(max(RATINGS), max(min(RATINGS), round(known.rating)))
    return Lesson(prompts("emoji_valence"), (known.pixels,), f"<answer>{value}</answer>")


class Pupil:
    """The model with its processor, as questions about one or several pictures are put to it."""

    def __init__(self, model: LlavaForConditionalGeneration, processor: LlavaProcessor) -> None:
        self.model, self._processor, self.tokenizer = model, processor, processor.tokenizer
        self._encoded: dict[tuple[str, int], list[int]] = {}

    def prompt(self, text: str, images: int) -> list[int]:
        """The tokens of a prompt behind so many pictures."""
        if (text, images) not in self._encoded:
            content = [*({"type": "image"} for _ in range(images)), {"type": "text", "text": text}]
            whole = self._processor.apply_chat_template(
                [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
            )
            blanks = [Image.new("RGB", (IMAGE_SIZE, IMAGE_SIZE))] * images
            self._encoded[text, images] = self._processor(images=blanks, text=whole)["input_ids"][0]
        return self._encoded[text, images]

    def batch(self, lessons: Sequence[Lesson]) -> dict[str, torch.Tensor]:
        """A batch as `Conversation.teach` makes one, of any number of pictures a question."""
        prompts = [self.prompt(each.prompt, len(each.pixels)) for each in lessons]
        end = self.tokenizer.eos_token_id
        answers = [[*self.tokenizer.encode(each.answer, add_special_tokens=False), end] for each in lessons]
        width = max(map(len, prompts))
        tokens = torch.full((len(lessons), width + max(map(len, answers))), self.tokenizer.pad_token_id)
        mask, labels = torch.zeros_like(tokens), torch.full_like(tokens, IGNORED)
        for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
            start, stop = width - len(prompt), width + len(answer)
            tokens[row, start:stop] = torch.tensor([*prompt, *answer])
            mask[row, start:stop] = 1
            labels[row, width:stop] = torch.tensor(answer)
        pixels = torch.stack([image for each in lessons for image in each.pixels])
        pictures = normalise_pixels(pixels)
        return {"input_ids": tokens, "attention_mask": mask, "labels": labels, "pixel_values": pictures}

    def says(self, task: str, prompt: str, pixels: torch.Tensor) -> list[tuple[str, Array] | None]:
        """What it answers to some pictures, with the labels' probabilities; None where it is malformed."""
        lessons = [Lesson(prompt, (image,), "") for image in pixels]
        batch = self.batch(lessons)
        inputs = {name: batch[name][:, :-1] for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            output = self.model.generate(
                **inputs,
                pixel_values=batch["pixel_values"],
                return_dict_in_generate=True,
                output_logits=True,
                max_new_tokens=48,
            )
        written = output.sequences[:, inputs["input_ids"].shape[1] :]
        logits = torch.stack(output.logits, dim=1).float()
        opening = self.tokenizer.convert_tokens_to_ids("<answer>")
        first = [self.tokenizer.encode(label, add_special_tokens=False)[0] for label in LABELS[task]]
        found: list[tuple[str, Array] | None] = []
        for text, row, scores in zip(
            self.tokenizer.batch_decode(written, skip_special_tokens=True), written, logits, strict=True
        ):
            match = ANSWER.fullmatch(text)
            if match is None or match[1] not in LABELS[task]:
                found.append(None)
                continue
            place = int((row == opening).nonzero()[0]) + 1
            shares = scores[place, first].softmax(dim=0).double().numpy()
            found.append((text, at_confidence(shares, float(match[2]))))
        return found


def learn_from(
    pupil: Pupil, prompts: Prompts, examples: Sequence[Example], ratings: Mapping[str, int], seed: int
) -> tuple[list[Known], float]:
    """What the model says of augmented training pictures, and how far its expected ratings are off.

    The linear map to ratings is fitted to the rated emoji that have been trained on, each counted once, where
    the model's probabilities are softened by its confidence; the spread of what is left is of the same.
    """
    generator = torch.Generator().manual_seed(seed)
    labelled = [example for example in examples if example.task]
    others = [example for example in examples if not example.task]
    draw = random.Random(seed)
    chosen = [*draw.choices(labelled, k=PICTURES // 2), *draw.choices(others, k=PICTURES // 2)]
    said: dict[str, list[tuple[str, Array] | None]] = {task: [] for task in LABELS}
    pixels = augment(stack(chosen), generator)
    for start in range(0, len(chosen), 128):
        for task in LABELS:
            said[task] += pupil.says(task, prompts(task), pixels[start : start + 128])
    usable = [place for place in range(len(chosen)) if all(said[task][place] for task in LABELS)]
    shares = {task: np.array([said[task][place][1] for place in usable]) for task in LABELS}  # type: ignore[index]
    described = np.concatenate([*shares.values()], axis=1)
    rated = [at for at, place in enumerate(usable) if chosen[place].task and chosen[place].emoji in ratings]
    emoji = [chosen[usable[at]].emoji for at in rated]
    weights = np.array([1 / emoji.count(one) for one in emoji])
    targets = np.array([ratings[one] for one in emoji])
    fit = Ridge(alpha=1.0).fit(described[rated], targets, sample_weight=weights)
    left = targets - fit.predict(described[rated])
    noise = float(np.sqrt(np.average(left**2, weights=weights)))
    expected = fit.predict(described)
    known = [
        Known(
            pixels[place],
            {task: said[task][place][0] for task in LABELS},  # type: ignore[index]
            {task: shares[task][at] for task in LABELS},
            float(expected[at]),
        )
        for at, place in enumerate(usable)
    ]
    return known, noise


def lessons_of(
    prompts: Prompts, known: Sequence[Known], noise: float, seed: int
) -> Callable[[], list[Lesson]]:
    """Draws batches: old questions, and each new task as often as the others."""
    draw, noises = random.Random(seed), np.random.default_rng(seed)
    makers: list[Callable[[], Lesson]] = [
        lambda: statement_lesson(prompts, draw.choice(known), draw),
        lambda: pair_lesson(prompts, draw.sample(known, 2), draw),
        lambda: order_lesson(prompts, draw.sample(known, len(PLACES)), noise, noises),
        lambda: rating_lesson(prompts, draw.choice(known)),
    ]

    def old() -> Lesson:
        one, task = draw.choice(known), draw.choice(tuple(LABELS))
        return Lesson(prompts(task), (one.pixels,), one.said[task])

    def batch() -> list[Lesson]:
        before = round(BATCH * OLD_SHARE)
        made = [old() for _ in range(before)]
        return [*made, *(maker() for maker in itertools.islice(itertools.cycle(makers), BATCH - before))]

    return batch


def train(pupil: Pupil, draw: Callable[[], list[Lesson]], steps: int) -> None:
    """Trains projector and decoder in place; the vision tower stays as it is."""
    pupil.model.model.vision_tower.requires_grad_(False)
    learnt = [each for each in pupil.model.parameters() if each.requires_grad]

    def loss() -> torch.Tensor:
        batch = pupil.batch(draw())
        return token_loss(answer_logits(pupil.model, batch), batch, torch.ones(batch["labels"].shape))

    descend(pupil.model, [{"params": learnt, "lr": RATE}], steps, loss)
    pupil.model.model.vision_tower.requires_grad_(True)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line.

    Args:
        arguments: Command-line arguments; the process's own by default.
    """
    checkpoints = Path("vecbench/checkpoints")
    parser = argparse.ArgumentParser(prog="python -m tools.demo.every_kind", description=__doc__)
    parser.add_argument("--training", type=Path, default=Path("build/demo"), help="training data")
    parser.add_argument("--packages", type=Path, required=True, help="where the npm archives are kept")
    parser.add_argument(
        "--model", type=Path, default=checkpoints / "vecbench-nano", help="what it begins with"
    )
    parser.add_argument(
        "--output", type=Path, default=checkpoints / "vecbench-nano-all", help="where to save"
    )
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    start = time.monotonic()
    say = partial(print, flush=True)
    model, processor = checkpoint.load(options.model)
    torch.manual_seed(options.seed)
    pupil, prompts = Pupil(model, processor), Prompts(load_catalogue([]))
    ratings = read_polarities(read_members(fetch(EMOTION, options.packages), "package/index.js")["index.js"])
    known, noise = learn_from(pupil, prompts, read_examples(options.training), ratings, options.seed)
    say(f"{len(known)} pictures known, ratings ± {noise:.2f}, {time.monotonic() - start:.0f} s")
    train(pupil, lessons_of(prompts, known, noise, options.seed), options.steps)
    checkpoint.save(model, processor, options.output)
    say(f"saved, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
