"""Say what is wrong with a data set, file by file.

    python -m calib_data.check EBB

The steps: compare names, open each pair and look at it (`checks`), compare all pictures with each other, print.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calib_data import command

if TYPE_CHECKING:
    from calib_data.checks import Examined
    from calib_data.findings import Finding


def build_parser() -> argparse.ArgumentParser:
    """The options of the command."""
    options = command.parser(
        "calib_data.check",
        "Say what is wrong with a folder of pairs or photographs: missing partners, unreadable files, sizes,\n"
        "misaligned pairs, black wedges, swapped pairs, duplicates. Exit code 1 if something is wrong.",
        "python -m calib_data.check EBB --json findings.json",
    )
    options.add_argument("folder", type=Path, metavar="DIR", help="folder in EBB! layout, or of photos")
    options.add_argument("--split", choices=("train", "test"), help="check this split only")
    options.add_argument("--json", type=Path, metavar="FILE", help="write findings and measurements here too")
    options.add_argument("--strict", action="store_true", help="exit 1 on warnings as well")
    return options


def run(options: argparse.Namespace) -> int:
    """Check and print; returns the exit code."""
    from calib_data.checks import check_names, check_repeats, examine
    from calib_data.dataset import numeric_order, scan
    from calib_data.files import write_json
    from calib_data.parallel import in_parallel

    listing = scan(options.folder, options.split)
    total = len(listing.pairs)
    examined = list(command.progress(in_parallel(examine, listing.pairs), total, "checking"))
    findings = check_names(listing) + [finding for one in examined for finding in one.findings]
    findings += check_repeats(examined)
    findings.sort(key=lambda finding: (finding.severity, numeric_order(str(finding.files[0]))))
    failed = any(options.strict or finding.severity == "error" for finding in findings)
    if options.json is not None:
        write_json(options.json, _as_json(options.folder, examined, findings, failed=failed))
    _print(options.folder, examined, findings)
    _suggest(options, examined, failed=failed)
    return command.GATE_FAILED if failed else command.GOOD


def _print(folder: Path, examined: Sequence[Examined], findings: Sequence[Finding]) -> None:
    if findings:
        rows = [
            (finding.kind, str(finding.files[0].relative_to(folder)), finding.message, finding.fix)
            for finding in findings
        ]
        found = command.table("Findings", ("kind", "file", "what is wrong", "how to mend it"), rows)
        for column in found.columns:
            column.justify = "left"
        command.console().print(found)
    pairs = [one.pair for one in examined]
    targets = sum(pair.bokeh is not None for pair in pairs)
    depths = sum(pair.depth is not None for pair in pairs)
    kinds = Counter((finding.severity, finding.kind) for finding in findings)
    command.tell(f"photos: {len(pairs)}, targets: {targets}, depth maps: {depths}")
    for severity in ("error", "warning"):
        counts = ", ".join(f"{kind} {count}" for (grade, kind), count in kinds.items() if grade == severity)
        command.tell(f"{severity}s: {counts or 'none'}")


def _suggest(options: argparse.Namespace, examined: Sequence[Examined], *, failed: bool) -> None:
    if failed:
        command.next_step(f"mend or move away the files above, then python -m calib_data.check {options.folder}")
    elif any(one.pair.bokeh is not None for one in examined):
        command.next_step(f"python -m pynet_tf.train --data {options.folder} --out runs/first")
    else:
        command.next_step(f"python -m convert.tflite --calibration {options.folder}")


def _as_json(
    folder: Path, examined: Sequence[Examined], findings: Sequence[Finding], *, failed: bool
) -> dict[str, Any]:
    """Findings and measurements as plain values; the fields are described in docs/data.md."""
    return {
        "format": 1,
        "folder": str(folder),
        "clean": not failed,
        "summary": dict(Counter(finding.kind for finding in findings)),
        "findings": [
            {
                "kind": finding.kind,
                "severity": finding.severity,
                "files": [str(path.relative_to(folder)) for path in finding.files],
                "message": finding.message,
                "value": finding.value,
                "fix": finding.fix,
            }
            for finding in findings
        ],
        "pairs": [
            {
                "name": one.pair.name,
                "split": one.pair.split,
                "shift": None if one.shift is None else asdict(one.shift),
                "detail_ratio": one.detail_ratio,
            }
            for one in examined
        ],
    }


if __name__ == "__main__":
    command.main(build_parser(), run)
