"""Where the processes write their log."""

from __future__ import annotations

import logging
import sys

from strongroom.config import Settings


def log_to_stderr(settings: Settings) -> None:
    """The log of this process, to standard error; no library tells there what is secret."""
    logging.basicConfig(
        stream=sys.stderr,
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # what some of these tell at DEBUG holds signatures of requests to the store
    for chatty in ("httpx", "botocore", "boto3", "urllib3", "s3transfer"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
