"""Language models of others: every question goes out through here, bounded and guarded."""

from core.llm.asking import ask
from core.llm.base import Allowance, Answer, Provider, Question, estimated_tokens

__all__ = ["Allowance", "Answer", "Provider", "Question", "ask", "estimated_tokens"]
