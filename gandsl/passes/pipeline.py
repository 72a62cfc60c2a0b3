"""The passes that a program goes through by default."""

from __future__ import annotations

from gandsl.passes.base import Pass
from gandsl.passes.checkpoint_stages import CheckpointStages
from gandsl.passes.choose_form import ChooseModulatedForm
from gandsl.passes.common_subexpressions import CommonSubexpressions
from gandsl.passes.constant_folding import ConstantFolding
from gandsl.passes.dead_code import DeadCode
from gandsl.passes.fold_weights import FoldWeights
from gandsl.passes.fuse_resampling import FuseResampling
from gandsl.passes.group_epilogues import GroupEpilogues
from gandsl.passes.manager import Pipeline
from gandsl.passes.merge_style_affines import MergeStyleAffines
from gandsl.passes.simplify import Simplify
from gandsl.passes.target import Target

CLEAN: tuple[Pass, ...] = (DeadCode(), Simplify(), CommonSubexpressions(), ConstantFolding())
FASTER: tuple[Pass, ...] = (
    FuseResampling(),
    GroupEpilogues(),
    MergeStyleAffines(),
    ChooseModulatedForm(),
    FoldWeights(),
)


def pipeline(target: Target) -> Pipeline:
    """The default pipeline. All passes run for every target: those that do not apply say so in the log."""
    return Pipeline((*CLEAN, *FASTER, DeadCode(), CheckpointStages()))
