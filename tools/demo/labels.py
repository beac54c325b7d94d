"""Labels of the demo tasks: published ratings and keywords, turned into labels by a fixed rule.

Sentiment is the sign of the emoji's polarity in `emoji-emotion` (-5…5, 0 left out). Emotion is a vote of the
emoji's CLDR keywords in `emojibase-data`:

1. Every keyword that `EMOTION_KEYWORDS` lists under an emotion is one vote for it.
2. The emotion with the most votes is the label. On a tie the emoji is ambiguous and left out.
3. An emoji that shows neither a face, a heart nor a person (CLDR groups other than "Smileys & Emotion" and
   "People & Body") needs two votes: one keyword such as "mad" on a salt shaker is an association, not
   an expression.
4. Skin tones and gender variants have the label of their base emoji.

Amusement, awe, contentment and disgust of Mikels' eight are not asked for: by the same vote each would have
about ten base emoji or fewer, too few to split. Amusement's keywords count for joy, awe's for surprise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SENTIMENTS = ("positive", "negative")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EMOTION_KEYWORDS: Mapping[str, frozenset[str]] = {
    "anger": _words(
        "anger angry annoyed cursing cussing enraged fume fuming furious fury mad maddening pissed "
        "pouting rage swearing upset"
    ),
    "excitement": _words(
        "celebrate celebration cheering congrats congratulations excited hooray party partying thrill "
        "woohoo yay"
    ),
    "fear": _words(
        "afraid anxiety anxious fear fearful frightened haunted haunting horror nervous panic scared "
        "scary scream screaming spooky terrified worried worry"
    ),
    "joy": _words(
        "amusement cheerful cheery delight funny giggle glad grin grinning haha happiness happy hilarious "
        "joy laugh laughing lol rofl smile smiley smiling"
    ),
    "love": _words(
        "adore affection crush ily kiss kisses kissing love lover lovers loving muah romance romantic "
        "smooch smooches valentine xoxo"
    ),
    "sadness": _words(
        "bawling cry crying dejected depressed disappointed gloomy grief heartbroken lonely miss mourn "
        "mourning sad sob sorrow tears unhappy"
    ),
    "surprise": _words(
        "amazed amazement astonished awe disbelief gasp omg shock shocked stunned surprise surprised "
        "unbelievable whoa woah wow"
    ),
}
EMOTIONS = tuple(EMOTION_KEYWORDS)

# "Smileys & Emotion" and "People & Body" in emojibase's numbering of the CLDR groups.
EXPRESSIVE_GROUPS = frozenset({0, 1})

_DROPPED = frozenset({"fe0f", "2640", "2642", "1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"})
_JOINER = "200d"
_PERSON = "1f9d1"
_ADULTS = frozenset({"1f468", "1f469", _PERSON})
_HEART, _KISS_MARK = "2764", "1f48b"
_KISS, _COUPLE = "1f48f", "1f491"
# Gender variants that Unicode encodes as characters of their own: Santa Claus, Mrs. Claus, Mx Claus.
_GENDERED = {"1f385": f"{_PERSON}-200d-1f384", "1f936": f"{_PERSON}-200d-1f384"}


@dataclass(frozen=True)
class Annotation:
    """What the label packages say of one base emoji.

    Attributes:
        emoji: Code points of the base emoji, in lower-case hexadecimal joined by hyphens.
        keywords: CLDR keywords, in the package's order.
        group: emojibase's number of the CLDR group.
    """

    emoji: str
    keywords: tuple[str, ...]
    group: int


def normalise(code_points: str) -> str:
    """Returns a code point sequence in lower case without variation selectors.

    The packages disagree on whether a name carries `FE0F`, so names are compared without it.
    """
    return "-".join(point for point in code_points.lower().split("-") if point != "fe0f")


def base_emoji(code_points: str) -> str:
    """Returns the base emoji of a variant: no skin tone, no gender, no variation selector.

    Args:
        code_points: Hexadecimal code points joined by hyphens, for example `1F64D-1F3FB-200D-2642-FE0F`.

    Returns:
        The base emoji's code points, for example `1f64d`.
    """
    points = [point for point in code_points.lower().split("-") if point not in _DROPPED]
    while points and points[-1] == _JOINER:
        points.pop()
    if len(points) > 1 and points[0] in _ADULTS:
        if _HEART in points and points[-1] in _ADULTS:
            return _KISS if _KISS_MARK in points else _COUPLE
        points[0] = _PERSON
    base = "-".join(points)
    return _GENDERED.get(base, base)


def skin_tones(code_points: str) -> tuple[str, ...]:
    """Returns the skin tone modifiers of a code point sequence, in order."""
    return tuple(re.findall(r"1f3f[b-f]", code_points.lower()))


def read_annotations(data: bytes) -> dict[str, Annotation]:
    """Reads emojibase's English `data.json`.

    Args:
        data: The JSON file: a list of objects with `hexcode`, `tags` and `group`.

    Returns:
        Annotations by base emoji. Regional indicators and bare modifiers (no group) are left out.
    """
    annotations: dict[str, Annotation] = {}
    for entry in json.loads(data):
        code_points = normalise(entry["hexcode"])
        if base_emoji(code_points) == code_points and "group" in entry and "tags" in entry:
            annotations[code_points] = Annotation(code_points, tuple(entry["tags"]), entry["group"])
    return annotations


def read_polarities(source: bytes) -> dict[str, int]:
    """Reads the ratings out of emoji-emotion's `index.js`.

    Args:
        source: The module's text; each entry has an `emoji` line followed by a `polarity` line.

    Returns:
        Polarity (-5…5) by base emoji.
    """
    pairs = re.findall(r"emoji: '([^']+)',\s+polarity: (-?\d+)", source.decode())
    return {base_emoji("-".join(f"{ord(char):x}" for char in emoji)): int(value) for emoji, value in pairs}


def sentiment_label(polarity: int | None) -> str | None:
    """Returns the sentiment of a polarity (-5…5), or none where it is 0 or missing."""
    if not polarity:
        return None
    return "positive" if polarity > 0 else "negative"


def emotion_label(keywords: Iterable[str], group: int) -> str | None:
    """Returns the emotion that an emoji's keywords vote for.

    Args:
        keywords: CLDR keywords; repeated ones count once.
        group: emojibase's number of the CLDR group.

    Returns:
        One of `EMOTIONS`, or none where the votes are too few or tied.
    """
    given = set(keywords)
    votes = {emotion: len(given & words) for emotion, words in EMOTION_KEYWORDS.items()}
    most = max(votes.values())
    if most < (1 if group in EXPRESSIVE_GROUPS else 2):
        return None
    winners = [emotion for emotion, count in votes.items() if count == most]
    return winners[0] if len(winners) == 1 else None
