"""The vectors that the app's tests read are what Python computes today."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np

from tests.android_demo.vectors import VECTORS, contents


def test_the_vectors_are_up_to_date() -> None:
    with zipfile.ZipFile(VECTORS) as archive:
        stored = {name: archive.read(name) for name in archive.namelist()}
    made = dict(contents())
    assert made.keys() == stored.keys()
    for name, content in made.items():
        if name.endswith(".json"):
            assert json.loads(content) == json.loads(stored[name]), name
            continue
        ours, theirs = (np.load(io.BytesIO(each), allow_pickle=False) for each in (content, stored[name]))
        assert ours.dtype == theirs.dtype
        step = 1e-5 if ours.dtype == np.float32 else 1  # processors round differently
        assert np.abs(ours.astype(np.float64) - theirs).max() <= step, name
