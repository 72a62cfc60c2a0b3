"""What a training run keeps in memory: predicted from the graphs and the plan, without torch.

A step is carried out on tensors that have a shape and no numbers (`ghost`), by the very operations that the
runtime asks of torch (`primitives`, `layers`, `program`, `steps`); what lives is counted as it goes.
"""

from gandsl.analysis.memory.predict import LevelMemory, Memory, memory_of
from gandsl.analysis.memory.propose import Proposal, propose
from gandsl.analysis.memory.steps import PhaseMemory

__all__ = ["LevelMemory", "Memory", "PhaseMemory", "Proposal", "memory_of", "propose"]
