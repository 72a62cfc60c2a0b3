"""Values of an expression that wait for their only reader, so that arithmetic is printed as it was written.

Python computes an expression from left to right, each operand before the operation. So what waits is read in
the order in which it was made, or becomes a statement of its own: values are made, and gradients added up,
in the order of the graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from gandsl.codegen.analysis.statements import Body, Statement, of_expression
from gandsl.codegen.printing.expressions import Text
from gandsl.codegen.printing.text import columns

LONGEST = 80  # columns of what waits

Waiting = tuple[int, Statement]


class HeldValues:
    """What waits in one body. `returned` are ids that its surroundings read."""

    def __init__(self, body: Body, returned: Collection[str]) -> None:
        self._readers = Counter(id_ for statement in body.statements for id_ in statement.reads)
        self._readers.update(returned)
        self._readers.update(body.outputs)
        self.texts: dict[str, Text] = {}  # of what waits, and of what waits inside of that
        self.waiting: list[Waiting] = []

    def may_wait(self, statement: Statement) -> bool:
        """Whether it is a part of an expression, read once."""
        return (
            statement.body is None
            and not statement.unpacks
            and of_expression(statement.results[0])
            and self._readers[statement.results[0]] == 1
        )

    def apart(self, statement: Statement) -> list[Waiting]:
        """What has to become statements before this one: all, where it reads them in another order."""
        waiting = [one.results[0] for _, one in self.waiting]
        read = [id_ for id_ in statement.reads if id_ in waiting]
        return self.all() if read != waiting[len(waiting) - len(read) :] or statement.unpacks else []

    def behind(self, statement: Statement) -> list[Waiting]:
        """What has to become statements before one that is written: what it does not read."""
        out = [one for one in self.waiting if one[1].results[0] not in statement.reads]
        return self._taken_out(out)

    def wait(self, index: int, statement: Statement, text: Text) -> bool:
        """Whether it waits from now on, with what it reads in it."""
        if columns(text.text) > LONGEST:
            return False
        self.waiting = [one for one in self.waiting if one[1].results[0] not in statement.reads]
        self.waiting.append((index, statement))
        self.texts[statement.results[0]] = text
        return True

    def all(self) -> list[Waiting]:
        """What waits, and waits no more."""
        return self._taken_out(self.waiting)

    def forget(self) -> None:
        """What waited stands in a statement now."""
        self.waiting = []

    def _taken_out(self, out: list[Waiting]) -> list[Waiting]:
        self.waiting = [one for one in self.waiting if one not in out]
        for _, statement in out:
            del self.texts[statement.results[0]]
        return out
