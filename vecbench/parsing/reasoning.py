"""How models mark their reasoning: one list of opening and closing delimiters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

Delimiters = tuple[str, str]
"""What opens reasoning, and what closes it, as a model writes them."""

DELIMITERS: Sequence[Delimiters] = (
    ("<think>", "</think>"),  # DeepSeek-R1, Qwen3, GLM, EmoCaliber
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<reason>", "</reason>"),
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("<longcat_think>", "</longcat_think>"),
    ("◁think▷", "◁/think▷"),  # Kimi-VL
    ("[THINK]", "[/THINK]"),  # Magistral
    ("<|begin_of_thought|>", "<|end_of_thought|>"),  # Sky-T1, LlamaV-o1
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A
    ("<|thinking|>", "<|/thinking|>"),
    ("<|think|>", "<|/think|>"),
    ("<|thought|>", "<|/thought|>"),
    ("[think]", "[/think]"),
    ("<start_working_out>", "<end_working_out>"),  # Gemma, as many train it
    ("<analysis>", "</analysis>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<rationale>", "</rationale>"),
    ("<reflection>", "</reflection>"),
    ("<unused94>thought", "<unused95>"),  # MedGemma
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),  # gpt-oss (harmony)
    ("<|channel|>commentary<|message|>", "<|channel|>final<|message|>"),
)
"""The families of today. An attribute in a tag, and the case of names in tags, make no difference."""

WRAPPERS = (
    "<|begin_of_solution|>",
    "<|end_of_solution|>",
    "<|START_RESPONSE|>",
    "<|END_RESPONSE|>",
    "<|start|>assistant",
    "<|message|>",
    "<|return|>",
)
"""Tokens around what is not reasoning, which are no text of an answer."""

OPENING, CLOSING = "<think>", "</think>"
"""What every delimiter is taken for."""

_TAG = re.compile(r"</?([A-Za-z][\w:-]*)>\Z")
_WRAPPER = re.compile("|".join(map(re.escape, WRAPPERS)))
_BARE_HARMONY = "assistantfinal"
"""All that is left of harmony's last channel where a server skips special tokens."""
_BARE_ANALYSIS = re.compile(r"\s*analysis(?=[A-Z\n])")


def as_think_tags(text: str, own: Sequence[Delimiters] = ()) -> str:
    """A response with every delimiter of reasoning written as `<think>` and `</think>`.

    Args:
        text: The response.
        own: Further delimiters, as a task names them.
    """
    openings, closings, hints = _patterns(tuple(own))
    if any(hint in text for hint in hints):
        text = closings.sub(CLOSING, openings.sub(OPENING, text))
        text = _WRAPPER.sub("", text)
    if text.lstrip().startswith("analysis") and _BARE_HARMONY in text:
        return text.rpartition(_BARE_HARMONY)[2]
    if _BARE_ANALYSIS.match(text):  # which never came to its last channel
        return OPENING + text
    return text


@lru_cache(maxsize=32)
def _patterns(own: tuple[Delimiters, ...]) -> tuple[re.Pattern[str], re.Pattern[str], tuple[str, ...]]:
    """Of what opens and of what closes, and what a text with any of them has in it."""
    openings, closings = (
        "|".join([_either([pair[side] for pair in DELIMITERS]), *(_either([pair[side]]) for pair in own)])
        for side in (0, 1)
    )
    hints = {"<", "\u25c1", "["} | {each[:1] for pair in own for each in pair}
    return re.compile(openings), re.compile(closings), tuple(sorted(hints))


def _either(delimiters: Sequence[str]) -> str:
    """Of delimiters; of tags the names in any case, with blanks and attributes where those may stand.

    What tags have in common is looked for once: every `<` of a response is compared with all of them.
    """
    names = {each: tag[1] for each in delimiters if (tag := _TAG.match(each))}
    alternatives = [re.escape(each) for each in delimiters if each not in names]
    for slash in (r"/\s*", ""):
        alike = [name for each, name in names.items() if each.startswith("</") == bool(slash)]
        if alike:
            either = "|".join(f"[{name[0].lower()}{name[0].upper()}](?i:{name[1:]})" for name in alike)
            alternatives.append(rf"<\s*{slash}(?:{either})\s*(?:>|(?<=\s)[\w:-]+\s*=[^<>]*>)")
    return "|".join(alternatives)
