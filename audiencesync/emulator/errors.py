"""What the emulator can refuse: a row, a whole call, or to start at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one record was not saved; the same in every API, only its wrapping differs.

    Attributes:
        code: Salesforce status code, such as `STRING_TOO_LONG`.
        message: Text with labels where Salesforce uses labels.
        fields: API names.
        extra: Further keys of a single-record REST error, such as `duplicateResult`.
    """

    code: str
    message: str
    fields: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)


class RowRefused(Exception):
    """One record cannot be saved; the rest of the call goes on."""

    def __init__(
        self, code: str, message: str, *fields: str, extra: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.error = RowError(code, message, fields, extra or {})


class ApiError(Exception):
    """The whole call is refused, with Salesforce's error array as the body."""

    def __init__(self, status: int, code: str, message: str, *fields: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.fields = fields

    @property
    def body(self) -> list[dict[str, object]]:
        """The JSON body; `fields` appears only for field errors, as in the REST guide."""
        entry: dict[str, object] = {"message": str(self), "errorCode": self.code}
        if self.fields:
            entry["fields"] = list(self.fields)
        return [entry]


class JobFailed(Exception):
    """A Bulk job ends as Failed; the text is its `errorMessage`."""


class EmulatorError(Exception):
    """The emulator cannot start; the message says what to change."""
