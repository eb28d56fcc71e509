"""SQNR as node data that Google's Model Explorer lays over a file's graph.

Format: `GraphNodeData` of model-explorer's `node_data_builder`; nodes are found by the names of their output tensors.
"""

from __future__ import annotations

from typing import Any

from convert.reporting.record import LayerStudy

_THRESHOLDS = ((10.0, "#d7301f"), (20.0, "#fc8d59"), (30.0, "#fdcc8a"), (40.0, "#c7e9b4"), (150.0, "#7fcdbb"))
"""dB up to which a node has a colour; the same for all files, so that two can be compared by eye."""


def node_data(study: LayerStudy) -> dict[str, Any]:
    """SQNR in dB of each matched tensor, with colours."""
    return {
        "results": {row.tensor: {"value": row.sqnr} for row in study.rows},
        "thresholds": [{"value": value, "bgColor": colour, "textColor": "#1a1d23"} for value, colour in _THRESHOLDS],
    }
