"""A process that holds one artifact on one runtime and runs it once whenever it is told to.

`python -m convert.bench_worker FILE RUNTIME THREADS PHOTO` imports the runtime, and then answers each line on standard
input with one line of JSON: `load` with the milliseconds that loading the file took, `run` with milliseconds and the
share of the machine that others took, `memory` with the peak in MiB over the process before it loaded the file (null
where the system does not tell), `ops` with milliseconds by kind of operation. It is called by `convert.bench_process`
and not meant for people.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from calib_data.errors import UserError
from convert.bench_ops import time_by_op
from convert.memory import peak_resident_mib, resident_mib
from convert.neighbours import Watch
from convert.runners import FileRunner, open_file
from convert.runtimes import find_runtime


def main(file: str, runtime: str, threads: str, photo: str) -> int:
    """Serve until standard input ends; exit code 2 with the reason on standard error if the runtime refuses."""
    importlib.import_module(find_runtime(runtime).module)
    tensor = np.load(photo, allow_pickle=False)
    idle = resident_mib()
    runner: FileRunner | None = None
    _answer("ready")
    for line in sys.stdin:
        question = line.strip()
        try:
            if runner is None:
                began = time.perf_counter()
                runner = open_file(Path(file), runtime, int(threads))
                _answer(1000 * (time.perf_counter() - began))
                tensor = runner.to_tensor(tensor)
            elif question == "run":
                _answer(_run(runner, tensor))
            elif question == "memory":
                peak = peak_resident_mib()
                _answer(None if peak is None or idle is None else peak - idle)
            else:
                _answer(time_by_op(Path(file), runtime, int(threads), tensor))
        except UserError as error:
            print(error.problem, file=sys.stderr)
            return 2
    return 0


def _run(runner: FileRunner, tensor: np.ndarray[Any, Any]) -> tuple[float, float]:
    watch = Watch()
    runner.invoke(tensor)
    seconds, others = watch.stop()
    return 1000 * seconds, others


def _answer(value: Any) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
