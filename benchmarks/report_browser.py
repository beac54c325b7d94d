"""A report in Chromium: how long it takes until its samples are seen, filtered, found and scrolled to.

Prints a table in Markdown, in milliseconds. "Seen" is from the start of navigation to the frame that has
the first samples; filters and searches are from the change of the address to the frame that shows their rows;
the longest frame is the longest wait between two frames while the whole list is scrolled through.

Usage: python benchmarks/report_browser.py [--rows N …] [--reports DIR]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from report import WITH_IMAGES, make_run

sys.path.append(str(Path(__file__).resolve().parents[1]))

from tools.chromium import chromium

SEEN = """
new MutationObserver((_, observer) => {
  if (!document.querySelector(".list-box li")) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.seen = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
READY = "return window.seen ?? null"
CHANGE = """
const [hash, done] = arguments;
const before = performance.now();
const finished = () => !document.getElementById("count").textContent.includes("searching");
const wait = () => requestAnimationFrame(() => {
  if (finished()) setTimeout(() => done(performance.now() - before));
  else wait();
});
addEventListener("hashchange", wait, { once: true });
location.hash = hash;
"""
SCROLL = """
const done = arguments[0];
const box = document.querySelector(".list-box");
const steps = 120;
let last = performance.now(), longest = 0, step = 0;
const next = (now) => {
  longest = Math.max(longest, now - last);
  last = now;
  if (step > steps) return done(longest);
  box.scrollTop = (box.scrollHeight * step++) / steps;
  requestAnimationFrame(next);
};
requestAnimationFrame(next);
"""
CHANGES = {
    "wrong": "#/samples?verdict=wrong",
    "target": "#/samples?target=awe",
    "confidence": "#/samples?confidence=0.8-0.9",
    "order": "#/samples?order=id",
    "search": "#/samples?q=light+is+low+and+not+there",
    "grid": "#/samples?view=grid",
}


def measured(driver: Any, page: Path, times: int = 5) -> dict[str, float]:
    """The median of milliseconds, by what was done."""
    runs = [_measured_once(driver, page) for _ in range(times)]
    return {name: sorted(run[name] for run in runs)[times // 2] for name in runs[0]}


def _measured_once(driver: Any, page: Path) -> dict[str, float]:
    from selenium.webdriver.support.wait import WebDriverWait

    driver.get("about:blank")
    driver.get(f"{page.as_uri()}#/samples")
    seen = WebDriverWait(driver, 60, 0.01).until(lambda each: each.execute_script(READY))
    found = {"seen": float(seen)}
    for name, address in CHANGES.items():
        found[name] = driver.execute_async_script(CHANGE, address)
        driver.execute_async_script(CHANGE, "#/samples")
    found["longest frame"] = driver.execute_async_script(SCROLL)
    return found


def prepared() -> Any:
    """A browser that notes when a page is seen."""
    try:
        driver = chromium()
    except FileNotFoundError as fault:
        raise SystemExit(str(fault)) from None
    driver.set_script_timeout(120)
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SEEN})
    return driver


def lines(folder: Path, sizes: list[int]) -> Iterator[str]:
    """The table, line by line; reports that lie in the folder already are not made again."""
    yield f"| rows | page, MB | seen | {' | '.join(CHANGES)} | longest frame |"
    yield "|" + " --: |" * (len(CHANGES) + 4)
    driver = prepared()
    try:
        for rows in sizes:
            report = folder / f"report-{rows}"
            if not report.exists():
                images = rows == WITH_IMAGES
                run = make_run(folder, rows, images=images)
                where = ["--data", str(folder / "data")] if images else ["--no-images"]
                command = [sys.executable, "-m", "vecbench", "report", str(run), "-o", str(report), *where]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            page = report / "index.html"
            values = measured(driver, page)
            yield (
                f"| {rows:,} | {page.stat().st_size / 1e6:.1f} | "
                + " | ".join(f"{each:,.0f}" for each in values.values())
                + " |"
            )
    finally:
        driver.quit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[WITH_IMAGES, 100_000])
    parser.add_argument("--reports", type=Path, help="What benchmarks/report.py --keep left.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(given.reports or Path(folder), given.rows):
            print(line, flush=True)


if __name__ == "__main__":
    main()
