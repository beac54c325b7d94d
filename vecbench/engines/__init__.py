"""What generates: requests in, responses out, as soon as each is finished.

`create_engine` makes the engine that a run asks for. An engine knows nothing of tasks, files or scores.
"""

from vecbench.engines.base import (
    Engine,
    EngineDescription,
    FinishReason,
    ImageSource,
    Request,
    Response,
    Sampling,
)
from vecbench.engines.choice import EngineChoice, choose_engine
from vecbench.engines.registry import ENGINES, check_engine, create_engine

__all__ = [
    "ENGINES",
    "Engine",
    "EngineChoice",
    "EngineDescription",
    "FinishReason",
    "ImageSource",
    "Request",
    "Response",
    "Sampling",
    "check_engine",
    "choose_engine",
    "create_engine",
]
