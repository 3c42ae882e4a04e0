"""The static pages: both sources in full, aligned by what their lines do, and nothing from outside."""

import re
from html.parser import HTMLParser

import pytest

from legacy_tf1 import compare, pages, side_by_side, topics
from legacy_tf1.alignment import Block, align, blocks
from legacy_tf1.topics import TOPICS
from tf_data.command import run


def test_marked_sources_are_cut_at_their_marks_and_stand_beside_each_other():
    left = blocks("def then():\n    # [make]\n    a = 1\n    # [run]\n    return a\n")
    right = blocks("def now():\n    # [run]\n    return 1\n")
    assert [block.kind for block in left] == ["", "make", "run"]
    assert left[2].lines == ("    return a",)
    pairs = align(left, right)
    assert [(pair.kind, pair.same) for pair in pairs] == [("", False), ("", False), ("run", True)]
    assert pairs[1].left.kind == "make"
    assert pairs[1].right is None


def test_other_sources_are_cut_by_what_their_lines_do_and_expressions_stay_whole():
    source = "x = keras.Input((3,))\ny = layers.Dense(\n    3, activation='relu',\n)(x)\nz = layers.ReLU()(y)\n"
    assert [block.kind for block in blocks(source)] == ["input", "dense layer", "activation"]
    assert len(blocks(source)[1].lines) == 3


def test_order_is_kept_on_both_sides():
    left, right = ([Block(kind, (kind,)) for kind in kinds] for kinds in ("abcd", "xbd"))
    pairs = align(left, right)
    assert [pair.left.kind for pair in pairs if pair.left] == list("abcd")
    assert [pair.right.kind for pair in pairs if pair.right] == list("xbd")
    assert [pair.kind for pair in pairs if pair.same] == ["b", "d"]


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.id)
def test_both_sources_of_a_topic_have_things_in_common(topic):
    left, right = side_by_side.topic_sources(topic)
    assert topic.graph.partition(":")[2] in left
    assert "compile" in right
    pairs = align(blocks(left), blocks(right))
    assert sum(pair.same for pair in pairs) >= 2
    shown = "\n".join(line for pair in pairs if pair.left for line in pair.left.lines if line.strip())
    assert shown == "\n".join(line for line in left.splitlines() if line.strip())


class Checker(HTMLParser):
    """Open tags that are closed again, and what a page fetches."""

    def __init__(self):
        super().__init__()
        self.open, self.fetched = [], []

    def handle_starttag(self, tag, attributes):
        self.fetched += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "img", "br", "html"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag != "html":
            assert self.open.pop() == tag


def test_the_command_writes_pages_that_hang_together(tmp_path, capsys):
    arguments = ["softmax-regression", "--steps", "3", "--no-times", "--html", str(tmp_path / "out")]
    assert run(compare.main, arguments) == 0
    found = {path.name: path.read_text() for path in (tmp_path / "out").glob("*.html")}
    assert set(found) == {"index.html", "topic-softmax-regression.html", *(f"page-{name}.html" for name in pages.NAMES)}
    for text in found.values():
        checker = Checker()
        checker.feed(text)
        assert checker.open == []
        assert "http" not in re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
        for place in checker.fetched:
            assert (tmp_path / "out" / place).is_file(), place
    topic = found["topic-softmax-regression.html"]
    assert "def softmax_regression(" in topic
    assert topics.get("softmax-regression").now.split(",")[0] in topic
    assert "<td>weights</td>" in topic
    assert "model_fn" in found["page-estimator.html"]
