"""Small hand-made networks for the runtime's tests: what the compiler would give, written out."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import nn

from gandsl_runtime.layers import TrackAverage
from gandsl_runtime.network import Network, Port


class ConvGenerator(Network):
    """z[, y] → image of 8×8·k, with batch norm."""

    def __init__(self, classes: int = 0, channels: int = 1, size: tuple[int, int] = (8, 8), scales: int = 1):
        super().__init__()
        h, w = size
        self.size = size
        self.inputs = (Port("z", "Latent", (6,), "normal"),) + (
            (Port("y", "Label", (classes,)),) if classes else ()
        )
        self.outputs = tuple(
            Port(f"image{i}", "Image", (channels, h >> i, w >> i)) for i in reversed(range(scales))
        )
        self.embed = nn.Embedding(classes, 6) if classes else None
        self.fc = nn.Linear(6, 4 * (h // 2) * (w // 2))
        self.norm = nn.BatchNorm2d(4)
        self.conv = nn.Conv2d(4, channels, 3, padding=1)

    def program(self, entry="forward", level=None, fading=False):
        def run(z, y=None):
            if self.embed is not None:
                z = z * self.embed(y)
            x = self.fc(z).view(len(z), 4, self.size[0] // 2, self.size[1] // 2)
            x = F.interpolate(F.relu(self.norm(x)), scale_factor=2)
            image = torch.tanh(self.conv(x))
            images = tuple(
                F.avg_pool2d(image, 2**i) if i else image for i in reversed(range(len(self.outputs)))
            )
            return images[0] if len(images) == 1 else images

        return run


class ConvDiscriminator(Network):
    """image…[, y] → logits: one number, one for each pixel, one for each of three labels, or several."""

    def __init__(self, classes=0, channels=1, size=(8, 8), scales=1, heads=("one",)):
        super().__init__()
        h, w = size
        self.inputs = tuple(
            Port(f"image{i}", "Image", (channels, h >> i, w >> i)) for i in reversed(range(scales))
        ) + ((Port("y", "Label", (classes,)),) if classes else ())
        kinds = {"one": (1,), "pixels": (1, h // 2, w // 2), "label": (3,)}
        self.outputs = tuple(Port(name, "Logits", kinds[name]) for name in heads)
        self.heads, self.scales = heads, scales
        self.conv0 = nn.Conv2d(channels, 5, 3, padding=1)
        self.conv1 = nn.Conv2d(5, 6, 3, padding=1, stride=2)
        self.small = nn.Conv2d(channels, 6, 3, padding=1) if scales == 2 else None
        self.pixels = nn.Conv2d(6, 1, 1) if "pixels" in heads else None
        self.fc = nn.Linear(6 * (h // 2) * (w // 2), 1)
        self.embed = nn.Embedding(classes, 6) if classes else None
        self.label = nn.Linear(6 * (h // 2) * (w // 2), 3) if "label" in heads else None

    def program(self, entry="forward", level=None, fading=False):
        def run(*args):
            images, y = args[: self.scales], args[self.scales :]
            x = F.softplus(self.conv1(torch.tanh(self.conv0(images[-1]))))
            if self.small is not None:
                x = x + self.small(images[0])
            one = self.fc(x.flatten(1))
            if self.embed is not None:
                one = one + (self.embed(y[0]) * x.mean((2, 3))).sum(1, keepdim=True)
            found = {"one": one, "pixels": None if self.pixels is None else self.pixels(x)}
            found["label"] = None if self.label is None else self.label(x.flatten(1))
            outputs = tuple(found[name] for name in self.heads)
            return outputs[0] if len(outputs) == 1 else outputs

        return run


class StyleGenerator(Network):
    """z → ws [N, 4, 5] → image 8×8, with a running mean of w."""

    has_styles = True

    def __init__(self) -> None:
        super().__init__()
        self.inputs = (Port("z", "Latent", (6,), "normal"),)
        self.outputs = (Port("image", "Image", (1, 8, 8)),)
        self.fc = nn.Linear(6, 5)
        self.average = TrackAverage(5, beta=0.9)
        self.const = nn.Parameter(torch.randn(1, 3, 4, 4))
        self.affines = nn.ModuleList(nn.Linear(5, 3) for _ in range(4))
        self.convs = nn.ModuleList(nn.Conv2d(3, 3 if i < 3 else 1, 3, padding=1) for i in range(4))

    def mapping(self, z):
        return self.average(torch.tanh(self.fc(z)))[:, None].repeat(1, 4, 1)

    def synthesis(self, ws):
        x = self.const.expand(len(ws), -1, -1, -1)
        for i, (affine, conv) in enumerate(zip(self.affines, self.convs, strict=True)):
            x = conv(x * (1 + affine(ws[:, i]))[:, :, None, None])
            x = F.softplus(x) if i < 3 else x
            x = F.interpolate(x, scale_factor=2) if i == 1 else x
        return x

    def program(self, entry="forward", level=None, fading=False):
        return {
            "mapping": self.mapping,
            "synthesis": self.synthesis,
            "forward": lambda z: self.synthesis(self.mapping(z)),
        }[entry]


class GrowingGenerator(Network):
    """z → image of 4×4, 8×8 or 16×16: one block and one RGB layer a level."""

    levels = ((4, 4), (8, 8), (16, 16))

    def __init__(self) -> None:
        super().__init__()
        self.inputs = (Port("z", "Latent", (6,), "normal"),)
        self.outputs = (Port("image", "Image", (1, 16, 16)),)
        self.fc = nn.Linear(6, 3 * 16)
        self.blocks = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in self.levels)
        self.rgb = nn.ModuleList(nn.Conv2d(3, 1, 1) for _ in self.levels)

    def program(self, entry="forward", level=None, fading=False):
        last = len(self.levels) - 1 if level is None else level

        def run(z, alpha=None):
            x = before = torch.tanh(self.fc(z)).view(-1, 3, 4, 4)
            for i in range(last + 1):
                before = F.interpolate(x, scale_factor=2) if i else x
                x = torch.tanh(self.blocks[i](before))
            image = self.rgb[last](x)
            return torch.lerp(self.rgb[last - 1](before), image, alpha) if fading else image

        return run


class GrowingDiscriminator(Network):
    """image → logit, the mirror of GrowingGenerator."""

    levels = GrowingGenerator.levels

    def __init__(self) -> None:
        super().__init__()
        self.inputs = (Port("image", "Image", (1, 16, 16)),)
        self.outputs = (Port("logit", "Logits", (1,)),)
        self.rgb = nn.ModuleList(nn.Conv2d(1, 3, 1) for _ in self.levels)
        self.blocks = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in self.levels)
        self.fc = nn.Linear(3 * 16, 1)

    def program(self, entry="forward", level=None, fading=False):
        last = len(self.levels) - 1 if level is None else level

        def run(image, alpha=None):
            x = self.rgb[last](image)
            for i in range(last, -1, -1):
                x = torch.tanh(self.blocks[i](x))
                if i:
                    x = F.avg_pool2d(x, 2)
                if fading and i == last:
                    x = torch.lerp(self.rgb[last - 1](F.avg_pool2d(image, 2)), x, alpha)
            return self.fc(x.flatten(1))

        return run


def seeded(make, *args, seed=0, **kwargs):
    """A network with weights of a seed."""
    torch.manual_seed(seed)
    return make(*args, **kwargs)


def twin(network):
    return copy.deepcopy(network)
