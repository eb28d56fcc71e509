"""What commands print stays in whole lines, whatever files are called; what ends them is told."""

from __future__ import annotations

import argparse
import io
from contextlib import redirect_stdout

import pytest

from calib_data import command
from calib_data.command import tell


class _Writes(io.StringIO):
    """Notes each write by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []

    def write(self, text: str) -> int:
        if text:
            self.noted.append(text)
        return super().write(text)


def test_a_line_and_its_end_are_written_as_one_so_that_threads_do_not_mix_them() -> None:
    out = _Writes()
    with redirect_stdout(out):
        tell("comparing the layers of one.tflite")
    assert out.noted == ["comparing the layers of one.tflite\n"]


def test_names_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    def body(_options: argparse.Namespace) -> int:
        command.console().print(command.table("", ["file"], [["IMG_1[edited].jpg"], [":smile: [/b].jpg"]]))
        command.tell("caf\udce9.jpg")
        return command.GOOD

    assert command.run(command.parser("a.b", "", ""), body, []) == command.GOOD
    printed = capsys.readouterr().out
    for name in ("IMG_1[edited].jpg", ":smile: [/b].jpg", "caf\\udce9.jpg"):
        assert name in printed


@pytest.mark.parametrize(
    ("arguments", "said"), [([], "Run the same command again with --resume."), (["--resume"], "again.")]
)
def test_who_interrupts_a_command_that_resumes_is_told_how(capsys, arguments: list[str], said: str) -> None:
    def body(_options: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    options = command.parser("a.b", "", "")
    options.add_argument("--resume", action="store_true")
    assert command.run(options, body, arguments) == command.WRONG_INPUT
    assert capsys.readouterr().err.endswith(f"{said}\n")
