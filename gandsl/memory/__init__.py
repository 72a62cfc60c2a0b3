"""What a training run holds at its fullest: measured on the runtime's own step, and remembered.

    from gandsl.memory import memory_of, known, propose

Nothing here imports torch before something has to be measured.
"""

from gandsl.memory.measured import StepMemory, known, memory_of
from gandsl.memory.propose import Proposal, propose

__all__ = ["Proposal", "StepMemory", "known", "memory_of", "propose"]
