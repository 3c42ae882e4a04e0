"""The scripts that whole commands are timed beside, and precisions of what is timed, do what they say."""

import keras
import pytest

from benchmarks import __main__ as command
from benchmarks import cold, scripts, train_step
from benchmarks.networks import NETWORKS, recipe
from tf_data.command import run


@pytest.mark.parametrize("library", [scripts.KERAS, scripts.TORCH])
def test_a_script_learns_and_saves(library, tmp_path, capsys):
    if library == scripts.TORCH:
        pytest.importorskip("torch")
    (_, *options, name) = cold.candidates("mlp-basic", 3, ("embedded",))[
        {"keras": "keras fit", "torch": cold.THEIRS}[library]
    ]
    assert options.pop(0) == "benchmarks.scripts"
    assert run(scripts.main, [*options, str(tmp_path / name)]) in (0, None)
    score = capsys.readouterr().out.splitlines()[-1]
    assert score.startswith("test: accuracy ")
    assert score.endswith("% on 500 samples")
    assert float(score.split()[2].rstrip("%")) > 80
    assert (tmp_path / name).stat().st_size > 4 * recipe("mlp-basic").parameters


def test_ours_takes_the_same_options():
    from tf_models import train

    for id in cold.RECIPES:
        (_, module, *options) = cold.candidates(id, 2, ("official",))["ours"]
        assert module == "tf_models.train"
        arguments = train.parser().parse_args(options)
        assert (arguments.recipe, arguments.epochs, arguments.data) == (id, 2, "official")
        assert id in NETWORKS


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_a_precision_holds_for_every_candidate(precision, monkeypatch):
    torch = pytest.importorskip("torch")
    outputs, policies = [], []
    monkeypatch.setattr(
        keras.Model,
        "compile",
        lambda self, *args, compile=keras.Model.compile, **options: (
            policies.append({layer.dtype_policy.name for layer in self.layers}) or compile(self, *args, **options)
        ),
    )
    handle = torch.nn.modules.module.register_module_forward_hook(lambda module, _, out: outputs.append(out.dtype))
    try:
        for name, make in train_step.candidates("mlp-basic", 128, precision).items():
            assert make()() == 128 * train_step.NETWORKS["mlp-basic"].epochs, name
    finally:
        handle.remove()
    assert policies == [{precision}] * 2
    assert outputs[-1] == (torch.float32 if precision == "float32" else torch.bfloat16)


def test_precision_goes_with_some(capsys):
    assert run(command.main, ["memory", "--precision", "mixed_bfloat16"]) == 2
    assert "--precision goes with train_step and hours, not with memory" in capsys.readouterr().err


def test_a_script_that_fails_says_so(monkeypatch):
    monkeypatch.setattr(cold, "candidates", lambda *_: {cold.THEIRS: ["-c", "raise SystemExit('no digits')", "x"]})
    with pytest.raises(Exception, match="ended with 1: no digits"):
        cold.run(quick=True, only=("mlp-basic",))
    monkeypatch.setattr(cold, "candidates", lambda *_: {cold.THEIRS: ["-c", "pass", "x"]})
    with pytest.raises(Exception, match="wrote nothing"):
        cold.run(quick=True, only=("mlp-basic",))
