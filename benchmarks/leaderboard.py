"""Speed of a leaderboard with many entries: building it, and sorting its page in Chromium.

The entries are synthetic: verified ones of VECBench, all on the same samples, so that every pair is compared
with McNemar's test. The second part needs Chromium, chromedriver and the extra `browser`.

Usage: python benchmarks/leaderboard.py [--entries N]
"""

from __future__ import annotations

import argparse
import base64
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from vecbench.leaderboard.entry import Entry
from vecbench.metrics import Cells, auroc, brier, confidence_gap, ece, wilson_interval
from vecbench.tasks import load_catalogue

sys.path.append(str(Path(__file__).resolve().parents[1]))

from tools.chromium import chromium

SORTS = """
const times = [];
for (const button of document.querySelectorAll("thead button")) {
  if (!button.offsetParent) continue;
  for (let go = 0; go < 2; go += 1) {
    const before = performance.now();
    button.click();
    document.getElementById("standings").getBoundingClientRect();
    times.push(performance.now() - before);
  }
}
return times;
"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--entries", type=int, default=1000)
    count = arguments.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "entries").mkdir()
        for place, entry in enumerate(synthetic_entries(count)):
            name = f"model-{place:04}-{entry.submission_sha256[:8]}"
            (root / "entries" / f"{name}.json").write_text(entry.as_json())
        before = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "vecbench", "leaderboard", "build", str(root)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        print(f"build of {count} entries: {time.perf_counter() - before:.2f} s")
        page = root / "index.html"
        print(f"page: {page.stat().st_size / 1e6:.1f} MB")
        times = sort_times(page)
        if times:
            print(
                f"sorting, layout included: median {statistics.median(times):.0f} ms, "
                f"slowest {max(times):.0f} ms of {len(times)}"
            )


def synthetic_entries(count: int, seed: int = 0) -> list[Entry]:
    """Models of rising skill on samples of varying difficulty, overconfident by varying amounts.

    Tasks of one source (WebEmo-25, -7 and -2, say) share their images, which takes the most to rank.
    """
    generator = np.random.default_rng(seed)
    catalogue = load_catalogue()
    groups = {name: catalogue.groups[name].members for name in catalogue.groups["vecbench"].members}
    sizes = {task: catalogue.tasks[task].expected_n[1] for tasks in groups.values() for task in tasks}
    difficulty = {task: generator.normal(size=n) for task, n in sizes.items()}
    entries = []
    for place in range(count):
        skill, boldness = generator.normal([0.2, 0.75], [0.4, 0.05])
        right = {task: generator.normal(skill, 1, n) > difficulty[task] for task, n in sizes.items()}
        stated = {
            task: np.clip(generator.normal(boldness + 0.1 * bits, 0.1), 0, 1).round(2)
            for task, bits in right.items()
        }
        cells = {task: Cells.of_rows(stated[task], right[task]) for task in sizes}
        blocks = {
            name: {
                "pooled": rows(Cells.pooled([cells[task] for task in members])),
                "macro": {"accuracy": {"value": float(np.mean([right[task].mean() for task in members]))}},
            }
            for name, members in (*groups.items(), ("overall", list(sizes)))
        }
        values = {
            "benchmark": "vecbench",
            "kind": "verified",
            "model": {"name": f"Model {place}", "id": f"lab/model-{place}", "revision": f"{place:040x}"},
            "date": f"2026-{1 + place % 12:02}-{1 + place % 28:02}",
            "source": {"name": "recomputed from 8035 responses"},
            "protocol": "strict",
            "prompts": ["verbalized"],
            "decoding": {"temperature": 0.7, "top_p": 1.0, "max_tokens": 1024, "seed": 0},
            "checked": {"sample_ids": True, "images": True, "prompts": True, "keys": True},
            "errors": 0,
            "tasks": {task: rows(each) for task, each in cells.items()},
            "overall": blocks.pop("overall"),
            "groups": blocks,
            "outcomes": {
                task: {
                    "n": len(bits),
                    "samples_sha256": "0" * 64,
                    "right": base64.b64encode(np.packbits(bits).tobytes()).decode(),
                    "confidence": base64.b64encode((10_000 * stated[task]).round().astype("<u2")).decode(),
                    "shared": {
                        other: base64.b64encode(np.packbits(np.ones(len(bits), dtype=bool))).decode()
                        for other in sizes
                        if other != task and other.split("_")[0] == task.split("_")[0]
                    },
                }
                for task, bits in right.items()
            },
            "submission_sha256": f"{place:08x}{0:056x}",
            "responses_sha256": f"{place:064x}",
        }
        entries.append(Entry.model_validate(values))
    return entries


def rows(cells: Cells) -> dict[str, Any]:
    """What an entry says of rows; the intervals' widths are made up."""
    n, correct = cells.n, int(cells.total_right)
    low, high = wilson_interval(correct, n)
    metrics = {
        "accuracy": {"value": correct / n, "low": low, "high": high},
        "f1_weighted": {"value": correct / n},
        "coverage": {"value": 1.0},
        "confidence_gap": {"value": float(confidence_gap.of_cells(cells))},
    }
    for key, metric in (("ece", ece), ("brier", brier), ("auroc", auroc)):
        value = round(float(metric.of_cells(cells)), 6)
        metrics[key] = {"value": value, "low": max(0, value - 0.02), "high": min(1, value + 0.02)}
    return {"n": n, "correct": correct, "metrics": metrics}


def sort_times(page: Path) -> list[float]:
    """Milliseconds of every sort by a visible column, both directions; none without Chromium."""
    try:
        driver = chromium()
    except (ImportError, FileNotFoundError):
        print("sorting was not measured: make test-browser says what it needs")
        return []
    try:
        driver.get(page.as_uri())
        return list(driver.execute_script(SORTS))
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
