"""The pages on TensorFlow 1's mechanisms: both ways agree, and every trap does what it says."""

import threading

import pytest

from legacy_tf1 import pages
from legacy_tf1.pages import __main__ as command
from legacy_tf1.pages import function_or_session
from tf_data.command import run

TRAPS = {
    "cond": {"the counter after three runs of the other branch": 3},
    "while_loop": {"the loop's result": 128.0, "the variable that it began with, afterwards": 1.0},
    "control_dependencies": {"read 'after' the step, made before the block": 1.0},
    "auto_reuse": {"variables after one misspelling": "encoder/weights, encoder/wieghts"},
    "variables": {"variables of two calls": "layer/w, layer_1/w"},
    "graph_collections": {"scope='layer1'": "layer1/w, layer10/w", "scope='layer1/'": "layer1/w"},
    "metrics": {
        "without the update": 0.0,
        "after an epoch that was all right": 1.0,
        "after one that was all wrong, not begun anew": 0.5,
    },
    "summaries": {"points of loss": 1, "points of accuracy": 0},
    "monitored_session": {
        "a monitored session raises": "Graph is finalized and cannot be modified.",
        "operations that a plain one adds in 100 steps": 300,
    },
    "estimator": {"tf.estimator in this TensorFlow": False},
    "eager": {"times that Python ran in 5 calls": 1, "different 'random' numbers in 5 calls": 1},
    "function_or_session": {"traces for five Python numbers": 5, "traces for five tensors": 1},
    "feeding": {"a queue whose runners were not started, after 0.2 s": "DeadlineExceededError"},
}


@pytest.mark.parametrize("name", pages.NAMES)
def test_both_ways_agree_and_the_trap_shuts(name):
    before = set(threading.enumerate())
    page = pages.get(name)
    now = page.now()
    if page.then is None:
        assert page.left
        assert now["accuracy above 0.9"]
    else:
        assert command.same(page.then(), now), (page.then(), now)
    assert page.trap() == TRAPS[name]
    assert set(threading.enumerate()) <= before
    assert len(page.watch) > 40


def test_pages_that_differ_exit_with_1(monkeypatch, capsys):
    from legacy_tf1.pages import cond

    monkeypatch.setattr(cond, "now", lambda: {"of 4": 2.0, "of -4": -4.0})
    assert run(command.main, ["cond"]) == 1
    assert "trap: the counter" in capsys.readouterr().out
    assert run(command.main, ["cont"]) == 2
    assert "did you mean cond" in capsys.readouterr().err


def test_the_price_of_a_call_is_one_figure(tmp_path):
    times = function_or_session.milliseconds(rounds=2)
    assert {len(values) for values in times.values()} == {2}
    function_or_session.draw(tmp_path / "times.png", times)
    assert (tmp_path / "times.png").stat().st_size > 5_000
