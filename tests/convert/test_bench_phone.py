"""A phone over adb: what the tool prints is read, and every way in which it can fail is told apart."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from calib_data import command
from calib_data.errors import UserError
from convert import bench
from convert.bench_phone_output import PhoneRun, parse_output

OUTPUTS = Path(__file__).parent / "data" / "benchmark_model"
ONE = "List of devices attached\nabc\tdevice\n\n"


def output(name: str) -> str:
    return (OUTPUTS / f"{name}.txt").read_text("utf-8")


def test_an_older_build_with_operators() -> None:
    assert parse_output(output("profiled")) == PhoneRun(
        load_ms=17.187,
        first_ms=3512.391,
        runs=50,
        mean_ms=pytest.approx(2950.34),
        median_ms=None,
        p5_ms=None,
        p95_ms=None,
        peak_mib=46.0859,
        op_ms={
            "CONV_2D": 2651.853,
            "DEPTHWISE_CONV_2D": 296.919,
            "AVERAGE_POOL_2D": 0.869,
            "SOFTMAX": 0.232,
            "SQUEEZE": 0.016,
        },
    )


def test_the_gpu_takes_all() -> None:
    run = parse_output(output("gpu"))
    assert (run.runs, run.mean_ms, run.peak_mib) == (1694, pytest.approx(35.1349), 74.6641)
    assert (run.delegates, run.ops) == ({"TfLiteGpuDelegateV2": 58}, 58)


def test_a_newer_build_with_percentiles_and_a_gpu_that_takes_a_part() -> None:
    run = parse_output(output("partly"))
    assert (run.p5_ms, run.median_ms, run.p95_ms) == (299.213, 305.582, 313.707)
    assert run.delegates == {"TfLiteGpuDelegateV2": 54, "TfLiteXNNPackDelegate": 456}
    assert run.ops == 559


def test_lines_of_a_log() -> None:
    run = parse_output(output("logcat"))
    assert (run.runs, run.load_ms, run.first_ms, run.peak_mib) == (75, 126.059, 32.942, None)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_an_output_that_breaks_off_is_no_result(share: float) -> None:
    text = output("gpu")
    with pytest.raises(UserError, match="did not finish"):
        parse_output(text[: int(share * len(text))])


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An `adb` on the PATH that answers as told, and the calls that it got."""
    calls = tmp_path / "calls.jsonl"

    def answer(devices: str = ONE, tool: str = "profiled", push: int = 0, abis: str = "arm64-v8a") -> Path:
        program = tmp_path / "bin" / "adb"
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            f"#!{sys.executable}\n"
            "import json, pathlib, sys\n"
            f"with open({str(calls)!r}, 'a') as log: log.write(json.dumps(sys.argv[1:]) + '\\n')\n"
            "call = ' '.join(sys.argv[1:])\n"
            f"if call == 'devices': print({devices!r}, end='')\n"
            f"elif 'abilist' in call: print({abis!r})\n"
            "elif 'getprop' in call: print('Pixel 9')\n"
            "elif 'thermalservice' in call: print('Thermal Status: 0')\n"
            f"elif ' push ' in call: print('no space left on device'); sys.exit({push})\n"
            f"elif '--graph' in call: print(pathlib.Path({str(OUTPUTS / tool)!r} + '.txt').read_text())\n",
            "utf-8",
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(program.parent))
        return calls

    return answer


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """What looks like a program for 64-bit Arm."""
    path = tmp_path / "benchmark_model"
    path.write_bytes(b"\x7fELF" + bytes(14) + (183).to_bytes(2, "little") + bytes(20))
    return path


def call(*arguments: object) -> int:
    return command.run(bench.build_parser(), bench.run, [str(argument) for argument in arguments])


def test_what_the_phone_measures_comes_into_the_same_table(phone, tool: Path, files, tmp_path: Path, capsys) -> None:
    calls = phone()
    told = tmp_path / "bench.json"
    assert call(files["int8"], "--adb", "--benchmark-model", tool, "--json", told) == 0
    result = json.loads(told.read_text("utf-8"))["results"][0]
    assert (result["runtime"], result["median_ms"], result["peak_mib"]) == ("phone-cpu", 2950.34, 46.0859)
    assert json.loads(told.read_text("utf-8"))["phone"]["model"] == "Pixel 9"
    assert "CONV_2D 90%, DEPTHWISE_CONV_2D 10%" in capsys.readouterr().out
    sent = [json.loads(line) for line in calls.read_text("utf-8").splitlines()]
    assert sent[-1][:5] == ["-s", "abc", "shell", "rm", "-rf"]
    assert "--enable_op_profiling=true" in next(one for one in sent if any("--graph" in part for part in one))


def test_a_gpu_that_takes_all_is_good(phone, tool: Path, files) -> None:
    phone(tool="gpu")
    assert call(files["float16"], "--adb", "abc", "--benchmark-model", tool, "--accelerator", "gpu") == 0


def test_a_silent_fall_back_to_the_cpu_is_an_error(phone, tool: Path, files, capsys) -> None:
    phone(tool="profiled")
    assert call(files["int8"], "--adb", "--benchmark-model", tool, "--accelerator", "gpu") == 2
    assert "the gpu took none of the operations" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("devices", "serial", "said"),
    [
        ("List of devices attached\n\n", [], "no phone is connected"),
        ("* daemon started successfully\nList of devices attached\nabc\tunauthorized\n", [], "the phone abc is unauth"),
        ("List of devices attached\nabc\toffline\n", [], "the phone abc is offline"),
        ("List of devices attached\nabc\tdevice\ndef\tdevice\n", [], "several phones are connected: abc, def"),
        (ONE, ["xyz"], "no phone 'xyz' is connected; there are abc"),
    ],
)
def test_phones_that_cannot_be_used(phone, tool, files, capsys, devices: str, serial: list[str], said: str) -> None:
    phone(devices=devices)
    assert call(files["int8"], "--benchmark-model", tool, "--adb", *serial) == 2
    assert said in capsys.readouterr().err


def test_no_adb(tmp_path: Path, monkeypatch, files, capsys) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert call(files["int8"], "--adb") == 2
    assert "there is no adb" in capsys.readouterr().err


def test_a_tool_for_another_processor(phone, tool: Path, files, capsys) -> None:
    phone(abis="armeabi-v7a,armeabi")
    assert call(files["int8"], "--adb", "--benchmark-model", tool) == 2
    assert "is built for arm64-v8a, but the phone takes armeabi-v7a,armeabi" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "said"), [(None, "is not a file"), (b"#!/bin/sh", "is not a program for Android")])
def test_a_tool_that_is_none(phone, files, tmp_path: Path, capsys, content: bytes | None, said: str) -> None:
    phone()
    path = tmp_path / "tool"
    if content is not None:
        path.write_bytes(content)
    assert call(files["int8"], "--adb", "--benchmark-model", path) == 2
    assert said in capsys.readouterr().err


def test_a_full_phone(phone, tool: Path, files, capsys) -> None:
    calls = phone(push=1)
    assert call(files["int8"], "--adb", "--benchmark-model", tool) == 2
    assert "adb push failed on abc: no space left" in capsys.readouterr().err
    assert '"rm"' in calls.read_text("utf-8").splitlines()[-1]


def test_without_the_tool(phone, files, capsys) -> None:
    phone()
    assert call(files["int8"], "--adb") == 2
    assert "--adb needs TensorFlow Lite's benchmark_model" in capsys.readouterr().err


def test_onnx_files_do_not_run_there(phone, tool: Path, tmp_path: Path, capsys) -> None:
    phone()
    (tmp_path / "x.onnx").write_bytes(b"")
    assert call(tmp_path / "x.onnx", "--adb", "--benchmark-model", tool) == 2
    assert "benchmark_model takes .tflite files" in capsys.readouterr().err
