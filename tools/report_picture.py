"""Remakes docs/figures/report.png: the overview of the demo's report, as Chromium shows it.

Needs Chromium, chromedriver and the extra `browser`. Usage: python -m tools.report_picture
"""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.chromium import chromium

PICTURE = Path(__file__).parents[1] / "docs" / "figures" / "report.png"
WIDTH, HEIGHT = 1240, 1130
MOST = 300_000
"""Bytes: it is part of the repository."""


def main() -> None:
    """Runs the demo, writes its report and takes the picture."""
    with tempfile.TemporaryDirectory() as folder:
        for arguments in (["demo", "--output", "demo"], ["report", "demo"]):
            command = [sys.executable, "-m", "vecbench", *arguments]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        PICTURE.write_bytes(picture_of(Path(folder) / "demo" / "report" / "index.html"))


def picture_of(page: Path) -> bytes:
    """A PNG of the page's top in 256 colours, which it does not have more of.

    Raises:
        SystemExit: Chromium is not there, or the picture is too large for a repository.
    """
    from PIL import Image

    try:
        driver = chromium("--hide-scrollbars", size=(WIDTH, HEIGHT))
    except FileNotFoundError as fault:
        raise SystemExit(str(fault)) from None
    try:
        screen = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        driver.get(f"{page.as_uri()}#/overview")
        taken = base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", {})["data"])
    finally:
        driver.quit()
    saved = io.BytesIO()
    with Image.open(io.BytesIO(taken)) as image:
        image.convert("RGB").quantize(256).save(saved, "PNG", optimize=True)
    if saved.tell() > MOST:
        raise SystemExit(f"{saved.tell():,} bytes are too many for a picture in the repository")
    return saved.getvalue()


if __name__ == "__main__":
    main()
