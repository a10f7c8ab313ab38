"""What goes wrong here, in words for a person."""


class LabError(Exception):
    """Something failed: ``what``, and ``step``, the thing to do next. Exit code 1."""

    code = 1

    def __init__(self, what: str, step: str) -> None:
        super().__init__(f"{what}\n  {step}")
        self.what = what
        self.step = step


class Missing(LabError):
    """This machine lacks something that the verb needs. Exit code 3: tests are skipped for it, not failed."""

    code = 3
