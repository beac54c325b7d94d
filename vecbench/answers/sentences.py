"""Which label a text in prose comes to: the one that its last sentence about labels names."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from vecbench.answers.spellings import FIRST_SIGN, LAST_SIGN, SIGN, Spellings
from vecbench.parsing.negation import LABEL, is_crossed_out, is_negated
from vecbench.parsing.refusal import refuses

_SIGN = f"[{FIRST_SIGN}-{LAST_SIGN}]"
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\.\.)(?<!\bvs\.)[\"'”’»)\]*]*\s+(?!(?:or|nor|vs|versus)\b)|(?<=[。！？])"
)
_ALONE = re.compile(rf"\W{{0,8}}{_SIGN}\W*\Z")
# "1. Fear", "- awe", "| awe | 0.2 |"; "Sadness: the rain"; "Answer 2: awe", "awe - 20 %"
_ENTRY = re.compile(
    rf"\s*(?:[-*+|•–]\s|\d{{1,2}}[.):]|[*\"']*{_SIGN}[*\"']*\s*[:=|])"
    rf"|[^.!?]{{0,40}}[:=]\W{{0,4}}{_SIGN}\W*\Z|\W{{0,4}}{_SIGN}\W{{1,5}}[\d.,]{{1,8}}\W*\Z"
)
_UNSAID = re.compile(
    r"[?؟]|\b(?:if|unless|whether|suppos\w+|assuming|wenn|если)\b|如果|もし|만약"
    r"|\b(?:also|as well|additional\w*|alternativ\w*|secondar\w+|(?:close|my|the) second|runner-up|initially"
    r"|at first|another (?:possib\w+|option|candidate|emotion)|some (?:viewers|observers|may|might|could))\b"
    rf"|(?<!less )(?<!other )(?<!else )\bthan\b[^{FIRST_SIGN}-{LAST_SIGN}]{{0,40}}{_SIGN}"
)
"""Questions, conditions, what is named beside or before the answer, what something is compared with."""

_CONCLUDES = re.compile(
    r"\b(?:answer|conclu\w+|overall|therefore|thus|hence|most likely|best|final|finally|choose|chosen|choice"
    r"|label|i(?:'d| would)? (?:say|pick|select|go)|classif\w+|\w*dominant\w*|primar\w+|main|mainly"
    r"|strongest)\b"
)
_TAKEN_BACK = re.compile(
    r"\b(?:wait|actually|sorry|corrections?|wrong|mistaken|incorrect|scratch that|reconsider\w*"
    r"|second thought|change\w* my mind|on reflection|kidding|double-check|hmm)\b|\A\W*(?:no|nope|not)\b"
)
_WRONG = re.compile(
    r"\b(?:incorrect|wrong|nobody|no one|no-one|few|fails? to|rejects?|rejected|dismiss\w*|eliminat\w+"
    r"|improbable|implausible|unlikely|antithesis|opposite|point\w* away|zero|false|least|lower|lack\w*"
    r"|had the|were (?:it|this|the)|in a (?:\w+ )?version|let(?:['’]s| me| us)|consider|assum\w+|imagin\w+"
    r"|e\.g|example|sign|title|says?|reads?|defin\w+|minor|lingers?|hint|mix|mixture|blend|only \d)\b"
    r"|=\s*0\b|[:=(\[>]\s*(?:0(?![.,]\d)|(?:false|no|rejected|incorrect|wrong)\b)|\[\s\]|[☐✗✘❌]"
    r"|\b[0-4]?\d(?:[.,]\d+)?\s?%"
)
"""In a sentence about one label: what may deny it, or speak of something else than the answer."""

_SAID = re.compile(r"\b(?:i(?:'d| would)? say|would say|i say)\b")
_KNOWN = re.compile(
    r"\b(?:the|a|an|is|this|image|picture|photo|it|i|would|emotion|feeling|mood|of|because|answer|evokes?|evoked"
    r"|und|ist|das|der|bild|est|la|les|une|el|es|una|imagen|il|è|immagine|é|um|uma|imagem|een|het|beeld|jest|obraz"
    r"|bir|ve|là|adalah|ini)\b|[\u0400-\u04ff\u0600-\u06ff\u0900-\u097f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
"""A word of a language whose negations are known, or a letter of its script."""

_COMMON = frozenset({"yes", "no", "none", "other", "others"})
"""Words of any sentence: of a list with one of these, a sentence names nothing for sure."""


class _Sentence(NamedTuple):
    text: str
    labels: frozenset[str]
    entry: Literal["", "alone", "listed"]

    @property
    def only(self) -> str | None:
        """The one label that it states; None if there are several, or it does not state it."""
        around = SIGN.sub(LABEL, self.text)
        if len(self.labels) != 1 or _UNSAID.search(self.text) or _WRONG.search(_SAID.sub("", self.text)):
            return None
        return None if is_crossed_out(around) or is_negated(around) else next(iter(self.labels))


def concluded_label(text: str, spellings: Spellings) -> str | None:
    """The label that the last sentence which names any states; None if it states none.

    It names exactly one, and neither denies nor asks it; nothing behind takes it back; and no sentence before
    that draws a conclusion, as the last one does not, states another. Entries of a list, lines such as
    `Fear: 0.2`, and lines of a label alone are one sentence together. Takes time that is linear in the text's
    length.
    """
    if any(_is_common(form) for form in spellings.meanings) or refuses(text):
        return None
    sentences = [each for line in text.split("\n") for each in _sentences(line, spellings)]
    naming = [place for place, each in enumerate(sentences) if each.labels]
    if not naming:
        return None
    last = sentences[naming[-1]]
    if last.entry:
        entries = (each.labels for each in sentences if each.entry == last.entry)
        last = last._replace(labels=frozenset().union(*entries))
    label = last.only
    if len(last.text.split()) > 2 and not _KNOWN.search(text.casefold()):
        return None
    if label is None or any(_TAKEN_BACK.search(each.text) for each in sentences[naming[-1] + 1 :]):
        return None
    if not _CONCLUDES.search(last.text):
        before = (sentences[place] for place in naming[:-1])
        if any(_CONCLUDES.search(each.text) and each.only not in (None, label) for each in before):
            return None
    return label


def _is_common(form: str) -> bool:
    return form in _COMMON or form.isdecimal() or (len(form) == 1 and form.isascii())


def _sentences(line: str, spellings: Spellings) -> list[_Sentence]:
    masked = spellings.masked(line)
    entry: Literal["", "alone", "listed"] = ""
    if SIGN.search(masked) is not None:
        entry = "alone" if _ALONE.match(masked) else "listed" if _ENTRY.match(masked) else ""
    return [
        _Sentence(part, frozenset(spellings.named_by(sign).label for sign in SIGN.findall(part)), entry)
        for part in ([masked] if entry else _SENTENCE_END.split(masked))
    ]
