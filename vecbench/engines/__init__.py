"""What generates: requests in, responses out, as soon as each is finished.

`create_engine` makes the engine that a run asks for. An engine knows nothing of tasks, files or scores.
"""

from vecbench.engines.answer_settings import AnswerSettings, answer_settings
from vecbench.engines.base import (
    Engine,
    EngineDescription,
    FinishReason,
    ImageSource,
    Request,
    Response,
    Sampling,
)
from vecbench.engines.registry import (
    ENGINES,
    EngineChoice,
    check_engine,
    choose_engine,
    create_engine,
    require_options,
    text_arguments,
)

__all__ = [
    "ENGINES",
    "AnswerSettings",
    "Engine",
    "EngineChoice",
    "EngineDescription",
    "FinishReason",
    "ImageSource",
    "Request",
    "Response",
    "Sampling",
    "answer_settings",
    "check_engine",
    "choose_engine",
    "create_engine",
    "require_options",
    "text_arguments",
]
