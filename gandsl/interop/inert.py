"""What a pickle may make here: plain values, references to tensors, and records that can do nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

ITEM_SIZES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}

STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "UntypedStorage": "uint8",
}


class Unfit(Exception):
    """A value is not what its place asks for; the reader of the file says where."""


@dataclass(frozen=True, slots=True)
class PickledName:
    """A dotted name out of a pickle. It is never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True)
class PickledObject:
    """An object that would have been made: whose, with which arguments, and its state."""

    kind: PickledName
    arguments: tuple[Any, ...] = ()
    state: Any = None


@dataclass(slots=True)
class PickledStorage:
    """A run of numbers in the file. `data` is filled in when its place is known."""

    dtype: str
    count: int
    data: memoryview | None = None
    checksum: int | None = None  # CRC-32 that the data should have

    @property
    def nbytes(self) -> int:
        return self.count * ITEM_SIZES[self.dtype]


@dataclass(frozen=True, slots=True)
class TensorRef:
    """A view of a storage: what a tensor would be, without its memory."""

    storage: PickledStorage
    dtype: str
    offset: int  # in elements of dtype
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    @property
    def span(self) -> int:
        """Elements from its first to its last, both included."""
        if 0 in self.shape:
            return 0
        return 1 + sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))


def _ints(values: Any) -> tuple[int, ...]:
    if not isinstance(values, list | tuple) or len(values) > 16:
        raise Unfit("a shape is no short list")
    if not all(type(value) is int and 0 <= value < 2**48 for value in values):
        raise Unfit("a shape holds something else than sizes")
    return tuple(values)


def tensor(
    storage: Any, offset: Any, shape: Any, stride: Any, *others: Any, dtype: str | None = None
) -> TensorRef:
    """A tensor whose elements all lie in its storage; each element of the storage at most once on average."""
    if not isinstance(storage, PickledStorage):
        raise Unfit("a tensor without a storage")
    made = TensorRef(storage, dtype or storage.dtype, _ints([offset])[0], _ints(shape), _ints(stride))
    if len(made.shape) != len(made.stride):
        raise Unfit("a tensor's shape and strides differ in length")
    room = storage.nbytes // ITEM_SIZES[made.dtype]
    if made.count > room or made.offset + made.span > room:
        size = "×".join(map(str, made.shape))
        raise Unfit(f"a tensor claims {size} elements of a storage of {room}")
    return made


def _typed_tensor(*arguments: Any) -> TensorRef:
    storage, offset, shape, stride, _, _, dtype, *_ = arguments
    if not isinstance(dtype, PickledName) or dtype.name not in ITEM_SIZES:
        raise Unfit("a tensor of a type that is not known")
    return tensor(storage, offset, shape, stride, dtype=dtype.name)


def _parameter(data: Any, *others: Any) -> TensorRef:
    if not isinstance(data, TensorRef):
        raise Unfit("a parameter without a tensor")
    return data


def _mapping(pairs: Any = ()) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    for pair in pairs if isinstance(pairs, list | tuple) else ():
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise Unfit("a mapping of something else than pairs")
        made[key(pair[0])] = pair[1]
    return made


def _persistent(meta: Any) -> PickledObject:
    """A persistence class: its name and state are kept, its source code is not even looked at."""
    meta = meta if isinstance(meta, dict) else {}
    name, state = meta.get("class_name"), meta.get("state")
    if meta.get("type") != "class" or not isinstance(name, str) or not isinstance(state, dict):
        raise Unfit("an object with source code in a form that is not known")
    return PickledObject(PickledName("persistence", name[:200]), state=state)


def _encoded(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise Unfit("bytes in an encoding that is not known")
    return text.encode("latin1")


def _items(values: Any = ()) -> list[Any]:
    if not isinstance(values, list | tuple):
        raise Unfit("a set of something else than items")
    return list(values)


def _shape(values: Any = ()) -> tuple[int, ...]:
    return _ints(values)


def _device(kind: Any, *index: Any) -> str:
    if not isinstance(kind, str):
        raise Unfit("a device without a name")
    return kind[:20]


def _old_object(kind: Any, base: Any, state: Any) -> Any:
    if not isinstance(kind, PickledName) or kind not in CLASSES or base != PickledName("builtins", "object"):
        raise Unfit("an object of a class that is not known")
    return new(kind)


def _array(*arguments: Any) -> PickledObject:
    return PickledObject(PickledName("numpy", "ndarray"))


def _array_type(*arguments: Any) -> PickledObject:
    return PickledObject(PickledName("numpy", "dtype"), arguments)


def _number(kind: Any, data: Any) -> PickledObject:
    return PickledObject(PickledName("numpy", "scalar"), (kind, data))


def names(module: str, *listed: str) -> set[PickledName]:
    """Names of one module."""
    return {PickledName(module, name) for name in listed}


CALLS: dict[PickledName, Callable[..., Any]] = {
    PickledName("collections", "OrderedDict"): _mapping,
    PickledName("collections", "defaultdict"): lambda *kind: {},
    PickledName("torch._utils", "_rebuild_tensor"): tensor,
    PickledName("torch._utils", "_rebuild_tensor_v2"): tensor,
    PickledName("torch._utils", "_rebuild_tensor_v3"): _typed_tensor,
    PickledName("torch._utils", "_rebuild_parameter"): _parameter,
    PickledName("torch", "Size"): _shape,
    PickledName("torch", "device"): _device,
    PickledName("torch_utils.persistence", "_reconstruct_persistent_obj"): _persistent,
    PickledName("numpy.core.multiarray", "_reconstruct"): _array,
    PickledName("numpy._core.multiarray", "_reconstruct"): _array,
    PickledName("numpy.core.multiarray", "scalar"): _number,
    PickledName("numpy._core.multiarray", "scalar"): _number,
    PickledName("numpy", "dtype"): _array_type,
    PickledName("_codecs", "encode"): _encoded,
    PickledName("builtins", "set"): _items,
    PickledName("__builtin__", "set"): _items,
    PickledName("copyreg", "_reconstructor"): _old_object,
    PickledName("copy_reg", "_reconstructor"): _old_object,
}
"""All that a pickle may call: names that stand for these functions, never for what they name."""

LOAD_FROM_BYTES = PickledName("torch.storage", "_load_from_bytes")  # a storage as a file within the file

MAPPINGS = names("dnnlib.util", "EasyDict") | {
    PickledName(module, "AttributeDict")  # Lightning's hyper_parameters, by version
    for module in (
        "pytorch_lightning.utilities.parsing",
        "lightning.pytorch.utilities.parsing",
        "lightning_fabric.utilities.data",
        "lightning.fabric.utilities.data",
    )
}
OMEGACONF = (
    names("omegaconf.dictconfig", "DictConfig")
    | names("omegaconf.listconfig", "ListConfig")
    | names("omegaconf.base", "ContainerMetadata", "Metadata")
    | names("omegaconf.nodes", "AnyNode", "StringNode", "IntegerNode", "FloatNode", "BooleanNode")
)
"""Hyper-parameters out of Hydra's files."""

CLASSES = (
    MAPPINGS
    | names("argparse", "Namespace")
    | OMEGACONF
    | names("torch.nn.parallel.data_parallel", "DataParallel")
    | names("torch.nn.parallel.distributed", "DistributedDataParallel")
    | names("torch.nn.modules.container", "ModuleList", "Sequential", "ModuleDict", "ParameterList")
    | names("torch.nn.modules.conv", "Conv2d", "ConvTranspose2d")
    | names("torch.nn.modules.linear", "Linear", "Identity")
    | names("torch.nn.modules.sparse", "Embedding")
    | names("torch.nn.modules.batchnorm", "BatchNorm2d")
    | names("torch.nn.modules.activation", "ReLU", "LeakyReLU", "Tanh", "Sigmoid")
    | names("torch.nn.modules.pooling", "AvgPool2d")
    | names("training.networks", "Generator", "Discriminator")
    | names("R3GAN.Networks", "Generator", "Discriminator", "GeneratorStage", "DiscriminatorStage")
    | names("R3GAN.Networks", "GenerativeBasis", "DiscriminativeBasis", "ResidualBlock", "Convolution")
    | names("R3GAN.Networks", "UpsampleLayer", "DownsampleLayer")
    | {
        PickledName(f"R3GAN.{module}", f"{name}{kind}")
        for module, name in (
            ("Resamplers", "InterpolativeUpsampler"),
            ("Resamplers", "InterpolativeDownsampler"),
            ("Resamplers", "InplaceUpsampler"),
            ("Resamplers", "InplaceDownsampler"),
            ("FusedOperators", "BiasedActivation"),
        )
        for kind in ("Reference", "CUDA")
    }
)
"""Classes whose objects become records."""

VALUES = (
    names("torch", *ITEM_SIZES, *STORAGES)
    | names("torch.storage", *STORAGES)
    | names("builtins", "object")
    | names("__builtin__", "dict", "list", "long", "float", "bool")
    | names("typing", "Any")
    | names("numpy", "ndarray")
)
"""Names that stand for themselves: types of numbers and storages."""

ALLOWED = {*CALLS, *CLASSES, *VALUES, LOAD_FROM_BYTES}


def new(kind: PickledName) -> Any:
    """The inert object of an allowed class."""
    return {} if kind in MAPPINGS else PickledObject(kind)


def key(value: Any) -> Any:
    """A mapping's key. Others are refused, since their hashes can be made to collide, or to recurse."""
    if isinstance(value, str | bytes | None) or (type(value) in (int, bool) and abs(value) < 2**31):
        return value
    raise Unfit(f"a mapping has a key of type {type(value).__name__}")


def build(target: Any, state: Any) -> None:
    """Give an object its state. Attributes of a mapping (a state_dict's versions) are dropped."""
    if isinstance(target, PickledObject) and target.state is None:
        target.state = state
    elif not isinstance(target, dict):
        raise Unfit(f"state for {type(target).__name__}, which has none")


@dataclass(slots=True)
class Persistent:
    """What a persistent id of torch's says: a storage that lies outside of the pickle."""

    key: str
    storage: PickledStorage = field(repr=False)


def persistent(identity: Any) -> Persistent:
    """Read `("storage", type, key, device, count[, view])`."""
    if not isinstance(identity, tuple) or len(identity) not in (5, 6) or identity[0] != "storage":
        raise Unfit("a persistent id that names no storage")
    _, kind, name, _, count, *view = identity
    if not isinstance(kind, PickledName) or kind.name not in STORAGES:
        raise Unfit("a storage of a type that is not known")
    if not isinstance(name, str) or not 0 < len(name) <= 100 or view not in ([], [None]):
        raise Unfit("a storage under an odd name")
    return Persistent(name, PickledStorage(STORAGES[kind.name], _ints([count])[0]))


def call(target: Any, arguments: Any) -> Any:
    """What a REDUCE makes. The names have been checked when they were read."""
    if not isinstance(target, PickledName) or target not in CALLS:
        raise Unfit(f"a call of {target if isinstance(target, PickledName) else type(target).__name__}")
    if not isinstance(arguments, tuple):
        raise Unfit("a call without a list of arguments")
    try:
        return CALLS[target](*arguments)
    except (TypeError, ValueError) as error:
        raise Unfit(f"{target} with arguments that don't fit it") from error


def instance(kind: Any, arguments: Sequence[Any]) -> Any:
    """What a NEWOBJ makes."""
    if not isinstance(kind, PickledName) or kind not in CLASSES or arguments:
        raise Unfit(f"an object of {kind if isinstance(kind, PickledName) else type(kind).__name__}")
    return new(kind)
