"""A small game of its own, and changes to its text."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from tests.analysis.small import Edit

GAME = """\
gandsl: 1
name: small
data: {image: "Image[3, 8]"}
networks:
  generator:
    inputs: {z: "Latent[16]"}
    body:
      dense: {op: linear, features: 192}
      start: {op: reshape, channels: 3, size: 8}
      image: {op: tanh}
  discriminator:
    inputs: {image: "Image[3, 8]"}
    body:
      conv: {op: conv, channels: 8, stride: 2}
      act: {op: relu}
      flat: {op: flatten}
      logit: {op: linear, features: 1}
game:
  body:
    z: {draw: generator.z}
    fake: {network: generator, z: z}
    real: {network: discriminator, image: image}
    said: {network: discriminator, image: fake}
    judged: {block: loss.logistic, real: real, fake: said}
  players:
    discriminator:
      trains: [discriminator]
      terms:
        adversarial: judged.discriminator
        r1: {block: penalty.zero_centred, of: real, by: image, gamma: 1, every: 16 steps}
    generator:
      trains: [generator]
      terms:
        adversarial: judged.generator
  shows: [fake]
training:
  length: 10 kimg
  batch: 32
  optimizer: {lr: 1e-3, betas: [0.0, 0.99]}
"""

G_TERM = "        adversarial: judged.generator\n"
R1 = "        r1: {block: penalty.zero_centred, of: real, by: image, gamma: 1, every: 16 steps}\n"
JUDGED = "    judged: {block: loss.logistic, real: real, fake: said}\n"


def body(node: str) -> Edit:
    """One more node, behind `judged`."""
    return (JUDGED, f"{JUDGED}    {node}\n")


def network(text: str) -> Edit:
    return ("game:\n  body:\n", f"  {text}\ngame:\n  body:\n")


def generator_term(text: str) -> Edit:
    return (G_TERM, f"{G_TERM}        {text}\n")


def logs(text: str) -> Edit:
    return ("  shows: [fake]\n", f"  logs: {{{text}}}\n  shows: [fake]\n")


def watches(text: str) -> Edit:
    return ("  shows: [fake]\n", f"  watches: {{{text}}}\n  shows: [fake]\n")


OWN_GRADIENT = """\
  gradient:
    ports: {of: Logits, by: Tensor}
    body:
      score: average(sample_mean(of))
      slope: {op: gradient, of: score, by: by}
      penalty: mean(total(sample_sum(slope ** 2)))
    outputs: {penalty: penalty}
"""
VARIANCE = [body("middle: mean(fake)"), generator_term("spread: mean((fake - middle) ** 2)")]
SPLIT: Edit = ("  batch: 32\n", "  batch: 32\n  micro_batch: 8\n")
FEATURES = """features:
    inputs: {image: "Image[3, 8]"}
    body: {conv: {op: conv, channels: 4}, act: {op: relu}}"""
TWO_HEADS: list[Edit] = [
    (
        "      logit: {op: linear, features: 1}\n",
        "      logit: {op: linear, features: 1}\n      rebuilt: {op: linear, x: flat, features: 4}\n    outputs: {logit: logit, rebuilt: rebuilt}\n",
    ),
    (
        JUDGED,
        "    judged: {block: loss.logistic, real: real.logit, fake: said.logit}\n"
        "    more: {block: loss.hinge, real: real.rebuilt, fake: said.rebuilt}\n",
    ),
    (R1, ""),
]

ADDED_HEAD: Edit = (
    "        adversarial: judged.discriminator\n",
    "        adversarial: judged.discriminator + more.discriminator\n",
)
SAID_HEAD: Edit = (
    TWO_HEADS[0][0],
    TWO_HEADS[0][1].replace("logit: logit", "logit: {of: logit, kind: Logits}"),
)
