"""`python -m convert.report`: what it measures, writes and judges, and what it does with bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from calib_data import command
from convert import load_artifact
from convert import report as module
from convert.flatbuffer import Flatbuffer
from convert.reporting.record import HISTOGRAM_EDGES
from pynet_tf.metrics import psnr
from tests.conftest import ROOT
from tests.convert.reporting.files import SCRIPT, Files, copied


def make_report(*arguments: object) -> int:
    return command.run(module.build_parser(), module.run, [str(argument) for argument in arguments])


def test_every_file_is_run_on_every_runtime(made) -> None:
    stages = [(stage.artifact.file, stage.runtime, stage.status) for stage in made.record.stages]
    assert stages == [
        ("tiny-float32.tflite", "litert-xnnpack", "good"),
        ("tiny-float32.tflite", "litert-builtin", "good"),
        (f"{SCRIPT}.tflite", "litert-xnnpack", "good"),
        (f"{SCRIPT}.tflite", "litert-builtin", "good"),
        ("tiny.onnx", "onnxruntime", "good"),
    ]


def test_the_figures_are_those_of_the_pictures(made, files: Files, photos: Path) -> None:
    from calib_data.photo import half_size, read_photo

    photo = half_size(read_photo(photos / "original" / "1.png").pixels)[np.newaxis]
    picture, reference = (load_artifact(path).run(photo)[0] for path in (files.int8, files.model))
    stage = next(one for one in made.record.stages if one.id == f"{SCRIPT}.tflite@litert-xnnpack")
    result = next(one for one in stage.photos if one.photo == "1")
    assert result.reference is not None
    assert result.reference.frame.psnr == pytest.approx(psnr(reference, picture), abs=0.05)
    assert result.reference.frame.max_abs == pytest.approx(np.abs(reference - picture).max(), abs=1e-4)
    assert result.reference.frame.p999_abs == pytest.approx(np.percentile(np.abs(reference - picture), 99.9), abs=1e-4)


def test_photos_stand_worst_first_and_means_are_theirs(made) -> None:
    for stage in made.record.stages:
        psnrs = [photo.reference.frame.psnr for photo in stage.photos]
        assert psnrs == sorted(psnrs)
        assert len(psnrs) == 3
        assert stage.reference.frame.psnr == pytest.approx(np.mean(psnrs))
        assert stage.reference.frame.max_abs == max(photo.reference.frame.max_abs for photo in stage.photos)
        assert sum(stage.histogram) == pytest.approx(1)
        assert len(stage.histogram) == len(HISTOGRAM_EDGES) + 1


def test_targets_count_where_there_are_some(made) -> None:
    assert [photo.has_target for photo in made.record.photos] == [True, True, False]
    assert [photo.in_focus_from for photo in made.record.photos] == ["target", "target", "reference"]
    stage = made.record.stages[0]
    assert sum(photo.target is not None for photo in stage.photos) == 2
    assert stage.target.frame.psnr == pytest.approx(made.record.reference.target.frame.psnr, abs=0.01)


def test_float_files_are_near_and_integers_further(made) -> None:
    psnrs = {stage.id: stage.reference.frame.psnr for stage in made.record.stages}
    assert psnrs["tiny-float32.tflite@litert-xnnpack"] > 90
    assert psnrs["tiny.onnx@onnxruntime"] > 90
    assert 25 < psnrs[f"{SCRIPT}.tflite@litert-xnnpack"] < 90


def test_files_without_a_side_file_say_so(made) -> None:
    notes = {stage.artifact.file: stage.artifact.notes for stage in made.record.stages}
    assert notes["tiny-float32.tflite"] == (
        "no side file tiny-float32.json, and nothing is known from inside the file",
    )


def test_what_it_prints_ends_with_what_is_next(made) -> None:
    lines = made.done.stdout.strip().splitlines()
    assert lines[-1].startswith("next: open ")
    assert "5 stages ran and passed 5 gates" in made.done.stdout
    assert all(Path(line.strip()).is_file() for line in lines[lines.index("written:") + 1 : -1])


def test_nothing_but_the_report_is_left(made) -> None:
    names = sorted(path.name for path in made.folder.iterdir())
    assert [name for name in names if not name.endswith(".node_data.json")] == [
        "report.html",
        "report.json",
        "report.md",
    ]
    assert len(names) == 6


def test_json_is_of_the_schema_in_the_docs(made) -> None:
    from convert.reporting.record import Report

    told = json.loads((made.folder / "report.json").read_text("utf-8"))
    assert told["schema_id"] == "pynet-report/1"
    assert json.loads((ROOT / "docs" / "report.schema.json").read_text("utf-8")) == Report.model_json_schema()


def test_markdown_has_the_stages_and_no_html(made) -> None:
    text = (made.folder / "report.md").read_text("utf-8")
    assert text.startswith("## ✅ 5 stages ran")
    assert text.count("litert\\-xnnpack") >= 2
    assert "<script" not in text
    assert len({line.count(" | ") for line in text.splitlines() if line.startswith("| ")}) == 1


def test_node_data_is_what_model_explorer_reads(made, files: Files) -> None:
    overlay = json.loads((made.folder / "tiny-float32.tflite@litert-xnnpack.node_data.json").read_text("utf-8"))
    assert set(overlay) == {"results", "thresholds"}
    file = Flatbuffer.read(files.float32.read_bytes())
    assert set(overlay["results"]) <= {file.tensor_name(int(op.raw.outputs[0])) for op in file.ops()}
    assert all(isinstance(result["value"], float) for result in overlay["results"].values())
    assert [step["value"] for step in overlay["thresholds"]] == sorted(step["value"] for step in overlay["thresholds"])


@pytest.mark.slow
def test_bad_files_are_told_and_the_others_reported(files: Files, photos: Path, tmp_path: Path, capsys) -> None:
    truncated = tmp_path / "truncated.tflite"
    truncated.write_bytes(files.int8.read_bytes()[:5000])
    half = tmp_path / "half.onnx"
    half.write_bytes(files.onnx.read_bytes()[: files.onnx.stat().st_size // 2])
    other_size = Flatbuffer.read(files.float32.read_bytes())
    other_size.tensor(int(other_size.graph.inputs[0])).shape = np.array([1, 64, 96, 3], np.int32)
    small = tmp_path / "small.tflite"
    small.write_bytes(other_size.bytes())
    nan = _with_nan(files.float32, tmp_path / "nan.tflite")
    bad = (truncated, half, small, nan, tmp_path / "gone.onnx")
    code = make_report(
        *("--reference", files.model, "--candidate", files.float32, *bad, files.model),
        *("--data", photos, "--count", 1, "--runtime", "litert-builtin", "--no-layers", "--out", tmp_path / "out"),
    )
    assert code == 2
    told = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    stages = {stage["artifact"]["file"]: stage for stage in told["stages"]}
    assert {file: stage["status"] for file, stage in stages.items()} == {
        "tiny-float32.tflite": "good",
        "tiny.keras": "good",
        "nan.tflite": "failed",
        "truncated.tflite": "refused",
        "half.onnx": "refused",
        "gone.onnx": "refused",
        "small.tflite": "refused",
    }
    assert "makes photos of 128x192; the others are compared at 192x256" in stages["small.tflite"]["failure"]
    assert "NaN or infinite" in stages["nan.tflite"]["failure"]
    assert "damaged or truncated" in stages["truncated.tflite"]["failure"]
    assert "is not an .onnx file, or damaged" in stages["half.onnx"]["failure"]
    assert stages["tiny.keras"]["reference"]["frame"]["psnr"] == 150
    assert "is not a file" in capsys.readouterr().err
    assert "nan.tflite" in (tmp_path / "out" / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is nothing to compare"),
        (["--candidate", "FILE", "--min-psnr", "200"], "min_psnr: Input should be less than or equal to 150"),
        (["--candidate", "FILE", "--max-abs", "3"], "max_abs: Input should be less than or equal to 1"),
        (["--candidate", "FILE", "--allowed-loss", "-1"], "--allowed-loss is -1"),
        (["--candidate", "FILE", "--gates", "gone.json"], "the gates gone.json are not a file"),
        (["--candidate", "FILE", "--gates", "README.md"], "are not JSON"),
        (["--candidate", "FILE", "--baseline", "README.md"], "is no report of the schema pynet-report/1"),
        (["--candidate", "FILE", "--runtime", "npu"], "there is no runtime 'npu'"),
        (["--candidate", "FILE", "--runtime", "onnxruntime"], "none of onnxruntime runs tiny-float32.tflite"),
        (["--candidate", "FILE", "--allowed-loss", "nan"], "--allowed-loss is nan"),
        (["--candidate", "FILE", "--data", "nowhere"], "nowhere does not exist"),
        (["--candidate", "FILE", "--data", "docs"], "no pictures in docs"),
        (["--candidate", "FILE", "FILE"], "is named twice"),
        (["--candidate", "gone.tflite"], "no file can be compared: gone.tflite is not a file"),
        (["--candidate", "FILE", "--reference", "gone.keras"], "the reference: gone.keras is not a file"),
        (["--candidate", "FILE", "--reference", "FILE"], "is not a .keras file"),
        (["--candidate", "FILE", "--layer-reference", "x.bin"], "cannot be a reference for layers"),
        (["--candidate", "FILE", "--count", "0"], "is not a whole number of 1 or more"),
        (["--candidate", "FILE", "--size", "100x100"], "multiples of 64"),
    ],
)
def test_bad_options_are_refused_before_anything_is_run(
    files: Files, photos: Path, tmp_path: Path, capsys, arguments: list[str], said: str
) -> None:
    given = [str(files.float32) if argument == "FILE" else argument for argument in arguments]
    defaults = [
        *([] if "--reference" in given else ["--reference", files.model]),
        *([] if "--data" in given else ["--data", photos]),
    ]
    try:
        code = make_report(*defaults, *given, "--out", tmp_path / "out")
    except SystemExit as leave:  # argparse
        code = leave.code
    captured = capsys.readouterr()
    assert code == 2
    assert said in captured.err
    assert "running" not in captured.out
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.slow
def test_a_gate_that_is_missed_is_exit_code_1(files: Files, photos: Path, tmp_path: Path, capsys, made) -> None:
    gates = tmp_path / "gates.json"
    gates.write_text(json.dumps({"*": {"max_abs": 0}}), "utf-8")
    code = make_report(
        *("--reference", files.model, "--candidate", files.int8, "--data", photos, "--runtime", "litert-xnnpack"),
        *("--gates", gates, "--baseline", made.folder / "report.json", "--allowed-loss", 0.1),
        *("--no-layers", "--out", tmp_path / "out"),
    )
    assert code == 1
    told = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert {gate["gate"]: gate["passed"] for gate in told["gates"]} == {"max_abs": False, "baseline_psnr": True}
    assert "1 of 2 gates failed, at 1 stage" in capsys.readouterr().out


def test_a_baseline_of_other_photos_is_refused(files: Files, photos: Path, tmp_path: Path, capsys, made) -> None:
    code = make_report(
        *("--reference", files.model, "--candidate", files.int8, "--data", photos, "--count", 1),
        *("--baseline", made.folder / "report.json", "--out", tmp_path / "out"),
    )
    assert code == 2
    assert "measured on 3 other photos than these 1" in capsys.readouterr().err


def test_a_file_that_differs_from_its_side_file_is_noted(files: Files, tmp_path: Path) -> None:
    from convert.reporting.candidates import examine

    path = copied(files.float32, tmp_path / "file.tflite")
    path.with_suffix(".json").write_text("{}", "utf-8")
    (candidate,), refused = examine([path])
    assert not refused
    assert "does not fit the schema" in candidate.record.notes[0]


def _with_nan(source: Path, target: Path) -> Path:
    """A copy of a float file whose last convolution has a weight that is no number, without the clip that hides it."""
    file = Flatbuffer.read(source.read_bytes())
    ops = list(file.ops())
    clip = ops[-1].raw
    picture = int(clip.inputs[0])
    file.graph.operators = [op.raw for op in ops[:-1]]
    file.graph.outputs = [picture]
    next(op for op in ops if picture in op.raw.outputs).raw.builtinOptions.fusedActivationFunction = 0
    weights = int([op for op in ops if op.name == "CONV_2D"][-1].raw.inputs[1])
    values = file.constant(weights).copy()
    values[0, 0, 0, 0] = np.nan
    file.set_constant(weights, values)
    file.sign({"photo": file.graph.inputs[0]}, {"bokeh": picture})
    target.write_bytes(file.bytes())
    return target
