"""The game of a plan with one generator and one discriminator, its passes written out by hand.

What a spec's expansion, its unfolding and lowering make is none of this: so the executor is tested alone.
Formulas are the trainer's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gandsl_runtime.augment import Augment
from gandsl_runtime.distributed import group
from gandsl_runtime.game.calls import NetworkCall, draws
from gandsl_runtime.game.program import (
    ClockValue,
    Drawn,
    Item,
    PassProgram,
    Source,
    StateProgram,
    StateValue,
)
from gandsl_runtime.layers import TrackAverage
from gandsl_runtime.network import Network
from gandsl_runtime.plan import Adaptive, Plan, Quantity, Stairs
from gandsl_runtime.plan.game import GamePlan, GameState, PassPlan, PhasePlan, Player, Term
from gandsl_runtime.plan.schedule import Stage
from gandsl_runtime.rng import ids
from gandsl_runtime.training import consistency, objectives, penalties, spectrum
from gandsl_runtime.training.game import TwoPlayerGame, _area, _faded, classes_of
from gandsl_runtime.training.penalties import PENALTIES
from gandsl_runtime.training.verdict import Verdict, verdict

G, D = "generator", "discriminator"
Images = tuple[Tensor, ...]
LENGTH, SIGN, REAL, FAKE = "generator.path_length.moved", "sign", "lecam.real", "lecam.fake"


def differentiable(x: Tensor) -> Tensor:
    return x if x.requires_grad else x.detach().requires_grad_()


def plan_of(plan: Plan) -> GamePlan:
    """Players, terms and states."""
    on_d = [Term(f"{D}.adversarial", "judged")]
    on_g = [Term(f"{G}.adversarial", "judged")]
    states = []
    for name, given in plan.regularizers:
        if not given:
            continue
        if name in PENALTIES:
            weight = getattr(given, PENALTIES[name].weight)
            on_d.append(Term(f"{D}.{name}", name, weight, getattr(given, "interval", 1)))
        elif name == "orthogonal":
            on_g.append(Term(f"{G}.{name}", name, given.weight, sampled=False))
        elif name == "path_length":
            on_g.append(Term(f"{G}.{name}", name, given.weight, given.interval, given.batch or plan.batch))
            states.append(GameState("length", "length", (LENGTH,), (G,), moved=("path_length_mean",)))
        elif name == "lecam":
            states += [
                GameState(id_, id_, (id_,), (D,), moved=(f"lecam/means/{place}",))
                for place, id_ in enumerate((REAL, FAKE))
            ]
    if plan.adapts:
        p = plan.augment.p
        states.append(GameState("p", "p", (SIGN,), (D,), p.start, int(p.every.number), ("augment/p",)))
    players = {
        D: Player(D, (D,), tuple(on_d), plan.discriminator_steps),
        G: Player(G, (G,), tuple(on_g)),
    }
    return GamePlan(players, ((D,), (G,)), tuple(states))


@dataclass
class GameByHand:
    """A `Game` over two networks."""

    training: Plan
    generator: Network
    discriminator: Network
    averages: dict[str, Network] = field(default_factory=dict)
    programs: dict[Any, PassProgram] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plan = plan_of(self.training)
        self.networks = {G: self.generator, D: self.discriminator}
        self.old = TwoPlayerGame(self.training, self.generator, self.discriminator, torch.device("cpu"))

    def plan_at(self, stage: Stage) -> GamePlan:
        return self.plan

    def pass_program(self, phase: PhasePlan, part: PassPlan, stage: Stage) -> PassProgram:
        key = (phase.name, tuple(term.id for term in part.terms), stage.level, stage.fading)
        if key not in self.programs:
            self.programs[key] = Pass(self, part, stage).program
        return self.programs[key]

    def state_program(self, states: tuple[str, ...], stage: Stage) -> StateProgram:
        plan, heard = self.training, tuple(n for s in self.plan.states if s.id in states for n in s.heard)
        lecam = plan.regularizers.lecam
        sources: list[Any] = [StateValue(id_) for id_ in states]
        if lecam:
            sources.append(ClockValue("decay", Stairs(values=(0.0, lecam.decay), at=(_since(lecam.start),))))

        def run(*given: Tensor) -> tuple[Tensor, ...]:
            was, means = (
                dict(zip(states, given, strict=False)),
                dict(zip(heard, given[len(sources) :], strict=True)),
            )
            found = []
            for id_ in states:
                if id_ == "length":
                    found.append(means[LENGTH])
                elif id_ == "p":
                    p = plan.augment.p
                    sure = (means[SIGN] - p.target).sign()
                    by = self.old_batch(stage) * int(p.every.number) / p.over.amount
                    found.append((was["p"] + sure * by).clamp(0, p.max))
                else:
                    found.append(means[id_].lerp(was[id_], given[len(states)]))
            return tuple(found)

        return StateProgram(states, tuple(sources), heard, run)

    def old_batch(self, stage: Stage) -> int:
        growth, levels = self.training.growth, self.generator.levels
        batch = self.training.batch
        return growth.batch.get(max(levels[stage.level]), batch) if growth else batch


def _since(start: Quantity) -> Quantity:
    return start if start.number else Quantity(1, "steps")


class Pass:
    """One pass at a stage."""

    def __init__(self, game: GameByHand, part: PassPlan, stage: Stage) -> None:
        self.game, self.plan, self.stage = game, game.training, stage
        self.terms = {term.id.partition(".")[2]: term for term in part.terms}
        self.player = part.terms[0].id.partition(".")[0]
        self.judged_by_g = self.player == G and "adversarial" in self.terms
        relativistic = objectives.OBJECTIVES[self.plan.loss.kind].relativistic
        self.reads = self.player == D or (self.judged_by_g and relativistic)
        heard: tuple[str, ...] = ()
        if self.player == D:
            if self.plan.adapts and ({"adversarial", "r1", "drift", "gradient_penalty"} & set(self.terms)):
                places = {PENALTIES[n].place(getattr(self.plan.regularizers, n)) for n in self.penalties}
                if "adversarial" in self.terms or "real" in places:
                    heard += (SIGN,)
            if self.plan.regularizers.lecam and "adversarial" in self.terms:
                heard += (REAL, FAKE)
        if "path_length" in self.terms:
            heard += (LENGTH,)
        named = self.sources()
        self.names = tuple(named)
        used = {}
        if self.player == D or self.judged_by_g:
            used[D] = self.layers(game.discriminator, "forward")
        if self.player == G and self.terms.keys() != {"orthogonal"}:
            used[G] = self.layers(game.generator, "forward")
        self.program = PassProgram(tuple(named.values()), self.run, heard, used)

    @property
    def penalties(self) -> list[str]:
        return [name for name in self.terms if name in PENALTIES]

    def layers(self, network: Network, entry: str) -> tuple[str, ...]:
        """Those of the program at this stage."""
        module = network.lowered(entry, self.stage.level, self.stage.fading)
        return tuple(node.target for node in module.graph.nodes if node.op == "call_module")

    def sources(self) -> dict[str, Source]:
        """By name: of draws more than are used, since none changes another."""
        game, plan = self.game, self.plan
        found: dict[str, Source] = {}
        if self.reads:
            found["image"] = Item("image", "image")
            if classes_of(game.generator):
                found["y"] = Item("y", "y", "Label")
        ports = game.generator.inputs
        for port in ports:
            if port.kind == "Label":
                found["c"] = Drawn(ids.LABELS, (), "labels", high=port.shape[0])
            if port.kind != "Latent":
                continue
            for second in (False, True):
                id_ = ids.latent(port, ports, second)
                low = -1.0 if port.distribution == "uniform" else 0.0
                found[id_] = Drawn(id_, port.shape, port.distribution or "normal", low)
                move = ids.consistency(self.player, "latent", id_)
                found[move] = Drawn(move, port.shape, "normal")
        if plan.style_mixing:
            per, layers = (
                plan.style_mixing.per,
                game.generator.ir.main[game.generator.ir.main.styles].type.shape[0],
            )
            found[ids.SPLIT] = Drawn(ids.SPLIT, (), "integers", 1, max(layers - 1, 1), per)
            found[ids.COIN] = Drawn(ids.COIN, (), "uniform", per=per)
        found[ids.MIX] = Drawn(ids.MIX, (), "uniform")
        for place, port in enumerate(game.generator.outputs):
            game.old.stage = self.stage
            id_ = ids.path_length(place)
            found[id_] = Drawn(id_, (port.shape[0], *game.old.sizes[place]), "normal")
        if self.stage.fading:
            found["alpha"] = ClockValue("alpha", "fade")
        found |= {state.id: StateValue(state.id) for state in game.plan.states}
        if plan.augment and not isinstance(plan.augment.p, Adaptive | float):
            found["p"] = ClockValue("p", plan.augment.p)
        if lecam := plan.regularizers.lecam:
            found["on"] = ClockValue("on", Stairs(values=(0.0, 1.0), at=(_since(lecam.start),)))
        found |= {f"weight.{name}": ClockValue(name, number) for name, number in self.weights().items()}
        return found

    def weights(self) -> dict[str, Any]:
        plan = self.plan
        found = {name: term.weight for name, term in self.terms.items()}
        if auxiliary := plan.auxiliary:
            found |= {f"class_{n}": getattr(auxiliary, n) for n in ("real", "fake", "generator")}
        if lecam := plan.regularizers.lecam:
            found["lecam"] = lecam.weight
        if again := plan.regularizers.consistency:
            found |= {"again_real": again.real, "again_fake": again.fake}
            if again.latent:
                found |= {"again_latent": again.latent.discriminator, "apart": again.latent.generator}
        return found

    def run(self, *given: Tensor) -> tuple[Tensor, ...]:
        self.v = dict(zip(self.names, given, strict=True))
        self.heard: dict[str, Tensor] = {}
        if self.player == D:
            loss = self.of_discriminator()
        elif "orthogonal" in self.terms:
            skip = self.plan.regularizers.orthogonal.skip
            weights = spectrum.weights_of(self.game.generator, skip).values()
            loss = self.weighed("orthogonal", penalties.orthogonal(weights))
        elif "path_length" in self.terms:
            loss = self.path_length()
        else:
            loss = self.of_generator()
        return loss, *(self.heard[name].detach() for name in self.program.values)

    def weighed(self, name: str, x: Tensor) -> Tensor:
        return self.v[f"weight.{name}"] * x

    # ---- networks

    def call(self, network: Network, entry: str, id_: str, *args: Tensor, hold: bool = False) -> Images:
        tracks = [n for n, m in network.named_modules() if isinstance(m, TrackAverage)] if hold else []
        alpha = (self.v["alpha"],) if self.stage.fading else ()
        name = G if network is self.game.generator else D
        return NetworkCall(self.game.networks, name, entry, self.stage, id_, holds=tracks)(*args, *alpha)

    def inputs(self, second: bool, near: float | None) -> tuple[Tensor, ...]:
        ports, found = self.game.generator.inputs, []
        for port in ports:
            if port.kind == "Label":
                found.append(self.v["c"])
            elif port.kind == "Latent":
                id_ = ids.latent(port, ports, second)
                z = self.v[id_]
                if near is not None:
                    z = z + near * self.v[ids.consistency(self.player, "latent", id_)]
                found.append(z)
        return tuple(found)

    def styles(self, near: float | None = None) -> Tensor:
        generator, mixing = self.game.generator, self.plan.style_mixing
        (ws,) = self.call(generator, "mapping", ids.MAPPED, *self.inputs(False, near), hold=near is not None)
        if not mixing:
            return ws
        (other,) = self.call(generator, "mapping", ids.OTHER, *self.inputs(True, near), hold=True)
        layers = ws.shape[1]
        split = torch.where(self.v[ids.COIN] < mixing.probability, self.v[ids.SPLIT], layers)
        return torch.where((torch.arange(layers) >= split[:, None])[:, :, None], other, ws)

    def fake(self, near: float | None = None) -> Images:
        if self.plan.style_mixing:
            return self.call(self.game.generator, "synthesis", ids.FAKE, self.styles(near))
        inputs = self.inputs(False, near)
        return self.call(self.game.generator, "forward", ids.FAKE, *inputs, hold=near is not None)

    def real(self) -> Images:
        self.game.old.stage = self.stage
        found = tuple(_area(self.v["image"], size) for size in self.game.old.sizes)
        return tuple(_faded(x, self.v["alpha"]) for x in found) if self.stage.fading else found

    def seen(self, images: Images, id_: str) -> Images:
        if not (augment := self.plan.augment):
            return images
        p = self.v.get("p", augment.p)
        return Augment(augment, self.plan.data.range).view(p, draws())(images, id_)

    def judge(self, images: Images, y: Tensor | None, call: str) -> Verdict:
        labels = (y,) if classes_of(self.game.discriminator) and y is not None else ()
        said = self.call(self.game.discriminator, "forward", call, *images, *labels)
        return verdict(self.plan, self.game.discriminator, said)

    # ---- losses

    def of_discriminator(self) -> Tensor:
        plan, main, v = self.plan, "adversarial" in self.terms, self.v
        wanted = {name: getattr(plan.regularizers, name) for name in self.penalties}
        places = {PENALTIES[n].place(p) for n, p in wanted.items()} | ({"real", "fake"} if main else set())
        slopes = {PENALTIES[n].place(p) for n, p in wanted.items() if PENALTIES[n].differentiates}
        images: dict[str, Images] = {}
        labels = {"real": v.get("y"), "between": v.get("y"), "fake": v.get("c")}

        def at(place: str) -> Images:
            if place not in images:
                if place == "real":
                    found = self.real()
                elif place == "fake":
                    found = self.fake()
                else:
                    found = penalties.interpolate(at("real"), at("fake"), v[ids.MIX])
                images[place] = tuple(differentiable(x) for x in found) if place in slopes else found
            return images[place]

        said: dict[str, Verdict] = {}
        seen: dict[str, Images] = {}
        for place in ("fake", "real") if plan.discriminator_passes == "joint" else ("real", "fake"):
            if place in places:
                seen[place] = self.seen(at(place), ids.SEEN[place])
                if not (main and plan.discriminator_passes == "joint"):
                    said[place] = self.judge(seen[place], labels[place], ids.JUDGED[place])
        if main and plan.discriminator_passes == "joint":
            both = tuple(torch.cat(pair) for pair in zip(seen["fake"], seen["real"], strict=True))
            y = None if labels["real"] is None else torch.cat((labels["fake"], labels["real"]))
            count = len(seen["fake"][0])
            said["fake"], said["real"] = self.judge(both, y, ids.BOTH).split(count, count)
        if "between" in places:
            seen["between"] = self.seen(at("between"), ids.SEEN["between"])
            said["between"] = self.judge(seen["between"], labels["between"], ids.JUDGED["between"])
        score = {place: penalties.score(one.heads) for place, one in said.items()}
        loss: Any = 0
        if main:
            loss = objectives.discriminator_loss(plan.loss, said["real"].heads, said["fake"].heads)
            for place in ("real", "fake") if plan.auxiliary else ():
                entropy = objectives.classification(said[place].classes, labels[place])
                loss = loss + self.weighed(f"class_{place}", entropy)
            if lecam := plan.regularizers.lecam:
                anchors = torch.stack((v[REAL], v[FAKE]))
                penalty = penalties.lecam(lecam, score["real"], score["fake"], anchors)
                loss = loss + v["on"] * self.weighed("lecam", penalty)
                self.heard |= {REAL: score["real"].mean(), FAKE: score["fake"].mean()}
            if again := plan.regularizers.consistency:
                for name in again.extra_discriminator_passes:
                    place = "fake" if name == "latent" else name
                    if name == "latent":
                        moved = self.seen(self.fake(again.latent.sigma), ids.SEEN[place])
                    else:
                        moved = consistency.transformed(seen[place], again, plan, draws(), place)
                    other = self.judge(moved, labels[place], ids.consistency(D, name, "again"))
                    difference = consistency.difference(said[place].heads, other.heads)
                    loss = loss + self.weighed(f"again_{name}", difference)
        for name, parameters in wanted.items():
            place = PENALTIES[name].place(parameters)
            loss = loss + self.weighed(name, PENALTIES[name].compute(parameters, score[place], at(place)))
        if plan.adapts and "real" in said:
            signs = [(head - plan.loss.boundary).sign().mean() for head in said["real"].heads]
            self.heard[SIGN] = torch.stack(signs).mean()
        return loss

    def of_generator(self) -> Tensor:
        plan, v = self.plan, self.v
        images = self.fake()
        said = self.judge(self.seen(images, ids.SEEN["fake"]), v.get("c"), ids.SAID)
        real = None
        if self.reads:
            real = self.judge(self.seen(self.real(), ids.SEEN["real"]), v.get("y"), ids.REAL).heads
        loss = objectives.generator_loss(plan.loss, real, said.heads)
        if plan.auxiliary:
            loss = loss + self.weighed("class_generator", objectives.classification(said.classes, v["c"]))
        again = plan.regularizers.consistency
        if again and again.extra_generator_pass:
            near = self.fake(again.latent.sigma)
            loss = loss - self.weighed("apart", consistency.difference(images, near))
        return loss

    def path_length(self) -> Tensor:
        ws = differentiable(self.styles())
        images = self.call(self.game.generator, "synthesis", ids.FAKE, ws)
        noise = tuple(self.v[ids.path_length(place)] for place in range(len(images)))
        lengths = penalties.path_lengths(images, ws, noise)
        mean = lengths.mean()
        if self.plan.synchronize.path_length:
            mean = group.active().average(mean, len(lengths))
        decay = self.plan.regularizers.path_length.decay
        penalty, moved = penalties.path_length(lengths, mean, self.v["length"], decay)
        self.heard[LENGTH] = moved
        return self.weighed("path_length", penalty)
