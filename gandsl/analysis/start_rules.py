"""Rules about what a network says of itself: the file that its weights start from, and its precision."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from gandsl.analysis.facts import RuleInput
from gandsl.diagnostics import Diagnostic
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.spec.document import WeightsDecl
from gandsl.spec.files import SpecFile, candidates
from gandsl.spec.tree import Scalar

SHA256 = re.compile("[0-9a-fA-F]{64}")


def files_have_checksums(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0690, G0691: a file of weights that any other could take the place of, or a checksum that is none."""
    for name, decl, file in _started(facts):
        if decl.sha256 is None:
            path, found = _at_hand(facts, file), None
            if path is not None:
                found = _digest(path)
            command = f"`sha256sum {os.path.basename(file.text)}` prints it"
            yield Diagnostic(
                "G0690",
                f"the weights of `{name}` come from {file.text}, and nothing says which file that is",
                file.span,
                help=f"sha256: {found}" if found else f"add `sha256: …` beside it; {command}",
            )
        elif not SHA256.fullmatch(decl.sha256.text):
            yield Diagnostic(
                "G0691",
                f"a SHA-256 has 64 hexadecimal digits, and this is {decl.sha256.text!r}",
                decl.sha256.span,
                help="what `sha256sum FILE` prints first",
            )


def keys_are_nodes(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0693: a name in the file of what the network does not have."""
    for name, decl, _ in _started(facts):
        network = facts.network(name)
        if network is None or not decl.keys:
            continue
        known = network.weighted().keys()
        scopes = {id_[:at] for id_ in known for at in range(len(id_)) if id_[at] == "."}
        for entry in decl.keys:
            node = entry.key if entry.key in scopes else entry.key.rpartition(".")[0]
            if entry.key not in known and node not in known and entry.key not in scopes:
                yield Diagnostic(
                    "G0693",
                    f"`keys` names `{entry.key}`, and `{name}` has no such node with weights",
                    entry.key_span,
                    help=did_you_mean(entry.key, sorted({*known, *scopes})),
                )


def own_precision_is_scaled(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0692: a network in fp16, whose gradients nothing scales."""
    plan = facts.plan
    for name, network in facts.module.networks.items():
        if network.precision == "fp16" and plan is not None and plan.precision.compute != "fp16":
            written = facts.document.networks[name].precision
            assert written is not None
            yield Diagnostic(
                "G0692",
                f"`{name}` is computed in fp16, and the plan in {plan.precision.compute}: nothing keeps its"
                " gradients within fp16",
                written.span,
                help="`precision: bf16`, or `training.precision: {compute: fp16}` for all",
            )


def files_are_at_hand(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0785: weights in a file that is not there. A run has them in its checkpoints."""
    for name, _, file in _started(facts) if not facts.begun else ():
        if _at_hand(facts, file) is None:
            beside = facts.document.paths.get(file.span.file, facts.document.path)
            tried = tuple(f"tried {SpecFile.at(place).shown}" for place in candidates(file.text, beside))
            yield Diagnostic(
                "W0785",
                f"the weights of `{name}` come from {file.text}, which is not at hand: it can't be trained"
                " with here",
                file.span,
                notes=tried,
                help="put the file beside the spec, or into a folder of GANDSL_PATH",
            )


def _started(facts: RuleInput) -> Iterator[tuple[str, WeightsDecl, Scalar]]:
    """The networks whose weights start from a file."""
    for name, network in facts.document.networks.items():
        if network.weights is not None and network.weights.file is not None:
            yield name, network.weights, network.weights.file


def _at_hand(facts: RuleInput, file: Scalar) -> str | None:
    beside = facts.document.paths.get(file.span.file, facts.document.path)
    return next((place for place in candidates(file.text, beside) if os.path.isfile(place)), None)


def _digest(path: str) -> str | None:
    import hashlib

    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
