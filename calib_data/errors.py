"""The one exception that a user's mistake or a broken file raises."""

from __future__ import annotations


class UserError(ValueError):
    """The call or its input is wrong; commands turn it into one message and exit code 2.

    Args:
        problem: What is wrong, with the value or file at fault and what is allowed.
        fix: How to mend it, as an instruction.
    """

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem, fix)
        self.problem = problem
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.problem}\n  fix: {self.fix}"
