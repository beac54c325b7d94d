"""Reports as the tests read them: the blocks of JSON in their page."""

import json
import re

BLOCK = re.compile(r'<script type="application/json" id="([^"]+)">(.*?)</script>', re.DOTALL)


class Blocks:
    """What a page holds: `report`, `rows`, and `texts`, those of every row."""

    def __init__(self, page):
        blocks = {name: json.loads(content) for name, content in BLOCK.findall(page.read_text("utf-8"))}
        self.report, self.rows = blocks.pop("report"), blocks.pop("rows")
        self.chunks = [blocks[f"texts-{number}"] for number in range(len(blocks))]
        self.texts = [row for chunk in self.chunks for row in chunk]

    def column(self, *names, run=0):
        """The values of a coded column, by row."""
        column = self.rows["runs"][run] if names[0] in self.rows["runs"][run] else self.rows
        for name in names:
            column = column[name]
        return [None if code < 0 else column["values"][code] for code in column["codes"]]
