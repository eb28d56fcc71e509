"""Several workers: the same weights on all, the result of one worker, and a lost worker that comes back."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from calib_data.errors import UserError
from pynet_tf import load_model
from pynet_tf.devices import check_shares, make_strategy
from pynet_tf.schedule import LevelPlan
from tests.conftest import ROOT
from tests.pynet_tf.test_train import IN_PROCESS, losses

LONGEST = 300
OPTIONS = ["--width", "1", "--batch", "2", "--crop", "32", "--save-every", "2", "--log-every", "1", "--levels", "7"]


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def start(data: Path, out: Path, steps: int, index: int | None = None, ports: list[int] | None = None, *more: str):
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    strategy = []
    if ports is not None:
        cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
        environment["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        strategy = ["--strategy", "multi-worker"]
    call = [sys.executable, "-m", "pynet_tf.train", "--data", data, "--out", out, "--steps", steps]
    return subprocess.Popen(
        [*map(str, call), *OPTIONS, *strategy, *more],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and everything said; a process that hangs is killed, which fails the test."""
    try:
        said = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        process.kill()
        said = process.communicate()
    return process.returncode, "".join(said)


def weights(folder: Path) -> list[np.ndarray]:
    return load_model(folder / "model.keras").get_weights()


@pytest.mark.slow
def test_two_workers_end_alike_and_like_one(photo_folder: Path, tmp_path: Path) -> None:
    ports = free_ports(2)
    workers = [start(photo_folder, tmp_path / "two", 4, index, ports) for index in (0, 1)]
    alone = start(photo_folder, tmp_path / "one", 4)
    for code, said in [finish(process) for process in (*workers, alone)]:
        assert code == 0, said
    for first, second in zip(weights(tmp_path / "two"), weights(tmp_path / "two" / "worker-1"), strict=True):
        np.testing.assert_array_equal(first, second)
    for together, single in zip(weights(tmp_path / "two"), weights(tmp_path / "one"), strict=True):
        np.testing.assert_allclose(together, single, atol=2e-4)
    np.testing.assert_allclose(losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=1e-3)


@pytest.mark.slow
def test_two_devices_of_one_machine_end_like_one(photo_folder: Path, tmp_path: Path) -> None:
    two_devices = (
        "import tensorflow as tf; from pynet_tf import devices; half = tf.config.LogicalDeviceConfiguration(); "
        "tf.config.set_logical_device_configuration(tf.config.list_physical_devices('CPU')[0], [half, half]); "
        "devices.make_strategy = lambda name: tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1']); "
    )
    call = ["--data", photo_folder, "--out", tmp_path / "two", "--steps", 4, *OPTIONS]
    done = subprocess.run(
        [sys.executable, "-c", two_devices + IN_PROCESS, *map(str, call)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "2 devices" in done.stdout
    code, said = finish(start(photo_folder, tmp_path / "one", 4))
    assert code == 0, said
    for together, single in zip(weights(tmp_path / "two"), weights(tmp_path / "one"), strict=True):
        np.testing.assert_allclose(together, single, atol=2e-4)
    np.testing.assert_allclose(losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=1e-3)


@pytest.mark.slow
def test_a_killed_worker_stops_the_others_in_words_and_resumes_when_it_comes_back(photo_folder, tmp_path) -> None:
    ports = free_ports(2)
    first, second = (start(photo_folder, tmp_path / "run", 400, index, ports) for index in (0, 1))
    assert first.stdout is not None
    for line in first.stdout:
        if line.startswith("level 7 step 5/"):
            second.send_signal(signal.SIGKILL)
            break
    finish(second)
    code, said = finish(first)
    assert code == 2, said
    assert "a worker was lost" in said
    reached = max(int(path.name.removeprefix("step-")) for path in (tmp_path / "run" / "level7").glob("step-*"))
    ports = free_ports(2)
    run_file = tmp_path / "run" / "run.json"
    settings = json.loads(run_file.read_text("utf-8"))
    settings["plan"][0]["steps"] = reached + 2  # so that the test need not go the whole way
    run_file.write_text(json.dumps(settings), "utf-8")
    again = [start(photo_folder, tmp_path / "run", reached + 2, index, ports, "--resume") for index in (0, 1)]
    for code, said in [finish(process) for process in again]:
        assert code == 0, said
    assert [step for _, step, _ in losses(tmp_path / "run")] == list(range(1, reached + 3))


def test_a_batch_that_the_devices_cannot_share_is_refused() -> None:
    class Three:
        num_replicas_in_sync = 3

    with pytest.raises(UserError, match="3 devices cannot share it evenly"):
        check_shares(Three(), [LevelPlan(7, 1, 3, 32, 1e-3), LevelPlan(4, 1, 4, 32, 1e-3)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "names no workers"),
        ('{"cluster": {}}', "names no workers"),
        ("3", "names no workers"),
        ('{"cluster": {"worker": ["a:1"]}}', "names no workers, or not which of them this one is"),
        (
            '{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}, "task": {"type": "chief", "index": 0}}',
            "has the jobs chief, worker",
        ),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "worker 1 is none of them"),
    ],
)
def test_a_tf_config_that_does_not_name_the_workers_is_refused(monkeypatch, text: str, said: str) -> None:
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(UserError, match=f"TF_CONFIG .*{said}"):
        make_strategy("auto")
