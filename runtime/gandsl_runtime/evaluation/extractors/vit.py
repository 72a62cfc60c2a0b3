"""Vision transformers (arXiv:2010.11929): DINOv2's (arXiv:2304.07193), and the image towers of CLIP.

Sizes follow from the tensors of a user's file. Distances in DINOv2's features agree with people's judgement
better than FID does (Stein et al. 2023, arXiv:2306.04675); CLIP's are those of clean-fid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .base import ExtractorFacts, NetworkExtractor, sha256_of
from .weights import Rows, Tensors, checked, needed, renamed, tensors_in, tried

HEAD = 64  # numbers of an attention head, in all of them


def _both(theirs: str, ours: str) -> tuple[str, str]:
    """Weight and bias of one layer."""
    return rf"{theirs}\.(weight|bias)", rf"{ours}.\1"


def _in_blocks(begin: str, *pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [(rf"{begin}\.(\d+)\.{theirs}\.(weight|bias)", rf"blocks.\1.{ours}.\2") for theirs, ours in pairs]


DINOV2: Rows = [
    ("mask_token", ""),
    ("cls_token", "class"),
    ("pos_embed", "positions"),
    ("register_tokens", "registers"),
    _both(r"patch_embed\.proj", "patch"),
    *_in_blocks(
        "blocks", ("norm1", "norm1"), (r"attn\.qkv", "qkv"), (r"attn\.proj", "out"), ("norm2", "norm2")
    ),
    *_in_blocks("blocks", (r"mlp\.fc1", "fc1"), (r"mlp\.fc2", "fc2")),
    (r"blocks\.(\d+)\.ls([12])\.gamma", r"blocks.\1.scale\2"),
    _both("norm", "after"),
]
OPENAI: Rows = [
    (r"visual\.conv1\.weight", "patch.weight"),
    (r"visual\.class_embedding", "class"),
    (r"visual\.positional_embedding", "positions"),
    _both(r"visual\.ln_pre", "before"),
    *_in_blocks(r"visual\.transformer\.resblocks", ("ln_1", "norm1"), (r"attn\.out_proj", "out")),
    *_in_blocks(
        r"visual\.transformer\.resblocks", ("ln_2", "norm2"), (r"mlp\.c_fc", "fc1"), (r"mlp\.c_proj", "fc2")
    ),
    (r"visual\.transformer\.resblocks\.(\d+)\.attn\.in_proj_(weight|bias)", r"blocks.\1.qkv.\2"),
    _both(r"visual\.ln_post", "after"),
    (r"visual\.proj", "projection.transposed"),
    (r"(?!visual\.).*", ""),  # the text's tower
]
HUGGING_FACE: Rows = [
    (r"vision_model\.embeddings\.patch_embedding\.weight", "patch.weight"),
    (r"vision_model\.embeddings\.class_embedding", "class"),
    (r"vision_model\.embeddings\.position_embedding\.weight", "positions"),
    (r"vision_model\.embeddings\.position_ids", ""),
    _both(r"vision_model\.pre_layrnorm", "before"),
    *_in_blocks(r"vision_model\.encoder\.layers", ("layer_norm1", "norm1"), ("layer_norm2", "norm2")),
    (r"vision_model\.encoder\.layers\.(\d+)\.self_attn\.([qkv])_proj\.(weight|bias)", r"blocks.\1.\2.\3"),
    *_in_blocks(
        r"vision_model\.encoder\.layers",
        (r"self_attn\.out_proj", "out"),
        (r"mlp\.fc1", "fc1"),
        (r"mlp\.fc2", "fc2"),
    ),
    _both(r"vision_model\.post_layernorm", "after"),
    (r"visual_projection\.weight", "projection"),
    (r"(?!vision_model\.|visual_projection\.).*", ""),
]


@dataclass(frozen=True)
class Family:
    """What transformers of one family have in common."""

    what: str  # for messages
    rows: Callable[[Tensors], Rows]
    ends: tuple[str, ...]  # tensors beside the blocks
    scaled: bool  # whether what a block adds is scaled, channel by channel (layer scale)
    epsilon: float  # of layer norms
    activation: Callable[[Tensor], Tensor]
    mean: tuple[float, float, float]  # of pixels in [0, 1]
    deviation: tuple[float, float, float]
    names: dict[tuple[int, int], str]  # of width and patch
    side: int | None = None  # that images are brought to; None: as many patches as it has places for

    def wanted(self, tensors: Tensors) -> Iterator[str]:
        """The names of all tensors of one that has as many blocks as these."""
        yield from self.ends
        depth = 1 + max(
            (int(name.split(".")[1]) for name in tensors if name.startswith("blocks.")), default=0
        )
        for block in range(depth):
            for layer in ("norm1", "qkv", "out", "norm2", "fc1", "fc2"):
                yield from (f"blocks.{block}.{layer}.{part}" for part in ("weight", "bias"))
            if self.scaled:
                yield from (f"blocks.{block}.scale{which}" for which in (1, 2))


def _quick_gelu(x: Tensor) -> Tensor:
    """x · σ(1.702 x), which CLIP was trained with (arXiv:1606.08415, section 2)."""
    return x * torch.sigmoid(1.702 * x)


_ENDS = ("class", "positions", "patch.weight", "after.weight", "after.bias")
_CLIP = {
    "rows": lambda tensors: OPENAI if any(name.startswith("visual.") for name in tensors) else HUGGING_FACE,
    "ends": (*_ENDS, "before.weight", "before.bias", "projection"),
    "scaled": False,
    "epsilon": 1e-5,
    "mean": (0.48145466, 0.4578275, 0.40821073),
    "deviation": (0.26862954, 0.26130258, 0.27577711),
    "names": {(768, 32): "vitb32", (768, 16): "vitb16", (1024, 14): "vitl14"},
}
FAMILIES: dict[str, Family] = {
    "dinov2": Family(
        what="DINOv2",
        rows=lambda tensors: DINOV2,
        ends=(*_ENDS, "patch.bias"),
        scaled=True,
        epsilon=1e-6,
        activation=F.gelu,
        mean=(0.485, 0.456, 0.406),
        deviation=(0.229, 0.224, 0.225),
        names={(384, 14): "vits14", (768, 14): "vitb14", (1024, 14): "vitl14"},
        side=224,
    ),
    "clip": Family(what="CLIP", activation=_quick_gelu, **_CLIP),  # type: ignore[arg-type]
    "clip-gelu": Family(what="CLIP", activation=F.gelu, **_CLIP),  # type: ignore[arg-type]
}


def dinov2(file: Path | None, device: torch.device, filter: str = "") -> NetworkExtractor:
    """Facebook's dinov2_vits14_pretrain.pth and the like, also with registers. Raises ExtractorError."""
    return _opened("dinov2", "such as dinov2_vitl14_pretrain.pth", file, device, filter)


def clip(file: Path | None, device: torch.device, filter: str = "") -> NetworkExtractor:
    """OpenAI's ViT-B-32.pt, or its copy at Hugging Face. Raises ExtractorError."""
    return _opened("clip", "such as ViT-B-32.pt", file, device, filter)


def clip_gelu(file: Path | None, device: torch.device, filter: str = "") -> NetworkExtractor:
    """As `clip`, for weights that were trained with GELU: LAION's, of OpenCLIP. Raises ExtractorError."""
    return _opened("clip-gelu", "such as open_clip_pytorch_model.bin", file, device, filter)


def _opened(
    name: str, example: str, file: Path | None, device: torch.device, filter: str
) -> NetworkExtractor:
    path = needed(file, name, example)
    family, sha256 = FAMILIES[name], sha256_of(path)
    found = tensors_in(path)
    tensors = _joined(renamed(found, family.rows(found)))
    optional = {"registers"} & tensors.keys() if family.scaled else set()
    checked(tensors, {*family.wanted(tensors), *optional}, path, family.what)
    network: VisionTransformer = tried(lambda: VisionTransformer(tensors, family, device), path, family.what)
    size = family.names.get((network.width, network.patch), f"{network.width}-{network.patch}")
    whole = f"{name}-{size}{'-reg' if optional else ''}"
    facts = ExtractorFacts(whole, sha256, network.side, filter or "bicubic", network.features, None)
    mean, deviation = ((255 * r, 255 * g, 255 * b) for r, g, b in (family.mean, family.deviation))
    return NetworkExtractor(facts, device, network, mean, deviation)


def _joined(tensors: Tensors) -> Tensors:
    """Queries, keys and values as one product, and the projection as others have it."""
    found = dict(tensors)
    for name in tensors:
        begin, _, end = name.rpartition(".q.")
        parts = [f"{begin}.{letter}.{end}" for letter in "qkv"]
        if begin and all(part in tensors for part in parts):
            found[f"{begin}.qkv.{end}"] = torch.cat([found.pop(part) for part in parts])
    if "projection.transposed" in found:
        found["projection"] = found.pop("projection.transposed").T
    return found


class VisionTransformer:
    """The network. Raises RuntimeError, ValueError for tensors whose shapes do not go together."""

    def __init__(self, tensors: Tensors, family: Family, device: torch.device) -> None:
        self._family = family
        self._tensors = {name: tensor.to(device) for name, tensor in tensors.items()}
        self.width, _, self.patch, _ = tensors["patch.weight"].shape
        places = tensors["positions"].reshape(-1, self.width)
        across = math.isqrt(len(places) - 1)
        if across**2 != len(places) - 1 or self.width % HEAD:
            raise ValueError(f"{len(places)} places, {self.width} channels")
        self.side = family.side or across * self.patch
        self._places = self._at_side(places.to(device), across)
        self._depth = 1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("blocks."))
        with torch.inference_mode():
            features, _ = self(torch.zeros(1, 3, self.side, self.side, device=device))
        self.features = features.shape[1]

    def __call__(self, x: Tensor) -> tuple[Tensor, None]:
        """(features (N, f), None) of (N, 3, side, side): the class token, or its projection."""
        t = self._tensors
        patches = F.conv2d(x, t["patch.weight"], t.get("patch.bias"), self.patch).flatten(2).transpose(1, 2)
        tokens = torch.cat([t["class"].reshape(1, 1, -1).expand(len(x), -1, -1), patches], 1) + self._places
        if "registers" in t:
            registers = t["registers"].expand(len(x), -1, -1)
            tokens = torch.cat([tokens[:, :1], registers, tokens[:, 1:]], 1)
        if "before.weight" in t:
            tokens = self._norm(tokens, "before")
        for block in range(self._depth):
            tokens = self._block(tokens, f"blocks.{block}")
        features = self._norm(tokens[:, 0], "after")
        return (F.linear(features, t["projection"]) if "projection" in t else features), None

    def _block(self, x: Tensor, name: str) -> Tensor:
        t = self._tensors
        split = self._linear(self._norm(x, f"{name}.norm1"), f"{name}.qkv").unflatten(2, (3, -1, HEAD))
        q, k, v = split.permute(2, 0, 3, 1, 4)  # (N, heads, tokens, HEAD) each
        seen = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + self._linear(seen, f"{name}.out") * t.get(f"{name}.scale1", 1)
        hidden = self._family.activation(self._linear(self._norm(x, f"{name}.norm2"), f"{name}.fc1"))
        return x + self._linear(hidden, f"{name}.fc2") * t.get(f"{name}.scale2", 1)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        scale, bias = self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]
        return F.layer_norm(x, (self.width,), scale, bias, self._family.epsilon)

    def _at_side(self, places: Tensor, across: int) -> Tensor:
        """A place for each patch of an image (1 + n², width), between those that the file has.

        Bicubic, as DINOv2 does it: without registers by a factor that is a tenth of a place too large, which
        its weights are used with everywhere.
        """
        wanted = self.side // self.patch
        if wanted == across:
            return places
        grid = places[1:].T.reshape(1, self.width, across, across)
        if "registers" in self._tensors:
            made = F.interpolate(grid, (wanted, wanted), mode="bicubic", antialias=True)
        else:
            factor = (wanted + 0.1) / across
            made = F.interpolate(grid, scale_factor=(factor, factor), mode="bicubic")
        return torch.cat([places[:1], made.flatten(2)[0].T])
