"""Files as they lie about: folders, formats, odd paths, frozen graphs, SavedModels, and what is refused."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tf1_files import save, write

from legacy_tf1 import bridge
from legacy_tf1.bridging import constants, sources
from tf_data.command import run
from tf_data.errors import InputError

tf1 = tf.compat.v1
SHAPES = {"fc/weights": (6, 3), "fc/biases": (3,)}


def same(one, two):
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, two[name])


@pytest.mark.parametrize("v1", [False, True])
def test_any_file_of_a_checkpoint_and_its_folder_name_it(v1, tmp_path):
    prefix = tmp_path / "odd [50%] {x} ? ümlaut" / "model (1) [b].ckpt-7"
    values = write(prefix, SHAPES, v1=v1, meta=True)
    files = sorted(prefix.parent.iterdir())
    assert len(files) == (3 if v1 else 4)
    for path in (prefix, prefix.parent, *files):
        same(bridge.read(path), values)


def test_shards_of_the_old_format_are_one_checkpoint(tmp_path):
    values = write(tmp_path / "a.ckpt", {"fc/weights": (6, 3)}, v1=True)
    more = write(tmp_path / "b.ckpt", {"fc/biases": (3,)}, v1=True)
    folder = tmp_path / "shards"
    folder.mkdir()
    for number, name in enumerate("ab"):
        shutil.copy(tmp_path / f"{name}.ckpt", folder / f"model.ckpt-{number:05d}-of-00002")
    for path in (folder, folder / "model.ckpt", folder / "model.ckpt-00001-of-00002"):
        same(bridge.read(path), values | more)


def test_a_folder_from_another_machine_gives_its_checkpoint_and_says_so(tmp_path):
    old = write(tmp_path / "model.ckpt-9", SHAPES)
    new = write(tmp_path / "model.ckpt-10", SHAPES, seed=1)
    for text in ('model_checkpoint_path: "/home/x/model.ckpt-9"', r'model_checkpoint_path: "C:\\runs\\model.ckpt-9"'):
        (tmp_path / "checkpoint").write_text(text)
        found = sources.read(tmp_path)
        same(found.values, old)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/home/x/model.ckpt-9"')
    assert "not here" in sources.read(tmp_path).notes[0]
    for lost in ("/home/x/other.ckpt", None):
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{lost}"') if lost else (
            tmp_path / "checkpoint"
        ).unlink()
        found = sources.read(tmp_path)
        same(found.values, new)  # 10 comes after 9
        assert "model.ckpt-10 was taken" in found.notes[0]
    write(tmp_path / "gan.ckpt", SHAPES)
    (tmp_path / "checkpoint").unlink()
    with pytest.raises(InputError, match=r"several checkpoints .*: gan.ckpt, model.ckpt-10, model.ckpt-9"):
        bridge.read(tmp_path)


def graph_with_weights():
    """A session of a small net with a ReLU on its logits, made as TensorFlow 1 programs make one."""
    x = tf1.placeholder(tf.float32, (None, 6), name="x")
    weights = tf1.get_variable("fc/weights", (6, 3))
    biases = tf1.get_variable("fc/biases", (3,))
    hidden = tf.nn.leaky_relu(tf.matmul(x, weights) + biases, 0.2)
    logits = tf.nn.relu(tf.multiply(hidden, 2.0, name="doubled"), name="logits")
    loss = tf.nn.softmax_cross_entropy_with_logits(labels=tf.ones((1, 3)) / 3, logits=logits)
    tf1.train.MomentumOptimizer(0.25, 0.875, use_nesterov=True).minimize(tf.reduce_mean(loss))
    session = tf1.Session()
    session.run(tf1.global_variables_initializer())
    return session, x, logits


@pytest.mark.parametrize("kind", ["resource", "reference"])
def test_a_frozen_graph_and_a_saved_model_give_their_weights(kind, tmp_path):
    with tf.Graph().as_default() as graph, tf1.variable_scope("", use_resource=kind == "resource"):
        session, x, logits = graph_with_weights()
        with session:
            values = session.run({v.op.name: v for v in tf1.trainable_variables()})
            frozen = tf1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["logits"])
            (tmp_path / "frozen.pb").write_bytes(frozen.SerializeToString())
            tf1.saved_model.simple_save(session, str(tmp_path / "saved"), {"x": x}, {"logits": logits})
    same(bridge.read(tmp_path / "frozen.pb"), values)
    for path in (
        tmp_path / "saved",
        tmp_path / "saved" / "saved_model.pb",
        tmp_path / "saved" / "variables" / "variables",
    ):
        found = bridge.read(path)
        same({name: found[name] for name in values}, values)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, name="out")])
    for source in (tmp_path / "frozen.pb", tmp_path / "saved"):
        bridge.carry(source, model)
        np.testing.assert_array_equal(model.layers[0].kernel.numpy(), values["fc/weights"])


def test_a_graph_tells_its_constants(tmp_path):
    with tf.Graph().as_default():
        session, *_ = graph_with_weights()
        with session:
            save(session, tmp_path / "model.ckpt")
    graph = sources.read(tmp_path / "model.ckpt").graph
    assert constants.of_net(graph) == {"negative_slope": 0.2, "logits_activation": "relu"}
    kind, settings = constants.of_optimizer(graph)
    assert (kind, settings) == ("Momentum", {"learning_rate": 0.25, "momentum": 0.875, "nesterov": True})
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3), keras.layers.LeakyReLU(0.3, name="leaky")])
    notes = bridge.carry(tmp_path / "model.ckpt", model).notes
    assert "leaky has negative_slope 0.3, the graph 0.2" in notes
    assert (model.optimizer.nesterov, float(model.optimizer.learning_rate)) == (True, 0.25)


def test_an_own_checkpoint_tells_the_constants_of_its_topic(tmp_path, capsys):
    from legacy_tf1 import names, topics
    from legacy_tf1.partner import model_of

    topic = topics.get("mlp-batchnorm").with_settings(["model.epsilon=0.002", "model.momentum=0.75"])
    values = names.from_model(model_of(topic), topic)
    bridge.write_checkpoint(values, topic, topic.recipe(), tmp_path / "model.ckpt", "the model")
    arguments = [str(tmp_path / "model.ckpt"), "--topic", "mlp-batchnorm", "--out", str(tmp_path / "x.keras")]
    assert run(bridge.main, arguments) == 0
    said = capsys.readouterr().out
    assert "add --set model.epsilon=0.002" in said
    assert "add --set model.momentum=0.75" in said


def with_foreign_operation(prefix: Path) -> None:
    """Put an operation that nobody knows into a meta graph."""
    from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef

    path = Path(f"{prefix}.meta")
    meta = MetaGraphDef.FromString(path.read_bytes())
    meta.graph_def.node.add(name="custom", op="RoiAlignOfOurs")
    path.write_bytes(meta.SerializeToString())


def test_an_operation_that_is_unknown_here_is_named_and_the_weights_are_read(tmp_path, capsys):
    from legacy_tf1.pipelines.save_load import restore_meta_graph

    write(tmp_path / "model.ckpt", {"encoding/weights": (784, 32), "encoding/biases": (32,), "logits/weights": (32, 784), "logits/biases": (784,)}, meta=True)  # fmt: skip
    with_foreign_operation(tmp_path / "model.ckpt")
    arguments = [str(tmp_path / "model.ckpt"), "--topic", "ae-basic", "--out", str(tmp_path / "x.keras")]
    assert run(bridge.main, arguments) == 0
    assert "unknown here, RoiAlignOfOurs; the weights do not need them" in capsys.readouterr().out
    with pytest.raises(InputError, match="RoiAlignOfOurs.*weights can still be read.*legacy_tf1.bridge") as caught, restore_meta_graph(tmp_path / "model.ckpt"):  # fmt: skip
        pass
    assert len(str(caught.value).splitlines()) == 1


def test_a_damaged_meta_graph_does_not_matter(tmp_path):
    values = write(tmp_path / "model.ckpt", SHAPES, meta=True)
    Path(f"{tmp_path}/model.ckpt.meta").write_bytes(b"\xff" * 99)
    found = sources.read(tmp_path / "model.ckpt")
    same(found.values, values)
    assert "model.ckpt.meta is damaged" in found.notes[0]


@pytest.mark.parametrize("name", ["x.h5", "x.tflite", "x.kears", "x.txt", "x.pb"])
def test_an_end_that_nobody_writes_is_refused_before_anything_is_read(name, tmp_path, capsys):
    assert run(bridge.main, [str(tmp_path / "none.ckpt"), "--topic", "mlp-basic", "--out", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert "is not written here; end it in .keras, .npz or .weights.h5" in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "model.pb", "without weights"),
        (b"\xff" * 50, "model.pb", "damaged or no frozen graph"),
        (None, "model.pb", "does not exist"),
        (b"x", "model.h5", "a .h5 file is no TensorFlow 1 checkpoint"),
        (b"x" * 100, "model.ckpt", "no checkpoint"),
        (b"\xff" * 50, "saved_model.pb", "saved_model.pb is damaged"),
    ],
)
def test_what_is_no_source_is_one_line(content, name, said, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        bridge.read(tmp_path / name)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "x.keras"], "name the model that the weights are for by --topic or --model"),
        (["--topic", "mlp-basic", "--model", "m.keras", "--out", "x.keras"], "exclude each other"),
        (["--topic", "mlp-basic", "--map", "a=b", "--out", "x.keras"], "goes without --topic"),
        (["--map", "a", "--out", "x.npz"], "write OLD=NEW"),
        (["--map", "a=b", "--out", "x.npz"], "no variable and no scope a"),
        (["--model", "m.keras", "--out", "x.ckpt"], "end the file in .keras or .weights.h5"),
        (["--model", "m.keras", "--out", "x.keras"], "m.keras does not exist"),
        (["--set", "model.epsilon=1", "--out", "x.npz"], "--set goes with --topic or --model"),
    ],
)
def test_bad_usage_is_one_line(arguments, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "model.ckpt", SHAPES)
    assert run(bridge.main, ["model.ckpt", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


def test_a_checkpoint_of_tensorflow_2_goes_by_its_own_names(tmp_path):
    kernel = tf.Variable(np.ones((6, 3), np.float32))
    tf.train.Checkpoint(step=tf.Variable(4), fc=tf.train.Checkpoint(kernel=kernel)).write(str(tmp_path / "two"))
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, use_bias=False, name="out")])
    bridge.carry(tmp_path / "two", model)
    assert model.layers[0].kernel.numpy().sum() == 18
