"""One retry policy for every call that may safely be made again."""

from collections.abc import Callable
from typing import TypeVar

import tenacity

from audiencesync.clock import Clock
from audiencesync.errors import AudienceSyncError

T = TypeVar("T")


def call_with_retry(call: Callable[[], T], *, clock: Clock, attempts: int = 5) -> T:
    """Run `call`, retrying only errors that say they are retryable.

    Waits 1 s, 2 s, 4 s ... up to 60 s, plus up to 1 s of jitter.

    Args:
        call: Makes one attempt. It must be safe to repeat after a retryable error.
        clock: Sleeps between attempts.
        attempts: Calls made at the most.

    Returns:
        What `call` returned.

    Raises:
        AudienceSyncError: The last attempt's error.
    """
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_retryable),
        wait=tenacity.wait_exponential_jitter(initial=1, max=60, jitter=1),
        stop=tenacity.stop_after_attempt(attempts),
        sleep=clock.sleep,
        reraise=True,
    )(call)


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, AudienceSyncError) and error.retryable
