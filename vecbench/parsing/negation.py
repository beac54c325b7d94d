"""Whether an answer denies the label that stands in it.

Languages with spaces are gone through word by word; what is read is in normal form. Words that negate in one
language and are something else in another ("sin", "sans", "pas") count only beside the label.
"""

from __future__ import annotations

import re

LABEL = "\x00"
"""What stands in place of a label in the text that `is_negated` reads."""

_WORDS = frozenset(
    """
    not no non never neither nor none nothing without cannot hardly barely scarcely rarely seldom isnt arent
    wasnt werent dont doesnt didnt cant wouldnt shouldnt couldnt unlike unlikely doubt doubts doubtful absent
    except exclude excludes excluded excluding lacks lacking

    nicht nichts kein keine keinen keinem keiner keines keinerlei weder ohne niemals nie
    jamais aucun aucune rien
    nunca jamás ningún ninguno ninguna tampoco nada
    não nenhum nenhuma
    nessun nessuno nessuna niente senza
    niet geen nooit zonder inte ikke ikkje nem değil tidak bukan tanpa không chẳng
    не нет ни без никогда ні немає όχι δεν
    ليس ليست لا لم لن غير بدون نیست לא אין בלי
    """.split()  # noqa: SIM905, a word a line would hide what they have in common
)
_WORD = re.compile(r"\w+(?:'\w+)*")
_PHRASE = re.compile(
    r"\b(?:(?:less|least) likely|absence of|(?:any|every)thing but|all but|other than|apart from|aside from"
    r"|rather than|instead of|opposed to|opposite of|contrary to|far from|lack of|devoid of"
    r"|(?:free|freed) (?:of|from)|rul(?:e|es|ed|ing) +(?:it +|\x00 +)?out)\b"
)
_PHRASE_WORDS = frozenset({"likely", "absence", "but", "than", "from", "of", "to", "out"})
_QUOTE = r"[\s\"'“”„«»‘’「『《]*"
_BESIDE_WORDS = frozenset({"sin", "sem", "sans", "pas"})
_BESIDE_LABEL = re.compile(
    r"\b(?:(?:sin|sem|sans|pas)(?: (?:el|la|le|les|los|las|une?|um|uma|o|a|os|as|de la|du|de|des)\b)?|pas d')"
    rf"{_QUOTE}{LABEL}"
)
_NE_PAS = re.compile(r"\b(?:ne\b|n'|c'est\b)[^.;!?]{0,60}?\bpas\b")
# What negates in scripts without spaces, or with marks that end a word for the regular expressions.
_UNSPACED = re.compile(
    rf"[不非无無未没沒]{_QUOTE}{LABEL}"
    r"|不[是会會像算属屬应應该該够夠再太含带帶]|不(?:可能|存在|包[括含]|[表代][示表]|符合|[构構]成|足以|[认認][为為]|[觉覺]得|感到)"
    r"|[并並][非不]|[绝絕从從][非不]|而非|[没沒]有|毫[无無]"
    r"|では?な[いくか]|じゃな[いくか]|(?:では|じゃ)ありません|とは(?:言|い)えな"
    r"|아니|아닌|아닙|않|없|ไม่|नहीं|बिना"
)
_NO_NEGATION = re.compile(
    r"\b(?:no doubt|(?:without|beyond) (?:any |a )?(?:shadow of )?(?:a )?doubt|no question|not only"
    r"|no(?:ne|thing| one)? (?:other|else) than|nothing (?:but|less than|short of)|all but certain(?:ly)?"
    r"|no\.? ?[0-9]+"
    r"|nicht nur|nichts (?:anderes )?als|ohne (?:jeden )?zweifel|kein zweifel|keine frage"
    r"|pas (?:seulement|que)|(?:sans|nul) (?:aucun |le moindre )?doute|rien d'autre que"
    r"|no s[oó]lo|no solamente|sin (?:ninguna |lugar a )?dudas?|no hay duda|nada más que"
    r"|não (?:só|apenas|somente)|sem (?:nenhuma )?dúvida"
    r"|non (?:solo|soltanto)|senza (?:alcun )?dubbio|nient'altro che"
    r"|niet alleen|zonder twijfel|geen twijfel|(?:inte|ikke) (?:bara|bare|kun)|nie tylko|nem csak"
    r"|tidak hanya|bukan (?:hanya|sekadar)|tanpa ragu|không (?:khí|gian|chỉ|nghi ngờ)"
    r"|не только|не что иное|не кто иной|(?:нет|без) (?:никаких )?сомнени[йя]|не тільки"
    r"|لا شك|لا ريب|(?:بدون|بلا) شك|ليس فقط|לא רק|אין ספק|בלי ספק)(?!\w)"
    r"|毫[无無]疑[问問]|[没沒]有疑[问問]|不得不|不[会會]不|不能不"
    r"|だけ(?:では|で|じゃ)な|ばかりでな|틀림 ?없|의심할 여지(?:가)? ?없|끊임 ?없|뿐만? 아니|수밖에 없|ไม่เพียง"
)
# Every alternative begins with a letter of its own, which lets the search skip all others.
_CROSSED = re.compile(
    r"~~[^~\n]{1,200}~~|<(?i:del|s|strike)\b[^<>]*>|!=|=/=|≠|¬|✗|✘|✖|❌|❎|🚫|\\(?:neq?|not|sout)\b"
)
_RETRACTION = re.compile(
    r"\b(?:wait|actually|however|but|instead|sorry|correct\w*|wrong|rather|yet|though)\b|\b(?:it|that|this|so|not)\W*\Z"
)
_LABEL_ALONE = re.compile(rf"[^\w?]*{LABEL}[^\w?]*")
_LATER_WORDS = 5
"""Words of a sentence that says more than whether the one before it is right."""


def is_crossed_out(answer: str) -> bool:
    """Whether an answer, as it stands, bears a sign that denies: struck out text, ≠, a cross."""
    return _CROSSED.search(answer) is not None


def is_negated(text: str) -> bool:
    """Whether a text denies the label in it.

    Args:
        text: In normal form, with LABEL in place of every label.
    """
    if not _has_negation(text):
        return False
    # "Fear. There is no light." denies the light.
    first, _, later = text.partition(". ")
    if _LABEL_ALONE.fullmatch(first) and LABEL not in later and _stands_alone(later):
        return False
    return _has_negation(_NO_NEGATION.sub(" ", text))


def _stands_alone(later: str) -> bool:
    words = _WORD.findall(later)
    return len(words) >= _LATER_WORDS and words[0] not in _WORDS and not _RETRACTION.search(later)


def _has_negation(text: str) -> bool:
    words = set(_WORD.findall(text))
    return (
        not words.isdisjoint(_WORDS)
        or "n't" in text
        or (not words.isdisjoint(_PHRASE_WORDS) and _PHRASE.search(text) is not None)
        or ("pas" in words and _NE_PAS.search(text) is not None)
        or (not words.isdisjoint(_BESIDE_WORDS) and _BESIDE_LABEL.search(text) is not None)
        or (not text.isascii() and _UNSPACED.search(text) is not None)
    )
