"""Blocks of code in Markdown pages, and whether they are to be run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RUN: Final = ("sh", "console", "python")
SHOWN: Final = ("text", "json", "js", "toml", "yaml", "html", "ini", "nginx", "dockerfile", "xml")
"""Languages of blocks that are for reading alone."""

_FENCE: Final = re.compile(r"^```(\S*)$")
_NOT_RUN: Final = re.compile(r"^<!-- not run: (\S.*) -->$")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        line: of its first line of code, from 1.
        language: as the fence says.
        text: the code.
        not_run: why it is not run; empty where it is.
    """

    line: int
    language: str
    text: str
    not_run: str

    @property
    def script(self) -> str:
        """The code to run: of a ``console`` block the lines after ``$``."""
        if self.language != "console":
            return self.text
        return "\n".join(line[2:] for line in self.text.splitlines() if line.startswith("$ "))


def read(page: Path) -> list[Block]:
    """Return a page's blocks in order.

    Raises:
        ValueError: a block has no language, or one that is neither run nor known to be for reading.
    """
    found: list[Block] = []
    lines = page.read_text().splitlines()
    opened: tuple[int, str] | None = None
    for number, line in enumerate(lines):
        fence = _FENCE.match(line.strip())
        if fence is None:
            continue
        if opened is None:
            opened = number, fence[1]
            if fence[1] not in RUN + SHOWN:
                raise ValueError(
                    f"{page}:{number + 1}: a block in {fence[1] or 'no language'}: see docs/writing-docs.md"
                )
            continue
        begin, language = opened
        reason = _NOT_RUN.match(lines[begin - 1].strip()) if begin else None
        text = "\n".join(lines[begin + 1 : number])
        found.append(Block(begin + 2, language, text, reason[1] if reason else ""))
        opened = None
    return found
