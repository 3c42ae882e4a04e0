"""`python -m legacy_tf1.compare --html OUT`: static pages with TensorFlow 1's code left and today's right.

Each topic and each page of `legacy_tf1.pages` has one: both sources as they stand, aligned by blocks, the blocks that do the
same in one colour; below them loss curves, differences, times, and what to watch for. Nothing is fetched from anywhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from legacy_tf1.alignment import Pair, align, blocks, sources, with_helpers, without_docstring
from legacy_tf1.judge import Row
from legacy_tf1.pages import Page
from legacy_tf1.topics import Topic
from tf_data import tables
from tf_data.files import write_text

STYLE = """
:root { color-scheme: light dark; --line: #8884; --code: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 1500px; padding: 1rem; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.15rem; margin: 1.5rem 0 .5rem; }
a { color: inherit; }
.sides > div { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 .75rem; }
.sides > .head { font-weight: 600; position: sticky; top: 0; background: Canvas; border-bottom: 1px solid var(--line); }
.block { background: var(--code); border-left: 4px solid transparent; margin: 2px 0; }
.block.none { background: none; }
.kind { display: block; font-size: .75rem; opacity: .75; padding: 2px .5rem 0; }
pre { font: 13px/1.45 ui-monospace, monospace; margin: 0; padding: .15rem .5rem .35rem; white-space: pre-wrap;
      overflow-wrap: anywhere; }
table { border-collapse: collapse; } td, th { border-bottom: 1px solid var(--line); padding: .2rem .8rem .2rem 0;
      text-align: left; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; } img { max-width: 100%; background: white; }
.watch { border-left: 4px solid #d97706; padding: .25rem .75rem; background: #d9770618; }
@media (max-width: 760px) {
  .sides > div { grid-template-columns: minmax(0, 1fr); }
  .sides > .head { display: none; }
  .block::before { content: attr(data-side); font-size: .7rem; opacity: .6; padding: 0 .5rem; }
  .block.none { display: none; }
}
"""
SIDES = ("TensorFlow 1", "TensorFlow 2, Keras 3")


@dataclass(frozen=True)
class Compared:
    """A topic and what its comparison found.

    Attributes:
        topic: The topic.
        row: Its differences and times.
        allowed: The tolerances that they were held against.
        figure: Path of the figure of the loss curves, from the folder of the pages.
    """

    topic: Topic
    row: Row
    allowed: Mapping[str, float]
    figure: str


def write(out: Path, compared: Iterable[Compared], pages: Iterable[Page]) -> list[Path]:
    """Write an index and a page for each topic and mechanism; returns their paths, the index first.

    Raises:
        InputError: The folder cannot be written.
    """
    compared, pages = list(compared), list(pages)
    written = {out / f"topic-{each.topic.id}.html": _topic(each) for each in compared}
    written |= {out / f"page-{page.name}.html": _page(page, out) for page in pages}
    index = _index(compared, pages)
    for path, text in {out / "index.html": index, **written}.items():
        write_text(path, text)
    return [out / "index.html", *written]


def _index(compared: list[Compared], pages: list[Page]) -> str:
    topics = [
        f"<tr><td><a href='topic-{each.topic.id}.html'>{escape(each.topic.id)}</a></td>{_numbers(each.row)}</tr>"
        for each in compared
    ]
    mechanisms = [
        f"<li><a href='page-{page.name}.html'>{escape(page.name.replace('_', ' '))}</a>: {escape(page.title)}</li>"
        for page in pages
    ]
    heads = "".join(f"<th>{name}</th>" for name in ("topic", "type", "steps", *DIFFERENCES, "ratio of times"))
    body = f"<h2>Topics</h2><div class=wide><table><tr>{heads}</tr>{''.join(topics)}</table></div>" if topics else ""
    body += f"<h2>Mechanisms</h2><ul>{''.join(mechanisms)}</ul>" if pages else ""
    return _html("TensorFlow 1 beside Keras 3", body)


DIFFERENCES = ("losses", "metrics", "weights", "outputs")


def _numbers(row: Row) -> str:
    ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
    cells = (row.precision, f"{row.steps:,}", *(f"{value:.0e}" for value in row.differences.values()), ratio)
    return "".join(f"<td class=number>{cell}</td>" for cell in cells)


def _topic(each: Compared) -> str:
    topic, row = each.topic, each.row
    left, right = topic_sources(topic)
    rows = "".join(
        f"<tr><td>{name}</td><td class=number>{value:.1e}</td><td class=number>{each.allowed[name]:g}</td></tr>"
        for name, value in row.differences.items()
    )
    times = ""
    if row.ratio is not None:
        times = (
            f"<p>{row.tf1_ms:.2f} ±{row.tf1_spread:.2f} ms a step in a session, {row.tf2_ms:.2f} ±{row.tf2_spread:.2f} ms "
            f"in this project's loop: {row.ratio:.2f} times as long. Medians and half the distance of the quartiles.</p>"
        )
    body = (
        f"<p>Recipe <code>{escape(topic.partner)}</code>.</p>"
        f"{_sides(align(blocks(left), blocks(right)))}"
        f"<h2>Both trained from the same weights on the same batches</h2>"
        f"<img src='{each.figure}' alt='loss curves of both sides'>"
        f"<h2>Largest differences in {row.steps:,} steps, {row.precision}</h2>"
        f"<div class=wide><table><tr><th></th><th>difference</th><th>tolerance</th></tr>{rows}</table></div>{times}"
        f"<h2>What to watch for</h2><p class=watch>{SIDES[0]}: {escape(topic.then)}.<br>{SIDES[1]}: {escape(topic.now)}.</p>"
    )
    return _html(topic.id, body, back=True)


def topic_sources(topic: Topic) -> tuple[str, str]:
    """The graph's function with its helpers, and what Keras has in its place: builder, training step, compilation."""
    from tf_models import builders, tasks

    recipe = topic.compared_recipe()  # small, for a model is built to ask for its class
    graph = tables.load(topic.graph)
    build, task = builders.get(recipe.builder), type(tasks.make(recipe))
    model = type(build(**recipe.model))
    steps = [
        model.__dict__[name] for name in ("gradients", "train_step", "_discriminator_step") if name in model.__dict__
    ]
    return with_helpers(graph), sources([build, *steps, task.compile])


def _page(page: Page, out: Path) -> str:
    left = page.left or with_helpers(page.then)
    trap = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(str(value))}</td></tr>" for name, value in page.trap().items()
    )
    figure = ""
    if page.name == "function_or_session":
        from legacy_tf1.pages import function_or_session

        function_or_session.draw(out / "figures" / "calls.png")
        figure = "<img src='figures/calls.png' alt='milliseconds a call'>"
    body = (
        f"<p>{escape(page.title[:1].upper() + page.title[1:])}.</p>"
        f"{_sides(align(blocks(left), blocks(with_helpers(page.now))))}{figure}"
        f"<h2>The trap</h2>{_sides([Pair(block, None) for block in blocks(without_docstring(page.trap))], heads=False)}"
        f"<div class=wide><table><tr><th>it gives</th><th></th></tr>{trap}</table></div>"
        f"<h2>What to watch for</h2><p class=watch>{escape(page.watch)}</p>"
    )
    return _html(page.name.replace("_", " "), body, back=True)


def _sides(pairs: list[Pair], heads: bool = True) -> str:
    kinds = list(dict.fromkeys(pair.kind for pair in pairs if pair.same))
    colours = {kind: f"hsl({number * 137 % 360} 65% 50%)" for number, kind in enumerate(kinds)}
    rows = []
    for pair in pairs:
        colour = colours[pair.kind] if pair.same else ""
        cells = [
            _block(block, side, pair.kind, colour) for side, block in zip(SIDES, (pair.left, pair.right), strict=True)
        ]
        rows.append(f"<div>{''.join(cells if heads else cells[:1])}</div>")
    head = f"<div class=head><span>{SIDES[0]}</span><span>{SIDES[1]}</span></div>" if heads else ""
    return f"<div class=sides>{head}{''.join(rows)}</div>"


def _block(block, side: str, kind: str, colour: str) -> str:
    if block is None:
        return "<div class='block none'></div>"
    style = (
        f" style='border-color: {colour}; background: color-mix(in srgb, {colour} 12%, transparent)'" if colour else ""
    )
    label = f"<span class=kind>{escape(kind)}</span>" if colour else ""
    code = escape("\n".join(block.lines))
    return f"<div class=block data-side='{side}'{style}>{label}<pre>{code}</pre></div>"


def _html(title: str, body: str, back: bool = False) -> str:
    link = "<p><a href='index.html'>All topics and mechanisms</a></p>" if back else ""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style><body>{link}<h1>{escape(title)}</h1>{body}</body></html>\n"
    )
