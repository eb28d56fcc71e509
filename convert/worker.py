"""Runs one artifact on one runtime in a process of its own: some files kill the runtime that loads them.

`python -m convert.worker REQUEST` reads a request (JSON), writes the pictures as .npy files and, last, the answer.
It is called by `convert.isolated` and not meant for people.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from calib_data.errors import UserError
from calib_data.files import write_json
from convert.memory import peak_resident_mib, resident_mib
from convert.runners import open_file


def main(request_path: str) -> int:
    """Serve one request; exit code 2 with the reason on standard error if the runtime refuses the file."""
    request = json.loads(Path(request_path).read_text("utf-8"))
    before = resident_mib()
    try:
        runner = open_file(Path(request["artifact"]), request["runtime"], request["threads"])
    except UserError as error:
        print(error.problem, file=sys.stderr)
        return 2
    seconds = []
    for number, (source, target) in enumerate(zip(request["inputs"], request["outputs"], strict=True)):
        tensor = runner.to_tensor(np.load(source, allow_pickle=False))
        if number == 0:
            runner.invoke(tensor)
        began = time.perf_counter()
        result = runner.invoke(tensor)
        seconds.append(time.perf_counter() - began)
        np.save(target, runner.to_picture(result), allow_pickle=False)
    peak, idle = peak_resident_mib(), before
    memory = None if peak is None or idle is None else round(peak - idle, 1)
    answer = {
        "ms": [round(1000 * second, 3) for second in seconds],
        "peak_mib": memory,
        "partitions": runner.delegate_partitions,
    }
    write_json(Path(request["answer"]), answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
