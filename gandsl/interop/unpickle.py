"""A reader of pickles that runs nothing: a small machine over the opcodes, with inert values on its stack.

`pickle.Unpickler` with an allowlist in `find_class` would still let a file grow the memo to any size, recurse
while hashing nested keys, and set attributes. Here `pickletools` takes the opcodes apart (it runs none of
them), and the table below says what each does; an opcode that is not in it is refused.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable
from typing import IO, Any, cast

from gandsl.interop.errors import CutShort, DamagedFile, InteropError, Refused
from gandsl.interop.inert import (
    ALLOWED,
    LOAD_FROM_BYTES,
    PickledName,
    Unfit,
    build,
    call,
    instance,
    key,
)

MOST_OPCODES = 1_000_000  # far above the largest checkpoints, which have some 100,000
LONGEST_LINE = 4096
LONGEST_INTEGER = 32  # bytes
COPIED = 256  # up to this many bytes are copied out of the file, more are views of it

HINTS = {
    "dnnlib.tflib": "these are TensorFlow networks: convert them with stylegan2-ada-pytorch's legacy.py",
    "torch.jit": "this is a TorchScript module: save its state_dict instead",
    "__main__": "this is a pickle of a whole module: save its state_dict instead",
}


class Reader:
    """A bounded stream over bytes in memory or in a mapped file, for `pickletools.genops`."""

    def __init__(self, data: memoryview, where: str) -> None:
        self.data, self.where, self.position = data, where, 0

    def read(self, count: int) -> bytes | memoryview:
        end = self.position + count
        if count < 0 or end > len(self.data):
            raise CutShort(self.where)
        piece = self.data[self.position : end]
        self.position = end
        return bytes(piece) if count <= COPIED else piece

    def readline(self) -> bytes:
        line = bytes(self.data[self.position : self.position + LONGEST_LINE])
        end = line.find(b"\n") + 1
        if not end:
            if len(line) == LONGEST_LINE:
                raise DamagedFile(self.where, "a name that does not end")
            raise CutShort(self.where)
        self.position += end
        return line[:end]

    def tell(self) -> int:
        return self.position


def unpickle(
    reader: Reader, storage: Callable[[Any], Any] | None = None, nested: Callable[[Any], Any] | None = None
) -> Any:
    """The value of the pickle that starts at the reader's position.

    `storage` resolves persistent ids, `nested` reads a storage that is a file within the file; without them
    both are refused. Raises InteropError.
    """
    machine = _Machine(reader.where, storage, nested)
    try:
        # genops is typed for files; it calls `read`, `readline` and `tell`, and all of these a Reader has
        for count, (opcode, argument, _) in enumerate(pickletools.genops(cast("IO[bytes]", reader))):
            if count > MOST_OPCODES:
                raise Unfit(f"more than {MOST_OPCODES:,} steps")
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
    except InteropError:
        raise
    except Unfit as error:
        raise Refused(reader.where, str(error)) from error
    except (ValueError, LookupError, TypeError, struct.error, AttributeError) as error:
        raise DamagedFile(reader.where, "its pickle makes no sense") from error
    raise CutShort(reader.where)


_MARK = object()


class _Machine:
    """The stack, the memo, and what each opcode does to them."""

    def __init__(
        self,
        where: str,
        storage: Callable[[Any], Any] | None,
        nested: Callable[[Any], Any] | None,
    ) -> None:
        self.where, self.storage, self.nested = where, storage, nested
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def step(self, opcode: str, argument: Any) -> None:
        if opcode in _IGNORED:
            return
        if opcode in _PUSHED:
            self.stack.append(argument)
        elif opcode in _STEPS:
            _STEPS[opcode](self, argument)
        else:
            raise Unfit(f"the opcode {opcode}")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            raise Unfit("a mark where a value should be")
        return value

    def top(self) -> Any:
        if self.stack[-1] is _MARK:
            raise Unfit("a mark where a value should be")
        return self.stack[-1]

    def to_mark(self) -> list[Any]:
        """Everything above the last mark, which goes too."""
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is _MARK:
                values = self.stack[place + 1 :]
                del self.stack[place:]
                return values
        raise Unfit("no mark")

    def drop(self) -> None:
        self.stack.pop()

    def drop_to_mark(self) -> None:
        self.to_mark()

    def integer(self, value: int) -> None:
        if value.bit_length() > 8 * LONGEST_INTEGER:
            raise Unfit("an integer of more than 32 bytes")
        self.push(value)

    def name(self, module: Any, name: Any) -> None:
        """The allowlist: a name that is not on it ends the reading before anything is made of it."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise Unfit("a name that is no text")
        wanted = PickledName(module[:200], name[:200])
        if wanted not in ALLOWED:
            hint = next((text for prefix, text in HINTS.items() if module.startswith(prefix)), "")
            raise Refused(self.where, f"it asks for `{wanted}`", hint)
        self.push(wanted)

    def reduce(self) -> None:
        arguments, target = self.pop(), self.pop()
        if target == LOAD_FROM_BYTES:
            if self.nested is None or not isinstance(arguments, tuple) or len(arguments) != 1:
                raise Unfit("a file within a file within a file")
            self.push(self.nested(arguments[0]))
        else:
            self.push(call(target, arguments))

    def external(self) -> None:
        if self.storage is None:
            raise Unfit("a persistent id")
        self.push(self.storage(self.pop()))

    def put(self, index: int) -> None:
        self.memo[index] = self.top()

    def append(self, values: list[Any]) -> None:
        target = self.top()
        if not isinstance(target, list):
            raise Unfit("items for something that is no list")
        target.extend(values)

    def set_items(self, values: list[Any]) -> None:
        target = self.top()
        if not isinstance(target, dict) or len(values) % 2:
            raise Unfit("entries for something that is no mapping")
        for index in range(0, len(values), 2):
            target[key(values[index])] = values[index + 1]

    def dictionary(self) -> None:
        values = self.to_mark()
        self.push({})
        self.set_items(values)

    def tuple_of(self, count: int) -> None:
        values = [self.pop() for _ in range(count)]
        self.push(tuple(reversed(values)))

    def two(self) -> list[Any]:
        second, first = self.pop(), self.pop()
        return [first, second]

    def new(self) -> None:
        arguments, kind = self.pop(), self.pop()
        self.push(instance(kind, arguments))

    def build(self) -> None:
        state = self.pop()
        build(self.top(), state)


_IGNORED = frozenset({"PROTO", "FRAME"})

_PUSHED = frozenset(
    {
        "FLOAT",
        "BINFLOAT",
        "BININT",
        "BININT1",
        "BININT2",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
    }
)
"""Opcodes that put their argument on the stack."""

_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    "INT": lambda m, argument: m.integer(argument),
    "LONG": lambda m, argument: m.integer(argument),
    "LONG1": lambda m, argument: m.integer(argument),
    "LONG4": lambda m, argument: m.integer(argument),
    "MARK": lambda m, _: m.push(_MARK),
    "POP": lambda m, _: m.drop(),
    "POP_MARK": lambda m, _: m.drop_to_mark(),
    "DUP": lambda m, _: m.push(m.top()),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "LIST": lambda m, _: m.push(m.to_mark()),
    "APPEND": lambda m, _: m.append([m.pop()]),
    "APPENDS": lambda m, _: m.append(m.to_mark()),
    "EMPTY_SET": lambda m, _: m.push([]),
    "ADDITEMS": lambda m, _: m.append(m.to_mark()),
    "FROZENSET": lambda m, _: m.push(m.to_mark()),
    "EMPTY_TUPLE": lambda m, _: m.push(()),
    "TUPLE": lambda m, _: m.push(tuple(m.to_mark())),
    "TUPLE1": lambda m, _: m.tuple_of(1),
    "TUPLE2": lambda m, _: m.tuple_of(2),
    "TUPLE3": lambda m, _: m.tuple_of(3),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "DICT": lambda m, _: m.dictionary(),
    "SETITEM": lambda m, _: m.set_items(m.two()),
    "SETITEMS": lambda m, _: m.set_items(m.to_mark()),
    "PUT": _Machine.put,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": lambda m, _: m.put(len(m.memo)),
    "GET": lambda m, index: m.push(m.memo[index]),
    "BINGET": lambda m, index: m.push(m.memo[index]),
    "LONG_BINGET": lambda m, index: m.push(m.memo[index]),
    "GLOBAL": lambda m, both: m.name(*both.split(" ", 1)),
    "STACK_GLOBAL": lambda m, _: m.name(*m.two()),
    "REDUCE": lambda m, _: m.reduce(),
    "NEWOBJ": lambda m, _: m.new(),
    "BUILD": lambda m, _: m.build(),
    "BINPERSID": lambda m, _: m.external(),
}
