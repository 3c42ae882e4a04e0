"""Two sources side by side: cut into blocks by what their lines do, and set beside each other. Loads no TensorFlow."""

import difflib
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from textwrap import dedent

MARK = re.compile(r"\s*# \[(.+)\]\s*$")
# What a line does, by the first pattern that it has.
KINDS = (
    ("input", r"placeholder|keras\.Input\(|_placeholders\(|_images\(dtype|_plane\("),
    ("batch norm", r"batch_norm\(|BatchNormalization\(|[^\w]_?norm\("),
    ("dropout", r"[dD]ropout\("),
    ("pooling", r"max_pool\(|MaxPooling2D\(|UpSampling2D\(|tf\.image\.resize"),
    ("convolution", r"[cC]onv2d(_transpose)?\(|Conv2D(Transpose)?\(|[^\w]_conv\(|[^\w]_up\(|[^\w]up\("),
    ("shape", r"reshape\(|Reshape\(|Flatten\(|flatten\("),
    ("loss", r"cross_entropy\(|Crossentropy\(|[lL]oss\w*\(|losses\b|loss ="),
    ("optimizer", r"minimize\(|optimizer|gradient_descent\(|adam\(|assign(_sub)?\(|\.apply\(|\.compile\("),
    ("gradients", r"gradients?\b|GradientTape|delta"),
    ("dense layer", r"\bdense\(|_dense\(|Dense\(|get_weights\(|matmul\("),
    ("activation", r"relu\(|ReLU\(|sigmoid\(|tanh\(|activation"),
    ("metrics", r"accuracy|metrics"),
    ("loop", r"while_loop\(|fori_loop\("),
    ("seed", r"set_random_seed|seed"),
)


@dataclass(frozen=True)
class Block:
    """Neighbouring lines that do one thing; `kind` is empty where nothing tells what."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """What stands beside each other; both have the kind where they do the same, one is None where it stands alone."""

    left: Block | None
    right: Block | None

    @property
    def same(self) -> bool:
        """Whether both do the same."""
        return self.left is not None and self.right is not None and bool(self.left.kind)

    @property
    def kind(self) -> str:
        """What it does."""
        return (self.left or self.right).kind


def blocks(source: str) -> list[Block]:
    """Cut a source: at its comments `# [kind]` where it has such, else where its lines begin to do something else."""
    lines = dedent(source).rstrip().splitlines()
    marked = any(MARK.match(line) for line in lines)
    found: list[tuple[str, list[str]]] = []
    kind = ""
    for line in lines:
        if marked and (match := MARK.match(line)):
            kind = match[1]
            found.append((kind, []))
            continue
        if not marked:
            kind = next((name for name, pattern in KINDS if re.search(pattern, line)), "")
        if not found or (not marked and kind != found[-1][0] and not _continues(line, found[-1][1])):
            found.append((kind, []))
        found[-1][1].append(line)
    return [Block(kind, tuple(part)) for kind, part in found if any(map(str.strip, part))]


def _continues(line: str, before: Sequence[str]) -> bool:
    """Whether a line belongs to an expression that an earlier one opened."""
    text = "\n".join(before)
    return not line.strip() or sum(map(text.count, "([{")) > sum(map(text.count, ")]}"))


def align(left: Sequence[Block], right: Sequence[Block]) -> list[Pair]:
    """Blocks of one kind beside each other, in the order of both; others alone."""
    matcher = difflib.SequenceMatcher(None, [b.kind for b in left], [b.kind for b in right], autojunk=False)
    pairs = []
    for tag, first, last, start, stop in matcher.get_opcodes():
        if tag == "equal":
            pairs += [Pair(a, b) for a, b in zip(left[first:last], right[start:stop], strict=True)]
        else:
            pairs += [Pair(block, None) for block in left[first:last]]
            pairs += [Pair(None, block) for block in right[start:stop]]
    return pairs


def with_helpers(function: Callable) -> str:
    """The source of a function, and of those in its file that it is written with, each once."""
    module = importlib.import_module(function.__module__)
    wanted, seen = [function], []
    while wanted:
        present = wanted.pop(0)
        seen.append(present)
        names = re.findall(r"\b(_\w+)\b", without_docstring(present))
        helpers = (getattr(module, name, None) for name in names)
        wanted += [h for h in dict.fromkeys(helpers) if inspect.isfunction(h) and h not in (*seen, *wanted)]
    return "\n\n".join(map(without_docstring, seen))


def without_docstring(function: Callable) -> str:
    """The source of a function, without what it says of itself."""
    source = dedent(inspect.getsource(function))
    return re.sub(r'\n\s+"""(?:.|\n)*?"""\n', "\n", source, count=1).rstrip()


def sources(functions: Iterable[Callable]) -> str:
    """The sources of several functions, one after the other."""
    return "\n\n".join(map(without_docstring, functions))
