"""Weights from PyTorch: modules with torchvision's names give the same logits, and files that do not fit are refused."""

import pickle
import sys
from collections import OrderedDict

import numpy as np
import pytest

from tf_data.errors import InputError
from tf_models.cnn import alexnet, densenet, lenet, load_torch_weights, resnet, vgg

torch = pytest.importorskip("torch")
nn = torch.nn


class Block(nn.Module):
    """A residual block with torchvision's names; `convolutions` are (kernel size, channels, stride)."""

    def __init__(self, channels, convolutions):
        super().__init__()
        self.count, inside, strides = len(convolutions), channels, 1
        for number, (size, outside, stride) in enumerate(convolutions, 1):
            convolution = nn.Conv2d(inside, outside, size, stride, size // 2, bias=False)
            setattr(self, f"conv{number}", convolution)
            setattr(self, f"bn{number}", nn.BatchNorm2d(outside))
            inside, strides = outside, strides * stride
        self.downsample = nn.Identity()
        if strides > 1 or inside != channels:
            convolution = nn.Conv2d(channels, inside, 1, strides, bias=False)
            self.downsample = nn.Sequential(convolution, nn.BatchNorm2d(inside))

    def forward(self, x):
        y = x
        for number in range(1, self.count + 1):
            y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
            y = torch.relu(y) if number < self.count else y
        return torch.relu(y + self.downsample(x))


class ResNet(nn.Module):
    def __init__(self, blocks, bottleneck, width, classes, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 7, 2, 3, bias=False)
        self.bn1, self.maxpool = nn.BatchNorm2d(width), nn.MaxPool2d(3, 2, 1)
        inside = width
        for stage, count in enumerate(blocks, 1):
            base, made = width * 2 ** (stage - 1), []
            for number in range(count):
                stride = 2 if stage > 1 and number == 0 else 1
                plan = [(1, base, 1), (3, base, stride), (1, 4 * base, 1)]
                made.append(Block(inside, plan if bottleneck else [(3, base, stride), (3, base, 1)]))
                inside = 4 * base if bottleneck else base
            setattr(self, f"layer{stage}", nn.Sequential(*made))
        self.fc = nn.Linear(inside, classes)

    def forward(self, x):
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean(dim=(2, 3)))


class Features(nn.Module):
    """VGG or AlexNet: `features`, then `classifier` on the flattened map."""

    def __init__(self, features, pool, classifier):
        super().__init__()
        self.features, self.pool, self.classifier = nn.Sequential(*features), pool, nn.Sequential(*classifier)

    def forward(self, x):
        return self.classifier(self.pool(self.features(x)).flatten(1))


def torch_vgg(plan, channels, batch_norm, flat, hidden, classes):
    features = []
    for count, maps in plan:
        for _ in range(count):
            features += [nn.Conv2d(channels, maps, 3, padding=1), *([nn.BatchNorm2d(maps)] * batch_norm), nn.ReLU()]
            channels = maps
        features.append(nn.MaxPool2d(2))
    head = [nn.Linear(flat, hidden), nn.ReLU(), nn.Dropout(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout()]
    return Features(features, nn.Identity(), [*head, nn.Linear(hidden, classes)])


def torch_alexnet(width, hidden, classes, groups):
    a, b, c, d = 2 * width, 6 * width, 12 * width, 8 * width
    features = [nn.Conv2d(3, a, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)]
    features += [nn.Conv2d(a, b, 5, padding=2, groups=groups), nn.ReLU(), nn.MaxPool2d(3, 2)]
    for inside, outside in ((b, c), (c, d), (d, d)):
        features += [nn.Conv2d(inside, outside, 3, padding=1, groups=groups), nn.ReLU()]
    features.append(nn.MaxPool2d(3, 2))
    head = [nn.Dropout(), nn.Linear(36 * d, hidden), nn.ReLU(), nn.Dropout(), nn.Linear(hidden, hidden), nn.ReLU()]
    return Features(features, nn.AdaptiveAvgPool2d(6), [*head, nn.Linear(hidden, classes)])


class DenseLayer(nn.Module):
    def __init__(self, inside, growth):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inside), nn.Conv2d(inside, 4 * growth, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(4 * growth), nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.conv1(torch.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(torch.relu(self.norm2(y)))], dim=1)


class DenseNet(nn.Module):
    def __init__(self, blocks, growth, classes):
        super().__init__()
        inside = 2 * growth
        parts = {"conv0": nn.Conv2d(3, inside, 7, 2, 3, bias=False), "norm0": nn.BatchNorm2d(inside)}
        parts |= {"relu0": nn.ReLU(), "pool0": nn.MaxPool2d(3, 2, 1)}
        for block, count in enumerate(blocks, 1):
            made = {f"denselayer{n + 1}": DenseLayer(inside + n * growth, growth) for n in range(count)}
            parts[f"denseblock{block}"] = nn.Sequential(OrderedDict(made))
            inside += count * growth
            if block < len(blocks):
                norm, conv = nn.BatchNorm2d(inside), nn.Conv2d(inside, inside // 2, 1, bias=False)
                step = {"norm": norm, "relu": nn.ReLU(), "conv": conv, "pool": nn.AvgPool2d(2, 2)}
                parts[f"transition{block}"] = nn.Sequential(OrderedDict(step))
                inside //= 2
        parts["norm5"] = nn.BatchNorm2d(inside)
        self.features, self.classifier = nn.Sequential(OrderedDict(parts)), nn.Linear(inside, classes)

    def forward(self, x):
        return self.classifier(torch.relu(self.features(x)).mean(dim=(2, 3)))


VGG = ((1, 4), (1, 8), (2, 16), (2, 32), (2, 32))
CASES = {
    "resnet18": (
        lambda: ResNet((2, 2, 2, 2), False, 6, 3, 1),
        lambda: resnet(18, classes=3, input_shape=(28, 28, 1), width=6),
    ),
    "resnet50": (
        lambda: ResNet((3, 4, 6, 3), True, 4, 3, 3),
        lambda: resnet(50, classes=3, input_shape=(50, 65, 3), width=4),
    ),
    "densenet": (
        lambda: DenseNet((2, 3, 3, 2), 4, 3),
        lambda: densenet(121, classes=3, input_shape=(64, 77, 3), growth=4, blocks=(2, 3, 3, 2)),
    ),
    "vgg11": (
        lambda: torch_vgg(VGG, 3, False, 2 * 3 * 32, 20, 5),
        lambda: vgg(11, classes=5, input_shape=(64, 97, 3), width=4, hidden=(20, 20)),
    ),
    "vgg11_bn": (
        lambda: torch_vgg(VGG, 3, True, 2 * 3 * 32, 20, 5),
        lambda: vgg(11, classes=5, input_shape=(64, 97, 3), width=4, hidden=(20, 20), batch_norm=True),
    ),
    "alexnet": (
        lambda: torch_alexnet(4, 30, 5, 1),
        lambda: alexnet(classes=5, input_shape=(224, 224, 3), width=4, hidden=(30, 30)),
    ),
    "alexnet_small_image": (
        lambda: torch_alexnet(4, 30, 5, 2),
        lambda: alexnet(classes=5, input_shape=(64, 100, 3), width=4, hidden=(30, 30), groups=2),
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
        load_torch_weights(resnet(34, classes=3, input_shape=(28, 28, 1), width=6), saved())


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


def test_other_networks_are_refused(saved):
    with pytest.raises(ValueError, match="lenet5 has no torchvision namesake"):
        load_torch_weights(lenet(), saved())


def test_a_missing_pytorch_is_said_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match="needs PyTorch; pip install torch"):
        load_torch_weights(CASES["resnet18"][1](), tmp_path / "weights.pth")
