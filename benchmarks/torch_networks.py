"""The networks of benchmarks/training.py in PyTorch, written as its users write them.

Modules have the names of our layers, with a dot where theirs have an underscore between block and layer, so that
weights of ours can be loaded by name. Convolutions and their inputs are channels last; where dense layers follow, the
maps are flattened with the channels last too, as ours are, which in that layout costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnrepro.models.googlenet import HEAD_AFTER, INCEPTIONS, POOL_AFTER

EPSILON, MOMENTUM = 1e-5, 0.1  # of batch normalisation; Keras writes the momentum as 0.9


def flat(x: Tensor) -> Tensor:
    """Maps (N, C, H, W) to (N, H · W · C): in the layout channels last another view of the same numbers."""
    return x.permute(0, 2, 3, 1).flatten(1)


def normalised(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON, momentum=MOMENTUM)


class LeNet5(nn.Module):
    """LeNet-5 as most write it today, for 28x28x1."""

    def __init__(self, classes: int):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.dense3 = nn.Linear(400, 120)
        self.dense4 = nn.Linear(120, 84)
        self.logits = nn.Linear(84, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x), inplace=True), 2)
        x = F.max_pool2d(F.relu(self.conv2(x), inplace=True), 2)
        x = F.relu(self.dense3(flat(x)), inplace=True)
        x = F.relu(self.dense4(x), inplace=True)
        return self.logits(x)


class AlexNet(nn.Module):
    """Five convolutions, three overlapping pools, three dense layers.

    Args:
        classes: number of classes.
        channels: of the images.
        first: size, stride and padding of the first convolution.
        groups: of convolutions 2, 4 and 5.
        normalised: whether local response normalisation follows convolutions 1 and 2.
        inputs, units: of the first hidden dense layer; of both.
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        first: tuple[int, int, int],
        groups: int,
        normalised: bool,
        inputs: int,
        units: int,
    ):
        super().__init__()
        size, stride, padding = first
        self.conv1 = nn.Conv2d(channels, 96, size, stride=stride, padding=padding)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2, groups=groups)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1, groups=groups)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=groups)
        # PyTorch divides alpha by the size: the paper's 0.0001 is written 0.0005.
        self.norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0) if normalised else nn.Identity()
        self.dense6 = nn.Linear(inputs, units)
        self.dense7 = nn.Linear(units, units)
        self.logits = nn.Linear(units, classes)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.norm(F.relu(self.conv1(x), inplace=True)), 3, 2)
        x = F.max_pool2d(self.norm(F.relu(self.conv2(x), inplace=True)), 3, 2)
        x = F.relu(self.conv3(x), inplace=True)
        x = F.relu(self.conv4(x), inplace=True)
        x = F.max_pool2d(F.relu(self.conv5(x), inplace=True), 3, 2)
        x = self.dropout(F.relu(self.dense6(flat(x)), inplace=True))
        x = self.dropout(F.relu(self.dense7(x), inplace=True))
        return self.logits(x)


class Projection(nn.Module):
    """Option B: a 1x1 convolution with normalisation."""

    def __init__(self, channels: int, filters: int, stride: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, filters, 1, stride=stride, bias=False)
        self.bn = normalised(filters)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))


class ZerosForNewChannels(nn.Module):
    """Option A: every second pixel, and zeros for the channels that are new."""

    def __init__(self, channels: int, filters: int, stride: int):
        super().__init__()
        self.new, self.stride = filters - channels, stride

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, channels: int, filters: int, stride: int, changed: Callable[[int, int, int], nn.Module]):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride=stride, padding=1, bias=False)
        self.bn1 = normalised(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.bn2 = normalised(filters)
        self.shortcut = changed(channels, filters, stride) if stride > 1 or channels != filters else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += self.shortcut(x)
        return F.relu(y, inplace=True)


class Stem(nn.Module):
    """The first convolution with normalisation, ReLU, and a pool where there is one."""

    def __init__(self, channels: int, filters: int, size: int, stride: int, pooled: bool):
        super().__init__()
        self.conv = nn.Conv2d(channels, filters, size, stride=stride, padding=size // 2, bias=False)
        self.bn = normalised(filters)
        self.pooled = pooled

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn(self.conv(x)), inplace=True)
        return F.max_pool2d(x, 3, 2, padding=1) if self.pooled else x


class ResNet(nn.Module):
    """A stem, stages of basic blocks, global average, logits."""

    def __init__(
        self,
        classes: int,
        stem: Stem,
        stages: tuple[int, ...],
        blocks: int,
        changed: Callable[[int, int, int], nn.Module],
    ):
        super().__init__()
        self.stem, self.order, channels = stem, [], stages[0]
        for stage, filters in enumerate(stages, start=1):
            for number in range(1, blocks + 1):
                name, stride = f"stage{stage}_block{number}", 2 if stage > 1 and number == 1 else 1
                self.add_module(name, BasicBlock(channels, filters, stride, changed))
                self.order.append(name)
                channels = filters
        self.logits = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for name in self.order:
            x = self.get_submodule(name)(x)
        return self.logits(x.mean((2, 3)))


class Inception(nn.Module):
    """Four branches side by side."""

    def __init__(self, channels: int, filters: tuple[int, ...]):
        super().__init__()
        one, reduce3, three, reduce5, five, projection = filters
        self.add_module("1x1", nn.Conv2d(channels, one, 1))
        self.add_module("3x3_reduce", nn.Conv2d(channels, reduce3, 1))
        self.add_module("3x3", nn.Conv2d(reduce3, three, 3, padding=1))
        self.add_module("5x5_reduce", nn.Conv2d(channels, reduce5, 1))
        self.add_module("5x5", nn.Conv2d(reduce5, five, 5, padding=2))
        self.add_module("pool_projection", nn.Conv2d(channels, projection, 1))

    def forward(self, x: Tensor) -> Tensor:
        def convolved(name: str, x: Tensor) -> Tensor:
            return F.relu(self.get_submodule(name)(x), inplace=True)

        branches = [
            convolved("1x1", x),
            convolved("3x3", convolved("3x3_reduce", x)),
            convolved("5x5", convolved("5x5_reduce", x)),
            convolved("pool_projection", F.max_pool2d(x, 3, 1, padding=1)),
        ]
        return torch.cat(branches, 1)


class Head(nn.Module):
    """An auxiliary classifier on maps of 8x8."""

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, 128, 1)
        self.dense = nn.Linear(2 * 2 * 128, 1024)
        self.dropout = nn.Dropout(0.7)
        self.logits = nn.Linear(1024, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(F.avg_pool2d(x, 5, 3)), inplace=True)
        return self.logits(self.dropout(F.relu(self.dense(flat(x)), inplace=True)))


class GoogLeNet(nn.Module):
    """GoogLeNet for images of 32x32x3, with both auxiliary classifiers: three logits."""

    def __init__(self, classes: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, padding=1)
        self.conv2_reduce = nn.Conv2d(64, 64, 1)
        self.conv2 = nn.Conv2d(64, 192, 3, padding=1)
        channels = 192
        for module, filters in INCEPTIONS.items():
            self.add_module(f"inception_{module}", Inception(channels, filters))
            channels = filters[0] + filters[2] + filters[4] + filters[5]
            if module in HEAD_AFTER:
                self.add_module(HEAD_AFTER[module], Head(channels, classes))
        self.dropout = nn.Dropout(0.4)
        self.logits = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = F.max_pool2d(F.relu(self.conv1(x), inplace=True), 3, 2, ceil_mode=True)
        x = F.relu(self.conv2_reduce(x), inplace=True)
        x = F.relu(self.conv2(x), inplace=True)
        heads = []
        for module in INCEPTIONS:
            x = self.get_submodule(f"inception_{module}")(x)
            if module in HEAD_AFTER:
                heads.append(self.get_submodule(HEAD_AFTER[module])(x))
            if module in POOL_AFTER:
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        return [self.logits(self.dropout(x.mean((2, 3)))), *heads]


# By the names of our models, at the sizes that are measured; each from the number of classes.
NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "lenet5_modern": LeNet5,
    "alexnet_small": lambda classes: AlexNet(classes, 1, (5, 1, 2), 1, False, 2 * 2 * 256, 1024),
    "alexnet": lambda classes: AlexNet(classes, 3, (11, 4, 0), 2, True, 6 * 6 * 256, 4096),
    "resnet20": lambda classes: ResNet(classes, Stem(1, 16, 3, 1, False), (16, 32, 64), 3, ZerosForNewChannels),
    "resnet18": lambda classes: ResNet(classes, Stem(3, 64, 7, 2, True), (64, 128, 256, 512), 2, Projection),
    "googlenet_small": GoogLeNet,
}


def network(model: str, classes: int) -> nn.Module:
    """A network in channels last, ready to be trained."""
    return NETWORKS[model](classes).to(memory_format=torch.channels_last)


def loss(outputs: Tensor | list[Tensor], labels: Tensor) -> Tensor:
    """Cross-entropy in float32, of auxiliary logits with the weight 0.3."""
    answer, *heads = outputs if isinstance(outputs, list) else [outputs]
    return F.cross_entropy(answer.float(), labels) + sum(0.3 * F.cross_entropy(h.float(), labels) for h in heads)


def without_dropout(model: nn.Module) -> nn.Module:
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def load(model: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
    """Put weights of ours into a network: every one of them, and nothing else is left as it was.

    Args:
        model: the network.
        weights: by "layer/variable", as Keras names them.
    """
    names = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
    left, own = dict(weights), {name for name, _ in model.named_parameters()}
    with torch.no_grad():
        for path, module in model.named_modules():
            layer = path.replace(".", "_")
            for key in [key for key in left if key.rpartition("/")[0] == layer]:
                variable, value = key.rpartition("/")[2], left.pop(key)
                if variable == "kernel":  # (H, W, in, out) or (in, out)
                    value = value.transpose((3, 2, 0, 1) if value.ndim == 4 else (1, 0))
                name = names.get(variable, "weight" if variable == "kernel" else variable)
                getattr(module, name).copy_(torch.from_numpy(np.ascontiguousarray(value)))
                own.discard(f"{path}.{name}")
    if left or own:
        raise SystemExit(f"Another network: weights without a place: {sorted(left)}; places without: {sorted(own)}")
