"""Every format that is read, in the order in which they are asked: the first that knows a file reads it."""

from __future__ import annotations

from vecbench.interop import (
    eemo,
    emobserver,
    emocaliber,
    inspect_log,
    lighteval_details,
    llama_factory,
    lm_eval_samples,
    lmms_eval,
    ms_swift,
    mvei,
    own,
    plain,
    vlmevalkit,
)

READERS = (
    # Told by their heads, before any row is looked for.
    emobserver.READER,
    mvei.READER,
    eemo.READER,
    inspect_log.READER,
    lmms_eval.FIRST_READER,
    # Told by their rows: what has more keys of its own comes first, for rows of most are plain ones too.
    own.READER,
    lighteval_details.READER,
    lmms_eval.READER,
    lm_eval_samples.READER,
    emocaliber.READER,
    llama_factory.READER,
    vlmevalkit.READER,
    ms_swift.READER,
    plain.READER,
)
BY_NAME = {reader.name: reader for reader in READERS}
