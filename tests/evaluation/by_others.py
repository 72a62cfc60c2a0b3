"""What the public classes of the extractors' networks make of seeded weights: written to by_others.json.

    python -m tests.evaluation.by_others FOLDER

FOLDER holds, unpacked and not installed, so that none needs torchvision: torch_fidelity 0.4.0, open_clip
3.3.0, transformers 5.24.0 with what it imports, and dinov2 of github.com/facebookresearch/dinov2. Only
their networks are asked; weights and images are made here, of the names and shapes that they say.
"""

from __future__ import annotations

import json
import math
import sys
import types
import zlib
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

PLACE = Path(__file__).with_suffix(".json")
KEPT = 24  # numbers of each image's features
Shapes = Mapping[str, list[int]]


def weights(shapes: Shapes) -> dict[str, Tensor]:
    """Tensors that keep what passes through them in bounds, each drawn by its name."""
    found = {}
    for name, shape in shapes.items():
        rng = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
        x = rng.standard_normal(shape)
        if name.endswith("running_var"):
            x = 0.5 + np.abs(x)
        elif len(shape) > 1:
            x *= 1.5 / math.sqrt(math.prod(shape[1:]))
        else:
            x = 0.2 * x + name.endswith(("weight", "gamma"))
        found[name] = torch.from_numpy(x.astype(np.float32))
    return found


def images() -> Tensor:
    """uint8 (2, 3, 80, 100)."""
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 80, 100), dtype=np.uint8))


def shapes_of(network: nn.Module) -> Shapes:
    tensors = network.state_dict().items()
    return {name: list(tensor.shape) for name, tensor in tensors if tensor.is_floating_point()}


def standardized(mean: list[float], deviation: list[float]) -> Tensor:
    """224², by torch's own antialiased bicubic."""
    x = nn.functional.interpolate(images().float(), (224, 224), mode="bicubic", antialias=True).clamp(0, 255)
    return (x / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(deviation)[:, None, None]


IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
CLIP = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


def inception() -> tuple[Shapes, Tensor, Tensor]:
    from torch_fidelity import feature_extractor_inceptionv3 as public

    found: dict[str, Any] = {}

    class Network(public.FeatureExtractorInceptionV3):  # type: ignore[misc, name-defined]
        def load_state_dict(self, *_: object, **__: object) -> None:
            found["shapes"] = shapes_of(self)
            super().load_state_dict(weights(found["shapes"]), strict=False)

    public.torch.load = lambda *_, **__: {}
    network = Network("inception", ["2048", "logits_unbiased"], feature_extractor_weights_path="none")
    return found["shapes"], *network(images())


def dinov2(registers: int) -> tuple[Shapes, Tensor, None]:
    from dinov2.models.vision_transformer import DinoVisionTransformer

    network = DinoVisionTransformer(
        img_size=518,
        patch_size=14,
        embed_dim=128,
        depth=2,
        num_heads=2,
        init_values=1.0,
        block_chunks=0,
        num_register_tokens=registers,
        interpolate_antialias=registers > 0,
        interpolate_offset=0.0 if registers else 0.1,
    ).eval()
    shapes = shapes_of(network)
    network.load_state_dict(weights(shapes))
    return shapes, network(standardized(*IMAGENET)), None


def open_clip(activation: str) -> tuple[Shapes, Tensor, None]:
    for name in ("", ".ops", ".ops.misc"):
        module: Any = types.ModuleType(f"torchvision{name}")
        module.__spec__ = ModuleSpec(module.__name__, None)
        module.__path__, module.FrozenBatchNorm2d = [], nn.Identity
        sys.modules[f"torchvision{name}"] = module
    from open_clip import transformer as public

    network = public.VisionTransformer(
        image_size=224,
        patch_size=32,
        width=128,
        layers=2,
        heads=2,
        mlp_ratio=4.0,
        output_dim=48,
        act_layer={"quick": public.QuickGELU, "exact": nn.GELU}[activation],
        norm_layer=public.LayerNorm,
    ).eval()
    shapes = {f"visual.{name}": shape for name, shape in shapes_of(network).items()}
    drawn = weights(shapes).items()
    network.load_state_dict({name.removeprefix("visual."): tensor for name, tensor in drawn})
    return shapes, network(standardized(*CLIP)), None


def hugging_face() -> tuple[Shapes, Tensor, None]:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    sizes = {"hidden_size": 128, "intermediate_size": 512, "projection_dim": 48, "num_hidden_layers": 2}
    config = CLIPVisionConfig(**sizes, num_attention_heads=2, hidden_act="quick_gelu")
    network = CLIPVisionModelWithProjection(config).eval()
    shapes = shapes_of(network)
    network.load_state_dict(weights(shapes), strict=False)
    return shapes, network(pixel_values=standardized(*CLIP)).image_embeds, None


MADE = {
    "inception": inception,
    "dinov2": lambda: dinov2(0),
    "dinov2 with registers": lambda: dinov2(4),
    "clip, Hugging Face": hugging_face,  # before the next: it would use a torchvision that is none
    "clip, OpenAI": lambda: open_clip("quick"),
    "clip, OpenCLIP": lambda: open_clip("exact"),
}


def without_torchvision(folder: Path) -> None:
    """Let the packages be found; those that import others than their networks need are passed over."""
    sys.path[:0] = [str(folder)]
    for name in ("torch_fidelity", "open_clip"):
        package = types.ModuleType(name)
        package.__path__ = [str(folder / name)]
        sys.modules[name] = package


if __name__ == "__main__":
    without_torchvision(Path(sys.argv[1]).absolute())
    found = {}
    for name, make in MADE.items():
        with torch.no_grad():
            shapes, features, logits = make()
        found[name] = {
            "shapes": {key: list(shape) for key, shape in shapes.items()},
            "features": features[:, :KEPT].tolist(),
            "logits": None if logits is None else logits[:, :KEPT].tolist(),
        }
    PLACE.write_text(
        "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in found.items()) + "\n}\n"
    )
