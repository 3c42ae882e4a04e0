"""A trained perceptron of TensorFlow 1 is saved in two forms, scores the same again, and is refused when damaged."""

import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1
from small_pipelines import one_line

from legacy_tf1.pipelines import feed, save_load
from tf_data.errors import InputError

pytestmark = pytest.mark.usefixtures("no_thread_left_behind")


@pytest.fixture(scope="module")
def saved(few, tmp_path_factory):
    return save_load.demonstrate(few, tmp_path_factory.mktemp("saved"), epochs=20)


def test_all_ways_back_score_the_same(saved):
    assert list(saved.accuracy) == ["trained", "meta graph", "npz constants"]
    assert len(set(saved.accuracy.values())) == 1
    assert saved.accuracy["trained"] > 0.6


def test_the_npz_has_the_names_and_shapes_of_the_original(saved):
    with np.load(saved.npz) as arrays:
        assert {name: arrays[name].shape for name in arrays.files} == {
            "fc1/weights:0": (784, 128),
            "fc1/biases:0": (128,),
            "fc2/weights:0": (128, 256),
            "fc2/biases:0": (256,),
            "logits/weights:0": (256, 10),
            "logits/biases:0": (10,),
        }


def test_logits_are_not_rectified(saved, few):
    """The original applied a ReLU to them."""
    with save_load.restore_meta_graph(saved.checkpoint) as session:
        images, logits = save_load.endpoints(session.graph)
        assert session.run(logits, {images: feed.scaled(few.test.x)}).min() < 0


def test_constants_cannot_be_trained(saved):
    with tf1.Graph().as_default():
        save_load.constant_graph(tf1.placeholder(tf1.float32, (None, 28, 28, 1)), saved.npz)
        assert tf1.global_variables() == []


@pytest.mark.parametrize("part", [".meta", ".index", ".data-00000-of-00001"])
def test_a_truncated_checkpoint_is_refused_in_one_line(part, saved, tmp_path):
    for file in saved.checkpoint.parent.glob("mlp.*"):
        shutil.copy(file, tmp_path)
    broken = tmp_path / f"mlp{part}"
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    with pytest.raises(InputError) as caught, save_load.restore_meta_graph(tmp_path / "mlp"):
        pass
    one_line(caught, tmp_path / "mlp", "damaged")


def test_a_foreign_or_missing_checkpoint_is_refused_in_one_line(saved, tmp_path):
    with tf1.Graph().as_default(), tf1.Session() as session:
        tf1.get_variable("other", 3)
        saver = tf1.train.Saver()
        with pytest.raises(InputError) as caught:
            save_load.restore(session, saver, saved.checkpoint)
        one_line(caught, saved.checkpoint, "of another network: it lacks other")
        with pytest.raises(InputError) as caught:
            save_load.restore(session, saver, tmp_path / "nothing")
        one_line(caught, tmp_path / "nothing", "no checkpoint")
    with tf1.Graph().as_default(), tf1.Session() as session:
        with tf1.variable_scope("fc1"):
            tf1.get_variable("biases", 5)
        with pytest.raises(InputError) as caught:
            save_load.restore(session, tf1.train.Saver(), saved.checkpoint)
        one_line(caught, saved.checkpoint, "of another network: fc1/biases has shape (128,), not (5,)")


def test_npz_files_of_another_network_are_refused(saved, tmp_path):
    with np.load(saved.npz) as archive:
        arrays = dict(archive)
    images = tf1.Graph()
    for said, change in {
        "no array 'fc2/biases:0'": {"fc2/biases:0": None},
        r"fc2 has weights \(100, 256\)": {"fc2/weights:0": np.zeros((100, 256), np.float32)},
    }.items():
        np.savez(tmp_path / "x.npz", **{n: v for n, v in (arrays | change).items() if v is not None})
        with images.as_default(), pytest.raises(InputError, match=said):
            save_load.constant_graph(tf1.placeholder(tf1.float32, (None, 28, 28, 1)), tmp_path / "x.npz")
