"""What an endpoint says where it refuses a request: the reason, and which field of ours it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from contextlib import suppress

_REASONS = ("message", "msg", "error", "errors", "detail", "error_description", "metadata", "raw")
"""Keys behind which bodies give their reason: OpenAI's form, FastAPI's, OpenRouter's and others."""
MOST_REASONS = 5
"""So many of a list are told."""
_DEEPEST = 8
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)

_NOT_TAKEN = re.compile(
    r"unsupported|(?:not|n't)\s+(?:\w+\s+)?support|unknown|unrecogni[sz]ed|unexpected|extra (?:input|field)"
    r"|not (?:permitted|allowed|accepted|available|implemented|compatible)|incompatible|unavailable"
    r"|deprecated|no longer|cannot (?:both|find field)|only one of|additional propert|strictly positive"
    r"|(?:invalid|not a valid) (?:parameter|field|argument)|fixed at|may only be|only \S+ is allowed",
    re.IGNORECASE,
)
_OF_THE_VALUE = re.compile(
    r"between|(?:less|greater|larger|more) than|at (?:most|least)|\brange|exceed|too (?:large|long|big|many)"
    r"|context (?:length|window)",
    re.IGNORECASE,
)
"""What is wrong with a value that was asked for, or with this request alone, and not with its field."""
_ONE_OF_THEM = re.compile(r"\bboth\b|one of|together|simultaneous", re.IGNORECASE)

_NO_IMAGES = re.compile(
    r"image (?:input|content)s? (?:is|are) (?:not|only)|image_url\W+(?:is )?(?:only supported|not supported)"
    r"|(?:not|n't) (?:support|accept)(?:ed|s)? (?:image|vision|multi-?modal)(?:s|[ _-]inputs?)?(?=[^\w ]|$)"
    r"|no endpoints found that support image|not a (?:multi-?modal|vision) model|at most 0 image"
    r"|unknown variant \W*image_url|content\W* must be a string|missing data required for image input",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(
    r"image.{0,80}(?:exceed|too (?:large|big|many pixels)|maximum|larger than)"
    r"|(?:payload|entity|body).{0,20}too large",
    re.IGNORECASE | re.DOTALL,
)


def reason_in(body: str) -> str:
    """The reason that an error's body gives, in whatever form, on one line; all of it if none is found."""
    if body.lstrip().startswith("<"):
        body = _MARKUP.sub(" ", body)
    else:
        with suppress(ValueError, RecursionError):  # a text, or what is as good as one
            body = _reason(json.loads(body)) or body
    return " ".join(body.split())


def _reason(value: object, depth: int = 0) -> str:
    if isinstance(value, str):
        return value.strip()
    if depth == _DEEPEST:
        return ""
    if isinstance(value, list):
        reasons = (_reason(each, depth + 1) for each in value[:MOST_REASONS])
        return "; ".join(each for each in reasons if each)
    if not isinstance(value, dict):
        return ""
    reasons = (_reason(value[name], depth + 1) for name in _REASONS if name in value)
    text = ": ".join(dict.fromkeys(each for each in reasons if each))
    place = value.get("loc", value.get("param"))
    where = ".".join(map(str, place)) if isinstance(place, list) else place
    return f"{where}: {text}" if text and isinstance(where, str) and where not in text else text


def refused_field(status: int, reason: str, fields: Collection[str]) -> str | None:
    """Which of some fields an endpoint does not take; None where it refuses the request for something else.

    Args:
        status: Of the response.
        reason: What it says, as from `reason_in`.
        fields: Those that were sent and can be left out, the least important first: where two exclude each
            other that is the one.
    """
    if status not in {400, 422} or not _NOT_TAKEN.search(reason) or _OF_THE_VALUE.search(reason):
        return None
    places = {
        name: found.start()
        for name in fields
        if (found := re.search(rf"(?<!\w){name.replace('_', '[_ -]?')}(?!\w)", reason, re.IGNORECASE))
    }
    if _ONE_OF_THEM.search(reason):
        return next(iter(places), None)
    return min(places, key=places.__getitem__, default=None)


def takes_no_images(reason: str) -> bool:
    """Whether the model takes none at all; of a form that it does not know it would be another reason."""
    return _NO_IMAGES.search(reason) is not None


def is_too_large(status: int, reason: str) -> bool:
    """Whether it is an image's size, or that of the request with it, which is refused."""
    return status == 413 or (status == 400 and _TOO_LARGE.search(reason) is not None)
