"""How long it takes to score 10,000 sets of 26 labels, whole process, with intervals; prints JSON.

Half of the runs state a confidence per label, which average precision is computed of. A row in five shares
its image with another one, as persons in a picture do.

    python benchmarks/label_sets.py [ROWS] [LABELS]
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def lines(rows: int, labels: int, *, stated: bool) -> str:
    """Responses that name some labels of each target and some others."""
    stream = random.Random(0)
    names = [f"label {number}" for number in range(labels)]
    found = []
    for number in range(rows):
        target = sorted(stream.sample(names, stream.randint(0, min(6, labels))))
        score = {
            name: round(min(1.0, max(0.0, stream.gauss(0.65 if name in target else 0.25, 0.2))), 2)
            for name in names
        }
        named = {name: value for name, value in score.items() if value >= 0.2}
        said = json.dumps(named) if stated else ", ".join(n for n, v in named.items() if v >= 0.5) or "none"
        found.append(
            {
                "task": "sets",
                "kind": "label_set",
                "id": str(number),
                "image": f"{number * 4 // 5}.jpg",
                "image_sha256": f"{number * 4 // 5:064x}",
                "candidates": names,
                "target": target,
                "response": f"<answer>{said}</answer><confidence>{stream.randint(0, 20) / 20}</confidence>",
            }
        )
    return "".join(json.dumps(each) + "\n" for each in found)


def main() -> None:
    rows, labels = (int(each) for each in [*sys.argv[1:], "10000", "26"][:2])
    result: dict[str, object] = {"rows": rows, "labels": labels, "processors": os.cpu_count()}
    with tempfile.TemporaryDirectory() as folder:
        for stated in (False, True):
            path = Path(folder) / f"{stated}.jsonl"
            path.write_text(lines(rows, labels, stated=stated))
            command = [sys.executable, "-m", "vecbench", "score", str(path), "--no-figures"]
            begin = time.perf_counter()
            subprocess.run([*command, "-o", f"{folder}/{stated}"], check=True, capture_output=True)
            result["confidence per label" if stated else "sets alone"] = {
                "seconds": round(time.perf_counter() - begin, 2)
            }
    result["most_mebibytes"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
