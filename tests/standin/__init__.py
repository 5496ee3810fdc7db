"""A stand-in for SQS, S3 and Dassana in one process, for tests and the demo.

It checks what the real services check (signatures, batch rules, the form of
what is delivered), and does on request what they do on bad days (faults).
Everything that happened is in one journal, in order.
"""

from .faults import Fault, Gate
from .server import Standin

__all__ = ["Fault", "Gate", "Standin"]
