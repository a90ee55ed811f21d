"""Where official videos are: a public S3 bucket, in whatever region it is, or a web server with the same keys."""

from datetime import timedelta
from typing import TYPE_CHECKING

import requests
from obstore.store import HTTPStore, ObjectStore, S3Store
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from challengeflow import InputError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

SECONDS_TO_CONNECT = 10
SECONDS_IDLE = 30  # without a byte: the connection hangs, and is a fault like any other
# Of one request; a connection that breaks within a body goes on by range, which counts as a retry too.
RETRIES: "RetryConfig" = {
    "max_retries": 6,
    "backoff": {"init_backoff": timedelta(seconds=0.2), "max_backoff": timedelta(seconds=15), "base": 2},
    "retry_timeout": timedelta(minutes=3),
}
ANY_REGION = "us-east-1"  # for servers that have no regions: unsigned requests do not depend on it


def open_store(url: str, endpoint: str | None) -> ObjectStore:
    """The store at `url`: s3://BUCKET (of the S3 server `endpoint`; Amazon's where it is None) or http(s)://HOST/PATH.

    Requests are not signed: no account, no keys. Raises InputError for another kind of address or no answer.
    """
    scheme, _, rest = url.rstrip("/").partition("://")
    client: ClientConfig = {
        "allow_http": True,
        "connect_timeout": timedelta(seconds=SECONDS_TO_CONNECT),
        "read_timeout": timedelta(seconds=SECONDS_IDLE),
        "timeout": timedelta(minutes=10),  # of a whole request
    }
    if scheme in ("http", "https") and rest:
        return HTTPStore.from_url(f"{scheme}://{rest}", client_options=client, retry_config=RETRIES)
    if scheme != "s3" or not rest:
        raise InputError(
            f"{url} is no address of videos; write s3://BUCKET, https://HOST/PATH or file:///FOLDER as download: url"
        )
    bucket, _, prefix = rest.partition("/")
    return S3Store(
        bucket,
        prefix=prefix or None,
        endpoint=endpoint.rstrip("/") if endpoint else None,
        region=bucket_region(bucket, endpoint),
        skip_signature=True,
        client_options=client,
        retry_config=RETRIES,
    )


def bucket_region(bucket: str, endpoint: str | None) -> str:
    """The region an S3 server names for a bucket, in a header that even a refused HEAD carries."""
    address = f"{endpoint.rstrip('/')}/{bucket}" if endpoint else f"https://{bucket}.s3.amazonaws.com"
    try:
        answer = _head(address)
    except requests.RequestException as error:
        raise InputError(
            f"{address} does not answer ({type(error).__name__}); check the network and download: url and endpoint"
        ) from None
    if answer.status_code == 404:
        raise InputError(f"{address}: there is no such bucket; check download: url and endpoint")
    return answer.headers.get("x-amz-bucket-region", ANY_REGION)


@retry(
    retry=retry_if_exception_type((requests.ConnectionError, requests.Timeout)),
    stop=stop_after_attempt(4),
    wait=wait_exponential(multiplier=0.5, max=10),
    reraise=True,
)
def _head(address: str) -> requests.Response:
    return requests.head(address, allow_redirects=False, timeout=SECONDS_TO_CONNECT)
