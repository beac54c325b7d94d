"""What users are told of a vLLM that does not start, or dies."""

import json
import logging
import os
from logging.config import dictConfig

import pytest

from vecbench.engines import vllm_log
from vecbench.engines.vllm_faults import death, is_about_memory, start_error
from vecbench.engines.vllm_log import ErrorLog, error_log, keep_off_other_machines

POINTER = RuntimeError("Engine core initialization failed. See root cause above. Failed core proc(s): {}")
FULL = "Free memory on device cuda:0 (3.1/79.2 GiB) on startup is less than desired GPU memory utilization"


def test_messages_about_memory_are_told_from_others():
    assert is_about_memory("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB")
    assert is_about_memory(FULL)
    assert is_about_memory(
        "To serve at least one request, 5.2 GiB KV cache is needed, which is larger than the "
        "available KV cache memory (1.0 GiB)"
    )
    assert not is_about_memory("no module named flash_attn")


@pytest.mark.parametrize(
    ("fault", "last_words", "message", "remedy"),
    [
        (POINTER, f"ValueError: {FULL}", f"m does not fit into the memory: ValueError: {FULL}", "max_model"),
        (POINTER, "ImportError: flash_attn", "m cannot be loaded by vLLM: ImportError: flash_attn", ""),
        (POINTER, None, "a process of vLLM failed; its last words, if it had any, are above", "memory"),
        (OSError("no file"), "ValueError: of before", "m cannot be loaded by vLLM: no file", ""),
        (
            ValueError("Model architectures ['MyVL'] are not supported for now. Supported architectures: …"),
            None,
            "vLLM does not know the architecture of m: MyVL",
            "--engine transformers",
        ),
        (
            ValueError("Model architectures ['MyVL'] failed to be inspected. Please check the logs for more"),
            "ImportError: cannot import name 'X' from 'transformers'",
            "cannot be loaded by vLLM: ImportError: cannot import name 'X' from 'transformers'",
            "",
        ),
    ],
)
def test_a_model_that_does_not_start_says_why_and_hints_at_memory_only_for_memory(
    fault, last_words, message, remedy
):
    error = start_error("m", fault, last_words)
    assert message in error.message
    assert remedy in error.remedy
    assert bool(error.remedy) == bool(remedy)


def test_an_engine_that_dies_says_its_last_words_and_hints_at_memory_only_for_memory():
    assert (
        death("CUDA error: an illegal access").message == "vLLM's engine died: CUDA error: an illegal access"
    )
    assert "max_num_seqs" in death("CUDA out of memory").message
    assert "enable_chunked_prefill" in death("RuntimeError: CPU Generator does not use offset").message
    assert "died without a word" in death(None).message


@pytest.fixture
def log(tmp_path, capsys):
    made = ErrorLog(tmp_path)
    dictConfig(json.loads(made.configuration.read_text()))
    logger = logging.getLogger("vllm")
    yield made
    for handler in list(logger.handlers):
        handler.close()
        logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


def raised(name, said, *faults):
    """Logs what a process of vLLM does when these are raised, each because of the one before."""
    try:
        before = None
        for fault in faults:
            try:
                raise fault from before
            except Exception as caught:
                before = caught
        raise before
    except Exception:
        logging.getLogger(name).exception(said)


def test_the_last_words_are_the_last_error_that_does_not_point_to_another(log, capsys):
    assert log.last_words() is None
    raised("vllm.v1", "WorkerProc failed to start.", ValueError("a\nb"), KeyError("k"), ValueError(FULL))
    raised("vllm.v1", "EngineCore failed to start.", POINTER)
    logging.getLogger("vllm.v1").error("Dumping input data for the engine with config: …")
    logging.getLogger("vllm.v1").warning("nothing")
    assert log.last_words() == f"ValueError: {FULL}: KeyError: 'k': ValueError: a b"
    assert "WorkerProc failed to start." in capsys.readouterr().err
    before = log.size()
    assert log.last_words(since=before) is None
    logging.getLogger("vllm.v1").error("Worker proc VllmWorker-0 died unexpectedly (exit code: -9).")
    assert log.last_words(since=before) == "Worker proc VllmWorker-0 died unexpectedly (exit code: -9)."


def test_that_a_process_is_gone_is_no_cause_where_one_was_said(log):
    raised("vllm.v1", "WorkerProc hit an exception.", ValueError(FULL))
    logging.getLogger("vllm.v1").error("Worker proc VllmWorker-0 died unexpectedly (exit code: None).")
    raised("vllm.v1", "EngineCore failed to start.", RuntimeError("cancelled"))
    assert log.last_words() == f"ValueError: {FULL}"


def test_several_lines_of_an_error_are_one(log):
    raised("vllm", "failed", RuntimeError("first line\n  second line"))
    assert log.last_words() == "RuntimeError: first line second line"


def test_an_error_that_quotes_another_process_says_what_that_one_raised(log):
    quoted = "Traceback (most recent call last):\n  File 'x.py', line 1\nImportError: no name 'X'\n"
    raised("vllm", "Error in inspecting", RuntimeError(f"Error raised in subprocess:\na warning\n{quoted}"))
    assert log.last_words() == "ImportError: no name 'X'"


def test_on_other_machines_vllm_logs_as_it_does_by_itself(monkeypatch):
    monkeypatch.delenv(vllm_log.VARIABLE, raising=False)
    error_log.cache_clear()
    try:
        log = error_log()
        assert os.environ[vllm_log.VARIABLE] == str(log.configuration)
        keep_off_other_machines()
        assert vllm_log.VARIABLE not in os.environ
    finally:
        error_log.cache_clear()


def test_the_log_of_a_process_that_started_this_one_is_left_to_it(monkeypatch):
    error_log.cache_clear()
    try:
        monkeypatch.delenv(vllm_log.VARIABLE, raising=False)
        outer = error_log()
        error_log.cache_clear()  # as in a new process, which inherits the variable
        inner = error_log()
        assert inner is not None
        assert inner.configuration != outer.configuration
        assert os.environ[vllm_log.VARIABLE] == str(inner.configuration)
    finally:
        error_log.cache_clear()


@pytest.mark.parametrize("variable", ["VLLM_LOGGING_CONFIG_PATH", "VLLM_CONFIGURE_LOGGING"])
def test_who_configures_the_log_keeps_it(monkeypatch, variable):
    monkeypatch.delenv(vllm_log.VARIABLE, raising=False)
    error_log.cache_clear()
    monkeypatch.setenv(variable, "0")
    try:
        assert error_log() is None
    finally:
        error_log.cache_clear()
