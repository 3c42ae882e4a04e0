"""Reports: what one page carries and shows, and several runs beside each other."""

import base64
import re
import shutil
from dataclasses import replace

import pytest
from PIL import Image

import tf_models
from tf_data.command import run
from tf_models import report
from tf_models.configs import get
from tf_models.training import architecture, comparison, trainer
from tf_models.training.page import html
from tf_models.training.run_directory import RunDirectory


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two short runs of one recipe with other rates, and one of another."""
    folder = tmp_path_factory.mktemp("runs")
    options = trainer.Options(source="embedded", limit=48, quiet=True)
    one = replace(get("softmax-regression"), epochs=2)
    recipes = {
        "one": one,
        "two": replace(one, learning_rate=0.03),
        "other/one": replace(get("logistic-regression"), epochs=1),
    }
    return [
        trainer.train(recipe, replace(options, figures=name == "one"), folder / name)
        for name, recipe in recipes.items()
    ]


def test_a_report_is_one_file_with_its_figures_and_architecture(runs):
    page = (runs[0].path / "report.html").read_text()
    shown = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    files = [(runs[0].figures / name).read_bytes() for name in runs[0].info["figures"]]
    assert [base64.b64decode(text) for text in shown] == files
    assert "Trainable params: 7,850" in page
    assert "Content-Security-Policy" in page
    assert "http" not in re.sub(r"data:[^\"]+|http-equiv", "", page)
    summary = runs[0].architecture.read_text()
    assert "Param #" in summary
    assert max(map(len, summary.splitlines())) <= 81


@pytest.mark.parametrize("id", ["cnn-resnet18-mnist", "ae-cvae", "gan-conv-mnist", "rnn-lstm-packed-imdb"])
def test_the_picture_of_a_model_has_all_its_layers_and_no_arrow_from_nowhere(id, tmp_path):
    model = tf_models.build(id, **({"filters": 4} if id.startswith("cnn") else {}))
    columns = dict(architecture.columns(model))
    parts = [part for part in (model, *model.layers) if hasattr(part, "operations")]
    assert len(columns) == len(parts)
    for part, rows in zip(parts, columns.values(), strict=True):
        assert len(rows) <= architecture.MOST_ROWS
        assert sum(row.parameters for row in rows) == part.count_params()
        assert sum(len(row.kinds) for row in rows) == len(part.operations)
        before = set()
        for row in rows:
            assert set(row.inputs) <= before
            assert row.inputs or "InputLayer" in row.kinds
            before.add(row.name)
    assert architecture.draw(model, tmp_path) in {path.name for path in tmp_path.iterdir()}


def test_a_report_is_written_anew(runs, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(runs[0].path, folder)
    before = {name: (folder / name).read_bytes() for name in ("report.md", "report.html")}
    for name in before:
        (folder / name).unlink()
    assert run(report.main, [str(folder)]) == 0
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_texts_and_files_of_strangers_stay_out_of_the_page(runs, tmp_path):
    page = html("<b>t</b>", "# <script>x</script> ![a](http://b/c.png) [l](javascript:alert(1)) ![d](e.png)", {})
    assert "&lt;b&gt;" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "<a " not in page
    folder = tmp_path / "run"
    shutil.copytree(runs[0].path, folder)
    secret = tmp_path / "secret.png"
    Image.new("L", (3, 3)).save(secret)
    (folder / "figures" / "link.png").symlink_to(secret)
    stranger = RunDirectory.open(folder)
    stranger.update(figures=["../../secret.png", "link.png"])
    assert run(report.main, [str(folder)]) == 0
    assert base64.b64encode(secret.read_bytes()).decode() not in (folder / "report.html").read_text()


def test_runs_stand_beside_each_other(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(report.main, [str(each.path) for each in runs[:2]]) == 0
    page = (tmp_path / "comparison.html").read_text()
    assert page.count("data:image/png") == 1
    lines = comparison.text(runs[:2]).splitlines()
    differing = lines[lines.index("## Settings that differ") + 4 : lines.index("## Curves") - 1]
    assert differing == ["| learning_rate | `0.1` | `0.03` |"]
    accuracy = runs[1].info["results"]["test"]["accuracy"]
    assert any(line.startswith("| two | softmax-regression ") and f"{accuracy:.2%}" in line for line in lines)


def test_runs_of_other_recipes_have_the_metrics_that_they_have(runs):
    lines = comparison.text([runs[0], runs[2]]).splitlines()
    assert [line.split(" | ")[0] for line in lines[4:6]] == [f"| {runs[0].path.parent.name}/one", "| other/one"]
    assert any(line.startswith("| builder | `softmax_regression` | `logistic_regression` |") for line in lines)


def test_what_is_refused(runs, tmp_path, capsys):
    assert run(report.main, [str(runs[0].path), "--out", "page.txt"]) == 2
    assert "ends in .html" in capsys.readouterr().err
    folder = tmp_path / "stopped"
    shutil.copytree(runs[0].path, folder)
    RunDirectory.open(folder).update(status="interrupted")
    assert run(report.main, [str(folder)]) == 2
    assert "is interrupted, not done; finish it with --resume" in capsys.readouterr().err
