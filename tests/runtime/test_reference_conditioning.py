"""Steps with an auxiliary classifier, and with consistency, against loops written out, in float64."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import autograd

from gandsl_runtime.augment import Augment
from gandsl_runtime.errors import PlanError
from gandsl_runtime.plan import Augment as AugmentPlan
from gandsl_runtime.rng import Draws, Key, Part
from tests.runtime import nets
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded
from tests.runtime.plays import CPU, asked, pass_of, phase_of, state_of
from tests.runtime.reference import SEED, Reference, labels, trainer_of

ADAM = {"lr": 0.01, "betas": (0.0, 0.9)}
SHARES = [7 / 21] * 3


def negative_log_likelihood(logits, y):
    """−E log softmax(logits)[y], the sums written out."""
    chosen = logits[torch.arange(len(y)), y]
    return (logits.exp().sum(1).log() - chosen).mean()


@pytest.mark.parametrize("passes", ["separate", "joint"])
@pytest.mark.parametrize("every", [1, 2])
def test_auxiliary_classifier(passes, every):
    """Losses and R1 leave the class head out, wherever it stands; lazy steps move it too."""
    the_plan = plan(
        loss="bce",
        auxiliary={"output": "label", "real": 0.7, "fake": 0.2, "generator": 0.4},
        regularizers={"r1": {"gamma": 0.6, "every": f"{every} steps"}},
        discriminator_passes=passes,
        optimizer={"lr": 0.01, "betas": [0.0, 0.9]},
        ema={"decay": 0.7},
    )
    networks = seeded(ConvGenerator, 3), seeded(ConvDiscriminator, heads=("label", "one", "pixels"))
    trainer = trainer_of(networks, the_plan, arrays(classes=3))
    r = every / (every + 1) if every > 1 else 1
    ref = Reference(trainer, ADAM, {"lr": 0.01 * r, "betas": (0.0, 0.9**r)})

    def generate(draws):
        y = labels(draws, SHARES)
        return ref.G(draws.normal("z", 6), y), y

    def r1(x, one, pixels):
        score = (one[:, 0] + pixels.mean((1, 2, 3))) / 2
        (g,) = autograd.grad(score.sum(), x, create_graph=True)
        return 0.3 * g.square().sum((1, 2, 3)).mean()

    for step in range(3):
        trainer.step()
        x, y = ref.real(4)
        x.requires_grad_()
        ref.opt_d.zero_grad()
        with torch.no_grad():
            fake, y_fake = generate(ref.draws(step, "discriminator", 4))
        (label, one, pixels), (label_fake, one_fake, pixels_fake) = ref.D(x), ref.D(fake)
        real_is_real = -(torch.sigmoid(one).log().mean() + torch.sigmoid(pixels).log().mean()) / 2
        fake_is_fake = (
            -((1 - torch.sigmoid(one_fake)).log().mean() + (1 - torch.sigmoid(pixels_fake)).log().mean()) / 2
        )
        loss = real_is_real + fake_is_fake
        loss = loss + 0.7 * negative_log_likelihood(label, y)
        loss = loss + 0.2 * negative_log_likelihood(label_fake, y_fake)
        if every == 1:
            loss = loss + r1(x, one, pixels)
        loss.backward()
        ref.opt_d.step()
        if every == 2 and step % 2 == 0:
            ref.opt_d.zero_grad()
            outputs = ref.D(x)
            (2 * (r1(x, *outputs[1:]) + sum(0 * output.sum() for output in outputs))).backward()
            ref.opt_d.step()

        ref.opt_g.zero_grad()
        fake, y_fake = generate(ref.draws(step, "generator", 4))
        label, one, pixels = ref.D(fake)
        loss = -(torch.sigmoid(one).log().mean() + torch.sigmoid(pixels).log().mean()) / 2
        (loss + 0.4 * negative_log_likelihood(label, y_fake)).backward()
        ref.opt_g.step()
        ref.average(0.7)
    ref.assert_equals_trainer()


@pytest.mark.parametrize(
    ("output", "classes", "heads", "said"),
    [
        ("lable", 3, ("one", "label"), "names lable, and the discriminator has no such output"),
        ("label", 0, ("one", "label"), "needs classes, and the generator takes none"),
        ("label", 4, ("one", "label"), r"knows 4 classes, and the discriminator's label is \(3,\)"),
        ("label", 3, ("label",), "only output, label, is the auxiliary classifier's"),
    ],
)
def test_a_classifier_that_does_not_fit(output, classes, heads, said):
    networks = seeded(ConvGenerator, classes), seeded(ConvDiscriminator, heads=heads)
    with pytest.raises(PlanError, match=said):
        nets.game(plan(auxiliary={"output": output}), networks)


@pytest.mark.parametrize("augmented", [False, True])
def test_consistency(augmented):
    """CR, bCR and zCR together, on what augmentation shows."""
    shown = {"pipe": "color", "p": 0.8}
    the_plan = plan(
        regularizers={
            "consistency": {
                "real": 3.0,
                "fake": 0.7,
                "pipe": ["diff_translation", "xflip"],
                "latent": {"sigma": 0.4, "discriminator": 1.5, "generator": 0.3},
            }
        },
        augment=shown if augmented else None,
        optimizer={"lr": 0.01, "betas": [0.0, 0.9]},
        ema={"decay": 0.7},
    )
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator, heads=("one", "pixels"))
    trainer = trainer_of(networks, the_plan, arrays())
    ref = Reference(trainer, ADAM, ADAM)
    transform = Augment(AugmentPlan(pipe=("xflip", "diff_translation"), p=1), (-1, 1))
    show = Augment(AugmentPlan.model_validate(shown), (-1, 1)) if augmented else lambda x, *_: x

    def seen(x, draws, what):
        return show(x, 0.8, draws, what)

    def apart(a, b):
        return sum((one - other).square().mean() for one, other in zip(a, b, strict=True)) / 2

    def generate(draws, player):
        z = draws.normal("z", 6)
        return z, z + 0.4 * draws.normal(f"{player}.consistency_latent.z", 6)

    for step in range(3):
        trainer.step()
        draws = ref.draws(step, "discriminator", 4)
        x, _ = ref.real(4)
        ref.opt_d.zero_grad()
        with torch.no_grad():
            z, z_near = generate(draws, "discriminator")
            fake, near = seen(ref.G(z), draws, "shown"), seen(ref.G(z_near), draws, "shown")
        x = seen(x, draws, "seen")
        on_real, on_fake = ref.D(x), ref.D(fake)
        loss = (
            sum(F.softplus(-r).mean() + F.softplus(f).mean() for r, f in zip(on_real, on_fake, strict=True))
            / 2
        )
        for images, said, place, weight in ((x, on_real, "real", 3.0), (fake, on_fake, "fake", 0.7)):
            moved = transform(images, 1.0, draws, f"discriminator.consistency_{place}.moved")
            assert (moved - images).abs().max() > 0.1
            loss = loss + weight * apart(said, ref.D(moved))
        (loss + 1.5 * apart(on_fake, ref.D(near))).backward()
        ref.opt_d.step()

        draws = ref.draws(step, "generator", 4)
        ref.opt_g.zero_grad()
        z, z_near = generate(draws, "generator")
        fake, near = ref.G(z), ref.G(z_near)
        said = ref.D(seen(fake, draws, "shown"))
        loss = sum(F.softplus(-f).mean() for f in said) / 2
        (loss - 0.3 * (fake - near).square().mean()).backward()
        ref.opt_g.step()
        ref.average(0.7)
    ref.assert_equals_trainer()
    measured = trainer.measured()
    names = {"consistency/real", "consistency/fake", "consistency/latent", "consistency/G"}
    assert names <= set(measured) and all(measured[name] > 0 for name in names)


def test_the_papers_transform_flips_and_shifts_by_an_eighth():
    networks = seeded(ConvGenerator, size=(16, 16)), seeded(ConvDiscriminator, size=(16, 16))
    game, given = nets.game(plan(regularizers={"consistency": {}}, batch=64), networks), asked(networks[1])
    phase = phase_of(game, "discriminator")
    column = torch.arange(16.0).expand(64, 1, 16, 16).contiguous() / 8 - 1
    draws = Draws(CPU, torch.float32, Part.whole(64), Key(0, 0, "discriminator"))
    pass_of(game, phase, phase.passes[0], {"image": column}, draws, torch.float32)
    (real,), _, (moved,) = given  # then generated ones, and the real ones once more
    assert torch.equal(real, column)
    columns = ((moved[:, 0, 8] + 1) * 8).round().int()
    flipped = columns[:, 8] < columns[:, 7]
    assert 20 < int(flipped.sum()) < 44
    middle = torch.where(flipped, 15 - columns[:, 8], columns[:, 8] - 0)
    assert {abs(int(m) - 8) for m in middle} <= {0, 1, 2, 3} and len(set(middle.tolist())) >= 4
    torch.testing.assert_close(moved, ((moved + 1) * 8).round() / 8 - 1, **{"rtol": 0, "atol": 1e-5})


@pytest.mark.parametrize("one_sided", [False, True])
def test_anchored_logits(one_sided, tmp_path):
    """LeCam: anchors of whole steps, two D steps each, two micro-batches; a resumed run goes on the same."""
    the_plan = plan(
        loss="hinge",
        regularizers={"lecam": {"weight": 0.5, "decay": 0.8, "start": "2 steps", "one_sided": one_sided}},
        discriminator_steps=2,
        micro_batch=2,
        optimizer={"lr": 0.01, "betas": [0.0, 0.9]},
        ema={"decay": 0.7},
    )

    def networks():
        return seeded(ConvGenerator).double(), seeded(ConvDiscriminator, heads=("one", "pixels")).double()

    trainer = nets.trainer_of(the_plan, networks(), data=arrays(), seed=SEED, observing=(), run_dir=tmp_path)
    ref = Reference(trainer, ADAM, ADAM)
    anchors = torch.zeros(2, dtype=torch.float64)

    def score(heads):
        return (heads[0][:, 0] + heads[1].mean((1, 2, 3))) / 2

    for step in range(5):
        if step == 4:  # from a checkpoint
            trainer.save()
            trainer = nets.resumed(tmp_path, networks(), data=arrays(), observing=())
            ref.trainer = trainer
        trainer.step()
        said = []
        for repeat in range(2):
            x, _ = ref.real(4)
            ref.opt_d.zero_grad()
            for start in range(2):
                draws = ref.draws(step, "discriminator", Part(start, 2, 4), repeat)
                with torch.no_grad():
                    fake = ref.G(draws.latent("z", ref.G.inputs[0]))
                on_real, on_fake = ref.D(x[start::2]), ref.D(fake)
                loss = sum(
                    F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in zip(on_real, on_fake, strict=True)
                )
                r, f = score(on_real), score(on_fake)
                said.append(torch.stack((r.mean(), f.mean())).detach())
                if step >= 2:
                    above, below = r - anchors[1], f - anchors[0]
                    if one_sided:
                        above, below = above.clamp(min=0), below.clamp(max=0)
                    loss = loss / 2 + 0.5 * ((above**2).mean() + (below**2).mean())
                else:
                    loss = loss / 2
                (loss / 2).backward()
            ref.opt_d.step()
        mean = sum(said) / len(said)
        anchors = 0.8 * anchors + 0.2 * mean if step >= 2 else mean

        ref.opt_g.zero_grad()
        for start in range(2):
            draws = ref.draws(step, "generator", Part(start, 2, 4))
            (-sum(f.mean() for f in ref.D(ref.G(draws.latent("z", ref.G.inputs[0])))) / 4).backward()
        ref.opt_g.step()
        ref.average(0.7)
    ref.assert_equals_trainer(rtol=1e-9, atol=1e-9)
    means = torch.stack([state_of(trainer, f"lecam/means/{place}") for place in range(2)])
    torch.testing.assert_close(means, anchors, rtol=1e-9, atol=1e-9)
    assert trainer.measured()["penalty/lecam"] > 0
