"""Which format a table has: the first of a list that recognises what it begins with."""

from __future__ import annotations

import csv
from pathlib import Path

from vecbench.errors import DataError
from vecbench.samples import artemis, mvei
from vecbench.samples.base64_table import BASE64
from vecbench.samples.beginning import Beginning, beginning_of
from vecbench.samples.class_folders import CLASS_FOLDERS
from vecbench.samples.conversations import CONVERSATIONS
from vecbench.samples.eemo_list import EEMO_LIST
from vecbench.samples.eemo_logic import EEMO_LOGIC
from vecbench.samples.emobserver import EMOBSERVER
from vecbench.samples.emocaliber import EMOCALIBER
from vecbench.samples.emoset import EMOSET
from vecbench.samples.emotic import EMOTIC_ANNOTATIONS, EMOTIC_CSV
from vecbench.samples.emotion6 import EMOTION6
from vecbench.samples.format import DataFormat
from vecbench.samples.metadata import METADATA
from vecbench.samples.parquet import PARQUET
from vecbench.samples.tables import OWN_CSV, OWN_JSON, OWN_JSONL, OWN_SEMICOLONS, OWN_TSV
from vecbench.samples.tars import TAR

PUBLISHED_FORMATS = (
    EMOTIC_ANNOTATIONS,
    EMOTION6,  # whose header may begin with a bracket
    EMOSET,
    mvei.METADATA,
    artemis.SELECTION,
    EEMO_LOGIC,
    EEMO_LIST,
    EMOCALIBER,
    EMOBSERVER,
    artemis.HISTOGRAMS,
    EMOTIC_CSV,
    METADATA,
)
FORMATS = (
    CLASS_FOLDERS,
    PARQUET,
    TAR,
    CONVERSATIONS,  # whose key the rows of EmoCaliber's have too, without an answer
    *PUBLISHED_FORMATS,
    BASE64,
    OWN_JSON,
    OWN_JSONL,
    OWN_TSV,
    OWN_SEMICOLONS,
    OWN_CSV,
)
"""In the order of precedence; those from `OWN_JSON` on recognise any JSON and any text."""


def recognised(table: Path) -> DataFormat:
    """The format of a table, told by its content; the file's name only decides where that is broken."""
    beginning = beginning_of(table)
    found = next((form for form in FORMATS if form.recognises(beginning)), None)
    if found is None:
        raise DataError(
            f"{table}: an archive or a file of another kind ({beginning.binary}), which is not opened",
            "Unpack it, and give the folder.",
        )
    _require_header(beginning, found)
    return found


def is_known_list(beginning: Beginning, *, published: bool) -> bool:
    """Whether a file ending in .json is a table: other JSON often lies beside one."""
    found = next((form for form in FORMATS if form.recognises(beginning)), None)
    if published:
        named = '"image_path"' in beginning.text and '"ground_truth"' in beginning.text
        return found in PUBLISHED_FORMATS and (found is not EMOBSERVER or named)
    named = any(f'"{name}"' in beginning.text for name in ("image", "image_path", "file_name", "images"))
    return found is CONVERSATIONS or (found is OWN_JSON and named)


def _require_header(beginning: Beginning, form: DataFormat) -> None:
    if form is not OWN_CSV:
        return
    try:
        next(csv.reader([beginning.line], strict=True), [])
    except csv.Error as fault:
        raise DataError(
            f"{beginning.path}: line 1: {fault}", "It should be a header, with image and label."
        ) from None
