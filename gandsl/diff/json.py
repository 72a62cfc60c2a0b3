"""A diff as plain data: the body of form `diff/1`, which docs/cli.md describes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from gandsl.diff.compare import ModuleDiff, NetworkDiff
from gandsl.diff.game import GameDiff
from gandsl.diff.nodes import NodeChange
from gandsl.diff.values import MISSING, ValueChange, plain


def to_json(diff: ModuleDiff) -> dict[str, Any]:
    """Dicts, lists, str, numbers and None only. Node ids are complete; nothing is folded."""
    return {
        "different": bool(diff),
        "old": diff.old.name,
        "new": diff.new.name,
        "params": _values(diff.params),
        "training": _values(diff.plan),
        "game": None if diff.game is None else _game(diff.game),
        "networks_added": list(diff.added),
        "networks_removed": list(diff.removed),
        "networks": {name: _network(diff, name, network) for name, network in diff.networks.items()},
        "flops_per_step": [diff.old_cost.flops_per_step, diff.new_cost.flops_per_step],
        "flops_per_image": [cost.flops_per_step / cost.batch for cost in (diff.old_cost, diff.new_cost)],
    }


def _values(found: Iterable[ValueChange]) -> list[dict[str, Any]]:
    return [
        {"path": change.path, "change": _kind(change), "old": plain(change.old), "new": plain(change.new)}
        for change in found
    ]


def _game(game: GameDiff) -> dict[str, Any]:
    return {
        "changes": [
            {
                "players": list(one.players),
                "of": one.what,
                "terms": list(one.terms),
                "path": one.change.path,
                "change": _kind(one.change),
                "old": plain(one.change.old),
                "new": plain(one.change.new),
            }
            for one in game.changes
        ],
        "follows": [change.id for change in game.follows],
        "levels": list(game.levels) if game.levels else None,
    }


def _kind(change: ValueChange) -> str:
    return "added" if change.old is MISSING else "removed" if change.new is MISSING else "changed"


def _network(diff: ModuleDiff, name: str, network: NetworkDiff) -> dict[str, Any]:
    graph, weights = network.graph, network.weights
    return {
        "added": [{"id": id_, "op": graph.new[id_].op} for id_ in graph.added],
        "removed": [{"id": id_, "op": graph.old[id_].op} for id_ in graph.removed],
        "changed": [_change(change) for change in graph.changed],
        "levels": [[list(size) for size in levels] for levels in network.levels],
        "declared": _values(network.declared),
        "cost": {
            "old": asdict(diff.old_cost.networks[name].total),
            "new": asdict(diff.new_cost.networks[name].total),
        },
        "weights": {
            "verdict": weights.verdict.value,
            "fits": list(weights.fits),
            "renamed": dict(weights.renamed),
            "lost": list(weights.lost),
            "new": list(weights.new),
            "reshaped": {key: [list(old), list(new)] for key, (old, new) in weights.reshaped.items()},
            "reread": list(weights.reread),
        },
    }


def _change(change: NodeChange) -> dict[str, Any]:
    return {
        "id": change.id,
        "was": change.old.id,
        "op": change.new.op,
        "shape_only": change.shape_only,
        "fields": _values(change.fields),
    }
