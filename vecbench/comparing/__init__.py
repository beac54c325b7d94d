"""Two runs on the same samples: what changed, whether it is more than chance, and whether it may pass."""

from vecbench.comparing.comparison import Comparison, compare
from vecbench.comparing.differences import Difference, Differences
from vecbench.comparing.gates import Gates, Rule, read_gates
from vecbench.comparing.outputs import github_annotations, json_document, junit_xml
from vecbench.comparing.pairs import KINDS, allowed_kinds, both_sides
from vecbench.comparing.sides import Side, open_side, side_scores
from vecbench.comparing.verdicts import Verdict, Verdicts, verdicts_on

__all__ = [
    "KINDS",
    "Comparison",
    "Difference",
    "Differences",
    "Gates",
    "Rule",
    "Side",
    "Verdict",
    "Verdicts",
    "allowed_kinds",
    "both_sides",
    "compare",
    "github_annotations",
    "json_document",
    "junit_xml",
    "open_side",
    "read_gates",
    "side_scores",
    "verdicts_on",
]
