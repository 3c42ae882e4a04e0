"""The one printer of tables."""

from tf_data.columns import padded, text

ROWS = [("name", "count"), ("a", "1"), ("long name", "1,000")]


def test_cells_begin_or_end_together():
    assert text(ROWS) == "name       count\na          1\nlong name  1,000"
    assert text(ROWS, right={1}) == "name       count\na              1\nlong name  1,000"
    assert padded(ROWS, right={1})[1] == ["a        ", "    1"]
    assert text([]) == ""


def test_the_widest_cells_are_broken_between_words():
    rows = [("id", "what it is"), ("a-long-word", "one two three four")]
    assert text(rows, width=80) == text(rows)
    assert text(rows, width=23).splitlines() == [
        "id           what it is",
        "a-long-word  one two",
        "             three four",
    ]


def test_a_single_word_is_never_broken():
    assert text([("a-very-long-word", "another-one x")], width=10).splitlines() == [
        "a-very-long-word  another-one",
        "                  x",
    ]
