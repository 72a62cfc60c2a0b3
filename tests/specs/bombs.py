"""Specs that would eat all time or memory of a careless compiler: name → text."""
# ruff: noqa: E501 - specs stand as they are

from __future__ import annotations

from collections.abc import Iterator

HEAD = "gandsl: 1\nname: bomb\n"
D = """\
discriminator:
  inputs: {image: "Image[3, 8]"}
  body: {flat: {op: flatten}, logit: {op: linear, features: 1}}
"""
PLAN = "training: {length: 1 kimg, batch: 8, loss: hinge, optimizer: {lr: 1e-3, betas: [0, 0.9]}}\n"


def generator(body: str, inputs: str = 'z: "Latent[16]"') -> str:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return f"generator:\n  inputs: {{{inputs}}}\n  body:\n{lines}"


IMAGE = "dense: {op: linear, features: 192}\nimage: {op: reshape, channels: 3, size: 8}"


def _aliases() -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    return HEAD + "params:\n" + "".join(f"  {row}\n" for row in rows)


def _doubling(leaf: str) -> str:
    """Blocks that hold each other twice, thirty deep: 2³⁰ uses of the last one."""
    blocks = f"  b0: {{ports: {{x: Vector}}, body: {{{leaf}}}}}\n"
    for i in range(1, 31):
        blocks += f"  b{i}: {{ports: {{x: Vector}}, body: {{one: {{block: b{i - 1}}}, two: {{block: b{i - 1}, x: x}}}}}}\n"
    return HEAD + "blocks:\n" + blocks + generator(f"bomb: {{block: b30}}\n{IMAGE}") + D + PLAN


def _doubling_slots() -> str:
    """The same through slots, each filled with a filling of the next."""
    blocks = "  leaf: {ports: {x: Vector}, body: {a: {op: relu}}}\n"
    blocks += "  twice: {ports: {x: Vector}, slots: {s: Activation}, body: {a: {slot: s}, b: {slot: s}}}\n"
    filling = "leaf"
    for _ in range(30):
        filling = f"{{use: twice, s: {filling}}}"
    return (
        HEAD + "blocks:\n" + blocks + generator(f"bomb: {{block: twice, s: {filling}}}\n{IMAGE}") + D + PLAN
    )


def _nested_folds(leaf: str) -> str:
    lines, indent = [], ""
    for i in range(6):
        lines += [
            f"{indent}f{i}:",
            f'{indent}  fold: {{i{i}: "range(100)"}}',
            f"{indent}  label: s{i}_",
            f"{indent}  body:",
        ]
        indent += "    "
    return HEAD + generator("\n".join([*lines, indent + leaf]) + "\n" + IMAGE) + D + PLAN


def _functions() -> str:
    lets = "  f0(x): x + x\n" + "".join(f"  f{i}(x): f{i - 1}(x) + f{i - 1}(x)\n" for i in range(1, 31))
    return HEAD + "let:\n" + lets + generator("v: f30(1)\n" + IMAGE) + D + PLAN


def _lists() -> str:
    lets = '  l0: "range(4096)"\n' + "".join(f'  l{i}: "[{f"l{i - 1}, " * 4000}]"\n' for i in range(1, 4))
    return HEAD + "let:\n" + lets + generator("v: len(l3)\n" + IMAGE) + D + PLAN


def bombs() -> Iterator[tuple[str, str]]:
    yield "aliases", _aliases()
    yield "deep brackets", HEAD + "params: {a: " + "[" * 100_000 + "\n"
    yield "deep mappings", HEAD + "".join(f"{'  ' * i}a{i}:\n" for i in range(2000))
    yield "deep expression", HEAD + generator(f'v: "{"(" * 2000}1{")" * 2000}"\n' + IMAGE) + D
    yield "long expression", HEAD + generator(f'v: "{" + ".join(["1"] * 100_000)}"\n' + IMAGE) + D
    yield "ten million characters", HEAD + "doc: " + "x" * 10_000_000 + "\n"
    yield "a million keys", HEAD + "params: {" + ", ".join(f"k{i}: 1" for i in range(120_000)) + "}\n"
    yield "exponents", HEAD + generator("v: 9 ** 9 ** 9 ** 9\n" + IMAGE) + D + PLAN
    yield "a long power", HEAD + generator("v: (2 ** 52) ** (2 ** 52)\n" + IMAGE) + D + PLAN
    yield (
        "a million stages",
        HEAD + generator('f: {fold: {i: "range(1000000)"}, body: {a: {op: relu}}}\n' + IMAGE) + D + PLAN,
    )
    yield (
        "a million stages, step by step",
        (HEAD + generator('f: {fold: {i: "range(4096)"}, body: {a: {op: relu}}}\n' + IMAGE) + D + PLAN),
    )
    yield "nested folds", _nested_folds("a: {op: relu}")
    yield "nested folds of values", _nested_folds("a: 1")
    yield "blocks twice in each other", _doubling("a: {op: relu}")
    yield "blocks twice in each other, of values", _doubling("a: {value: x}")
    yield "slots twice in each other", _doubling_slots()
    yield "functions twice in each other", _functions()
    yield "lists of lists", _lists()
    yield (
        "circle of definitions",
        HEAD + "let: {a: b + b, b: a + a}\n" + generator("v: a\n" + IMAGE) + D + PLAN,
    )
    yield (
        "endless function",
        HEAD + "let: {f(x): f(x + 1) + f(x + 2)}\n" + generator("v: f(0)\n" + IMAGE) + D + PLAN,
    )
    yield "circle of blocks", (
        HEAD + "blocks:\n  a: {ports: {x: Vector}, body: {b: {block: b}, c: {block: b}}}\n"
        "  b: {ports: {x: Vector}, body: {b: {block: a}, c: {block: a}}}\n"
        + generator("bomb: {block: a}\n" + IMAGE) + D + PLAN
    )  # fmt: skip
    yield "circle of extends", "gandsl: 1\nname: bomb\nextends: bomb.yaml\n"
    yield "huge resolution", (
        HEAD + "params: {resolution: {type: size, default: 2 ** 40}}\n"
        + generator(
            "start: {op: reshape, channels: 16, size: 1}\n"
            'f: {fold: {res: "doubling(2, resolution)"}, body: {up: {op: upsample}, c: {op: conv, channels: 3}}}'
        )
        + D.replace("[3, 8]", "[3, 7]") + PLAN
    )  # fmt: skip
    yield (
        "a million channels",
        (HEAD + "params: {widths: [" + ", ".join(["512"] * 1_000_000) + "]}\n" + generator(IMAGE) + D + PLAN),
    )
    yield "a list of a million", HEAD + generator('v: "[1] * 1000000"\n' + IMAGE) + D + PLAN
    yield (
        "styles without end",
        (
            HEAD
            + generator('ws: {op: broadcast_styles, count: 2 ** 40}\nall: "ws[0 : 1000000]"\n' + IMAGE)
            + D
            + PLAN
        ),
    )
    yield (
        "inputs without end",
        (HEAD + generator(IMAGE, 'z: {type: "Latent[k + 1]", each: {k: "range(4096)"}}') + D + PLAN),
    )
    yield "levels without end", (HEAD + 'growth: {over: "range(1, 4000)"}\n' + generator(IMAGE) + D + PLAN)
    yield "growing folds", (
        HEAD + 'growth: {over: "doubling(1, 2 ** 15)"}\n'
        + generator(
            'f: {fold: {i: "range(250)"}, body: {g: {fold: {j: "range(60)"}, label: t, body: {a: {op: relu}}}}}\n' + IMAGE
        )
        + D + PLAN
    )  # fmt: skip
    yield "two hundred errors in each of many stages", (
        HEAD + generator('f:\n  fold: {i: "range(250)"}\n  body:\n' + "".join(f"    a{k}: {{op: nope{k}}}\n" for k in range(200)) + IMAGE) + D + PLAN
    )  # fmt: skip
    yield (
        "ten thousand misspelt names",
        (
            HEAD
            + generator("\n".join(f"n{k}: nothing_{k} + 1" for k in range(8000)) + "\n" + IMAGE)
            + D
            + PLAN
        ),
    )
