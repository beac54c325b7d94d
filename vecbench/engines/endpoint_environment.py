"""What the environment says of endpoints: an address, certificates, proxies."""

from __future__ import annotations

import os

from vecbench.engines.arguments import OpenAIArguments
from vecbench.engines.secrets import Mask
from vecbench.errors import UsageError, whole_message

CLOUD = "https://api.openai.com/v1"
ENVIRONMENT = (
    "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"
)  # fmt: skip
"""What a client reads of the environment when it is made; proxies in small letters too."""


def unusable_environment(fault: Exception, masked: Mask) -> UsageError:
    """The error for certificates or proxies of the environment with which no client can be made."""
    names = (name for each in ENVIRONMENT for name in (each, each.lower()))
    given = [name for name in names if os.environ.get(name)]  # the value of a proxy may hold a password
    return UsageError(
        f"no connection to an endpoint can be made: {whole_message(masked(str(fault)))}",
        f"Correct or unset, in the environment: {', '.join(given)}." if given else "",
    )


def urls_of_the_environment(has_key: bool) -> tuple[str, ...]:
    """The addresses where none is given: `OPENAI_BASE_URL`, or OpenAI's own where there is a key."""
    url = os.environ.get("OPENAI_BASE_URL", "")
    if url:
        return OpenAIArguments.parsed({"base_url": url}).base_url
    if has_key:
        return (CLOUD,)
    raise UsageError(
        "the openai engine has no endpoint",
        "Give one, such as -a base_url=http://localhost:8000/v1, or set OPENAI_API_KEY for OpenAI's own.",
    )
