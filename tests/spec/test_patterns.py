"""Paths with wildcards: what they find, what is changed there, what is said where they find nothing."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gandsl.diagnostics import Diagnostics
from gandsl.spec.changed import changes
from gandsl.spec.loader import load
from gandsl.spec.patterns import places
from gandsl.spec.reader import read_text
from gandsl.spec.tree import Mapping, to_plain
from tests.spec.helpers import load_text, messages, said

SPEC = """
generator:
  body:
    start: {op: reshape}
    up:
      fold: {res: "doubling(8, 16)"}
      body:
        conv: {op: conv, channels: 3}
        norm: {op: batch_norm}
        norm2: {block: b, norm: batch}
    norm: {op: batch_norm}
  outputs: {norm: norm}
blocks:
  b: {slots: {norm: Norm}, params: {norm: 1}, body: {norm: {slot: norm}}}
training: {norm: {op: 3}}
"""


def tree_of(text: str) -> Mapping:
    tree = read_text(text, "spec.yaml", Diagnostics())
    assert isinstance(tree, Mapping)
    return tree


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("**.norm.op", ["generator.body.up.body.norm.op", "generator.body.norm.op"]),
        (
            "**.norm",
            [
                "generator.body.up.body.norm",
                "generator.body.up.body.norm2.norm",
                "generator.body.norm",
                "blocks.b.body.norm",
            ],
        ),
        ("generator.*.norm", ["generator.body.norm", "generator.body.up.body.norm"]),
        ("generator.up.nor?", ["generator.body.up.body.norm"]),
        ("generator.up.nor*", ["generator.body.up.body.norm", "generator.body.up.body.norm2"]),
        ("**.conv.channels", ["generator.body.up.body.conv.channels"]),
        ("training.*.op", ["training.norm.op"]),
        ("blocks.*.slots.n*", ["blocks.b.slots.norm"]),
        ("**.inputs", []),
        ("**.nothing", []),
    ],
)
def test_what_a_pattern_finds(pattern: str, found: list[str]) -> None:
    assert sorted(places(tree_of(SPEC), pattern)) == sorted(found)


KEYS = st.sampled_from(["a", "b", "ab", "c"])
TREES = st.recursive(
    st.just("x"), lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3), max_leaves=12
)
STEPS = st.lists(st.sampled_from(["a", "b", "a?", "*", "*b", "**"]), min_size=1, max_size=4)


@pytest.mark.parametrize("name", ["inputs", "moved", "params", "slots", "outputs", "data", "body"])
@pytest.mark.parametrize("path", ["generator.body.NAME.gain", "**.NAME.gain", "generator.body.*.gain"])
def test_a_node_may_be_called_as_a_part_of_a_spec(name: str, path: str, tmp_path: Path) -> None:
    """A field of it that is not written is set, alone and by a pattern; no field of a block so called is."""
    text = """\
gandsl: 1
name: named
generator:
  inputs: {z: "Latent[4]"}
  body: {NAME: {op: conv, channels: 3, gain: 1}, image: {block: NAME}}
blocks: {NAME: {ports: {x: Feature}, body: {NAME: {op: conv, channels: 3}}}}
discriminator: {inputs: {image: "Image[3, 4]"}, body: {flat: {op: flatten}}}
""".replace("NAME", name)
    own = path.replace("NAME", name)
    document, diagnostics = load_text(tmp_path, text, f"{own}=2", f"generator.body.{name}.kernel=1")
    assert document is not None and not diagnostics.has_errors, messages(diagnostics)
    found: Any = to_plain(document.tree)
    assert found["generator"]["body"][name] == {"op": "conv", "channels": 3, "gain": 2, "kernel": 1}
    assert found["generator"]["inputs"] == {"z": "Latent[4]"} and "gain" not in str(found["blocks"])


@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=3), STEPS)
def test_patterns_against_every_path(plain: dict[str, object], steps: list[str]) -> None:
    """All paths of a tree, each tried alone: those that match and lie in no other one."""

    def paths(tree: object, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        if not isinstance(tree, dict):
            return []
        return [p for key, value in tree.items() for p in ((*above, key), *paths(value, (*above, key)))]

    def matches(path: tuple[str, ...], wanted: list[str]) -> bool:
        if not wanted:
            return not path
        if wanted[0] == "**":
            least = 1 if len(wanted) == 1 else 0  # a last `**` stands for what is below, not for its holder
            return any(matches(path[n:], wanted[1:]) for n in range(least, len(path) + 1))
        return bool(path) and fnmatchcase(path[0], wanted[0]) and matches(path[1:], wanted[1:])

    found = [path for path in paths(plain) if matches(path, steps)]
    outermost = {p for p in found if not any(p[: len(q)] == q and p != q for q in found)}
    text = str(plain).replace("'", "")
    assert set(places(tree_of(text), ".".join(steps))) == {".".join(path) for path in outermost}


CHILD = 'gandsl: 1\nname: mine\nextends: base.yaml\nset: {"**.norm.op": instance_norm}\n'
BASE = """
gandsl: 1
name: base
generator:
  inputs: {z: "Latent[16]"}
  body:
    dense: {op: linear, features: 48}
    start: {op: reshape, channels: 3, size: 4}
    norm: {op: batch_norm}
    more:
      fold: {i: "range(2)"}
      body: {conv: {op: conv, channels: 3}, norm: {op: batch_norm}}
discriminator:
  inputs: {image: "Image[3, 4]"}
  body: {flat: {op: flatten}, logit: {op: linear, features: 1}}
training: {length: 3 steps, batch: 16, loss: hinge, optimizer: {kind: adam, lr: 2e-4, betas: [0.0, 0.9]}}
"""


def test_every_place_is_changed_and_listed(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    document, diagnostics = load_text(tmp_path, CHILD, "**.conv.channels=5")
    assert document is not None and not list(diagnostics)
    body = to_plain(document.tree)["generator"]["body"]
    assert body["norm"] == body["more"]["body"]["norm"] == {"op": "instance_norm"}
    assert body["more"]["body"]["conv"] == {"op": "conv", "channels": 5}
    assert [(one.said, one.places) for one in changes(document)] == [
        ("set **.norm.op", ("generator.norm.op", "generator.more.norm.op")),
        ("--set **.conv.channels", ("generator.more.conv.channels",)),
    ]


def test_steps_of_a_patch_take_patterns(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    steps = (
        'patch: [{delete: "**.conv"}, {insert_after: {at: "**.norm", name: act, node: {op: relu}}}, '
        '{replace: {at: "generator.more.n*", node: {op: pixel_norm}}}]\n'
    )
    document, diagnostics = load_text(tmp_path, CHILD.partition("set")[0] + steps)
    assert document is not None and not list(diagnostics)
    body = to_plain(document.tree)["generator"]["body"]
    assert list(body) == ["dense", "start", "norm", "act", "more"]
    assert body["more"]["body"] == {"norm": {"op": "pixel_norm"}, "act": {"op": "relu"}}


@pytest.mark.parametrize(
    ("text", "pattern", "help"),
    [
        ('set: {"**.norn.op": relu}', "**.norn.op", "did you mean `norm`?"),
        ('patch: [{delete: "**.noise"}]', "**.noise", None),
    ],
)
def test_a_pattern_that_finds_nothing(text: str, pattern: str, help: str | None, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    _, diagnostics = load_text(tmp_path, CHILD.partition("set")[0] + text)
    assert said(diagnostics) == [("G0403", f'"{pattern}"')]
    (one,) = diagnostics
    assert (one.message, one.help) == (f"nothing in the spec is at `{pattern}`", help)


def test_the_written_text_of_a_changed_spec_has_no_patterns(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "mine.yaml").write_text(CHILD)
    document = load(tmp_path / "mine.yaml", diagnostics=Diagnostics())
    assert document is not None and "set" not in document.tree
