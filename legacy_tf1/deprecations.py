"""TensorFlow's own warnings about what is shown here on purpose."""

import contextlib
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def deprecations_silenced() -> Iterator[None]:
    """Within the context TensorFlow does not warn of deprecated functions; other messages come through.

    To be used around the mechanisms that are the subject here, and nowhere else.
    """

    def keep(record: logging.LogRecord) -> bool:
        return "is deprecated and will be removed" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
