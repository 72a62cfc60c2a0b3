"""What passes compute: rules 4 to 6 on small games by hand."""

from __future__ import annotations

from gandsl.analysis.game.slices import PassIR, pass_slice, phase_slices, state_slice, used
from gandsl.ir.game import GameIR
from gandsl.ir.graph import NetworkIR, Variant
from gandsl_runtime.plan.game import GameState, PassPlan, PhasePlan, Term
from gandsl_runtime.plan.schedule import Clock
from tests import graphs
from tests.analysis.games import Builder


def generator() -> NetworkIR:
    """A mapping and a synthesis that also makes a second output, of layers of its own."""
    g = graphs.Builder("generator")
    g.input("z", "Latent", 4)
    g("map", "linear", {"x": "z"}, features=6)
    g("avg", "track_average", {"x": "map"})
    g("ws", "broadcast_styles", {"x": "avg"}, count=2)
    g("w0", "select", {"x": "ws"}, index=0)
    g("start", "linear", {"x": "w0"}, features=16)
    g("grid", "reshape", {"x": "start"}, channels=1, size=4)
    g("rgb", "conv", {"x": "grid"}, channels=3, kernel=1)
    g("mask", "conv", {"x": "grid"}, channels=1, kernel=1)
    return NetworkIR(
        "generator", {Variant(): g.graph("rgb", "mask", styles="ws", kinds={"rgb": "Image", "mask": "Image"})}
    )


def discriminator() -> NetworkIR:
    """Two heads; only one of them reads the class."""
    d = graphs.Builder("discriminator")
    d.input("image", "Image", 3, 4, 4)
    d.input("y", "Label", 5)
    d("conv", "conv", {"x": "image"}, channels=4, kernel=3)
    d("flat", "flatten", {"x": "conv"})
    d("logit", "linear", {"x": "flat"}, features=1)
    d("code", "linear", {"x": "flat"}, features=4)
    d("embed", "embedding", {"y": "y"}, features=4)
    d("label", "dot", {"a": "code", "b": "embed"})
    return NetworkIR(
        "discriminator", {Variant(): d.graph("logit", "label", kinds={"logit": "Logits", "label": "Logits"})}
    )


NETWORKS = {"generator": generator(), "discriminator": discriminator()}


def game(**plan: object) -> GameIR:
    """A GAN with R1 every 16 steps, a path length of a batch of its own, a state and a curve."""
    b = Builder(NETWORKS)
    b("k", "state")
    b.draw("z", "Latent", 4)
    b.item("image", "Image", 3, 4, 4)
    b.item("y", "Label", 5)
    b("curve", "clock", number=1.0)
    b.call("fake", "generator", {"z": "z"})
    b.call("real", "discriminator", {"image": "image", "y": "y"})
    b.call("said", "discriminator", {"image": "fake.rgb", "y": "y"})
    b.one("up", "softplus", "said.logit")
    b.one("d.up", "mean", "up")
    b.one("d.minus", "negate", "real.logit")
    b.one("d.down", "softplus", "d.minus")
    b.one("d.real", "mean", "d.down")
    b.two("d", "plus", "d.up", "d.real")
    b.one("g.minus", "negate", "said.logit")
    b.one("g.plus", "softplus", "g.minus")
    b.one("g", "mean", "g.plus")
    b.one("sure.sign", "sign", "real.logit")
    b.one("sure", "mean", "sure.sign")
    b.one("discriminator.r1.score", "sample_mean", "real.logit")
    b.gradient("discriminator.r1.slope", "discriminator.r1.score", "image")
    b.one("discriminator.r1.square", "power", "discriminator.r1.slope_0", exponent=2.0)
    b.one("discriminator.r1.sum", "sample_sum", "discriminator.r1.square")
    b.one("discriminator.r1", "mean", "discriminator.r1.sum")
    b("generator.own.weights", "weights", network="generator")
    b.one("generator.own", "off_diagonal", "generator.own.weights")
    b("heard", "heard", node="sure")
    b.two("k.sum", "plus", "k", "heard")
    b.one("k.next", "clip", "k.sum", low=0.0, high=1.0)
    b.two("both", "plus", "sure", "k")
    d_terms = [
        Term("discriminator.adversarial", "d", weight="curve"),
        Term("discriminator.r1", "discriminator.r1", every=16),
        Term("discriminator.nothing", "g", weight=0.0, every=4),
    ]
    g_terms = [
        Term("generator.adversarial", "g", logs={"loss/G": "g", "doubt": "sure"}),
        Term("generator.own", "generator.own", sampled=False),
        Term("generator.part", "d.up", batch=2),
    ]
    return b.game(
        {"discriminator": (["discriminator"], d_terms), "generator": (["generator"], g_terms)},
        [GameState("k", "k.next", ("sure",), ("discriminator",))],
        **plan,
    )


def passes(made: GameIR) -> dict[str, list[PassIR]]:
    return {
        phase.name: list(phase_slices(made, NETWORKS, Variant(), phase))
        for phase in made.plan.phases(Clock())
    }


def test_phases_and_their_passes() -> None:
    found = passes(game())
    assert {name: [[t.id for t in one.terms] for one in made] for name, made in found.items()} == {
        "discriminator": [["discriminator.adversarial"]],
        "discriminator/16": [["discriminator.r1"]],
        "generator": [["generator.adversarial"], ["generator.own"], ["generator.part"]],
    }, "a term of weight 0 is left out"


def test_a_pass_computes_what_its_terms_depend_on_in_the_order_of_the_body() -> None:
    (main,) = passes(game())["discriminator"]
    assert main.sources == ("z", "image", "curve")
    assert main.nodes == (
        *("z", "image", "curve", "fake", "fake.rgb", "real", "real.logit", "said", "said.logit"),
        *("up", "d.up", "d.minus", "d.down", "d.real", "d", "sure.sign", "sure"),
    )
    assert main.heard == ("sure",), "its arithmetic is the pass's"


def test_a_call_runs_the_layers_above_what_is_read_of_it() -> None:
    (main,) = passes(game())["discriminator"]
    assert list(main.calls) == ["fake", "real", "said"]
    real = main.calls["real"]
    assert (real.network, real.outputs, real.layers) == (
        "discriminator",
        ("logit",),
        ("image", "conv", "flat", "logit"),
    )
    assert real.given == {"image": "image"}, "the class is read by the other head alone"
    assert main.calls["fake"].layers == ("z", "map", "avg", "ws", "w0", "start", "grid", "rgb")
    assert main.used == {"generator": ("map", "start", "rgb"), "discriminator": ("conv", "logit")}


def test_a_call_that_says_all_runs_all() -> None:
    b = Builder(NETWORKS)
    b.draw("z", "Latent", 4)
    b.item("image", "Image", 3, 4, 4)
    b.item("y", "Label", 5)
    b.call("real", "discriminator", {"image": "image", "y": "y"}, all=True)
    b.one("d", "mean", "real.logit")
    made = b.game({"discriminator": (["discriminator"], [Term("discriminator.a", "d")])})
    (main,) = passes(made)["discriminator"]
    assert main.calls["real"].layers == tuple(NETWORKS["discriminator"].main.nodes)
    assert main.calls["real"].outputs == ("logit",)
    assert main.sources == ("image", "y"), "what nobody wants is not drawn"
    assert main.used["discriminator"] == ("conv", "logit", "code", "embed")


def test_a_lazy_phase_hears_what_it_computes() -> None:
    (lazy,) = passes(game())["discriminator/16"]
    assert lazy.sources == ("image",)
    assert list(lazy.calls) == ["real"]
    assert lazy.heard == ("sure",)
    assert lazy.nodes == (
        *("image", "real", "real.logit", "sure.sign", "sure"),
        *("discriminator.r1.score", "discriminator.r1.slope.of", "discriminator.r1.slope_0"),
        *("discriminator.r1.square", "discriminator.r1.sum", "discriminator.r1"),
    )


def test_only_the_phases_of_its_players_are_heard() -> None:
    main, own, part = passes(game())["generator"]
    assert main.heard == own.heard == part.heard == ()
    assert own.nodes == ("generator.own.weights", "generator.own") and own.sources == ()
    assert part.nodes == ("z", "fake", "fake.rgb", "said", "said.logit", "up", "d.up")


def test_logs_and_watches_bring_no_work_about() -> None:
    made = game(
        logs={"k": "k", "sure": "both", "lost": "missing", "up": "d.up"},
        watches={"real": "real.logit", "fake": "said.logit", "samples": "fake.rgb", "items": "image"},
    )
    found = passes(made)
    assert dict(found["discriminator"][0].logs) == {"k": "k", "sure": "both", "up": "d.up"}
    assert dict(found["discriminator/16"][0].logs) == {"k": "k", "sure": "both"}
    assert dict(found["generator"][0].logs) == {"loss/G": "g", "k": "k", "up": "d.up"}, "real is not judged"
    assert dict(found["generator"][1].logs) == {"k": "k"}
    assert list(found["discriminator/16"][0].watches) == ["real", "items"]
    assert list(found["generator"][0].watches) == ["fake", "samples"]
    assert found["discriminator"][0].values == ("sure", "k", "both", "d.up")
    assert found["generator"][0].values == ("g", "k", "d.up")
    assert found["generator"][0].sources == ("k", "z"), "a state is no work"


def test_the_next_value_of_a_state() -> None:
    found = state_slice(game(), NETWORKS, Variant(), ["k"])
    assert (found.states, found.sources, found.heard) == (("k",), ("k",), ("heard",))
    assert found.nodes == ("k", "heard", "k.sum", "k.next")


def test_an_entry_and_an_average() -> None:
    b = Builder(NETWORKS)
    b.draw("z", "Latent", 4)
    b.call("mapped", "generator", {"z": "z"}, entry="mapping")
    b.call("fake", "generator", {"ws": "mapped.styles"}, entry="synthesis")
    b.call("shown", "generator", {"z": "z"}, weights="average")
    b.two("gap", "minus", "fake.mask", "shown.mask")
    b.one("off", "mean", "gap")
    made = b.game({"generator": (["generator"], [Term("generator.a", "off")])})
    (main,) = passes(made)["generator"]
    assert main.calls["mapped"].layers == ("z", "map", "avg", "ws")
    assert main.calls["fake"].layers == ("ws", "w0", "start", "grid", "mask")
    assert main.calls["shown"].average and main.calls["shown"].layers[-1] == "mask"
    assert main.used == {"generator": ("map", "start", "mask")}, "an average has no gradients"
    assert main.places.index(("mapped", "ws")) < main.places.index(("fake", "w0"))


def test_one_pass_of_a_phase() -> None:
    made = game()
    phase = PhasePlan("generator", ("generator",), (part := PassPlan((Term("generator.a", "g"),)),))
    one = pass_slice(made, NETWORKS, Variant(), phase, part)
    assert one.terms_of("generator") == part.terms and one.terms_of("discriminator") == ()
    assert used([one, *passes(made)["discriminator"]])["discriminator"] == ("conv", "logit")
