"""The well-known convolutional networks: their stages, their padding, what they refuse."""

import re

import keras
import numpy as np
import pytest

from tf_models.cnn import alexnet, densenet, lenet, mobilenet_v2, mobilenet_v3, nin, residual_blocks, resnet, vgg
from tf_models.layers.torch_like import conv2d, pool2d


def names(model):
    return {layer.name for layer in model.layers}


@pytest.mark.parametrize(("depth", "blocks"), [(18, (2, 2, 2, 2)), (50, (3, 4, 6, 3)), (152, (3, 8, 36, 3))])
def test_resnets_stages(depth, blocks):
    model = resnet(depth=depth, classes=3, input_shape=(128, 128, 3), filters=2)
    for stage, (count, side) in enumerate(zip(blocks, (32, 16, 8, 4)), 1):
        channels = 2 * 2 ** (stage - 1) * (1 if depth < 50 else 4)
        assert model.get_layer(f"stage{stage}_block{count}_add").output.shape == (None, side, side, channels)
        assert f"stage{stage}_block{count + 1}_conv1" not in names(model)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len([layer for layer in convolutions if "shortcut" not in layer.name]) == depth - 1
    assert not any(layer.use_bias for layer in convolutions)


def test_the_second_residual_shortcut_is_the_input_itself():
    model = resnet(depth=18, input_shape=(32, 32, 3), filters=2)
    add = model.get_layer("stage2_block2_add")
    assert {tensor._keras_history.operation.name for tensor in add.input} == {
        "stage2_block2_norm2",
        "stage2_block1_relu",
    }


def test_resnets_initial_weights_have_the_deviation_of_their_outputs():
    kernel = resnet(depth=18, input_shape=(32, 32, 3)).get_layer("stage2_block1_conv2").kernel.numpy()
    assert kernel.std() == pytest.approx((2 / (9 * 128)) ** 0.5, rel=0.02)
    assert abs(kernel).max() > 3.5 * kernel.std()  # normal, not truncated


def test_pooling_pads_alike_on_all_sides_and_counts_zeros():
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    padded = np.pad(image[0, ..., 0], 1)
    windows = [[padded[i : i + 3, j : j + 3] for j in (0, 2)] for i in (0, 2)]
    for kind, of in (("max", np.max), ("average", np.mean)):
        pooled = pool2d(keras.ops.convert_to_tensor(image), 3, strides=2, padding=1, kind=kind, name="pool")
        np.testing.assert_allclose(np.array(pooled)[0, ..., 0], of(windows, axis=(2, 3)), rtol=1e-6)


def test_convolutions_in_groups_and_with_another_padding():
    inputs = keras.Input((8, 8, 4), name="image")
    model = keras.Model(inputs, conv2d(inputs, 600, 3, groups=2, padding=0, strides=2, name="conv"))
    assert model.output_shape == (None, 3, 3, 600)
    kernel, bias = model.get_layer("conv").get_weights()
    assert kernel.shape == (3, 3, 2, 600)
    for values in (kernel, bias):  # one unit sees 3 x 3 x 2 inputs
        assert 0.95 * 18**-0.5 < abs(values).max() <= 18**-0.5


@pytest.mark.parametrize(
    "build",
    [
        lambda side: resnet(depth=18, input_shape=(side, side, 1), filters=1),
        lambda side: densenet(depth=121, input_shape=(side, side, 1), growth=2, blocks=(1, 1, 1, 1)),
        lambda side: vgg(depth=11, input_shape=(side, side, 1), filters=1, hidden=()),
        lambda side: alexnet(input_shape=(side, side, 1), filters=1, hidden=()),
        lambda side: nin(input_shape=(side, side, 1), filters=1),
        lambda side: lenet(input_shape=(side, side, 1)),
        lambda side: mobilenet_v2(input_shape=(side, side, 1), width=0.25),
        lambda side: mobilenet_v3(size="small", input_shape=(side, side, 1), width=0.25),
    ],
    ids=["resnet", "densenet", "vgg", "alexnet", "nin", "lenet", "mobilenet_v2", "mobilenet_v3"],
)
def test_the_smallest_side_that_an_error_names_works(build):
    with pytest.raises(ValueError, match="or more") as error:
        build(1)
    smallest = int(re.search(r"(\d+)x\1 or more", str(error.value))[1])
    image = np.ones((1, smallest, smallest, 1), np.float32)
    assert np.isfinite(np.array(build(smallest)(image))).all()


def test_vggs_blocks():
    model = vgg(depth=19, input_shape=(64, 64, 3), filters=2, hidden=(8,), batch_norm=True)
    for block, (count, maps) in enumerate(zip((2, 2, 4, 4, 4), (2, 4, 8, 16, 16)), 1):
        assert model.get_layer(f"block{block}_norm{count}").output.shape == (None, 128 >> block, 128 >> block, maps)
        assert f"block{block}_conv{count + 1}" not in names(model)
    assert model.get_layer("block5_pool").output.shape == (None, 2, 2, 16)


def test_vggs_initial_logits_are_of_the_order_of_one():
    """The original's N(0, 0.05) made the first loss of VGG-19 1061."""
    images = np.random.default_rng(0).random((8, 32, 32, 3), dtype=np.float32)
    assert np.array(vgg(depth=16, filters=16, hidden=(64,))(images)).std() < 3


def test_alexnet_copies_a_map_of_one_pixel_36_times():
    model = alexnet(filters=2, hidden=(8,))
    body = keras.Model(model.input, [model.get_layer("pool5").output, model.get_layer("flatten").output])
    pooled, flat = body(np.random.default_rng(0).random((2, 64, 64, 3), dtype=np.float32))
    assert pooled.shape == (2, 1, 1, 16)
    np.testing.assert_array_equal(flat, np.tile(np.array(pooled).reshape(2, 16), 36))


@pytest.mark.parametrize(
    ("model", "counts", "sides"),
    [
        # Trainable parameters of torchvision's networks with 1,000 classes; sides of the maps that each stride leaves.
        (
            lambda: mobilenet_v2(classes=1000),
            3_504_872,
            {"block1": 112, "block3": 56, "block6": 28, "block13": 14, "last": 7},
        ),
        (
            lambda: mobilenet_v3(size="large", classes=1000),
            5_483_032,
            {"block1": 112, "block3": 56, "block12": 14, "last": 7},
        ),
        (
            lambda: mobilenet_v3(size="small", classes=1000),
            2_542_856,
            {"block1": 56, "block3": 28, "block8": 14, "last": 7},
        ),
    ],
    ids=["v2", "v3-large", "v3-small"],
)
def test_mobilenets_parameters_and_maps(model, counts, sides):
    model = model()
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_variables) == counts
    for block, side in sides.items():
        layer = f"{block}_project_norm" if block != "last" else "last_norm"
        assert model.get_layer(layer).output.shape[1:3] == (side, side)
    assert ("block1_squeeze_conv1" in names(model)) == (model.name == "mobilenet_v3_small")
    assert "block1_expand_conv" not in names(model)  # the first block expands nothing
    norm = model.get_layer("last_norm")
    assert (norm.epsilon, norm.momentum) == ((1e-5, 0.9) if model.name == "mobilenet_v2" else (1e-3, 0.99))
    kernel = model.get_layer("block3_depthwise_conv").kernel.numpy()
    assert kernel.std() == pytest.approx((2 / (kernel.shape[0] ** 2 * kernel.shape[2])) ** 0.5, rel=0.1)


def test_nins_class_maps_may_be_negative():
    model = nin(classes=3, filters=8, input_shape=(16, 16, 3))
    model.get_layer("class_maps").bias.assign([-10.0, 0.0, 10.0])
    maps = keras.Model(model.input, model.get_layer("class_maps").output)
    images = np.random.default_rng(0).random((4, 16, 16, 3), dtype=np.float32)
    assert (np.array(maps(images))[..., 0] < 0).all()
    np.testing.assert_allclose(model(images), np.array(maps(images)).mean(axis=(1, 2)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: resnet(depth=20), "depth must be one of 18, 34, 50, 101, 152, not 20"),
        (lambda: resnet(depth=18, input_shape=(16, 28, 1)), "ResNet-18 needs images of 17x17 or more, not 16x28"),
        (lambda: densenet(depth=120), "depth must be one of 121, 169, 201, not 120"),
        (lambda: densenet(depth=121, input_shape=(28, 28, 1)), "DenseNet-121 needs images of 29x29 or more, not 28x28"),
        (lambda: vgg(depth=15), "depth must be one of 11, 13, 16, 19, not 15"),
        (lambda: vgg(depth=16, input_shape=(31, 64, 3)), "VGG-16 needs images of 32x32 or more, not 31x64"),
        (lambda: alexnet(input_shape=(62, 62, 3)), "AlexNet needs images of 63x63 or more"),
        (lambda: alexnet(groups=3), "groups must divide 64"),
        (lambda: nin(input_shape=(2, 2, 3)), "Network in Network needs images of 3x3 or more"),
        (lambda: lenet(input_shape=(15, 15, 1)), "LeNet-5 needs images of 16x16 or more"),
        (lambda: mobilenet_v2(input_shape=(16, 64, 3)), "MobileNet-V2 needs images of 17x17 or more, not 16x64"),
        (lambda: mobilenet_v2(width=0), "width must be positive, not 0"),
        (lambda: mobilenet_v3(size="tiny"), "size must be one of large, small, not 'tiny'"),
        (lambda: mobilenet_v3(dropout=1.0), r"dropout must be in \[0, 1\), not 1.0"),
        (lambda: residual_blocks(kind="other"), "kind must be one of resizing, identity"),
        (lambda: residual_blocks(kind="identity"), "keeps the 1 channels of its input; it cannot give 8"),
    ],
)
def test_bad_arguments_name_what_is_possible(call, said):
    with pytest.raises(ValueError, match=said):
        call()
