"""One contract for every kind of samples and every order; bits that resumed runs rely on."""

import pickle
import tempfile
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from small_data import convert

from tf_data import formats
from tf_data import order as orders
from tf_data.dataset import Data, Split
from tf_data.datasets.quickdraw import Bitmaps
from tf_data.errors import InputError
from tf_data.images import EncodedImages, encode
from tf_data.order import Buckets, Permuted, TextWindows, Windows
from tf_data.pipeline import Batches
from tf_data.samples import Sequences, Texts, as_samples, padded

COUNT = 23
fast = settings(deadline=None, max_examples=40)


def texts(count=COUNT):
    """Texts of many lengths, an empty one and some that UTF-8 needs more than a byte a character for."""
    return np.array(["", *(f"{'žá𝄞 '[n % 4] * (7 * n % 11)}{n}\x00" for n in range(1, count))], object)


def sequences(count=COUNT):
    return Sequences.of([np.arange(n, n + 5 * n % 13, dtype=np.int32) for n in range(count)])


def images(count=COUNT):
    return np.random.default_rng(0).integers(0, 256, (count, 5, 4, 3), dtype=np.uint8)


def stored(x, folder, to, **options):
    """A split of a converted folder with these samples."""
    split = Split("train", x, np.arange(len(as_samples(x)), dtype=np.int32))
    data = Data("drawn", "synthetic", "a test", split, split, classes=tuple(map(str, range(len(split)))))
    convert(data, to, folder, chunk_size=4, **options)
    return formats.open(folder).splits["train"]


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """A split of each kind, and what its samples are."""
    root = tmp_path_factory.mktemp("kinds")
    pixels, y = images(), np.arange(COUNT, dtype=np.int32)
    np.save(root / "x.npy", pixels)
    bitmaps = [np.random.default_rng(n).integers(0, 256, (12, 784), dtype=np.uint8) for n in (0, 1)]
    places = np.array([(n % 2, n // 2) for n in range(COUNT)])
    pngs = {f"{n}.png": encode(image, "png") for n, image in enumerate(pixels)}
    kinds = {
        "array": (pixels, pixels),
        "memory map": (np.load(root / "x.npy", mmap_mode="r"), pixels),
        "encoded": (EncodedImages(list(pngs), pngs.__getitem__, (5, 4)), pixels),
        "bitmaps": (Bitmaps(bitmaps, places), np.stack([bitmaps[i][j].reshape(28, 28, 1) for i, j in places])),
        "texts": (texts(), texts()),
        "sequences": (sequences(), sequences().read(np.arange(COUNT))),
    }
    found = {name: (Split("train", x, y), expected) for name, (x, expected) in kinds.items()}
    for to, options in (("hdf5", {}), ("hdf5", {"compress": True}), ("tfrecord", {}), ("tfrecord", {"compress": True})):
        for name, x in (("texts", texts()), ("sequences", sequences())):
            label = f"{to} {name} {'gzip' if options else ''}"
            found[label.strip()] = (stored(x, root / label.replace(" ", "-"), to, **options), kinds[name][1])
    found["npz"] = (stored(pixels, root / "npz", "npz"), pixels)
    found["tfrecord png"] = (stored(pixels, root / "png", "tfrecord", encoding="png"), pixels)
    return found


KINDS = ["array", "memory map", "encoded", "bitmaps", "texts", "sequences", "npz", "tfrecord png"]
KINDS += [f"{to} {name}{gz}" for to in ("hdf5", "tfrecord") for name in ("texts", "sequences") for gz in ("", " gzip")]
ORDERS = {
    "own": None,
    "permuted": partial(Permuted, COUNT),
    "windows": partial(Windows, np.array([4, 4, 4, 4, 4, 3]), 10**6),
    "buckets": partial(Buckets, np.arange(COUNT) * 7 % 11, pool=2),
}


def same(batch, expected):
    """Whether a batch as TensorFlow has it shows these samples."""
    if expected.dtype != object:
        np.testing.assert_array_equal(batch, expected)
    elif isinstance(expected[0] if len(expected) else "", str):
        assert [text.decode() for text in batch.numpy().tolist()] == expected.tolist()
    else:
        np.testing.assert_array_equal(batch, padded(expected, np.int32))


def epoch(split, **arguments):
    """Samples, labels and numbers of each batch of epoch 2, whose shuffled order nobody has made before."""
    start = arguments.pop("start", 0)
    batches = Batches(split, 5, seed=3, prepare=lambda x, y, position: (x, y, position.indices), **arguments)
    found = list(batches.dataset(2, start))
    assert len(found) == batches.steps - start == int(batches.host_dataset(2, start).cardinality())
    return found


@pytest.mark.parametrize("name", KINDS)
def test_samples_of_every_kind(splits, name):
    split, expected = splits[name]
    samples = split.samples
    some = np.array([20, 0, 9, 9])
    assert len(samples) == len(split) == COUNT
    for found, wanted in (
        (samples.read(some), expected[some]),
        (samples[3:12].read(np.arange(9)), expected[3:12]),
        (samples[some][1:].read(np.array([2, 0])), expected[[9, 0]]),
        (split.slice(3, 12).samples.read(np.array([8])), expected[[11]]),
    ):
        assert found.dtype == wanted.dtype
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(a, b)
    assert samples.shape[1:] == (expected.shape[1:] if "sequences" not in name else (None,))
    assert samples.is_text == ("texts" in name)
    assert samples.is_image == (expected.dtype == np.uint8)
    if "texts" in name or "sequences" in name:
        assert samples.lengths.tolist() == list(map(len, expected))
        assert samples[some].lengths.tolist() == [len(expected[i]) for i in some]
    else:
        assert samples.lengths is None
    assert (samples.array is None) == (name not in ("array", "texts"))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", KINDS)
def test_the_contract_of_samples_and_orders(splits, name, order):
    split, expected = splits[name]
    whole = epoch(split, order=ORDERS[order])
    numbers = [indices.numpy().tolist() for _, _, indices in whole]
    assert [len(part) for part in numbers] == [5, 5, 5, 5, 3]
    assert sorted(np.concatenate(numbers)) == list(range(COUNT))
    for x, y, indices in whole:
        same(x, expected[indices.numpy()])
        np.testing.assert_array_equal(y, indices)
    for x, y, indices in epoch(split, order=ORDERS[order], start=3)[:1]:  # resumed
        assert indices.numpy().tolist() == numbers[3]
        same(x, expected[numbers[3]])
        np.testing.assert_array_equal(y, numbers[3])
    for workers in (2, 3):
        for index in range(workers):
            mine = epoch(split, order=ORDERS[order], shard=(index, workers))
            assert [indices.numpy().tolist() for _, _, indices in mine] == [part[index::workers] for part in numbers]
            for x, y, indices in mine:
                same(x, expected[indices.numpy()])
                np.testing.assert_array_equal(y, indices)


@pytest.mark.parametrize("name", ["array", "encoded", "texts", "sequences", "npz", "hdf5 texts", "tfrecord sequences"])
def test_a_worker_without_a_row_gets_an_empty_batch(splits, name):
    """23 samples in batches of 11 leave one for the last: the second of two workers gets none, of the same kind."""
    split, _ = splits[name]
    *_, (x, y) = Batches(split, 11, shard=(1, 2)).dataset()
    *_, (full, _) = Batches(split, 11, shard=(0, 2)).dataset()
    assert (len(x), len(y), len(full)) == (0, 0, 1)
    assert (x.dtype, x.shape.rank) == (full.dtype, full.shape.rank)


def made(kind, lengths, batch, seed, shard=(0, 1), shuffle=True):
    arguments = {"seed": seed, "shuffle": shuffle, "shard": shard}
    if kind == "windows":
        return Windows(lengths + 1, 10**6, batch, **arguments)
    if kind == "buckets":
        return Buckets(lengths, batch, pool=3, **arguments)
    if kind == "text":
        return TextWindows(int(lengths.sum()) + 20, 7, batch, stride=3, **arguments)
    return Permuted(len(lengths), batch, **arguments)


@pytest.mark.parametrize("kind", ["permuted", "windows", "buckets", "text"])
@fast
@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(1, 7), st.integers(0, 3), st.booleans())
def test_workers_share_every_order(kind, lengths, batch, seed, shuffle):
    lengths = np.array(lengths)
    whole = made(kind, lengths, batch, seed, shuffle=shuffle)
    steps = [whole.indices(1, step) for step in range(whole.steps)]
    assert len(np.unique(np.concatenate(steps), axis=0)) == whole.samples == sum(map(len, steps))
    for workers in (1, 2, 3):
        mine = [made(kind, lengths, batch, seed, (index, workers), shuffle) for index in range(workers)]
        assert {order.steps for order in mine} == {whole.steps}
        for step in reversed(range(whole.steps)):  # any step, without those before
            for index, order in enumerate(mine):
                np.testing.assert_array_equal(order.indices(1, step), steps[step][index::workers])


@pytest.mark.parametrize("kind", ["permuted", "windows", "buckets", "text"])
def test_orders_follow_seed_and_epoch(kind):
    lengths = np.arange(40) % 9

    def numbers(seed, number, shuffle=True):
        order = made(kind, lengths, 4, seed, shuffle=shuffle)
        return np.concatenate([order.indices(number, step) for step in range(order.steps)]).tolist()

    assert numbers(1, 2) == numbers(1, 2)
    assert numbers(1, 2) != numbers(1, 3)
    assert numbers(1, 2) != numbers(2, 2)
    assert numbers(1, 2, shuffle=False) == numbers(2, 3, shuffle=False)


def test_the_orders_never_change(monkeypatch):
    """Runs are resumed by later versions too, so these numbers are a promise; the first two are from before workers."""
    assert [x.numpy().tolist() for (x,) in Batches(Split("train", np.arange(10)), 4, seed=5).dataset(3)] == [
        [8, 6, 0, 3],
        [2, 7, 9, 4],
        [1, 5],
    ]
    monkeypatch.setattr(orders, "WINDOW_BLOCKS", 2)
    windows = Windows(np.array([3, 1, 4, 2]), 1, 2, seed=5)
    assert [windows.window(3, n)[1].tolist() for n in (0, 1)] == [[9, 6, 0, 5, 4, 7, 1, 8], [3, 2]]
    buckets = Buckets(np.array([5, 1, 4, 1, 5, 9, 2, 6, 5, 3]), 2, seed=5, pool=2)
    assert [buckets.indices(3, step).tolist() for step in range(5)] == [[6, 0], [2, 8], [3, 9], [7, 5], [1, 4]]
    text = TextWindows(40, 6, 3, stride=5, seed=5)
    assert [text.indices(3, step)[:, 0].tolist() for step in range(text.steps)] == [[19, 14, 29], [4, 24, 9]]


def test_buckets_save_padding_and_mix():
    lengths = np.random.default_rng(0).integers(1, 500, 6400)

    def padding(order):
        found = [lengths[order.indices(0, step)] for step in range(order.steps)]
        return sum((part.max() - part).sum() for part in found) / lengths.sum()

    assert padding(Buckets(lengths, 64)) < 0.05 < 0.5 < padding(Permuted(6400, 64))
    means = [lengths[Buckets(lengths, 64).indices(0, step)].mean() for step in range(100)]
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.4  # short and long batches come mixed
    pairs = [
        set(map(tuple, np.sort(np.stack([Buckets(lengths, 2).indices(e, s) for s in range(500)])))) for e in (0, 1)
    ]
    assert len(pairs[0] & pairs[1]) < 20  # other company in every epoch
    short = Buckets(lengths[:130], 64)
    assert len(short.indices(0, 2)) == 2


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("kind", ["text", "sequence", "hdf5", "tfrecord"])
def test_windows_of_a_text(tmp_path, kind, shuffle):
    long = "".join(chr(97 + n * n % 26) for n in range(100)) + "žluť"
    split = Split("train", np.array([long], object))
    if kind == "sequence":
        split = Split("train", Sequences.of([list(map(ord, long))]))
    elif kind != "text":
        convert(Data("drawn", "synthetic", "a test", split, split), kind, tmp_path / "out")
        split = formats.open(tmp_path / "out").splits["train"]
    order = partial(TextWindows, len(long), 9, stride=8)

    def windows(**arguments):
        keep = lambda x, y, position: (x, position.indices)  # noqa: E731
        batches = Batches(split, 3, shuffle=shuffle, prepare=keep, order=order, **arguments)
        for x, indices in batches.dataset(1):
            wanted = [long[start : start + length] for start, length in indices.numpy().tolist()]
            if kind == "sequence":
                assert ["".join(map(chr, row)) for row in x.numpy().tolist()] == wanted
            else:
                assert [text.decode() for text in x.numpy().tolist()] == wanted
        return [indices.numpy()[:, 0].tolist() for _, indices in batches.dataset(1)]

    whole = windows()
    starts = np.sort(np.concatenate(whole))
    assert set(np.diff(starts)) == {8}
    assert len(starts) == (11 if shuffle else 12)
    assert [windows(shard=(1, 2))[step] for step in range(len(whole))] == [part[1::2] for part in whole]
    if shuffle:
        firsts = {min(TextWindows(104, 9, 3, stride=8).indices(e, s)[:, 0].min() for s in range(4)) for e in range(60)}
        assert firsts == set(range(8))  # a window begins anywhere
    else:
        for before, after in pairwise(whole):
            assert [start + 8 for start in before[: len(after)]] == after  # every row goes on


@pytest.mark.parametrize("kind", ORDERS)
@pytest.mark.parametrize("name", ["encoded", "texts", "sequences", "npz", "hdf5 texts"])
def test_a_source_without_tensorflow_gives_the_same_batches(splits, name, kind):
    split, _ = splits[name]
    source = split.batch_source(5, seed=3, epoch=2, raw=True, order=ORDERS[kind])
    assert len(source) == 5
    again = pickle.loads(pickle.dumps(source))  # as a loader hands it to other processes, after it has been read from
    for (x, y, _), mine, other in zip(epoch(split, order=ORDERS[kind]), source, again, strict=True):
        assert mine[0].tolist() == other[0].tolist()
        same(x, mine[0])
        np.testing.assert_array_equal(y, mine[1])


def test_orders_of_other_samples_are_refused():
    split = Split("train", np.arange(10))
    with pytest.raises(InputError, match="an order of 9 samples does not go with 10"):
        Batches(split, 2, order=partial(Buckets, np.ones(9)))
    with pytest.raises(InputError, match="one text of that length"):
        Batches(split, 2, order=partial(TextWindows, 10, 3))
    with pytest.raises(InputError, match="no labels"):
        Batches(Split("train", Texts(["abc"]), np.zeros(1)), 2, order=partial(TextWindows, 3, 3))
    with pytest.raises(InputError, match="1 to 10 characters"):
        TextWindows(10, 11, 2)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1], [2]], "not list"),
        (np.array(["a", 3], object), "with a int at 1"),
        (np.array([["a"]], object), "shape"),
    ],
)
def test_what_are_no_samples_is_refused(x, message):
    with pytest.raises(InputError, match=message):
        Split("train", x)


def test_sequences_are_rows_of_integers():
    assert Sequences.of([[3, 1], [], [4]]).dtype == np.int64
    for wrong in ([[1.5]], [[[1]]]):
        with pytest.raises(InputError, match="a sequence is a row of integers"):
            Sequences.of(wrong)
    with pytest.raises(InputError, match="offsets must rise"):
        Sequences(np.arange(4), np.array([0, 3]))


@pytest.mark.parametrize("to", ["hdf5", "tfrecord"])
@settings(deadline=None, max_examples=15)
@given(st.lists(st.text(), min_size=1, max_size=12), st.booleans(), st.integers(1, 5))
def test_texts_come_back(to, texts, compress, chunk):
    split = Split("train", np.array(texts, object))
    with tempfile.TemporaryDirectory() as folder:
        convert(
            Data("t", "synthetic", "a test", split, split),
            to,
            Path(folder) / "out",
            chunk_size=chunk,
            compress=compress,
        )
        found = formats.open(Path(folder) / "out")
        assert found.splits["train"].x[:].tolist() == texts
        assert found.faults() == []


@pytest.mark.parametrize("to", ["hdf5", "tfrecord"])
def test_damaged_texts_are_noticed(tmp_path, to):
    stored(texts(), tmp_path / "out", to)
    text = texts()[6].encode()
    path, content = next((p, c) for p in (tmp_path / "out").iterdir() if text in (c := p.read_bytes()))
    path.write_bytes(content.replace(text, b"~" * len(text)))
    opened = formats.open(tmp_path / "out")
    with pytest.raises(InputError, match="damaged"):
        [split.x[:] for split in opened.splits.values()]
    assert any("checksum" in fault for fault in opened.faults())


def test_a_character_without_a_form_in_utf8_is_named_or_skipped(tmp_path):
    split = Split("train", np.array(["good", "\ud800", "too"], object))
    data = Data("t", "synthetic", "a test", split, split.slice(0, 1))
    with pytest.raises(InputError, match="t train record 1 has no form in UTF-8"):
        convert(data, "hdf5", tmp_path / "out")
    assert convert(data, "hdf5", tmp_path / "out", skip_bad=True).counts == {"train": 2, "test": 1}
    assert formats.open(tmp_path / "out").splits["train"].x[:].tolist() == ["good", "too"]


@pytest.mark.parametrize("name", KINDS)
def test_a_compiled_loop_makes_the_same_batches(splits, name):
    """As `fit` does it: from memory by `at`, inside of one graph; from files by the iterator of a dataset."""
    split, _ = splits[name]
    batches = Batches(split, 5, seed=3, prepare=lambda x, y, position: (x, y, position.indices))
    assert batches.in_memory == (name in ("array", "texts", "sequences"))

    def seen(x, y, indices):
        size = tf.strings.length(x) if x.dtype == tf.string else x
        return tf.reduce_sum(tf.cast(size, tf.int64)) + 1000 * tf.reduce_sum(indices**2)

    @tf.function(autograph=False)
    def loop(iterator=None):
        def body(step, found):
            batch = batches.at(tf.constant(2, tf.int64), step) if iterator is None else iterator.get_next()
            return step + 1, found.write(tf.cast(step, tf.int32), seen(*batch))

        found = tf.TensorArray(tf.int64, batches.steps)
        return tf.while_loop(lambda step, _: step < batches.steps, body, (tf.constant(0, tf.int64), found))[1].stack()

    expected = [int(seen(*batch)) for batch in batches.dataset(2)]
    assert loop(*([] if batches.in_memory else [iter(batches.dataset(2))])).numpy().tolist() == expected
