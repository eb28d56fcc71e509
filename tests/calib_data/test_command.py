"""What commands print stays in whole lines."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

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
