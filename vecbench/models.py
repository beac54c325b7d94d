"""The model that a run measures: where it lies, and which version of it that is."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vecbench.certificates import require_certificates
from vecbench.errors import UsageError, whole_message
from vecbench.escaping import encodable
from vecbench.plain_file import cannot_read, plain_bytes
from vecbench.shipped import demo_model
from vecbench.strict_json import parse_json

WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.pth", "*.gguf")
LOCAL = "files:"
"""Marks the revision of a folder."""
SERVED = "served:"
"""Marks the revision of a model behind an endpoint, which nobody here can check."""
ADAPTER = "+adapter:"
"""Comes between the revision of a model and the fingerprint of its adapter."""
ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin", "adapter_model.pt")
WHOLE_FILE = 8 * 2**20
"""Files up to this size are hashed whole."""
PROBES = 128
"""Larger files are hashed at this many places."""
PROBE_BYTES = 2**16
_UNREAD = re.compile(
    r"\..*|(README|LICEN[CS]E|NOTICE|CITATION|events\.out\.tfevents)(\..*)?|"
    r".*\.(md|rst|pdf|png|jpe?g|gif|webp|svg|html|csv|log|ipynb)|"
    r"trainer_state\.json|training_args\.bin|(optimizer|scheduler|scaler|rng_state).*\.(pt|pth|bin)",
    re.IGNORECASE,
)
"""Files of a checkpoint that loading it never reads. Whatever else there is counts: a file too many costs
an answer that is generated twice, one too few would mix two models."""


@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint."""

    name: str  # the Hugging Face id, or the folder's name
    source: str  # what an engine loads: the id, or the folder's path
    revision: str
    """The commit of a Hugging Face model, a fingerprint of a folder's files, or what the user says about a
    model behind an endpoint."""

    @property
    def commit(self) -> str | None:
        """What to load of a Hugging Face model; None for a folder or an endpoint, which have no versions."""
        own = self.revision.partition(ADAPTER)[0]
        return None if own.startswith((LOCAL, SERVED)) else own


def resolve_model(model: str, revision: str | None = None) -> Model:
    """The checkpoint that a directory or a Hugging Face model id names.

    Raises:
        UsageError: No such directory, a directory without configuration or weights, a revision of a
            directory, or a model id that cannot be looked up.
    """
    if not model.strip():
        raise UsageError("--model is empty", "Name a checkpoint directory, or a Hugging Face model id.")
    if model == demo_model().name and not Path(model).exists():
        return _local(demo_model())
    path = Path(model).expanduser()
    if path.is_dir():
        if revision is not None:
            raise UsageError(
                f"revision={revision}: {model} is a directory, which has no revisions",
                "Leave it out, or name a model on the Hugging Face Hub.",
            )
        return _local(path)
    if path.exists():
        raise UsageError(f"{model} is a file, not a checkpoint directory", "Name the directory it lies in.")
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        raise UsageError(
            f"there is no directory {model}",
            "--model takes a checkpoint directory, or a Hugging Face model id such as org/name.",
        )
    return Model(model, model, _commit(model, revision))


def with_adapter(model: Model, adapter: str) -> Model:
    """The model with a saved LoRA adapter on it: another model, whose answers differ.

    Raises:
        UsageError: The folder has no adapter's configuration or weights.
    """
    folder = Path(adapter).expanduser()
    if not (folder / ADAPTER_CONFIG).is_file():
        raise UsageError(f"{adapter} has no {ADAPTER_CONFIG}", "Name the directory of a saved adapter.")
    if not any((folder / name).is_file() for name in ADAPTER_WEIGHTS):
        raise UsageError(
            f"{adapter} has no weights", f"One of {', '.join(ADAPTER_WEIGHTS)} is expected in it."
        )
    return replace(model, revision=f"{model.revision}{ADAPTER}{fingerprint(folder)}")


def is_adapter(model: str) -> bool:
    """Whether a folder holds a saved adapter and no model: training saves no more than that."""
    folder = Path(model).expanduser()
    return (folder / ADAPTER_CONFIG).is_file() and not any(
        file.name not in ADAPTER_WEIGHTS for pattern in WEIGHTS for file in folder.glob(pattern)
    )


def base_of(adapter: str) -> str:
    """The model that a saved adapter was trained on, as its configuration names it.

    Raises:
        UsageError: It names none.
        DataError: It cannot be read.
    """
    base = _adapter_config(adapter).get("base_model_name_or_path")
    if not isinstance(base, str) or not base.strip():
        raise UsageError(
            f"{adapter} does not say which model it was trained on, in {ADAPTER_CONFIG}",
            "Name both: -m MODEL -a lora=DIR.",
        )
    return base


def adapter_rank(adapter: str) -> int:
    """The highest rank of a saved adapter's modules; 0 if its configuration says none.

    Raises:
        DataError: It cannot be read.
    """
    config = _adapter_config(adapter)
    pattern = config.get("rank_pattern")
    ranks = [config.get("r"), *(pattern.values() if isinstance(pattern, dict) else ())]
    return max((rank for rank in ranks if type(rank) is int), default=0)


def _adapter_config(adapter: str) -> dict[str, Any]:
    path = Path(adapter).expanduser() / ADAPTER_CONFIG
    try:
        config = parse_json(plain_bytes(path), str(path))
    except OSError as fault:
        raise cannot_read(path, fault) from None
    return config if isinstance(config, dict) else {}


def served_model(name: str, revision: str | None = None) -> Model:
    """The model that an endpoint serves under a name, in the version that the user says it has."""
    return Model(name, name, f"{SERVED}{revision or 'unknown'}")


def _local(path: Path) -> Model:
    if not (path / "config.json").is_file():
        raise UsageError(f"{path} has no config.json", "--model takes the directory of a saved checkpoint.")
    if not any(file for pattern in WEIGHTS for file in path.glob(pattern)):
        raise UsageError(f"{path} has no weights", f"One of {', '.join(WEIGHTS)} is expected in it.")
    return Model(folder_name(str(path)), str(path), f"{LOCAL}{fingerprint(path)}")


def folder_name(path: str) -> str:
    """The name of a folder, under which its model stands in results."""
    return encodable(Path(os.path.abspath(Path(path).expanduser())).name)


def fingerprint(folder: Path) -> str:
    """A hash that changes when the checkpoint, tokenizer or adapter in a folder does.

    A training loop overwrites its checkpoint in place, so the path alone would let a run resume with
    another model's answers. Hashing tens of gigabytes would take minutes; training moves every
    weight, so probes spread over a large file see it. What loading never reads (documentation, what
    training leaves behind) does not count.
    """
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if not file.is_file() or _UNREAD.fullmatch(file.name):
            continue
        size = file.stat().st_size
        digest.update(f"{file.name}\0{size}\0".encode())
        with file.open("rb") as stream:
            if size <= WHOLE_FILE:
                digest.update(stream.read())
                continue
            for probe in range(PROBES):
                stream.seek((size - PROBE_BYTES) * probe // (PROBES - 1))
                digest.update(stream.read(PROBE_BYTES))
    return digest.hexdigest()[:16]


def _commit(model: str, revision: str | None) -> str:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        config = Path(hf_hub_download(model, "config.json", revision=revision))
    except (HfHubHTTPError, LocalEntryNotFoundError, ValueError, OSError) as fault:
        require_certificates()
        reason = whole_message(fault)
        raise UsageError(
            f"the model {model} is neither a directory nor found on the Hugging Face Hub: {reason}",
            "Check the name, the network and, for a gated model, HF_TOKEN.",
        ) from fault
    # The cache keeps every file under snapshots/<commit>/, online and offline.
    return config.parent.name
