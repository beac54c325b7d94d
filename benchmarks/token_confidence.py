"""What token confidence costs: requests a second with it and without, processor time, and bytes a line.

The bundled model answers a question of the demo, every image made for its request. With and without take
turns in one process, since a machine's speed changes; ratios are of neighbours, with their range over the
rounds. What is timed ends where a response would be stored: the engine, and the reading of the answer's
tokens. Processor time is that of all processes of the engine, and means something beside other programs too.

Usage: python benchmarks/token_confidence.py {transformers|vllm} [REQUESTS] [ROUNDS]
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")

from engine_throughput import SETTINGS, picture_bytes, seconds_of

OUTPUT_TOKENS = 40


def main() -> None:
    import psutil
    from engine_contract import PROMPT

    from vecbench.engines import Request, Sampling
    from vecbench.engines.registry import loaded
    from vecbench.run.token_confidence import N_ALTERNATIVES, token_confidence
    from vecbench.samples.sample import SampleImage
    from vecbench.shipped import demo_model
    from vecbench.tasks import load_catalogue

    name = sys.argv[1]
    count, rounds = (int(given) for given in (sys.argv[2:] + ["512", "9"][len(sys.argv[2:]) :]))
    task = load_catalogue().tasks["emoji_2"]
    labels = task.answers.candidates({})
    form = task.form_of("standard")
    engine = loaded(name, str(demo_model()), SETTINGS if name == "vllm" else {"dtype": "float32"}, 1)
    made = itertools.count()  # no image comes twice, whoever asks

    def requests(number: int, n_alternatives: int) -> Iterator[Request]:
        for _ in range(number):
            key = next(made)
            image = SampleImage(f"{key}.png", picture_bytes(key))
            sampling = Sampling(max_tokens=OUTPUT_TOKENS)
            yield Request(str(key), PROMPT, (image,), sampling, n_alternatives=n_alternatives)

    lines: list[dict[str, Any] | None] = []

    def measured(n_alternatives: int, number: int = count) -> tuple[float, float]:
        """Requests a second, and milliseconds of a core for each."""
        asked = list(requests(number, n_alternatives))
        lines.clear()
        processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
        before, began = sum(map(seconds_of, processes)), time.perf_counter()
        lines.extend(token_confidence(each, labels, task.answers, form) for each in engine.generate(asked))
        seconds = time.perf_counter() - began
        return number / seconds, 1000 * (sum(map(seconds_of, processes)) - before) / number

    print(f"{name} on {platform.machine()}, {os.cpu_count()} cores; {count} requests, {rounds} rounds")
    try:
        for n_alternatives in (0, N_ALTERNATIVES):
            measured(n_alternatives, 64)
        turns = []
        for turn in range(rounds):
            order = (0, N_ALTERNATIVES) if turn % 2 else (N_ALTERNATIVES, 0)
            turns.append({each: measured(each) for each in order})
        measured(N_ALTERNATIVES, 64)
    finally:
        engine.close()
    sizes = [len(json.dumps({"token_confidence": each})) for each in lines if each]
    print("| | without | with | × |\n| --- | --: | --: | --: |")
    for place, what in enumerate(("requests/s", "ms of a core a request")):
        without, those = ([each[n][place] for each in turns] for n in (0, N_ALTERNATIVES))
        ratios = [that / this for this, that in zip(without, those, strict=True)]
        medians = f"{statistics.median(without):.2f} | {statistics.median(those):.2f}"
        print(
            f"| {what} | {medians} | {statistics.median(ratios):.3f} ({min(ratios):.3f}–{max(ratios):.3f}) |"
        )
    print(f"known of {len(sizes)} of {len(lines)} answers, at most {max(sizes, default=0)} bytes a line")


if __name__ == "__main__":
    main()
