"""The vllm engine beside vLLM alone, in one run: requests a second, memory, and our own overhead.

Every image is made for its request, so no cache can help. vLLM alone gets its images decoded and its
prompts rendered before the clock starts; ours decodes and renders while it runs. They take turns in one
process, since a machine's speed changes; ratios are of neighbours, with their range over the rounds.

The front end (decoding, the model's processor, prompts) is measured by itself too, with photographs of usual
sizes and an engine that answers at once: with vLLM's one thread, and with worker processes.

Usage: python benchmarks/engine_throughput.py [REQUESTS] [--skip-memory] [--only front]
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from photographs import PHOTOGRAPHS, PIXELS, photographs

os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")

PROMPT = "Which sentiment might this image evoke? Choose the most likely one from ['positive', 'negative']."
SETTINGS = {
    "dtype": "float32",
    "enforce_eager": True,
    "max_model_len": 512,
    "max_num_seqs": 64,
    "limit_mm_per_prompt": {"image": 1},
    "mm_processor_cache_gb": 0,
}
OUTPUT_TOKENS = 24
WORKERS = (0, 1, 2)
WARM_UP = 256
ROUNDS = 7


def picture_bytes(number: int) -> bytes:
    from PIL import Image

    left, right = (number * 37 % 256, number * 11 % 256, number % 256), (number % 251, 90, number % 13)
    picture = Image.new("RGB", (64, 64), left)
    picture.paste(right, (number % 40, number // 40 % 40, 60, 60))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def requests(first: int, count: int) -> Iterator[object]:
    from vecbench.engines import Request, Sampling
    from vecbench.samples.sample import SampleImage

    for number in range(first, first + count):
        image = SampleImage(f"{number}.png", picture_bytes(number))
        yield Request(str(number), PROMPT, (image,), Sampling(max_tokens=OUTPUT_TOKENS))


def peak(model: str, count: int) -> dict[str, float]:
    """MiB of our process, at most, once `count` requests are answered."""
    from vecbench.engines.vllm import VllmEngine

    engine = VllmEngine(model, SETTINGS)
    try:
        assert sum(response.error is None for response in engine.generate(requests(0, count))) == count
    finally:
        engine.close()
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def speed(model: str, count: int) -> dict[str, float]:
    """Requests a second: medians over rounds in which ours and vLLM alone take turns."""
    from transformers import AutoProcessor
    from vllm import LLM, SamplingParams

    from vecbench.engines.vllm import VllmEngine

    llm = LLM(model=model, disable_log_stats=True, **SETTINGS)
    engine = VllmEngine(model, SETTINGS)
    processor = AutoProcessor.from_pretrained(model)
    turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": PROMPT}]}
    text = processor.apply_chat_template([turn], add_generation_prompt=True, tokenize=False)
    sampling = SamplingParams(temperature=0, max_tokens=OUTPUT_TOKENS)
    made = itertools.count()  # no image comes twice, whoever asks

    def ours(number: int) -> float:
        asked = list(requests(next(made) * 10_000, number))  # the files' bytes: nothing is decoded yet
        began = time.perf_counter()
        responses = list(engine.generate(asked))
        seconds = time.perf_counter() - began
        assert sum(response.error is None for response in responses) == number
        return number / seconds

    def alone(number: int, *, at_once: bool) -> float:
        prompts = [
            {"prompt": text, "multi_modal_data": {"image": request.images[0].decode()}}
            for request in requests(next(made) * 10_000, number)
        ]
        began = time.perf_counter()
        for chosen in [prompts] if at_once else prompts:
            llm.generate(chosen, sampling, use_tqdm=False)
        return number / (time.perf_counter() - began)

    try:
        ours(WARM_UP)
        alone(WARM_UP, at_once=True)
        rounds = [
            {
                "loop": alone(count // 8, at_once=False),
                "ours": ours(count),
                "single call": alone(count, at_once=True),
            }
            for _ in range(ROUNDS)
        ]
    finally:
        engine.close()
    found = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
    for key in ("loop", "single call"):
        ratios = [each["ours"] / each[key] for each in rounds]
        found[f"× {key}"] = statistics.median(ratios)
        found[f"least × {key}"], found[f"most × {key}"] = min(ratios), max(ratios)
    return found


def front(model: str, count: int) -> dict[str, float]:
    """Images a second of the front end alone, by workers, and the processor time that an image takes."""
    import psutil
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.renderers import ChatParams, renderer_from_config

    from vecbench.engines import Request, Response, Sampling
    from vecbench.engines.vllm_images import image_workers
    from vecbench.engines.vllm_prompts import Prompts
    from vecbench.engines.window import EventLoop, answered
    from vecbench.engines.workers import AHEAD
    from vecbench.samples.sample import SampleImage

    settings = SETTINGS | {"max_model_len": 1024, "mm_processor_kwargs": PIXELS}
    settings["limit_mm_per_prompt"] = {"image": 1, "video": 0}
    config = AsyncEngineArgs(model=model, **settings).create_engine_config()
    renderer = renderer_from_config(config)
    chat = ChatParams(chat_template_kwargs={"add_generation_prompt": True, "tokenize": False})
    files, made, loop = photographs(48), itertools.count(), EventLoop()
    prompts = Prompts("tiny", renderer, chat, loop)
    prompts.require_template(None)
    pools = {workers: image_workers(config, workers) if workers else None for workers in WORKERS}

    def asked(number: int) -> Iterator[Request]:
        for _ in range(number):
            name = next(made)
            # Bytes behind a JPEG's end change its hash, and no pixel.
            image = SampleImage(f"{name}.jpg", files[name % len(files)] + str(name).encode())
            yield Request(str(name), PROMPT, (image,), Sampling())

    async def answer(request: Request, prepared: Any) -> Response:
        await prompts.rendered(request, prepared)
        return Response(request.key, "", "stop")

    def rate(workers: int, number: int) -> tuple[float, float]:
        prompts.workers = pool = pools[workers]
        threads = 2 if pool is None else AHEAD * len(pool)
        processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
        before, began = sum(map(seconds_of, processes)), time.perf_counter()
        done = list(answered(asked(number), prompts.prepared, answer, loop=loop, window=128, threads=threads))
        took = time.perf_counter() - began
        assert all(each.error is None for each in done)
        return number / took, (sum(map(seconds_of, processes)) - before) / number

    try:
        for workers in WORKERS:
            rate(workers, 24)
        rounds = [{workers: rate(workers, count) for workers in WORKERS} for _ in range(ROUNDS)]
        memory = [each.memory_full_info().uss / 2**20 for each in psutil.Process().children(recursive=True)]
    finally:
        loop.close()
        for pool in pools.values():
            if pool is not None:
                pool.close()
    found = {f"rate {each}": statistics.median(turn[each][0] for turn in rounds) for each in WORKERS}
    found |= {f"cpu {each}": statistics.median(turn[each][1] for turn in rounds) for each in WORKERS}
    ratios = [turn[2][0] / turn[1][0] for turn in rounds]
    found |= {"×": statistics.median(ratios), "least ×": min(ratios), "most ×": max(ratios)}
    return found | {"most memory": max(memory)}


def seconds_of(process: Any) -> float:
    """The processor time of a process, in seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)


def overhead(_model: str, count: int) -> dict[str, float]:
    """Milliseconds a request of a whole run, with an engine that answers at once."""
    from fakes import Watcher, make_plan

    from vecbench.engines import EngineDescription, Response
    from vecbench.engines.window import EventLoop, answered
    from vecbench.run import run
    from vecbench.store import RunDirectory

    class Immediate:
        description = EngineDescription("immediate")

        def __init__(self) -> None:
            self.loop = EventLoop()

        def generate(self, asked: Iterable[object]) -> Iterator[object]:
            return answered(
                asked, lambda each: each.decoded(), self._answer, loop=self.loop, window=128, threads=2
            )

        async def _answer(self, request: object, _picture: object) -> object:
            return Response(
                request.key, "<answer>joy</answer><confidence>0.5</confidence>", "stop", None, 9, 9
            )

        def close(self) -> None:
            self.loop.close()

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        (root / "images").mkdir(parents=True)
        with (root / "samples.csv").open("w", newline="", encoding="utf-8") as stream:
            rows = csv.writer(stream)
            rows.writerow(["task", "id", "image", "label"])
            for number in range(count):
                (root / "images" / f"{number}.png").write_bytes(picture_bytes(number))
                rows.writerow(["emoji_7", number, f"images/{number}.png", "joy"])
        began = time.perf_counter()
        outcome = run(make_plan(root), Immediate, RunDirectory(Path(folder) / "run"), Watcher())
        seconds = time.perf_counter() - began
    assert outcome.generated == count
    return {"milliseconds": 1000 * seconds / count}


PARTS = {"speed": speed, "front": front, "peak": peak, "overhead": overhead}


def measured(part: str, model: str, count: int) -> dict[str, float]:
    """A part in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--part", part, model, str(count)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode or not lines:
        raise SystemExit(f"{part} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    result: dict[str, float] = json.loads(lines[-1].removeprefix("RESULT "))
    return result


def print_front(model: str, count: int) -> None:
    """The front end's table."""
    found = measured("front", model, count)
    sizes = ", ".join(f"{width}×{height}" for width, height in PHOTOGRAPHS)
    print(
        f"Front end alone: JPEG files of {sizes}, {PIXELS['min_pixels']:,} to {PIXELS['max_pixels']:,} pixels"
    )
    print(
        "| processes images | images/s | ms of a core an image | images/s a core |\n| --- | --: | --: | --: |"
    )
    for workers in WORKERS:
        name = "vLLM's one thread" if workers == 0 else f"{workers} worker{'s' if workers > 1 else ''}"
        cost = found[f"cpu {workers}"]
        print(f"| {name} | {found[f'rate {workers}']:.0f} | {1000 * cost:.1f} | {1 / cost:.0f} |")
    ratio = f"{found['×']:.2f} ({found['least ×']:.2f} to {found['most ×']:.2f})"
    print(
        f"\n2 workers against 1: × {ratio}; memory of a worker: {found['most memory']:.0f} MiB\n", flush=True
    )


def main() -> None:
    if "--part" in sys.argv:
        part, model, count = sys.argv[2:5]
        print("RESULT", json.dumps(PARTS[part](model, int(count))), flush=True)
        return
    from tiny_qwen import save_tiny_qwen

    from vecbench.shipped import demo_model

    numbers = [int(each) for each in sys.argv[1:] if each.isdigit()]
    count = numbers[0] if numbers else 512
    print(
        f"{platform.machine()}, {os.cpu_count()} cores; {count} requests, "
        f"{OUTPUT_TOKENS} output tokens at most\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        save_tiny_qwen(Path(folder) / "tiny-qwen2.5-vl")
        print_front(f"{folder}/tiny-qwen2.5-vl", count)
        if "--only" in sys.argv:
            return
        models = {"vecbench-nano": str(demo_model()), "tiny Qwen2.5-VL": f"{folder}/tiny-qwen2.5-vl"}
        print("| model | one by one /s | one call /s | vecbench /s | × one by one | × one call |")
        print("| --- | --: | --: | --: | --: | --: |", flush=True)
        for name, model in models.items():
            found = measured("speed", model, count)
            ratios = [
                f"{found[f'× {key}']:.2f} ({found[f'least × {key}']:.2f}–{found[f'most × {key}']:.2f})"
                for key in ("loop", "single call")
            ]
            rates = [f"{found[key]:.1f}" for key in ("loop", "single call", "ours")]
            print(f"| {' | '.join([name, *rates, *ratios])} |", flush=True)
    print(f"\nOverhead of a run: {measured('overhead', '-', 4096)['milliseconds']:.2f} ms a request")
    if "--skip-memory" not in sys.argv:
        model = str(demo_model())
        few, many = measured("peak", model, 512)["peak"], measured("peak", model, 4096)["peak"]
        print(
            f"Peak memory of our process: {few:.0f} MiB at 512 requests, {many:.0f} MiB at 4,096", flush=True
        )


if __name__ == "__main__":
    main()
