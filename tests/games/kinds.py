"""Small games of networks of other kinds than an image or a latent: what they take, give, and hand on."""

# ruff: noqa: E501 - specs stand as they are

from __future__ import annotations

import numpy as np

END = """\
training: {length: 3 steps, batch: 4, optimizer: {lr: 1e-3}, averages: {AVERAGED: {half_life: 10 img}}}
"""

BIGAN = """\
data: {image: "Image[3, 8]"}
networks:
  generator:
    inputs: {z: "Latent[6]"}
    body: {dense: {op: linear, features: 192}, made: {op: reshape, channels: 3, size: 8}}
    outputs: {image: {of: made, kind: Image}}
  encoder:
    inputs: {image: "Image[3, 8]"}
    body: {flat: {op: flatten}, mean: {op: linear, features: 6}, spread: {op: linear, x: flat, features: 6}}
    outputs: {mean: {of: mean, kind: Latent}, spread: {of: spread, kind: Vector}}
  judge:
    inputs: {image: "Image[3, 8]", z: "Latent[6]"}
    body:
      flat: {op: flatten, x: image}
      both: {op: concat, terms: [flat, z]}
      logit: {op: linear, features: 1}
game:
  body:
    z: {draw: generator.z}
    fake: {network: generator, z: z}
    code: {network: encoder, image: image}
    real: {network: judge, image: image, z: code.mean}
    said: {network: judge, image: fake, z: z}
    back: {network: generator, z: code.mean}
    adversarial: {block: loss.hinge, real: real, fake: said}
  players:
    judge: {trains: [judge], terms: {adversarial: adversarial.discriminator}}
    both: {trains: [generator, encoder], terms: {adversarial: mean(real) - mean(said)}}
  shows: [image, back, fake]
  watches: {real: real, fake: said, samples: fake, items: image}
"""
PAIRS = """\
data: {image: "Image[3, 8]", edges: "Image[1, 8]"}
networks:
  painter:
    inputs: {edges: "Image[1, 8]"}
    body: {conv: {op: conv, channels: 3, kernel: 3}, act: {op: tanh}}
    outputs: {image: {of: act, kind: Image}}
  judge:
    inputs: {image: "Image[3, 8]", edges: "Image[1, 8]"}
    body:
      both: {op: concat, terms: [image, edges]}
      logit: {op: conv, channels: 1, kernel: 4, stride: 2}
game:
  body:
    made: {network: painter, edges: edges}
    real: {network: judge, image: image, edges: edges}
    said: {network: judge, image: made, edges: edges}
    adversarial: {block: loss.hinge, real: real, fake: said}
  players:
    judge: {trains: [judge], terms: {adversarial: adversarial.discriminator}}
    painter: {trains: [painter], terms: {adversarial: adversarial.generator, near: mean(abs(made - image))}}
  shows: [edges, made, image]
  watches: {real: real, fake: said, samples: made, items: image}
"""
TEXT = """\
data: {image: "Image[3, 8]", text: "Vector[5]", y: "Label[4]"}
networks:
  painter:
    inputs: {text: "Vector[5]", z: "Latent[6]", y: "Label[4]"}
    body:
      kind: {op: one_hot, y: y}
      all: {op: concat, terms: [text, z, kind]}
      dense: {op: linear, features: 192}
      made: {op: reshape, channels: 3, size: 8}
    outputs: {image: {of: made, kind: Image}}
  judge:
    inputs: {text: "Vector[5]", image: "Image[3, 8]"}
    body:
      conv: {op: conv, x: image, channels: 5, kernel: 3}
      pooled: {op: global_pool}
      logit: {op: dot, a: pooled, b: text}
    outputs: {logit: {of: logit, kind: Logits}, seen: {of: pooled, kind: Vector}}
game:
  body:
    z: {draw: painter.z}
    made: {network: painter, text: text, z: z, y: y}
    real: {network: judge, image: image, text: text}
    said: {network: judge, image: made, text: text}
    adversarial: {block: loss.logistic, real: real.logit, fake: said.logit}
  players:
    judge: {trains: [judge], terms: {adversarial: adversarial.discriminator}}
    painter: {trains: [painter], terms: {adversarial: adversarial.generator}}
  shows: [made]
  watches: {real: real.logit, fake: said.logit, samples: made, items: image}
"""
VECTORS = """\
data: {row: "Vector[5]", seq: "Tokens[3, 4]"}
networks:
  maker:
    inputs: {z: "Latent[6]", seq: "Tokens[3, 4]"}
    body:
      flat: {op: flatten, x: seq}
      both: {op: concat, terms: [z, flat]}
      dense: {op: linear, features: 8}
      act: {op: relu}
      made: {op: linear, features: 5}
    outputs: {row: {of: made, kind: Vector}}
  judge:
    inputs: {row: "Vector[5]"}
    body: {dense: {op: linear, features: 8}, act: {op: relu}, logit: {op: linear, features: 1}}
game:
  body:
    z: {draw: maker.z}
    made: {network: maker, z: z, seq: seq}
    real: {network: judge, row: row}
    said: {network: judge, row: made}
    adversarial: {block: loss.logistic, real: real, fake: said}
  players:
    judge:
      trains: [judge]
      terms:
        adversarial: adversarial.discriminator
        r1: {block: penalty.zero_centred, of: real, by: row, gamma: 1, every: 2 steps}
    maker: {trains: [maker], terms: {adversarial: adversarial.generator}}
"""

GROWN = """\
data: {FIELD}
let: {sizes: "doubling(4, 8)"}
growth: {over: sizes}
blocks:
  rise:
    ports: {x: Feature}
    params: {first: bool}
    body: {up: {op: upsample, unless: first}, conv: {op: conv, channels: 3}, act: {op: tanh}}
  fall:
    ports: {x: Feature}
    body: {conv: {op: conv, channels: 3}, act: {op: tanh}, pool: {op: pool}}
networks:
  maker:
    inputs: {z: "Latent[5]", alpha: {type: Scalar, when: fading}}
    body:
      dense: {op: linear, features: NUMBERS}
      start: {op: reshape, channels: 3, size: [START]}
      top: {topology: grow, alpha: alpha, over: sizes, stage: {use: rise, first: first}, exit: {use: conv, channels: 1, kernel: 1}}
    outputs: {made: {of: top, kind: KIND}}
  judge:
    inputs: {x: "KIND[1, level_size]", alpha: {type: Scalar, when: fading}}
    body:
      top: {topology: grow_down, alpha: alpha, over: "reverse(sizes[1:])", enter: {use: conv, channels: 3, kernel: 1}, stage: fall}
      flat: {op: flatten}
      logit: {op: linear, features: 1}
game:
  body:
    z: {draw: maker.z}
    item: {block: level.item, x: NAME}
    made: {network: maker, z: z}
    real: {network: judge, x: item}
    said: {network: judge, x: made}
    adversarial: {block: loss.hinge, real: real, fake: said}
  players:
    judge: {trains: [judge], terms: {adversarial: adversarial.discriminator}}
    maker: {trains: [maker], terms: {adversarial: adversarial.generator}}
  shows: [item, made]
  watches: {real: real, fake: said, samples: made, items: item}
"""
GROWTH = END.replace("optimizer:", "growth: {stable: 2 img, fade: 4 img}, optimizer:")


def grown(kind: str, name: str, field: str, sides: int) -> str:
    """A game over networks that grow: of a level, then its fade, then the last one, a step each."""
    start = ", ".join(["4"] * sides)
    found = GROWN.replace("KIND", kind).replace("NAME", name).replace("FIELD", field)
    return found.replace("NUMBERS", str(3 * 4**sides)).replace("START", start)


SOUND = grown("Signal", "sound", 'sound: "Signal[1, 8]"', 1)
VOLUME = grown("Volume", "volume", 'volume: {type: "Volume[1, 8]", range: [-1, 1]}', 3)

GAMES = {
    name: f"gandsl: 1\nname: {name}\n{text}{(GROWTH if 'growth:' in text else END).replace('AVERAGED', averaged)}"
    for name, text, averaged in (
        ("bigan", BIGAN, "encoder"),
        ("pairs", PAIRS, "painter"),
        ("text", TEXT, "painter"),
        ("vectors", VECTORS, "maker"),
        ("sound", SOUND, "maker"),
        ("volume", VOLUME, "maker"),
    )
}

COUNT = 12


def items() -> dict[str, np.ndarray]:
    """Fields of the games' items, by name."""
    rng = np.random.default_rng(0)
    return {
        "image": rng.integers(0, 256, (COUNT, 8, 8, 3)).astype(np.uint8),
        "edges": rng.integers(0, 256, (COUNT, 8, 8)).astype(np.uint8),
        "text": rng.normal(size=(COUNT, 5)).astype(np.float32),
        "y": rng.integers(0, 4, COUNT),
        "row": rng.normal(size=(COUNT, 5)).astype(np.float32),
        "seq": rng.normal(size=(COUNT, 3, 4)).astype(np.float32),
        "sound": rng.uniform(-1, 1, (COUNT, 1, 8)).astype(np.float32),
        "volume": rng.uniform(-1, 1, (COUNT, 1, 8, 8, 8)).astype(np.float32),
    }
