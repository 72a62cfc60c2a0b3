"""What a training run keeps in memory: predicted from the graphs and the plan, without torch.

A step is carried out on tensors that have a shape and no numbers (`ghost`, `autograd`), by the operations
that the runtime asks of torch (`primitives`, `layers`, `program`, `training`); what lives is counted.
"""

from gandsl.analysis.memory.predict import LevelMemory, Memory, memory_of
from gandsl.analysis.memory.propose import Proposal, propose
from gandsl.analysis.memory.training import PhaseMemory

__all__ = ["LevelMemory", "Memory", "PhaseMemory", "Proposal", "memory_of", "propose"]
