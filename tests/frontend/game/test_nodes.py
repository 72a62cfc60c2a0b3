"""Each form of a node in a game, as the nodes of the graph that it becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frontend.game.small import nodes

CALL = 'outputs=[["logit", "Logits", [1]], ["pixels", "Logits", [1, 4, 4]]]'
OUTPUTS = """\
PICK.logit = output(x=PICK) index=0 kind="Logits" shape=[1] : Logits[1]
PICK.pixels = output(x=PICK) index=1 kind="Logits" shape=[1, 4, 4] : Logits[1, 4, 4]"""


def outputs(name: str) -> str:
    return OUTPUTS.replace("PICK", name)


CASES = {
    # ---- draws
    "an input": ("a: {draw: generator.z}", 'a = draw() kind="Latent" shape=[4] : Latent[4]'),
    "a label of a network": (
        "a: {draw: generator.y}",
        'a = draw() kind="Label" shape=[3] distribution="labels" : Label[3]',
    ),
    "a label of the data": (
        "a: {draw: y}",
        'a = draw() kind="Label" shape=[3] distribution="labels" : Label[3]',
    ),
    "classes alike": (
        "a: {draw: y, distribution: uniform}",
        'a = draw() kind="Label" shape=[3] distribution="labels" even=true : Label[3]',
    ),
    "a number": ("a: {draw: Number}", 'a = draw() kind="Number" distribution="uniform" : Number'),
    "one number": (
        "a: {draw: Scalar, per: batch}",
        'a = draw() kind="Scalar" distribution="uniform" per="batch" : Scalar',
    ),
    "a type": ('a: {draw: "Vector[resolution.h // 4]"}', 'a = draw() kind="Vector" shape=[2] : Vector[2]'),
    "a uniform vector": (
        'a: {draw: "Vector[2]", distribution: uniform}',
        'a = draw() kind="Vector" shape=[2] distribution="uniform" low=-1.0 : Vector[2]',
    ),
    "its bounds": (
        "a: {draw: Number, distribution: integers, low: 1, high: 2 + 3, per: micro_batch}",
        'a = draw() kind="Number" distribution="integers" low=1.0 high=5.0 per="micro_batch" : Number',
    ),
    "the type of a tensor": (
        "a: {draw: fake.rgb.type, distribution: normal}",
        'a = draw() kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]',
    ),
    # ---- numbers that change, states
    "a curve": (
        "a: {value: {shape: linear, start: 1, end: 0, over: 2 * 50 kimg}}",
        'a = clock() number={shape="linear", start=1.0, end=0.0, over="100 kimg"} : Scalar',
    ),
    "stairs": (
        "a: {value: {values: [0, 1], at: [3 steps]}}",
        'a = clock() number={values=[0.0, 1.0], at=["3 steps"]} : Scalar',
    ),
    "a state": (
        'a: {state: Scalar, start: 0.5, in: generator, next: "a + 0.1 * (gap - a)"}\ngap: mean(said.logit)',
        "a = state() start=0.5 : Scalar\n"
        "gap = mean(x=said.logit) : Scalar\n"
        'a.next.sub = heard() node="gap" : Scalar\n'
        "a.next.sub1 = minus(a=a.next.sub, b=a) : Scalar\n"
        "a.next.sub2 = times(b=a.next.sub1) number=0.1 : Scalar\n"
        "a.next = plus(a=a, b=a.next.sub2) : Scalar",
    ),
    "a state of what has samples": (
        'a: {state: Scalar, in: generator, next: "mean(abs(said.logit))"}',
        "a = state() : Scalar\n"
        "a.next.sub = abs(x=said.logit) : Logits[1]\n"
        "a.next.sub1 = mean(x=a.next.sub) : Scalar\n"
        'a.next = heard() node="a.next.sub1" : Scalar',
    ),
    "a state of a state and the clock": (
        'a: {state: Scalar, in: generator, next: "b * less"}\n'
        "b: {state: Scalar, in: generator, next: a}\nless: {value: {values: [1, 2], at: [1 steps]}}",
        "a = state() : Scalar\nb = state() : Scalar\n"
        'less = clock() number={values=[1.0, 2.0], at=["1 steps"]} : Scalar\n'
        "a.next = times(a=b, b=less) : Scalar",
    ),
    # ---- calls
    "a call": (
        "a: {network: judge, image: image}",
        f'a = call(inputs=[image]) network="judge" names=["image"] {CALL} : Outputs\n' + outputs("a"),
    ),
    "its options": (
        "a: {network: judge, image: image, weights: average, mode: training, holds: all, draws: real, "
        "outputs: all}",
        f'a = call(inputs=[image]) network="judge" names=["image"] {CALL} weights="average" mode="training" '
        'holds=["all"] draws="real" all=true : Outputs\n' + outputs("a"),
    ),
    "the entries": (
        "a: {network: generator.mapping, z: z, y: c, holds: track_average}\n"
        "b: {network: generator.synthesis, ws: a}",
        'a = call(inputs=[z, c]) network="generator" entry="mapping" names=["z", "y"] '
        'outputs=[["styles", "Styles", [2, 4]]] holds=["track_average"] : Outputs\n'
        'a.styles = output(x=a) index=0 kind="Styles" shape=[2, 4] : Styles[2, 4]\n'
        'b = call(inputs=[a.styles]) network="generator" entry="synthesis" names=["w"] '
        'outputs=[["rgb", "Image", [3, 8, 8]]] : Outputs\n'
        'b.rgb = output(x=b) index=0 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]',
    ),
    "a list of outputs": (
        "a: {network: heads, image: image}\nb: average(mean(a.said ** 2))",
        'a = call(inputs=[image]) network="heads" names=["image"] '
        'outputs=[["said_0", "Logits", [1]], ["said_1", "Logits", [1]]] : Outputs\n'
        'a.said_0 = output(x=a) index=0 kind="Logits" shape=[1] : Logits[1]\n'
        'a.said_1 = output(x=a) index=1 kind="Logits" shape=[1] : Logits[1]\n'
        "b.sub = power(x=a.said_0) exponent=2.0 : Logits[1]\n"
        "b.sub1 = power(x=a.said_1) exponent=2.0 : Logits[1]\n"
        "b.sub2 = mean(x=b.sub) : Scalar\n"
        "b.sub3 = mean(x=b.sub1) : Scalar\n"
        "b = average(terms=[b.sub2, b.sub3]) : Scalar",
    ),
    # ---- expressions
    "a name is no node": ("a: said.logit\nb: mean(a)", "b = mean(x=said.logit) : Scalar"),
    "numbers on either side": (
        "a: 1 - real.logit\nb: real.logit / 2\nc2: 2 ** 3 * real.logit",
        "a = minus(b=real.logit) number=1.0 : Logits[1]\n"
        "b = divide(a=real.logit) number=2.0 : Logits[1]\n"
        "c2 = times(b=real.logit) number=8.0 : Logits[1]",
    ),
    "a minus before": ("a: -real.logit", "a = negate(x=real.logit) : Logits[1]"),
    "numbers stay numbers": (
        "a: clip(exp(0) * 3, 0, 2) + sign(-4)\nb: a * real.logit",
        "b = times(b=real.logit) number=1.0 : Logits[1]",
    ),
    "a clip with one bound": (
        "a: clip(real.logit, absent, 1)",
        "a = clip(x=real.logit) high=1.0 : Logits[1]",
    ),
    "which is below": ("a: below(0, real.logit)", "a = below(b=real.logit) number=0.0 : Logits[1]"),
    "a blend by a number": (
        "a: lerp(image, fake, 0.25)",
        "a.sub = clock() number=0.25 : Scalar\na = lerp(a=image, b=fake.rgb, weight=a.sub) : Image[3, 8, 8]",
    ),
    "lists entry by entry": (
        'a: "[real.logit, said.logit] - [said.logit, real.logit]"',
        "a = minus(a=real.logit, b=said.logit) : Logits[1]\n"
        "a1 = minus(a=said.logit, b=real.logit) : Logits[1]",
    ),
    "a function of one's own": (
        "a: twice(mean(real.logit))",
        "a.sub = mean(x=real.logit) : Scalar\na = times(b=a.sub) number=2.0 : Scalar",
    ),
    "an entry of a list": (
        'a: "total([real.logit, said.logit][:1])"\nb: "stop_gradient([real.logit, said.logit][1])"',
        "b = stop_gradient(x=said.logit) : Logits[1]",
    ),
    "weights": (
        "a: {op: off_diagonal, x: \"weights(judge, 'conv', 'pixels')\"}\nb: weight(judge.logit)",
        'a.sub = weights() network="judge" skip=["conv", "pixels"] : Weights\n'
        "a = off_diagonal(x=a.sub) : Scalar\n"
        'b = weights() network="judge" path="logit" : Weights',
    ),
    # ---- ops and blocks
    "a gradient": (
        "a: {op: gradient, of: sample_mean(real.logit), by: image}\nb: mean(a)",
        "a.sub = sample_mean(x=real.logit) : Number\n"
        "a = gradient(of=a.sub, by=[image]) : Outputs\n"
        'a.by = output(x=a) index=0 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]\n'
        "b = mean(x=a.by) : Scalar",
    ),
    "by a list": (
        'a: {op: gradient, of: sample_mean(real.logit), by: "[image, fake]"}\nb: total(sample_sum(a ** 2))',
        "a.sub = sample_mean(x=real.logit) : Number\n"
        "a = gradient(of=a.sub, by=[image, fake.rgb]) : Outputs\n"
        'a.by = output(x=a) index=0 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]\n'
        'a.by1 = output(x=a) index=1 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]\n'
        "b.sub = power(x=a.by) exponent=2.0 : Image[3, 8, 8]\n"
        "b.sub1 = power(x=a.by1) exponent=2.0 : Image[3, 8, 8]\n"
        "b.sub2 = sample_sum(x=b.sub) : Number\n"
        "b.sub3 = sample_sum(x=b.sub1) : Number\n"
        "b = total(terms=[b.sub2, b.sub3]) : Number",
    ),
    "joined and split": (
        "a: {op: join, terms: [fake, image]}\nb: {network: judge, image: a}\n"
        "c2: {op: split, x: b.logit, as: a}",
        "a = join(terms=[fake.rgb, image]) : Image[3, 8, 8] ×2\n"
        f'b = call(inputs=[a]) network="judge" names=["image"] {CALL} : Outputs ×2\n'
        'b.logit = output(x=b) index=0 kind="Logits" shape=[1] times=2 : Logits[1] ×2\n'
        'b.pixels = output(x=b) index=1 kind="Logits" shape=[1, 4, 4] times=2 : Logits[1, 4, 4] ×2\n'
        "c2 = split(x=b.logit) counts=[1, 1] : Outputs ×2\n"
        'c2.x = output(x=c2) index=0 kind="Logits" shape=[1] : Logits[1]\n'
        'c2.x1 = output(x=c2) index=1 kind="Logits" shape=[1] : Logits[1]',
    ),
    "lists joined and split": (
        'a: {op: join, terms: ["[fake, image]", "[image, fake]"]}\nb: {op: split, x: a, as: a}\nd: abs(b[1])',
        "a = join(terms=[fake.rgb, image]) : Image[3, 8, 8] ×2\n"
        "a1 = join(terms=[image, fake.rgb]) : Image[3, 8, 8] ×2\n"
        "b = split(x=a) counts=[1, 1] : Outputs ×2\n"
        'b.x = output(x=b) index=0 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]\n'
        'b.x1 = output(x=b) index=1 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]\n'
        "b1 = split(x=a1) counts=[1, 1] : Outputs ×2\n"
        'b1.x = output(x=b1) index=0 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]\n'
        'b1.x1 = output(x=b1) index=1 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]\n'
        "d = abs(x=b.x1) : Image[3, 8, 8]\n"
        "d1 = abs(x=b1.x1) : Image[3, 8, 8]",
    ),
    "augmented": (
        "a: {op: augment, x: image, pipe: [xflip, cutout], p: 0.5}\nb: {network: judge, image: a}",
        'a = augment(x=[image]) pipe=["xflip", "cutout"] chance=0.5 : Outputs\n'
        'a.x = output(x=a) index=0 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]\n'
        f'b = call(inputs=[a.x]) network="judge" names=["image"] {CALL} : Outputs\n' + outputs("b"),
    ),
    "augmented by a curve": (
        "a: {op: augment, x: image, pipe: {xflip: 1, hue: 0.5}, p: {values: [0, 1], at: [1 kimg]}}",
        'a.sub = clock() number={values=[0.0, 1.0], at=["1 kimg"]} : Scalar\n'
        'a = augment(x=[image], p=a.sub) pipe=[["xflip", 1.0], ["hue", 0.5]] : Outputs\n'
        'a.x = output(x=a) index=0 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]',
    ),
    "several by one draw": (
        "a: {op: augment, x: [image, fake], pipe: xflip_}\n".replace("xflip_", "blit"),
        'a = augment(x=[image, fake.rgb]) pipe="blit" : Outputs\n'
        'a.x = output(x=a) index=0 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]\n'
        'a.x1 = output(x=a) index=1 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]',
    ),
    "a mask": (
        'corner: {draw: "Vector[2]", distribution: uniform, low: 0}\n'
        "share: {draw: Number}\nmask: {op: box_mask, like: image, corner: corner, share: share}\n"
        "cut: {op: lerp, a: fake, b: image, weight: mask}",
        'corner = draw() kind="Vector" shape=[2] distribution="uniform" : Vector[2]\n'
        'share = draw() kind="Number" distribution="uniform" : Number\n'
        "mask = box_mask(like=image, corner=corner, share=share) : Feature[1, 8, 8]\n"
        "cut = lerp(a=fake.rgb, b=image, weight=mask) : Image[3, 8, 8]",
    ),
    "a block": (
        "a: {block: between, of: real.logit, by: image, power: 3}\nb: a.second",
        "a.inner.sub = times(a=real.logit) number=3.0 : Logits[1]\n"
        "a.inner = mean(x=a.inner.sub) : Scalar\n"
        "a.other = mean(x=image) : Scalar\n"
        "a.sub = times(a=a.inner) number=2.0 : Scalar",
    ),
    "a block's number": (
        "k: {value: {values: [1, 2], at: [1 kimg]}}\n"
        "a: {block: between, of: real.logit, by: image, power: -k}",
        'k = clock() number={values=[1.0, 2.0], at=["1 kimg"]} : Scalar\n'
        "a.sub = negate(x=k) : Scalar\n"
        "a.inner.sub = times(a=real.logit, b=a.sub) : Logits[1]\n"
        "a.inner = mean(x=a.inner.sub) : Scalar\n"
        "a.other = mean(x=image) : Scalar\n"
        "a.sub1 = times(a=a.inner) number=2.0 : Scalar",
    ),
    "a block's curve": (
        "a: {block: between, of: real.logit, by: image, power: {values: [1, 2], at: [1 kimg]}}",
        'a.sub = clock() number={values=[1.0, 2.0], at=["1 kimg"]} : Scalar\n'
        "a.inner.sub = times(a=real.logit, b=a.sub) : Logits[1]\n"
        "a.inner = mean(x=a.inner.sub) : Scalar\n"
        "a.other = mean(x=image) : Scalar\n"
        "a.sub1 = times(a=a.inner) number=2.0 : Scalar",
    ),
    "absent nodes": (
        "a: {value: mean(real.logit), when: classes == 0}\nb: {value: mean(fake), unless: present(a)}",
        "b = mean(x=fake.rgb) : Scalar",
    ),
    "a fold": (
        "a:\n  fold: {i: [1, 2]}\n  carry: {x: image}\n  body: {more: x * i}\n  next: {x: more}",
        "s1.more = times(a=image) number=1.0 : Image[3, 8, 8]\n"
        "s2.more = times(a=s1.more) number=2.0 : Image[3, 8, 8]",
    ),
    "a network in a slot": (
        "a: {block: judged, x: image, judge: judge}\nb: {block: judged, x: z, judge: {use: generator, y: c}}",
        f'a.say = call(inputs=[image]) network="judge" names=["image"] {CALL} : Outputs\n'
        + outputs("a.say")
        + "\n"
        "a.score = mean(x=a.say.logit) : Scalar\n"
        'b.say = call(inputs=[z, c]) network="generator" names=["z", "y"] '
        'outputs=[["rgb", "Image", [3, 8, 8]]] : Outputs\n'
        'b.say.rgb = output(x=b.say) index=0 kind="Image" shape=[3, 8, 8] : Image[3, 8, 8]\n'
        "b.score = mean(x=b.say.rgb) : Scalar",
    ),
    "an op in a slot": (
        "a: {block: judged, x: image, judge: tanh}",
        "a.say = tanh(x=image) : Feature[3, 8, 8]\na.score = mean(x=a.say) : Scalar",
    ),
}
INTERFACES = """\
interfaces: {Judging: {ports: {x: Tensor}}}
"""
BLOCKS = """\
let: {twice(x): 2 * x}
blocks:
  between:
    ports: {of: Logits, by: Image}
    params: {power: {type: number, default: 1}}
    body:
      inner: mean(of * power)
      other: mean(by)
    outputs: {first: inner * 2, second: other}
  judged:
    ports: {x: Tensor}
    slots: {judge: Judging}
    body:
      say: {slot: judge, x: x}
      score: mean(say)
"""


@pytest.mark.parametrize("name", CASES)
def test_a_form_becomes_these_nodes(name: str, tmp_path: Path) -> None:
    body, wanted = CASES[name]
    found = nodes(tmp_path, body, before=INTERFACES + BLOCKS)
    assert found == wanted.splitlines()


def test_absent_fields_make_absent_nodes(tmp_path: Path) -> None:
    found = nodes(tmp_path, "", "params.classes=0")
    assert not found
