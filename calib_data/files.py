"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calib_data.errors import UserError

BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, json.JSONDecodeError, UnicodeDecodeError, RuntimeError)
"""What reading JSON in a damaged zip raises; a RuntimeError if it claims to be encrypted, or of another method."""
_HASH_BLOCK = 1 << 20
_UMASK = os.umask(0)  # read once, as reading it sets it for all threads
os.umask(_UMASK)


@contextlib.contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` to write to; it takes the target's name once the block ends well.

    The temporary file keeps the target's suffix (writers pick their format by it), is flushed to the
    disk before it is renamed, and is removed if the block raises.

    Raises:
        UserError: The folder of `target` cannot be made or written.
    """
    make_folder(target.parent)
    handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=f".part{target.suffix}", dir=target.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with beside.open("rb+") as stream:
            os.fsync(stream.fileno())
        beside.chmod(0o666 & ~_UMASK)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents.

    Raises:
        UserError: A file stands in the way, or the place may not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(
            f"{folder} cannot be a folder: a file has that name.",
            "Name another folder with --out, or move the file away.",
        ) from error
    except PermissionError as error:
        raise UserError(f"{folder} cannot be made: permission denied.", "Name a folder that you may write.") from error
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder} may not be written.", "Name a folder that you may write.")


def write_bytes(target: Path, content: bytes) -> None:
    """Write `content` to `target`, whole or not at all."""
    with atomic_path(target) as beside:
        beside.write_bytes(content)


def write_text(target: Path, text: str) -> None:
    """Write `text` as UTF-8 to `target`, whole or not at all; bytes of file names that are no UTF-8 are escaped."""
    write_bytes(target, text.encode("utf-8", "backslashreplace"))


def write_json(target: Path, value: Any) -> None:
    """Write `value` as indented JSON to `target`, whole or not at all. NaN is refused."""
    write_text(target, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()
