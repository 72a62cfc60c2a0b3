"""The passes that a program goes through by default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gandsl.ir.packages import PASSES, broken, offered
from gandsl.passes.base import Pass
from gandsl.passes.choose_form import ChooseModulatedForm
from gandsl.passes.common_subexpressions import CommonSubexpressions
from gandsl.passes.constant_folding import ConstantFolding
from gandsl.passes.dead_code import DeadCode
from gandsl.passes.drop_casts import DropCasts
from gandsl.passes.fold_weights import FoldWeights
from gandsl.passes.fuse_epilogues import FuseEpilogues
from gandsl.passes.fuse_resampling import FuseResampling
from gandsl.passes.group_epilogues import GroupEpilogues
from gandsl.passes.manager import Pipeline
from gandsl.passes.merge_style_affines import MergeStyleAffines
from gandsl.passes.recompute_stages import RecomputeStages
from gandsl.passes.simplify import Simplify
from gandsl.passes.target import Target

CLEAN: tuple[Pass, ...] = (DropCasts(), DeadCode(), Simplify(), CommonSubexpressions(), ConstantFolding())
FASTER: tuple[Pass, ...] = (
    FuseResampling(),
    GroupEpilogues(),
    MergeStyleAffines(),
    ChooseModulatedForm(),
    FuseEpilogues(),
    FoldWeights(),
)


def pipeline(target: Target, requires: Mapping[str, str] | None = None) -> Pipeline:
    """The default pipeline. All passes run for every target: those that do not apply say so in the log.

    requires: packages whose passes run too, by prefix, after those that make programs faster. Raises
    PackageFault.
    """
    added = {pass_: package for prefix, package in (requires or {}).items() for pass_ in _of(prefix, package)}
    owners = {pass_.name: package for pass_, package in added.items()}
    return Pipeline((*CLEAN, *FASTER, *added, DeadCode(), RecomputeStages()), owners)


def _of(prefix: str, package: str) -> Iterator[Pass]:
    for pass_ in offered(prefix, package, PASSES):
        if not isinstance(pass_, Pass):
            raise broken(package, f"among its passes is a {type(pass_).__name__}, which is no gandsl Pass")
        yield pass_
