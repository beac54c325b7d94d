"""The vllm engine beside vLLM alone on one GPU: Qwen2.5-VL-7B's shapes, random weights, photographs.

Both engines are started side by side, each with 0.44 of the GPU's memory (80 GB are enough), and take turns:
ours, one `generate` call with everything, batches of 32, one by one. vLLM alone gets its images decoded and
its prompts rendered before the clock starts; ours reads JPEG files, decodes, and renders while it runs.
Nobody sees an image twice. Weights are not downloaded: vLLM fills them with random numbers, which cost the
same.

Usage: python benchmarks/gpu/one_gpu.py [--requests 512] [--tokens 128 16 256] [--rounds 2] [--limit SECONDS]
       [--workers N] [--tiny]     (--tiny: small shapes and float32, to try the script without a GPU)
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.extend(str(Path(__file__).parents[2] / folder) for folder in ("", "tests", "benchmarks"))

from photographs import PIXELS, photographs

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")

PROMPT = (
    "Which emotion might this image evoke? Choose the most likely one from ['amusement', 'anger', 'awe', "
    "'contentment', 'disgust', 'excitement', 'fear', 'sadness']. Think step by step. Respond in the format: "
    "<think>{your reasoning}</think><answer>{your final answer}</answer>"
)
VOCABULARY = 152_064


def save_model(folder: Path, *, tiny: bool) -> None:
    """Config, tokenizer and processor of a Qwen2.5-VL, without weights."""
    from tiny_qwen import CHAT_TEMPLATE, SPECIAL
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import (
        GenerationConfig,
        Qwen2_5_VLConfig,
        Qwen2_5_VLProcessor,
        Qwen2Tokenizer,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    known = [*sorted(ByteLevel.alphabet()), *SPECIAL]
    words = [*known, *(f"t{number:06d}" for number in range(VOCABULARY - len(known)))]
    vocabulary = {word: place for place, word in enumerate(words)}
    tokenizer = Qwen2Tokenizer(
        vocab=vocabulary,
        merges=[],
        unk_token=None,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=SPECIAL,
    )
    Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(**PIXELS),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(**PIXELS),
        chat_template=CHAT_TEMPLATE,
    ).save_pretrained(folder)
    end = VOCABULARY - 1  # a token that random weights hardly ever choose: answers have full length
    text: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "max_position_embeddings": 32768,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
        "bos_token_id": vocabulary["<|endoftext|>"],
        "eos_token_id": end,
        "pad_token_id": vocabulary["<|endoftext|>"],
    }
    vision: dict[str, Any] = {
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "num_heads": 16,
        "out_hidden_size": 3584,
        "window_size": 112,
        "fullatt_block_indexes": [7, 15, 23, 31],
    }
    if tiny:
        text |= {"hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2}
        text |= {"num_attention_heads": 4, "num_key_value_heads": 2}
        text["rope_parameters"]["mrope_section"] = [8, 12, 12]
        vision |= {"depth": 2, "hidden_size": 128, "intermediate_size": 256, "num_heads": 2}
        vision |= {"out_hidden_size": 256, "fullatt_block_indexes": [1]}
    config = Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=vocabulary["<|image_pad|>"],
        video_token_id=vocabulary["<|video_pad|>"],
        vision_start_token_id=vocabulary["<|vision_start|>"],
        vision_end_token_id=vocabulary["<|vision_end|>"],
        tie_word_embeddings=False,
    )
    config.architectures = ["Qwen2_5_VLForConditionalGeneration"]
    config.dtype = "float32" if tiny else "bfloat16"
    config.save_pretrained(folder)
    GenerationConfig(eos_token_id=end, pad_token_id=0).save_pretrained(folder)


class Sides:
    """The two engines, and the files that they are asked about."""

    def __init__(
        self, model: Path, settings: dict[str, Any], workers: int | None, temperature: float
    ) -> None:
        from transformers import AutoProcessor
        from vllm import LLM

        from vecbench.engines.vllm import VllmEngine

        began = time.perf_counter()
        self.llm = LLM(model=str(model), disable_log_stats=True, **settings)
        print(f"vLLM alone started in {time.perf_counter() - began:.0f} s", flush=True)
        began = time.perf_counter()
        own = {} if workers is None else {"image_workers": workers}
        self.engine = VllmEngine(str(model), settings | own)
        used = self.engine.description.arguments
        print(
            f"vecbench started in {time.perf_counter() - began:.0f} s, "
            f"{used.get('image_workers')} image workers",
            flush=True,
        )
        processor = AutoProcessor.from_pretrained(str(model))
        turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": PROMPT}]}
        self.text = processor.apply_chat_template([turn], add_generation_prompt=True, tokenize=False)
        self.files, self.made = photographs(96), itertools.count()
        self.temperature = temperature

    def fresh(self, count: int) -> list[bytes]:
        """Files that nobody has seen: bytes behind a JPEG's end change its hash, and no pixel."""
        numbers = [next(self.made) for _ in range(count)]
        return [self.files[number % len(self.files)] + str(number).encode() for number in numbers]

    def ours(self, count: int, tokens: int) -> float:
        """Requests a second."""
        from vecbench.engines import Request, Sampling
        from vecbench.samples.sample import SampleImage

        files = self.fresh(count)

        def asked() -> Iterator[Request]:
            for number, data in enumerate(files):
                sampling = Sampling(temperature=self.temperature, max_tokens=tokens, seed=number)
                yield Request(f"{tokens}-{number}", PROMPT, (SampleImage("x.jpg", data),), sampling)

        began = time.perf_counter()
        responses = list(self.engine.generate(asked()))
        seconds = time.perf_counter() - began
        wrong = [each.error for each in responses if each.error is not None]
        assert not wrong, wrong[:2]
        short = sum((each.n_output_tokens or 0) < tokens for each in responses)
        assert short <= count / 50, f"{short} answers ended early"
        return count / seconds

    def alone(self, count: int, tokens: int, batch: int) -> float:
        """Requests a second, `batch` of them in a call."""
        from vllm import SamplingParams

        from vecbench.samples.sample import SampleImage

        prompts: Sequence[Any] = [
            {"prompt": self.text, "multi_modal_data": {"image": SampleImage("x.jpg", data).decode()}}
            for data in self.fresh(count)
        ]
        sampling = [
            SamplingParams(temperature=self.temperature, max_tokens=tokens, seed=each)
            for each in range(count)
        ]
        began = time.perf_counter()
        for first in range(0, count, batch):
            chosen = slice(first, first + batch)
            self.llm.generate(prompts[chosen], sampling[chosen], use_tqdm=False)
        return count / (time.perf_counter() - began)


def parsed() -> argparse.Namespace:
    """What the command line asks for."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--requests", type=int, default=512)
    options.add_argument("--tokens", type=int, nargs="+", default=[128, 16, 256])
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--limit", type=float, default=3600.0, help="begin nothing new after these seconds")
    options.add_argument("--workers", type=int, help="image workers (default: vecbench's own)")
    options.add_argument("--tiny", action="store_true")
    return options.parse_args()


def main(asked: argparse.Namespace) -> None:
    began = time.monotonic()

    def is_time_left(share: float) -> bool:
        return time.monotonic() - began < share * asked.limit

    import torch
    import vllm

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(f"{device}, vLLM {vllm.__version__}, torch {torch.__version__}, {os.cpu_count()} cores", flush=True)
    settings: dict[str, Any] = {
        "dtype": "float32" if asked.tiny else "bfloat16",
        "load_format": "dummy",
        "max_model_len": 2048 if asked.tiny else 4096,
        "limit_mm_per_prompt": {"image": 1, "video": 0},
        "mm_processor_cache_gb": 0,
        "enforce_eager": asked.tiny,
    }
    if not asked.tiny:
        settings["gpu_memory_utilization"] = 0.44
    sides = None
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder), tiny=asked.tiny)
        try:
            sides = Sides(Path(folder), settings, asked.workers, 0.0 if asked.tiny else 0.7)
            sides.ours(64, 16), sides.alone(64, 16, 64)
            print("| tokens | vecbench /s | one call /s | × one call | batches of 32 /s | one by one /s |")
            print("| --: | --: | --: | --: | --: | --: |", flush=True)
            for tokens in asked.tokens:
                if not is_time_left(0.8):
                    print(f"no time for {tokens} tokens")
                    break
                rounds = []
                while len(rounds) < asked.rounds and (not rounds or is_time_left(0.7)):
                    ours = sides.ours(asked.requests, tokens)
                    rounds.append((ours, sides.alone(asked.requests, tokens, asked.requests)))
                batches = sides.alone(min(128, asked.requests), tokens, 32) if is_time_left(0.9) else None
                single = sides.alone(4, tokens, 1) if is_time_left(0.9) else None
                ratios = [ours / one_call for ours, one_call in rounds]
                rates = [statistics.median(each[side] for each in rounds) for side in (0, 1)]
                ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
                others = [f"{each:.1f}" if each else "" for each in (batches, single)]
                print(f"| {tokens} | {rates[0]:.1f} | {rates[1]:.1f} | {ratio} | {' | '.join(others)} |")
                print("RESULT", json.dumps({"tokens": tokens, "rounds": rounds}), file=sys.stderr, flush=True)
        finally:
            if sides is not None:
                sides.engine.close()


if __name__ == "__main__":
    wanted, status = parsed(), 1
    try:
        main(wanted)
        status = 0
    finally:
        if status:
            import traceback

            traceback.print_exc()
        sys.stdout.flush()
        import psutil

        for each in psutil.Process().children(recursive=True):  # vLLM's other engine would go on
            each.kill()
        os._exit(status)
