"""`--model-args`, checked against what an engine knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vecbench.errors import UsageError, nearest

Arguments = TypeVar("Arguments", bound=BaseModel)


def parse_arguments(schema: type[Arguments], arguments: Mapping[str, Any]) -> Arguments:
    """The arguments, as an engine's schema understands them.

    Raises:
        UsageError: The first argument that is unknown (with the nearest names) or has a wrong value.
    """
    try:
        return schema.model_validate(dict(arguments))
    except ValidationError as fault:
        first = fault.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise UsageError(f"unknown model argument {name!r}", nearest(name, schema.model_fields)) from None
        problem = first["msg"][0].lower() + first["msg"][1:]
        raise UsageError(f"model argument {name}={first['input']!r}: {problem}") from None
