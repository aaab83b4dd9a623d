"""The error that every tool here raises for trouble a person can act on; command lines turn it into exit code 2."""


class ToolingError(Exception):
    """One line of what is wrong and, where there is one, a line of what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message
