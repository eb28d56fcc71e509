"""A folder for what is under way, beside where it will be published."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from calib_data.files import make_folder

_PREFIX = ".convert-"


@contextlib.contextmanager
def working_folder(out: Path) -> Iterator[Path]:
    """A hidden folder in `out`, so that renaming from it to `out` stays on one disk; removed at the end.

    What a process that was killed has left there is removed first.
    """
    make_folder(out)
    for stale in out.glob(f"{_PREFIX}*"):
        if not _is_running(stale.name.removeprefix(_PREFIX).partition("-")[0]):
            shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=out) as folder:
        yield Path(folder)


def _is_running(process: str) -> bool:
    if not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
