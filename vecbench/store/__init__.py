"""The run directory: manifest, responses, and whatever is derived from them."""

from vecbench.store.control import Control
from vecbench.store.directory import RunDirectory
from vecbench.store.files import remove, write_text
from vecbench.store.log import ResponseLog, StoredAnswers, answered_and_failed
from vecbench.store.manifest import Manifest, SamplingRecord, TaskRecord
from vecbench.store.responses import (
    LONGEST_RESPONSE,
    MOST_REPEATS,
    MOST_TOKENS,
    StoredResponse,
    read_responses,
    response_lines,
    stored_response,
)

__all__ = [
    "LONGEST_RESPONSE",
    "MOST_REPEATS",
    "MOST_TOKENS",
    "Control",
    "Manifest",
    "ResponseLog",
    "RunDirectory",
    "SamplingRecord",
    "StoredAnswers",
    "StoredResponse",
    "TaskRecord",
    "answered_and_failed",
    "read_responses",
    "remove",
    "response_lines",
    "stored_response",
    "write_text",
]
