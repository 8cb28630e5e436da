"""The MNIST convnet of keras.io written in PyTorch, timed: ``python -m …pytorch '{"dataset": …}'``.

The same network, batches, epochs, optimiser with its constants (Keras's epsilon is 1e-7) and initial weights (Glorot's,
uniform; biases 0) as ``keras_io``. As PyTorch's own advice for speed has it: the arrays stay in memory, channels come
last, and Adam is the fused one.
"""

from __future__ import annotations

import json
import sys
import time

from cnnrepro.lessons.fast_mnist.keras_io import BATCH, EPOCHS, HELD_OUT, read
from cnnrepro.lessons.fast_mnist.lap import Lap


def train(dataset: str, seed: int, epochs: int = EPOCHS) -> Lap:
    """Train it once; raises ImportError where torch is not installed."""
    import torch
    from torch import nn

    began = time.perf_counter()
    (images, labels), (test_images, test_labels) = read(dataset)
    loaded = time.perf_counter()
    torch.manual_seed(seed)
    images, test_images = (
        torch.from_numpy(each).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)  # (N, C, H, W)
        for each in (images, test_images)
    )
    labels, test_labels = torch.from_numpy(labels), torch.from_numpy(test_labels)
    kept = int(len(images) * (1 - HELD_OUT))
    side = ((images.shape[2] - 2) // 2 - 2) // 2  # after two convolutions without padding and two pools
    network = nn.Sequential(
        *(nn.Conv2d(images.shape[1], 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64 * side * side, int(labels.max()) + 1)),
    ).to(memory_format=torch.channels_last)
    for layer in network:
        if hasattr(layer, "weight"):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-7, fused=True)

    def accuracy(some: torch.Tensor, of: torch.Tensor) -> float:
        network.eval()
        with torch.inference_mode():
            right = [
                int((network(part).argmax(1) == truth).sum())
                for part, truth in zip(some.split(1000), of.split(1000), strict=True)
            ]
        network.train()
        return sum(right) / len(of)

    first, training, epoch_seconds, reached = 0.0, 0.0, [], []
    for _ in range(epochs):
        epoch_began = time.perf_counter()
        for positions in torch.randperm(kept).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images[positions]), labels[positions]).backward()
            optimizer.step()
            first = first or time.perf_counter() - epoch_began
        training += time.perf_counter() - epoch_began
        reached.append(accuracy(images[kept:], labels[kept:]))
        epoch_seconds.append(time.perf_counter() - epoch_began)
    return Lap(
        side="PyTorch",
        seed=seed,
        load_seconds=loaded - began,
        first_step_seconds=first,
        training_seconds=training,
        fit_seconds=sum(epoch_seconds),
        val_accuracy=reached,
        epoch_seconds=epoch_seconds,
        test_accuracy=accuracy(test_images, test_labels),
        versions={"torch": torch.__version__.partition("+")[0]},
    )


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    train(asked["dataset"], asked["seed"], asked["epochs"] or EPOCHS).write(asked["to"])
