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
    """Every `python -m` line in a fenced block, without comments and with continued lines joined."""
    fenced = re.findall(r"^[ ]*```(?:console)?\n(.*?)^[ ]*```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    lines = "\n".join(fenced).replace("\\\n", " ").splitlines()
    stripped = [line.strip().removeprefix("$ ") for line in lines]
    return [line for line in stripped if line.startswith("python -m") and not line.startswith("python -m pip")]


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
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target
