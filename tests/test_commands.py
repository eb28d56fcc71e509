"""Every command: its help has an example, starts fast, and an unknown option is exit code 2 without a traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

COMMANDS = sorted(
    f"{path.parent.name}.{path.stem}"
    for room in ("calib_data", "pynet_tf", "quantize", "convert")
    for path in (ROOT / room).glob("*.py")
    if "command.main(" in path.read_text("utf-8")
)


def call(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False)


def test_all_commands_are_found() -> None:
    assert set(COMMANDS) >= {"calib_data.check", "calib_data.render", "calib_data.select", "convert.tflite"}
    assert set(COMMANDS) >= {"pynet_tf.import_tf1", "pynet_tf.render", "pynet_tf.train"}


@pytest.mark.parametrize("module", COMMANDS)
def test_help_ends_with_an_example_and_does_not_load_tensorflow(module: str) -> None:
    probe = f"import sys, {module} as m; m.build_parser(); assert 'tensorflow' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
    done = call(module, "--help")
    assert done.returncode == 0
    assert f"example:\n  python -m {module}" in done.stdout


@pytest.mark.parametrize("module", COMMANDS)
def test_an_unknown_option_is_refused_in_words(module: str) -> None:
    done = call(module, "--no-such-option")
    assert done.returncode == 2
    assert "usage: python -m" in done.stderr
    assert "Traceback" not in done.stderr
