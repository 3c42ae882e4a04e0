"""Two sources side by side: cut into blocks by what their lines do, and set beside each other. Loads no TensorFlow."""

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product, starmap, zip_longest
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
    """Neighbouring lines that do one thing; `kind` is empty where no pattern fits."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """What stands beside each other; one is None where the other stands alone."""

    left: Block | None
    right: Block | None

    @property
    def same(self) -> bool:
        """Whether both do the same."""
        return bool(self.left and self.right and self.left.kind and self.left.kind == self.right.kind)

    @property
    def kind(self) -> str:
        """What both do; empty where they do not do the same."""
        return self.left.kind if self.same else ""


def blocks(source: str) -> list[Block]:
    """Cut a source: at its comments `# [kind]` where it has such, else where its statements begin to do something else."""
    text = dedent(source).rstrip()
    if any(map(MARK.match, text.splitlines())):
        return _marked(text.splitlines())
    found: list[tuple[str, list[str]]] = []
    for lines in _statements(text.splitlines()):
        statement = "\n".join(lines)
        signature = statement.lstrip().startswith(("def ", "class ", "@"))  # names its arguments, and does nothing
        kind = "" if signature else next((name for name, pattern in KINDS if re.search(pattern, statement)), "")
        if not found or kind != found[-1][0]:
            found.append((kind, []))
        found[-1][1].extend(lines)
    return [Block(kind, tuple(lines)) for kind, lines in found if any(map(str.strip, lines))]


def _marked(lines: Iterable[str]) -> list[Block]:
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in lines:
        match = MARK.match(line)
        if match or (line.startswith("def ") and found[-1][1]):
            found.append((match[1] if match else "", []))
        if not match:
            found[-1][1].append(line)
    return [Block(kind, tuple(part)) for kind, part in found if any(map(str.strip, part))]


def _statements(lines: Iterable[str]) -> Iterable[list[str]]:
    """Lines together with those that continue an expression which they open; blank lines belong to what stands above."""
    statement: list[str] = []
    for line in lines:
        text = "\n".join(statement)
        if statement and line.strip() and sum(map(text.count, "([{")) == sum(map(text.count, ")]}")):
            yield statement
            statement = []
        statement.append(line)
    yield statement


def align(left: Sequence[Block], right: Sequence[Block]) -> list[Pair]:
    """As many blocks of one kind beside each other as the order of both allows; what lies between stands side by side."""
    # best[i][j]: the weight of the best alignment of left[i:] with right[j:]; blocks without a kind only break ties.
    best = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, j in product(reversed(range(len(left))), reversed(range(len(right)))):
        best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + _weight(left[i], right[j]))
    pairs, i, j = [], 0, 0
    first = second = 0  # the first blocks that are not in a pair yet
    while i < len(left) and j < len(right):
        weight = _weight(left[i], right[j])
        if weight and best[i][j] == best[i + 1][j + 1] + weight:
            pairs += [*starmap(Pair, zip_longest(left[first:i], right[second:j])), Pair(left[i], right[j])]
            i = first = i + 1
            j = second = j + 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            i += 1
    return [*pairs, *starmap(Pair, zip_longest(left[first:], right[second:]))]


def _weight(left: Block, right: Block) -> int:
    if left.kind != right.kind:
        return 0
    return 1000 if left.kind else 1


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
    """The source of a function, without its docstring."""
    source = dedent(inspect.getsource(function))
    return re.sub(r'\n\s+"""(?:.|\n)*?"""\n', "\n", source, count=1).rstrip()


def sources(functions: Iterable[Callable]) -> str:
    """The sources of several functions, one after the other."""
    return "\n\n".join(map(without_docstring, functions))
