"""The run directory: manifest, responses, and whatever is derived from them."""

from vecbench.store.directory import RunDirectory
from vecbench.store.files import remove, write_text
from vecbench.store.manifest import Manifest, SamplingRecord, TaskRecord
from vecbench.store.responses import (
    ResponseLog,
    StoredResponse,
    answered_and_failed,
    read_responses,
    stored_response,
)

__all__ = [
    "Manifest",
    "ResponseLog",
    "RunDirectory",
    "SamplingRecord",
    "StoredResponse",
    "TaskRecord",
    "answered_and_failed",
    "read_responses",
    "remove",
    "stored_response",
    "write_text",
]
