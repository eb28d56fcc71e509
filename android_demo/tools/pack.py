"""Puts an APK together, unsigned: `python3 pack.py RESOURCES.apk CLASSES.dex LIBRARIES OUT.apk`.

What is mapped into memory is stored as it is, on page boundaries of 16 KiB. An extra field names the boundary, as
apksigner moves entries about and keeps only boundaries that are named (to others it gives 4096 or 4 bytes).
"""

from __future__ import annotations

import struct
import sys
import zipfile
from pathlib import Path
from typing import BinaryIO

PAGE = 16384
MAPPED = (".so", ".tflite")
_BOUNDARY_FIELD = 0xD935
_LOCAL_HEADER = 30
_FIELD_HEADER = 6
_MOMENT = (1980, 1, 1, 0, 0, 0)


def add(archive: zipfile.ZipFile, stream: BinaryIO, name: str, content: bytes, kind: int) -> None:
    """Add an entry, compressed or stored, at the end of `stream`."""
    entry = zipfile.ZipInfo(name, _MOMENT)
    entry.compress_type = kind
    if kind == zipfile.ZIP_STORED:
        boundary = PAGE if name.endswith(MAPPED) else 4
        begin = stream.tell() + _LOCAL_HEADER + len(name.encode()) + _FIELD_HEADER
        padding = -begin % boundary
        entry.extra = struct.pack("<HHH", _BOUNDARY_FIELD, 2 + padding, boundary) + bytes(padding)
    archive.writestr(entry, content)


def pack(resources: Path, classes: Path, libraries: Path, out: Path) -> None:
    """Write `out`: the entries of `resources` as they are compressed there, the code, and the libraries stored."""
    with out.open("wb") as stream, zipfile.ZipFile(stream, "w") as archive, zipfile.ZipFile(resources) as given:
        for entry in given.infolist():
            add(archive, stream, entry.filename, given.read(entry), entry.compress_type)
        add(archive, stream, "classes.dex", classes.read_bytes(), zipfile.ZIP_DEFLATED)
        for library in sorted(libraries.rglob("*.so")):
            name = f"lib/{library.relative_to(libraries).as_posix()}"
            add(archive, stream, name, library.read_bytes(), zipfile.ZIP_STORED)


if __name__ == "__main__":
    pack(*map(Path, sys.argv[1:]))
