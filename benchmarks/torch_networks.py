"""Well-known networks in PyTorch, with torchvision's names: what ours are timed against, and their weights come from."""

from collections import OrderedDict

import torch
from torch import nn


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
    """As torchvision's; `blocks` of each stage."""

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
    """VGG, AlexNet or MobileNet: `features`, then `classifier` on the flattened map."""

    def __init__(self, features, pool, classifier):
        super().__init__()
        self.features, self.pool, self.classifier = nn.Sequential(*features), pool, nn.Sequential(*classifier)

    def forward(self, x):
        return self.classifier(self.pool(self.features(x)).flatten(1))


def vgg(plan, channels, batch_norm, flat, hidden, classes, dropout=0.5):
    """As torchvision's; `plan` holds the number of convolutions and their maps for each block."""
    features = []
    for count, maps in plan:
        for _ in range(count):
            features += [nn.Conv2d(channels, maps, 3, padding=1), *([nn.BatchNorm2d(maps)] * batch_norm), nn.ReLU()]
            channels = maps
        features.append(nn.MaxPool2d(2))
    head = []
    for inside in (flat, hidden):
        head += [nn.Linear(inside, hidden), nn.ReLU(), nn.Dropout(dropout)]
    return Features(features, nn.Identity(), [*head, nn.Linear(hidden, classes)])


def alexnet(width, hidden, classes, groups=1):
    """As torchvision's where width is 32, with `groups` as the first AlexNet had."""
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
    """As torchvision's; `blocks` of each stage."""

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


def conv_norm(inside, outside, size, stride, activation, eps, groups=1):
    """A bias-free convolution, its batch norm and an activation or none."""
    convolution = nn.Conv2d(inside, outside, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outside, eps), *([activation()] if activation else []))


class SqueezeExcite(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        y = torch.relu(self.fc1(x.mean(dim=(2, 3), keepdim=True)))
        return x * nn.functional.hardsigmoid(self.fc2(y))


class InvertedResidual(nn.Module):
    """A MobileNet's block; `name` is what torchvision calls its sequence: `conv` or `block`."""

    def __init__(self, inside, expanded, outside, size, stride, squeezed, activation, eps, name):
        super().__init__()
        self.name, self.residual = name, stride == 1 and inside == outside
        parts = [conv_norm(inside, expanded, 1, 1, activation, eps)] if expanded != inside else []
        parts.append(conv_norm(expanded, expanded, size, stride, activation, eps, groups=expanded))
        if squeezed:
            parts.append(SqueezeExcite(expanded, squeezed))
        last = conv_norm(expanded, outside, 1, 1, None, eps)
        setattr(self, name, nn.Sequential(*parts, *(last if name == "conv" else [last])))

    def forward(self, x):
        y = getattr(self, self.name)(x)
        return x + y if self.residual else y


def mobilenet_v2(blocks, stem, last, classes):
    """As torchvision's; `blocks` are (expansion, channels, repetitions, stride)."""
    features, inside = [conv_norm(3, stem, 3, 2, nn.ReLU6, 1e-5)], stem
    for expansion, outside, repetitions, stride in blocks:
        for number in range(repetitions):
            step = stride if number == 0 else 1
            features.append(InvertedResidual(inside, expansion * inside, outside, 3, step, 0, nn.ReLU6, 1e-5, "conv"))
            inside = outside
    features.append(conv_norm(inside, last, 1, 1, nn.ReLU6, 1e-5))
    return Features(features, nn.AdaptiveAvgPool2d(1), [nn.Dropout(0.2), nn.Linear(last, classes)])


def mobilenet_v3(blocks, stem, hidden, classes):
    """As torchvision's; `blocks` are (kernel size, expanded, channels, squeezed channels, hard swish, stride)."""
    features, inside = [conv_norm(3, stem, 3, 2, nn.Hardswish, 1e-3)], stem
    for size, expanded, outside, squeezed, hard, stride in blocks:
        activation = nn.Hardswish if hard else nn.ReLU
        features.append(InvertedResidual(inside, expanded, outside, size, stride, squeezed, activation, 1e-3, "block"))
        inside = outside
    features.append(conv_norm(inside, 6 * inside, 1, 1, nn.Hardswish, 1e-3))
    head = [nn.Linear(6 * inside, hidden), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(hidden, classes)]
    return Features(features, nn.AdaptiveAvgPool2d(1), head)


def nin():
    """Network in Network for 10 classes, without batch norm, as `tf_models.cnn.nin` makes it."""
    parts, inside = [], 3
    for block, (size, maps) in enumerate(((5, (192, 160, 96)), (5, (192, 192, 192)), (3, (192, 192)))):
        for number, outside in enumerate(maps):
            kernel = size if number == 0 else 1
            parts += [nn.Conv2d(inside, outside, kernel, padding=kernel // 2), nn.ReLU()]
            inside = outside
        if block < 2:
            parts += [(nn.MaxPool2d, nn.AvgPool2d)[block](3, 2, 1), nn.Dropout(0.5)]
    return nn.Sequential(*parts, nn.Conv2d(inside, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


class VAE(nn.Module):
    """As `tf_models.autoencoder.dense_vae`: from images to logits of pixels, means and log-variances."""

    def __init__(self):
        super().__init__()
        self.hidden, self.mean, self.log_variance = nn.Linear(784, 500), nn.Linear(500, 15), nn.Linear(500, 15)
        self.decoder = nn.Sequential(nn.Linear(15, 500), nn.LeakyReLU(1e-4), nn.Linear(500, 784))

    def forward(self, images):
        x = nn.functional.leaky_relu(self.hidden(images.flatten(1)), 1e-4)
        mean, log_variance = self.mean(x), self.log_variance(x)
        code = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        return self.decoder(code), mean, log_variance


def dcgan():
    """Generator, from noise `(batch, 100, 1, 1)`, and discriminator of `tf_models.gan.dcgan`."""
    generator, inside = [], 100
    for number, outside in enumerate((512, 256, 128, 64)):
        place = {"stride": 2, "padding": 1} if number else {}
        generator.append(nn.ConvTranspose2d(inside, outside, 4, bias=False, **place))
        generator += [nn.BatchNorm2d(outside), nn.LeakyReLU(0.2)]
        inside = outside
    generator += [nn.ConvTranspose2d(inside, 3, 4, 2, 1, bias=False), nn.Tanh()]
    discriminator, inside = [], 3
    for number, outside in enumerate((64, 128, 256, 512)):
        discriminator.append(nn.Conv2d(inside, outside, 4, 2, 1, bias=number == 0))
        discriminator += [*([nn.BatchNorm2d(outside)] * (number > 0)), nn.LeakyReLU(0.2)]
        inside = outside
    discriminator += [nn.Conv2d(inside, 1, 4), nn.Flatten()]
    return nn.Sequential(*generator), nn.Sequential(*discriminator)
