"""The commands of the pages are true: each is one that its own parser takes, and those of the README are run."""

import importlib
import io
import itertools
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tf_data import datasets, tfds_stand_in
from tf_data.command import Parser, run
from tf_data.datasets.grammar import review
from tf_data.datasets.mnist import draw_digit
from tf_models import train
from tf_models.configs import get

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page.relative_to(ROOT)
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "legacy_tf1").rglob("*.md"))
    if page.name != "CHANGELOG.md"  # which tells of what was
)
COMMAND = re.compile(r"(?:python|[^\s`]*/python) -m ((?:tf_models|tf_data|legacy_tf1|benchmarks)[\w.]*)([^`\n#&]*)")


def commands(page: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Modules and arguments of a page's commands, each of their alternatives `a|b` by itself."""
    found = []
    for module, text in COMMAND.findall((ROOT / page).read_text(encoding="utf-8")):
        text = text.rstrip().removesuffix("'") if text.count("'") % 2 else text  # the end of a quoted line of a script
        words = [word.removesuffix("...") for word in shlex.split(text) if not word.startswith("[")]
        words = [word for word in words if word]
        for choice in itertools.product(*(word.split("|") for word in words)):
            found.append((module, choice))
    return found


def test_the_chinese_page_has_the_same_sections_code_links_and_results():
    def parts(name):
        text = (ROOT / name).read_text(encoding="utf-8")
        blocks = re.findall(r"^```\w*\n.*?^```$", text, re.DOTALL | re.MULTILINE)
        code = [line.partition("#")[0].rstrip() for block in blocks for line in block.splitlines()]
        links = sorted(
            link for link in re.findall(r"\]\(([^)]*)\)", text) if link.isascii() and not link.startswith("README")
        )
        table = text.partition("<!-- results: begin -->")[2].partition("<!-- results: end -->")[0]
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        words = sorted(" ".join(word.split()) for word in re.findall(r"`[^`]+`", prose))
        sections = len(re.findall("^## ", text, re.MULTILINE))
        return [line for line in code if line], [link for link in links if link[0] != "#"], table, words, sections

    for ours, theirs in zip(parts("README.md"), parts("README.zh-CN.md"), strict=True):
        assert ours == theirs


def start(module: str):
    """The function that a module's command runs."""
    found = importlib.import_module(module)
    return importlib.import_module(f"{module}.__main__").main if hasattr(found, "__path__") else found.main


class Parsed(BaseException):
    pass


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_is_one_that_its_parser_takes(page, monkeypatch):
    parse = Parser.parse_args

    def parse_and_stop(self, *arguments):
        raise Parsed(parse(self, *arguments))

    monkeypatch.setattr(Parser, "parse_args", parse_and_stop)
    for module, arguments in commands(page):
        with pytest.raises(Parsed) as parsed:
            start(module)(list(arguments))
        recipe = getattr(parsed.value.args[0], "recipe", None)
        if recipe is not None and recipe not in ("RECIPE", "ID"):
            assert get(recipe).id == recipe


FEW = {"--batch-size": "16", "--epochs": "1", "--limit": "64"}
# What is trained before the README's commands are run, by the directories that they name.
RUNS = {
    "runs/x": ("cnn-basic", "--data", "embedded"),
    "runs/other": ("cnn-basic", "--data", "embedded", "--set", "learning_rate=0.2"),
    "runs/age": ("ordinal-coral-afadlite-small", "--set", "model.filters=4"),
    "runs/iris": ("logistic-regression",),
    "runs/ae": ("ae-basic", "--data", "embedded"),
    "runs/cvae": ("ae-cvae", "--data", "embedded"),
    "runs/mail": ("mech-lstm-own-csv", "--csv", "mail.csv", "--text-column", "body", "--label-column", "folder"),
    "runs/novel": ("mech-char-rnn-own-text", "--text", "my.txt"),
}
DRAWN = {
    "mnist": {"counts": {"train": 5200, "test": 20}},
    "cifar10": {"per_batch": 20},
    "celeba": {},
    "afad-lite": {"per_age": 4},
}
# It fetches, or begins with a file that only TensorFlow 1 writes; the tests of downloads and of the bridge run these.
LEFT = ("--download", "model.ckpt")


def few(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Options by which a training takes seconds, of those that the arguments do not have."""
    # A limit counts the letters of a text, and a run that goes on has its settings.
    left = {"--text": ("--limit",), "--resume": tuple(FEW)}
    out = {*arguments, *(option for name in arguments for option in left.get(name, ()))}
    return ("--quiet", *(word for option, value in FEW.items() if option not in out for word in (option, value)))


def needs(command: tuple[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """What a command that trains or uses a run is given besides; None for all others."""
    module, arguments = command
    if module == "legacy_tf1.compare":
        return ("--steps", "2", "--no-times", *(() if arguments else ("--list",)))
    if {"--list", "--show"} & set(arguments) or module.startswith("tf_data"):
        return None
    return few(arguments) if module.endswith((".train", ".launch")) else ()


README = [
    (module, arguments)
    for module, arguments in dict.fromkeys(commands(Path("README.md")))
    if not {*LEFT} & {*arguments}
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A folder with the files that the README's commands name, which is the working directory."""
    folder = tmp_path_factory.mktemp("readme")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("TF_DATA_DIR", "DATA")
        for name, options in DRAWN.items():
            datasets.get(name).synthetic(Path("DATA", name), **options)
        shutil.copytree("DATA/mnist", "DIR")
        rng = np.random.default_rng(0)
        for place, classes, number in (("FOLDER", 3, 20), ("photos", 3, 20), ("others", 10, 2), ("new-photos", 2, 1)):
            for digit, one in itertools.product(range(classes), range(number)):
                Path(place, str(digit)).mkdir(parents=True, exist_ok=True)
                Image.fromarray(draw_digit(digit, rng)).save(f"{place}/{digit}/{one}.png")
        scans = [
            (Path(f"photos/{digit}/{number}.png").read_bytes(), digit) for digit in range(3) for number in range(20)
        ]
        samples = [{"image": scan, "label": digit} for scan, digit in scans]
        tfds_stand_in.write(
            Path("DIR/kmnist/1.0.0"), "image", ("0", "1", "2"), {"train": samples, "test": samples[::5]}
        )
        Image.fromarray(255 - draw_digit(3, rng)).save("digit.png")
        Image.fromarray(rng.integers(0, 255, (218, 178, 3), np.uint8)).save("face.jpg")
        Path("review.txt").write_text("not a bad film")
        flowers = [f"{rng.normal():.2f},{rng.normal():.2f},{('rose', 'tulip')[number % 2]}" for number in range(60)]
        Path("flowers.csv").write_text("\n".join(("length,width,species", *flowers)))
        mails = [f'"{review(bool(number % 2), rng)}",{("work", "home")[number % 2]}' for number in range(40)]
        Path("mail.csv").write_text("\n".join(("body,folder", *mails)))
        Path("my.txt").write_text("It was the best of times, it was the worst of times. " * 400)
        yield folder


@pytest.fixture(scope="module")
def trained(workspace):
    """The runs that the README's commands name."""
    for folder, arguments in RUNS.items():
        assert run(train.main, [*arguments, *few(arguments), "--no-figures", "--run-dir", folder]) == 0, folder


@pytest.mark.parametrize(
    "command", [command for command in README if needs(command) is None], ids=lambda command: " ".join(command[1])
)
def test_commands_without_a_run(command, workspace):
    module, arguments = command
    assert run(start(module), list(arguments)) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [command for command in README if needs(command) is not None], ids=lambda command: " ".join(command[1])
)
def test_commands_that_train_or_use_a_run(command, trained, monkeypatch):
    module, arguments = command
    if "--backend" in arguments:
        pytest.importorskip(arguments[arguments.index("--backend") + 1])
        # Keras chooses its backend once in a process.
        subprocess.run([sys.executable, "-m", module, *arguments, *needs(command)], check=True)
        return
    monkeypatch.setattr("sys.stdin", io.StringIO("a good film"))
    assert run(start(module), [*arguments, *needs(command)]) == 0
