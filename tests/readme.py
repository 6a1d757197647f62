"""Prints a code block of the README, by its number from 1 on: what a newcomer copies is what is tested."""

import re
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def code_blocks(language: str = r"\w+") -> list[str]:
    """Find the fenced blocks of a language, in order."""
    return re.findall(rf"^```(?:{language})\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


if __name__ == "__main__":
    print(code_blocks()[int(sys.argv[1]) - 1], end="")  # noqa: T201 - for the shell
