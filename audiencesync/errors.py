"""The error tree: every refusal says where, whether to try again, and what to do next."""

from typing import ClassVar


class AudienceSyncError(Exception):
    """Base class.

    Attributes:
        exit_code: What the command line ends with; see "Exit codes" in the README.
        retryable: The same call may succeed later, unchanged.
        hint: What the operator should do next.
    """

    exit_code: ClassVar[int] = 70
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(AudienceSyncError):
    """The command line asks for something that does not exist or cannot be combined."""

    exit_code = 2


class ConfigError(AudienceSyncError):
    """The config file is wrong; the message lists every mistake with its place."""

    exit_code = 2


class OtherOrg(ConfigError):
    """The config leads to another org than the one whose state the store holds. Nothing was sent."""


class SourceError(AudienceSyncError):
    """The source cannot be read, or its keys are null or repeated. Nothing was changed."""

    exit_code = 3


class StoreError(AudienceSyncError):
    """The store cannot be opened, is held by another process, or is damaged."""

    exit_code = 4


class GuardHeld(AudienceSyncError):
    """A guard refused a plan that would change too much. Nothing was sent."""

    exit_code = 5


class SalesforceRefused(AudienceSyncError):
    """Salesforce said no in a way that trying again cannot mend: authorisation, permission, bad request.

    Attributes:
        code: Salesforce's error code, such as `INVALID_FIELD`, or the OAuth error.
        status: The HTTP status of the answer, or None when none came.
    """

    exit_code = 6

    def __init__(self, message: str, *, hint: str, code: str = "", status: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.status = status


class SignInRefused(SalesforceRefused):
    """Salesforce did not let us in; nothing of what was to be sent was looked at."""


class RouteRefused(SalesforceRefused):
    """The org does not take requests of this kind or size; no row was looked at, and another route may do."""


class SalesforceUnavailable(AudienceSyncError):
    """Salesforce could not be reached or asked us to come back; no request was applied."""

    exit_code = 75
    retryable = True


class AnswerLost(AudienceSyncError):
    """A write was sent and its answer never arrived: it may or may not have been applied.

    Never retried blindly: the exporter asks Salesforce what happened first.
    """

    exit_code = 75


class BudgetSpent(AudienceSyncError):
    """The next call would exceed the API budget; it was not made.

    Attributes:
        seconds_left: Seconds until the rolling window has room again.
    """

    exit_code = 75

    def __init__(self, message: str, *, hint: str, seconds_left: float) -> None:
        super().__init__(message, hint=hint)
        self.seconds_left = seconds_left


class OutputFailed(AudienceSyncError):
    """Standard output does not take the answer; what the command did is done all the same."""

    exit_code = 75


class DaemonRefused(Exception):
    """The daemon could not answer; it says what its own command would have said.

    Attributes:
        kind: The error's class.
        hint: What to do about it.
        exit_code: What the command ends with.
    """

    def __init__(self, kind: str, message: str, hint: str, exit_code: int) -> None:
        super().__init__(message)
        self.kind = kind
        self.hint = hint
        self.exit_code = exit_code
