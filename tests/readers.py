"""The protocols' readers for labels, called with the aliases instead of their kind."""

from vecbench.answers import Label
from vecbench.scoring import PROTOCOLS


def read_label(response, candidates, aliases=None, finish_reason=None, protocol="strict"):
    kind = Label(tuple(candidates), aliases or {})
    return PROTOCOLS[protocol].read(response, candidates, kind, finish_reason)
