"""What a program would launch on CUDA: kernels and bytes, counted on tensors without numbers, without a GPU.

`Launches` is a TorchDispatchMode: below autograd it sees every operator of forward, backward and optimizer,
and looks up in one table how many kernels torch's CUDA backend launches for it. An operator without a row is
an error, never 0. Bytes are those of kernels bound by memory: what they read (a broadcast side once) and what
they write. Products (matrix products, convolutions over channels) are counted as kernels alone: no pass
changes their traffic much, and their time is arithmetic's.

What the table takes for true of torch 2.13 on CUDA, with cuDNN:

- an elementwise operator, a reduction, a copy, a fill, a concatenation of up to 128 tensors: one kernel;
- a convolution: one kernel, and one more to add its bias; its backward one for each gradient asked for.
  Depthwise ones are torch's own kernel (bias inside) and bound by memory. Operands that lie otherwise than
  dense are copied first;
- `addmm`: one kernel where its bias is a vector and beta is 1, else a copy before it;
- a constant border: a fill and a copy;
- lists (`_foreach_*`, fused Adam): chunks of 65,536 numbers, a launch of at most 320 of them and of so many
  tensors.

Not in it: what a library launches beside its one kernel (changes of layout inside cuDNN, memory set to zero
for a split reduction), and copies from the host.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

CHUNK, BLOCKS = 65536, 320  # numbers a block of a list's kernel takes; blocks a launch
LISTED = {1: 110, 2: 64, 3: 48, 4: 36, 5: 30}  # lists walked together → tensors a launch
JOINED = 128  # tensors that one kernel concatenates


class Unknown(Exception):
    """An operator of which the table does not say what it launches."""


@dataclass
class Tally:
    """kernels: all; products: those that are matrix products or convolutions; bytes: of the others."""

    kernels: float = 0
    products: float = 0
    bytes: float = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.kernels + other.kernels, self.products + other.products, self.bytes + other.bytes)

    def __mul__(self, times: float) -> Tally:
        return Tally(self.kernels * times, self.products * times, self.bytes * times)


class Call:
    """One call of an operator: its arguments by name, and what it gave."""

    def __init__(self, func: Any, args: Sequence[Any], kwargs: dict[str, Any], result: Any) -> None:
        names = [argument.name for argument in func._schema.arguments]
        self.given = {a.name: a.default_value for a in func._schema.arguments if a.has_default_value()}
        self.given |= dict(zip(names, args, strict=False)) | kwargs
        arguments = func._schema.arguments
        self.moved = [a.name for a in arguments if a.alias_info is not None and a.alias_info.is_write]
        covered = self.moved if _name(func) in OVERWRITE else ()
        self.written_over = {*covered, *(a.name for a in arguments if a.is_out)}
        self.result = result

    def __getitem__(self, name: str) -> Any:
        return self.given[name]

    @property
    def read(self) -> list[Tensor]:
        """The tensors that the operator reads."""
        kept = [value for name, value in self.given.items() if name not in self.written_over]
        return [leaf for leaf in tree_iter(kept) if isinstance(leaf, Tensor)]

    @property
    def written(self) -> list[Tensor]:
        """The tensors that it writes."""
        given = [self.given[name] for name in self.moved] if self.result is None else self.result
        return [leaf for leaf in tree_iter(given) if isinstance(leaf, Tensor)]


def size(x: Tensor) -> int:
    """Bytes of a tensor's different numbers: what is broadcast counts once."""
    return x.element_size() * _numbers(x)


def _numbers(x: Tensor) -> int:
    found = 1
    for length, stride in zip(x.shape, x.stride(), strict=True):
        found *= length if stride or not length else 1
    return found


def _name(func: Any) -> str:
    space, name = func._schema.name.split("::")
    return name if space == "aten" else f"{space}::{name}"


# --- rules ------------------------------------------------------------------------------------------


def free(call: Call) -> Tally:
    return Tally()


def one(call: Call) -> Tally:
    """A single kernel that reads all and writes all."""
    return _kernels(1, call)


def several(count: int, passes: float = 1.0) -> Callable[[Call], Tally]:
    """So many kernels, which together pass over what they read and write so many times."""
    return lambda call: Tally(count, 0, _kernels(count, call).bytes * passes)


def _kernels(count: int, call: Call) -> Tally:
    if not any(x.numel() for x in call.written):
        return Tally()
    return Tally(count, 0, sum(map(size, call.read)) + sum(map(size, call.written)))


def copied(*tensors: Tensor | None) -> Tally:
    """Copies of those that do not lie dense, made before a library takes them."""
    loose = [x for x in tensors if x is not None and not _dense(x)]
    return Tally(len(loose), 0, sum(size(x) + x.numel() * x.element_size() for x in loose))


def _dense(x: Tensor) -> bool:
    return x.is_contiguous() or (x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last))


def product(call: Call) -> Tally:
    """A matrix product. Each side may lie either way round."""
    sides = [x for x in call.read if x.dim() >= 2]
    return Tally(1, 1) + copied(*(x for x in sides if not _for_blas(x)))


def _for_blas(x: Tensor) -> bool:
    rows, columns = x.stride()[-2:]
    return (columns == 1 and rows >= x.shape[-1]) or (rows == 1 and columns >= x.shape[-2]) or _dense(x)


def added_product(call: Call) -> Tally:
    """`addmm` and relatives: the vector rides in the product, anything else is copied into the result."""
    bias = call["self"]
    if bias.dim() == 1 and call["beta"] == 1:
        return product(call)
    return product(call) + Tally(1, 0, size(bias) + sum(map(size, call.written)))


def convolution(call: Call) -> Tally:
    x, weight, bias = call["input"], call["weight"], call["bias"]
    before = copied(x, weight)
    if _depthwise(call, x):
        return before + Tally(1, 0, size(x) + weight.numel() * weight.element_size() + size(call.result))
    after = Tally() if bias is None else Tally(1, 0, 2 * size(call.result) + size(bias))
    return before + Tally(1, 1) + after


def convolution_backward(call: Call) -> Tally:
    slope, x, weight = call["grad_output"], call["input"], call["weight"]
    to_input, to_weight, to_bias = call["output_mask"]
    found = copied(slope, *((weight,) if to_input else ()), *((x,) if to_weight else ()))
    if _depthwise(call, x):
        found += Tally(to_input, 0, to_input * (size(slope) + size(x)))
        found += Tally(to_weight, 0, to_weight * (size(slope) + size(x)))
    else:
        found += Tally(to_input + to_weight, to_input + to_weight)
    return found + Tally(to_bias, 0, to_bias * size(slope))


def _depthwise(call: Call, x: Tensor) -> bool:
    return call["groups"] == x.shape[1] > 1


def border(call: Call) -> Tally:
    """A fill of the result and a copy into it; a crop alone is a copy."""
    (result,) = call.written
    if min(call["pad"]) >= 0 or max(call["pad"]) > 0:
        inside = min(size(call["self"]), size(result))
        return Tally(2, 0, size(result) + 2 * inside)
    return Tally(1, 0, 2 * size(result))


def joined(call: Call) -> Tally:
    return _kernels(-(-len(call["tensors"]) // JOINED), call)


def listed(call: Call) -> Tally:
    """A kernel over lists of tensors, in chunks."""
    lists = [value for value in call.given.values() if _of_tensors(value)]
    results = call.result if isinstance(call.result, list | tuple) else []
    depth = len(lists) + bool(results)
    launches = tensors = blocks = 0
    for x in lists[0]:
        tensors += 1
        for _ in range(-(-x.numel() // CHUNK)):
            blocks += 1
            if blocks == BLOCKS:
                launches, blocks, tensors = launches + 1, 0, 1
        if tensors == LISTED[min(depth, 5)]:
            launches, blocks, tensors = launches + 1, 0, 0
    launches += blocks > 0
    written = results or [x for name, xs in call.given.items() if _of_tensors(xs) for x in _moved(call, name)]
    read = [
        x for name, xs in call.given.items() if _of_tensors(xs) and name not in call.written_over for x in xs
    ]
    return Tally(launches, 0, sum(map(size, read)) + sum(map(size, written)))


def _of_tensors(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(x, Tensor) for x in value)


def _moved(call: Call, name: str) -> Sequence[Tensor]:
    """A list that an operator in place writes to: the first, and Adam's moments."""
    return call[name] if name in ("self", "exp_avgs", "exp_avg_sqs") else ()


# --- the table --------------------------------------------------------------------------------------


def words(listed: str) -> list[str]:
    return listed.split()


OVERWRITE = frozenset(
    words(
        "copy_ fill_ zero_ normal_ uniform_ random_ bernoulli_ exponential_ _foreach_copy_ _foreach_zero_ "
        "gandsl::draw"
    )
)
"""Operators in place that do not read what they write over."""

Rule = Callable[[Call], Tally]

FREE = words("""
    empty empty_like empty_strided new_empty new_empty_strided detach lift_fresh alias _unsafe_view
    _reshape_alias resize_ set_ _efficientzerotensor _local_scalar_dense is_same_size equal
""")
"""What launches nothing, beside views."""
ONE = words("""
    clone copy_ _to_copy contiguous fill_ zero_ zeros zeros_like new_zeros ones ones_like new_ones full
    full_like new_full arange linspace scalar_tensor eye repeat flip roll tril triu diag_embed tril_ triu_
    select_backward slice_backward slice_scatter select_scatter as_strided_scatter

    rand randn rand_like randn_like randint normal_ uniform_ random_ bernoulli_ bernoulli exponential_

    sum mean amax amin var var_mean std prod any all max min argmax norm linalg_vector_norm cumsum
    logsumexp _softmax _log_softmax _softmax_backward_data _log_softmax_backward_data
    nll_loss_forward nll_loss_backward

    gather index index_select embedding scatter_add index_add one_hot searchsorted bucketize

    upsample_nearest2d upsample_nearest2d_backward upsample_bilinear2d upsample_bilinear2d_backward
    avg_pool2d avg_pool2d_backward max_pool2d_with_indices max_pool2d_with_indices_backward
    pixel_shuffle pixel_unshuffle _adaptive_avg_pool2d _adaptive_avg_pool2d_backward
    reflection_pad2d replication_pad2d

    nan_to_num lerp lerp_ where leaky_relu_backward softplus_backward _prelu_kernel

    gandsl::bias_act gandsl::bias_act_slopes gandsl::bias_act_second gandsl::upfirdn gandsl::draw
    bench::bias_act bench::upfirdn2d
""")
"""One kernel each: copies and fills, chance, reductions, places, changes of size, what is elementwise without
torch's mark, and kernels of our own and of the official code."""

ROWS: dict[str, Rule] = {
    **dict.fromkeys(FREE, free),
    **dict.fromkeys(ONE, one),
    **dict.fromkeys(words("mm bmm mv dot"), product),
    **dict.fromkeys(words("addmm baddbmm addmv"), added_product),
    "convolution": convolution,
    "convolution_backward": convolution_backward,
    "constant_pad_nd": border,
    **dict.fromkeys(("cat", "stack"), joined),
    "embedding_dense_backward": several(2),
    "_safe_softmax": several(4, 2.0),  # with a look for rows that are masked whole
    # statistics, their bookkeeping, the result; statistics of the slope, the result
    "native_batch_norm": several(3, 1.5),
    "native_batch_norm_backward": several(2, 1.5),
    "native_group_norm": several(3, 1.5),
    "native_group_norm_backward": several(4, 1.5),
}


def counted(func: Any, args: Sequence[Any], kwargs: dict[str, Any], result: Any) -> Tally:
    """What one call launches. Raises Unknown for an operator without a row."""
    name = _name(func)
    rule = ROWS.get(name)
    if rule is None:
        if func.is_view or name.startswith(("prim::", "profiler::", "sym_")):
            rule = free
        elif name.startswith(("_foreach_", "_fused_adam", "_amp_foreach")):
            rule = listed
        elif torch.Tag.pointwise in func.tags or name == "prims::add":
            rule = one
        else:
            raise Unknown(f"{func}: say in bench/kernels.py what it launches on CUDA")
    return rule(Call(func, args, kwargs, result))


class Launches(TorchDispatchMode):
    """Counts what runs inside, by the part of a step that `part` names and by operator."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
        self._part = ""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.ops.aten._local_scalar_dense.default:  # a number is asked of what has none
            return 1.0 if args[0].is_floating_point() else 1
        result = func(*args, **kwargs)
        found = counted(func, args, kwargs, result)
        if found.kernels:
            self.found[self._part][_name(func)] += found
        return result

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Inside the block calls count for this part of the step."""
        before, self._part = self._part, name
        try:
            yield
        finally:
            self._part = before

    def total(self, part: str = "") -> Tally:
        """Of one part."""
        return sum(self.found[part].values(), Tally())
