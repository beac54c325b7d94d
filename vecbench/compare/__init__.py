"""Two runs on the same samples: what changed, whether it is more than chance, and whether it may pass."""

from vecbench.compare.annotations import github_annotations
from vecbench.compare.comparison import Comparison, compare
from vecbench.compare.differences import Difference, Differences
from vecbench.compare.document import json_document
from vecbench.compare.gates import Gates, Rule, read_gates
from vecbench.compare.junit import junit_xml
from vecbench.compare.pairs import KINDS, require_protocol
from vecbench.compare.sides import Side, open_side
from vecbench.compare.verdicts import Verdict, Verdicts, verdicts_on

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
    "compare",
    "github_annotations",
    "json_document",
    "junit_xml",
    "open_side",
    "read_gates",
    "require_protocol",
    "verdicts_on",
]
