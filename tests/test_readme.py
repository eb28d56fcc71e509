"""The README and the how-tos: every command that they print is one that it takes, every link leads somewhere."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "pynet_tf" / "models" / "README.md"]


def commands(page: Path) -> list[str]:
    """Every line that begins with `python -m`, perhaps after a prompt or a variable, with continued lines joined."""
    lines = page.read_text("utf-8").replace("\\\n", " ").splitlines()
    found = (re.match(r"\s*(?:\$ )?(?:[A-Z_]+='[^']*'\s+)?(python -m (?!pip).*)", line) for line in lines)
    return [match[1] for match in found if match]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_is_one_that_the_command_takes(page: Path) -> None:
    for line in commands(page):
        _, _, module, *arguments = shlex.split(line, comments=True)
        importlib.import_module(module).build_parser().parse_args(arguments)


def test_there_are_commands_in_the_readme() -> None:
    modules = {line.split()[2] for line in commands(PAGES[0])}
    assert {"calib_data.render", "pynet_tf.train", "convert.tflite", "pynet_tf.render"} <= modules


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target
