from __future__ import annotations

import re
from pathlib import Path

from calib_data.findings import KINDS

DATA_PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def test_every_kind_is_described_with_its_severity_and_no_other() -> None:
    described = re.findall(
        r"^\| `([a-z-]+)` \| (error|warning) \|", DATA_PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert dict(described) == {name: kind.severity for name, kind in KINDS.items()}
