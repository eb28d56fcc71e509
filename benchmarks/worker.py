"""A process that holds one .tflite file on one runtime and runs it once whenever it is told to.

`python -m benchmarks.worker FILE RUNTIME THREADS PHOTO` answers with `[]` when it is ready, and then to each line on
standard input: to `run` with milliseconds and the share of the machine that others took, to `memory` with the peak in
MiB over the process before it loaded the file. It is called by `benchmarks.race` and not meant for people.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path

import numpy as np

from benchmarks.neighbours import Watch
from calib_data.errors import UserError
from convert.runtimes import find_runtime

_STATUS = Path("/proc/self/status")


def main(file: str, runtime_name: str, threads: str, photo: str) -> int:
    """Serve until standard input ends; exit code 2 with the reason on standard error if the runtime refuses."""
    runtime = find_runtime(runtime_name)
    importlib.import_module(runtime.module)
    tensor = np.load(photo, allow_pickle=False)
    idle = _mib("VmRSS")
    try:
        interpreter = runtime.interpreter(Path(file), int(threads))
    except UserError as error:
        print(error.problem, file=sys.stderr)
        return 2
    entry, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    if entry["dtype"] == np.uint8:
        tensor = np.rint(255 * tensor).astype(np.uint8)
    _answer()
    for line in sys.stdin:
        if line.strip() == "memory":
            _answer(_mib("VmHWM") - idle)
            continue
        watch = Watch()
        interpreter.set_tensor(entry["index"], tensor)
        interpreter.invoke()
        interpreter.get_tensor(result["index"])
        seconds, others = watch.stop()
        _answer(1000 * seconds, others)
    return 0


def _answer(*values: float) -> None:
    print(json.dumps(values), flush=True)


def _mib(key: str) -> float:
    """Resident memory of this process in MiB, now (VmRSS) or at most so far (VmHWM)."""
    match = re.search(rf"^{key}:\s+(\d+) kB", _STATUS.read_text("ascii", "replace"), re.MULTILINE)
    if match is None:
        raise UserError(f"{_STATUS} does not tell {key}.", "Run the benchmark on Linux.")
    return int(match[1]) / 1024


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
