"""Markdown with figures as one HTML file that carries everything and fetches nothing."""

import base64
from collections.abc import Mapping
from html import escape
from pathlib import Path

STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60em;margin:1em auto;padding:0 1em}img{max-width:100%}"
    "table{display:block;overflow:auto;border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em}"
    "pre{overflow:auto;background:#f4f5f7;padding:.7em;font-size:80%}code{background:#f4f5f7}"
)
# A browser runs nothing and fetches nothing, whatever stands in the text.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def html(title: str, markdown: str, images: Mapping[str, Path]) -> str:
    """The page as a text.

    Args:
        title: Title of the page.
        markdown: Its content in CommonMark with tables; HTML in it is shown as text.
        images: PNG files by the names under which the content shows them; other images are left out.
    """
    from markdown_it import MarkdownIt

    def image(self, tokens, number, options, env):
        text = escape(tokens[number].content)
        file = images.get(tokens[number].attrs["src"])
        if file is None:
            return text
        return f'<img alt="{text}" src="data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}">'

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("image", image)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style><body>{parser.render(markdown)}</body></html>\n"
    )
