"""Folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from calib_data.errors import UserError
from calib_data.files import make_folder


def refuse_filled(folder: Path) -> None:
    """Refuse a folder that holds something; one that is empty or not there yet is fine.

    Raises:
        UserError: The folder is not empty, or is a file.
    """
    if folder.exists() and (not folder.is_dir() or next(folder.iterdir(), None) is not None):
        raise UserError(
            f"{folder} is {'not empty' if folder.is_dir() else 'a file'}.", "Name a new folder with --out, or empty it."
        )


@contextlib.contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield a folder beside `target` to fill; it takes the target's name once the block ends well.

    It is removed if the block raises.

    Raises:
        UserError: `target` holds something, or the folder above cannot be made or written.
    """
    refuse_filled(target)
    make_folder(target.parent)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".part", dir=target.parent))
    try:
        beside.chmod(0o755)
        yield beside
        beside.replace(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
