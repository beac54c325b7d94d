"""Which emoji the demo tasks use, and which of them are for testing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tools.demo.labels import Annotation, base_emoji, emotion_label, sentiment_label, skin_tones

Split = Literal["train", "validation", "test"]

TEST_PHASES, TEST_PERIOD = frozenset({1, 3}), 5
"""Of every five labelled emoji the second and the fourth are for testing."""

VALIDATION_PHASES, VALIDATION_PERIOD = frozenset({2}), 5
"""Of every five others the third is for choosing settings."""

EVALUATED_VARIANTS = 4
"""Most images of one emoji in one artwork, in testing and validation.

A gesture comes in three genders and six skin tones, a couple in thirty dresses. All of them would make the
accuracy a matter of how well a model does on a handful of gestures.
"""


FLAGS = 9
"""emojibase's number of the CLDR group of flags: 270 emoji that teach nothing about faces."""


@dataclass(frozen=True)
class Emoji:
    """A base emoji and what is known of it.

    Attributes:
        code_points: Lower-case hexadecimal, joined by hyphens, without variation selectors.
        keywords: CLDR keywords.
        emotion: Label in the emotion tasks, if it has one.
        sentiment: Label in the sentiment task, if it has one.
        split: Where it belongs in every task and every artwork; none for an emoji without any label.
    """

    code_points: str
    keywords: tuple[str, ...]
    emotion: str | None
    sentiment: str | None
    split: Split | None


def select(
    annotations: Mapping[str, Annotation], polarities: Mapping[str, int], drawn: Collection[str]
) -> dict[str, Emoji]:
    """Labels the emoji and splits them.

    The split is by base emoji and shared by all tasks and artworks, so that no test emoji is seen in
    training in another dress. Labelled emoji are ordered by emotion, by sentiment, then by a hash; taking
    fixed places of every five gives each label its share without a random generator.

    Args:
        annotations: Keywords by base emoji.
        polarities: Polarity by base emoji.
        drawn: Base emoji that every in-domain artwork has an image of; the others are left out, as are flags.

    Returns:
        Emoji by code points, sorted, those without a label included.
    """
    labels = {
        code_points: (
            emotion_label(annotation.keywords, annotation.group),
            sentiment_label(polarities.get(code_points)),
        )
        for code_points, annotation in annotations.items()
        if code_points in drawn and annotation.group != FLAGS
    }
    labelled = sorted(
        (code_points for code_points, (emotion, sentiment) in labels.items() if emotion or sentiment),
        key=lambda code_points: (
            labels[code_points][0] or "",
            labels[code_points][1] or "",
            _hash(code_points),
        ),
    )
    test = _periodic(labelled, TEST_PHASES, TEST_PERIOD)
    rest = [code_points for code_points in labelled if code_points not in test]
    validation = _periodic(rest, VALIDATION_PHASES, VALIDATION_PERIOD)
    splits: dict[str, Split] = dict.fromkeys(rest, "train")
    splits |= dict.fromkeys(validation, "validation")
    splits |= dict.fromkeys(test, "test")
    return {
        code_points: Emoji(
            code_points, annotations[code_points].keywords, *labels[code_points], splits.get(code_points)
        )
        for code_points in sorted(labels)
    }


def variants(names: Iterable[str], emoji: Mapping[str, Emoji]) -> dict[str, list[str]]:
    """Chooses the images of each emoji among those that an artwork has.

    Training uses every gender and skin tone, testing and validation at most `EVALUATED_VARIANTS` images: the
    untoned base emoji and others by hash. An emoji without a label has its untoned image only. Where two
    people are shown, both have the same tone.

    Args:
        names: Code point sequences that the artwork has images of, without variation selectors.
        emoji: Emoji by code points.

    Returns:
        Sorted code point sequences by base emoji.
    """
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        base = emoji.get(base_emoji(name))
        if base is not None and len(set(skin_tones(name))) <= (0 if base.split is None else 1):
            found.setdefault(base.code_points, []).append(name)
    return {
        code_points: every if emoji[code_points].split in ("train", None) else _few(code_points, every)
        for code_points, every in sorted(found.items())
    }


def _few(base: str, every: list[str]) -> list[str]:
    """The base emoji itself, if it is there, and others by hash."""
    return sorted(sorted(every, key=lambda name: (name != base, _hash(name)))[:EVALUATED_VARIANTS])


def _periodic(ordered: list[str], phases: frozenset[int], period: int) -> set[str]:
    return {one for place, one in enumerate(ordered) if place % period in phases}


def _hash(code_points: str) -> str:
    return hashlib.sha256(f"vecbench demo {code_points}".encode()).hexdigest()
