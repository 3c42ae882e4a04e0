"""Weights from PyTorch: modules with torchvision's names give the same logits, and files that do not fit are refused."""

import pickle
import sys
import zipfile

import numpy as np
import pytest

from tf_data.errors import InputError
from tf_models.cnn import (
    alexnet,
    densenet,
    from_torch,
    lenet,
    load_torch_weights,
    mobilenet_v2,
    mobilenet_v3,
    resnet,
    vgg,
)
from tf_models.cnn.from_torch import read_state_dict

torch = pytest.importorskip("torch")
networks = pytest.importorskip("benchmarks.torch_networks")
nn = torch.nn


VGG = ((1, 4), (1, 8), (2, 16), (2, 32), (2, 32))
V2 = ((1, 16, 1, 1), (6, 16, 2, 2), (4, 24, 2, 1))
V3 = (
    (3, 16, 16, True, "relu", 2),
    (3, 32, 16, False, "relu", 1),
    (5, 64, 16, True, "hard_silu", 2),
    (5, 48, 16, True, "hard_silu", 1),
)
# torchvision's module takes the channels of squeeze and excite: a quarter of the expanded in multiples of 8.
V3_TORCH = tuple((k, e, c, {16: 8, 64: 16, 48: 16}[e] if s else 0, a == "hard_silu", d) for k, e, c, s, a, d in V3)
CASES = {
    "mobilenet_v2": (
        lambda: networks.mobilenet_v2(V2, 32, 1280, 5),
        lambda: mobilenet_v2(classes=5, input_shape=(33, 50, 3), blocks=V2),
    ),
    "mobilenet_v3": (
        lambda: networks.mobilenet_v3(V3_TORCH, 16, 1024, 5),
        lambda: mobilenet_v3(size="small", classes=5, input_shape=(33, 50, 3), blocks=V3),
    ),
    "resnet18": (
        lambda: networks.ResNet((2, 2, 2, 2), False, 6, 3, 1),
        lambda: resnet(depth=18, classes=3, input_shape=(28, 28, 1), filters=6),
    ),
    "resnet50": (
        lambda: networks.ResNet((3, 4, 6, 3), True, 4, 3, 3),
        lambda: resnet(depth=50, classes=3, input_shape=(50, 65, 3), filters=4),
    ),
    "densenet": (
        lambda: networks.DenseNet((2, 3, 3, 2), 4, 3),
        lambda: densenet(depth=121, classes=3, input_shape=(64, 77, 3), growth=4, blocks=(2, 3, 3, 2)),
    ),
    "vgg11": (
        lambda: networks.vgg(VGG, 3, False, 2 * 3 * 32, 20, 5),
        lambda: vgg(depth=11, classes=5, input_shape=(64, 97, 3), filters=4, hidden=(20, 20)),
    ),
    "vgg11_bn": (
        lambda: networks.vgg(VGG, 3, True, 2 * 3 * 32, 20, 5),
        lambda: vgg(depth=11, classes=5, input_shape=(64, 97, 3), filters=4, hidden=(20, 20), batch_norm=True),
    ),
    "alexnet": (
        lambda: networks.alexnet(4, 30, 5, 1),
        lambda: alexnet(classes=5, input_shape=(224, 224, 3), filters=4, hidden=(30, 30)),
    ),
    "alexnet_small_image": (
        lambda: networks.alexnet(4, 30, 5, 2),
        lambda: alexnet(classes=5, input_shape=(64, 100, 3), filters=4, hidden=(30, 30), groups=2),
    ),
}


def randomised(module):
    """The module in evaluation mode, with weights that keep the signal and batch norms that are far from doing nothing."""
    generator = torch.Generator().manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight, generator=generator)
        elif isinstance(part, nn.BatchNorm2d):
            for tensor, low, high in (
                (part.weight, 0.5, 1.5),
                (part.bias, -0.5, 0.5),
                (part.running_mean, -0.5, 0.5),
                (part.running_var, 0.5, 2.0),
            ):
                tensor.data.uniform_(low, high, generator=generator)
    return module.eval()


@pytest.mark.parametrize("case", CASES)
def test_logits_equal_pytorchs(case, tmp_path):
    make_module, make_model = CASES[case]
    module, model = randomised(make_module()), make_model()
    torch.save(module.state_dict(), tmp_path / "weights.pth")
    images = np.random.default_rng(0).normal(size=(3, *model.input_shape[1:])).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()
    before = np.array(model(images))
    assert load_torch_weights(model, tmp_path / "weights.pth") is model
    assert abs(before - expected).max() > 0.01
    assert expected.std(axis=0).max() > 0.01  # the logits depend on the image
    np.testing.assert_allclose(model(images), expected, atol=1e-4 * max(1, abs(expected).max()))


def test_mobilenets_tensors_are_called_as_in_torchvisions_files():
    second, third = mobilenet_v2(input_shape=(64, 64, 3)), mobilenet_v3(size="small", input_shape=(64, 64, 3))
    names = [name for _, name, *_ in from_torch._variables(second)]
    assert names[0] == "features.0.0.weight"
    assert len(names) == len(set(names)) == 52 + 4 * 52 + 2
    assert {
        "features.1.conv.0.0.weight",
        "features.1.conv.1.weight",
        "features.1.conv.2.running_mean",
        "features.2.conv.1.0.weight",
        "features.2.conv.2.weight",
        "features.2.conv.3.bias",
        "features.17.conv.3.running_var",
        "features.18.0.weight",
        "classifier.1.bias",
    } <= set(names)
    names = [name for _, name, *_ in from_torch._variables(third)]
    assert len(names) == len(set(names))
    assert {
        "features.1.block.0.0.weight",
        "features.1.block.1.fc1.bias",
        "features.1.block.2.1.running_mean",
        "features.2.block.2.0.weight",
        "features.11.block.2.fc2.weight",
        "features.11.block.3.1.weight",
        "features.12.1.bias",
        "classifier.0.weight",
        "classifier.3.weight",
    } <= set(names)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "weights.pth"

    def save(change=lambda tensors: None):
        tensors = CASES["resnet18"][0]().state_dict()
        change(tensors)
        torch.save(tensors, path)
        return path

    return save


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tensors: tensors.pop("layer1.1.bn2.weight"), "holds no layer1.1.bn2.weight, which resnet18 needs"),
        (lambda tensors: tensors.update({"fc.weight": torch.zeros(5, 48)}), r"fc.weight is \(5, 48\).*needs \(3, 48\)"),
        (lambda tensors: tensors.update({"fc2.weight": torch.zeros(1)}), "holds fc2.weight, for which resnet18 has no"),
        (lambda tensors: tensors.update({"fc.weight": 3}), "no tensors by name"),
        (lambda tensors: tensors.clear(), "no tensors by name"),
    ],
)
def test_a_mismatch_names_the_first_tensor_and_changes_nothing(saved, change, said):
    model = CASES["resnet18"][1]()
    before = model.get_weights()
    with pytest.raises(InputError, match=said):
        load_torch_weights(model, saved(change))
    for old, new in zip(before, model.get_weights()):
        np.testing.assert_array_equal(old, new)


def test_another_depth_is_refused_by_name(saved):
    with pytest.raises(InputError, match="holds no layer1.2.conv1.weight, which resnet34 needs"):
        load_torch_weights(resnet(depth=34, classes=3, input_shape=(28, 28, 1), filters=6), saved())


class Hostile:
    def __reduce__(self):
        return print, ("this must not run",)


def test_files_that_are_no_state_dict_are_refused(tmp_path, capsys):
    model = CASES["resnet18"][1]()
    path = tmp_path / "weights.pth"
    with pytest.raises(InputError, match="does not exist"):
        load_torch_weights(model, path)
    for content in (b"", b"no pickle", pickle.dumps(Hostile())):
        path.write_bytes(content)
        with pytest.raises(InputError, match="not a state_dict file that can be read safely"):
            load_torch_weights(model, path)
    torch.save({"fc.weight": Hostile()}, path)
    with pytest.raises(InputError, match="not a state_dict file that can be read safely"):
        load_torch_weights(model, path)
    assert "must not run" not in capsys.readouterr().out


OLD_NAMES = [
    ("features.denseblock1.denselayer2.norm1.weight", "features.denseblock1.denselayer2.norm.1.weight"),
    ("features.denseblock4.denselayer16.conv2.weight", "features.denseblock4.denselayer16.conv.2.weight"),
]


@pytest.mark.parametrize(
    "form",
    [
        lambda tensors: {f"module.{name}": value for name, value in tensors.items()},
        lambda tensors: {"epoch": 3, "state_dict": tensors},
        lambda tensors: {"model": {f"_orig_mod.module.{name}": value for name, value in tensors.items()}, "arch": "x"},
        lambda tensors: {name: torch.nn.Parameter(value) for name, value in tensors.items()},
    ],
)
def test_a_state_dict_is_read_as_it_lies_on_disks(tmp_path, form):
    """Of DataParallel, of torch.compile, in a checkpoint with more beside it, as parameters."""
    tensors = {"conv1.weight": torch.rand(2, 3), "bn1.num_batches_tracked": torch.tensor(7), "fc.bias": torch.rand(4)}
    tensors = {name: value for name, value in tensors.items() if value.is_floating_point()}
    torch.save(form(tensors), tmp_path / "x.pth")
    found = read_state_dict(tmp_path / "x.pth")
    assert list(found) == list(tensors)
    for name, value in tensors.items():
        np.testing.assert_array_equal(found[name], value.numpy())


def test_names_of_old_densenets_become_the_new_ones(tmp_path):
    torch.save({old: torch.ones(1) for _, old in OLD_NAMES}, tmp_path / "x.pth")
    assert list(read_state_dict(tmp_path / "x.pth")) == [new for new, _ in OLD_NAMES]


def test_a_file_that_unpacks_to_far_more_than_it_is_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", bytes(2**27))
    with pytest.raises(InputError, match="unpacks to 134,217,728 bytes"):
        read_state_dict(tmp_path / "x.pth")


def test_other_networks_are_refused(saved):
    with pytest.raises(ValueError, match="lenet5 has no torchvision namesake"):
        load_torch_weights(lenet(), saved())


def test_a_missing_pytorch_is_said_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match="needs PyTorch; pip install torch"):
        load_torch_weights(CASES["resnet18"][1](), tmp_path / "weights.pth")


@pytest.mark.parametrize("kind", ["resnet18", "densenet", "vgg11", "mobilenet_v3"])
def test_the_head_can_be_left_out(kind, tmp_path):
    network, build = CASES[kind]
    module = network()
    torch.save(module.state_dict(), tmp_path / "weights.pth")
    whole, tuned = load_torch_weights(build(), tmp_path / "weights.pth"), build()
    before = [weight.numpy() for weight in tuned.weights]
    load_torch_weights(tuned, tmp_path / "weights.pth", head="skip")
    head = {weight.path for weight in tuned.layers[-1].weights}
    assert len(head) == 2
    for weight, known, old in zip(tuned.weights, whole.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old if weight.path in head else known)
    with pytest.raises(ValueError, match="head must be one of load, skip, not 'no'"):
        load_torch_weights(tuned, tmp_path / "weights.pth", head="no")
