"""The package that a checkpoint's processor or code asks for and that is not installed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec

from vecbench.errors import UsageError, causes

OF_THE_EXTRA = {"torchvision", "num2words"}
"""What `vecbench[hf]` brings for the processors of common models."""
_DISTRIBUTIONS: Mapping[str, str] = {"cv2": "opencv-python-headless"}
"""How a package is called where it is installed from, if that is not how it is imported."""
_SAID = (
    re.compile(r"pip install (?:-\S+ )*([\w.-]+)"),
    re.compile(r"requires the (\S+) library but it was not found"),
)
"""How transformers and the code of checkpoints name what they want."""


def missing_package(model: str, fault: BaseException) -> UsageError | None:
    """The error that names the package, with what to install; None if the fault is another one."""
    for each in causes(fault, hidden=True):
        if not isinstance(each, ImportError):
            continue
        found = next((match for pattern in _SAID if (match := pattern.search(str(each)))), None)
        package = each.name.partition(".")[0] if each.name else found[1].rstrip(".").lower() if found else ""
        if not package or find_spec(package.replace("-", "_")) is not None:
            continue
        remedy = f"Install it: pip install {_DISTRIBUTIONS.get(package, package)}"
        if package in OF_THE_EXTRA:
            remedy += ', or all that the common models want: pip install "vecbench[hf]"'
        return UsageError(f"{model} wants the package {package}, which is not installed", remedy)
    return None
