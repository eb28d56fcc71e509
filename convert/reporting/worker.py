"""Runs one file on one runtime, photo after photo, in a process of its own.

`python -m convert.reporting.worker FILE RUNTIME THREADS` answers each line on standard input, a request
`{"input": .npy, "output": .npy}`, by a line `{"ms": ...}` once the picture is written. It is called by
`convert.reporting.process` and not meant for people.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import IO

import numpy as np

from calib_data.errors import UserError
from convert.runners import FileRunner, open_file


def main(file: str, runtime: str, threads: str) -> int:
    """Serve requests until standard input ends; exit code 2 with the reason on standard error if it is refused."""
    answers = _own_standard_output()
    try:
        runner = open_file(Path(file), runtime, int(threads))
        _say(answers, {"ready": True})
        for line in sys.stdin:
            _say(answers, {"ms": _serve(runner, json.loads(line))})
    except UserError as error:
        print(error.problem, file=sys.stderr)
        return 2
    return 0


def _serve(runner: FileRunner, request: dict[str, str]) -> float:
    tensor = runner.to_tensor(np.load(request["input"], allow_pickle=False))
    began = time.perf_counter()
    result = runner.invoke(tensor)
    seconds = time.perf_counter() - began
    np.save(request["output"], runner.to_picture(result), allow_pickle=False)
    return round(1000 * seconds, 3)


def _say(stream: IO[str], answer: dict[str, object]) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


def _own_standard_output() -> IO[str]:
    """Standard output for answers alone: what native code prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
