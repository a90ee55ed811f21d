"""A real S3 server on loopback, for tests and benchmarks: SeaweedFS, which is gone when they end.

By hand, `python clog_loss_seaweedfs.py FOLDER COMMAND...` runs COMMAND while the files of FOLDER are the objects of a
bucket that anybody may read: its URL is $CLOG_LOSS_URL, the server's $CLOG_LOSS_ENDPOINT.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from obstore.store import S3Store

BUCKET = "clog-loss-copy"
OWNER = {"name": "owner", "credentials": [{"accessKey": "key", "secretKey": "secret"}], "actions": ["Admin"]}
ANYBODY = {"name": "anonymous", "actions": [f"Read:{BUCKET}", f"List:{BUCKET}"]}
SECONDS_TO_START = 60


@dataclass(frozen=True)
class Server:
    """A running server: its S3 endpoint, its process, and a store that may write to the bucket."""

    endpoint: str
    process: subprocess.Popen
    bucket: S3Store

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def put_folder(self, folder: Path) -> None:
        """Make every file of a folder an object, keyed by its path in it."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.bucket.put(path.relative_to(folder).as_posix(), path)


@contextmanager
def seaweedfs(folder: Path) -> Iterator[Server]:
    """Serve an empty bucket from `folder` until the block ends."""
    (folder / "s3.json").write_text(json.dumps({"identities": [OWNER, ANYBODY]}))
    ports = _free_ports(8)
    with open(folder / "weed.log", "w") as log:
        process = subprocess.Popen(_command(folder, ports), cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    endpoint = f"http://127.0.0.1:{ports[0]}"
    keys = {"access_key_id": "key", "secret_access_key": "secret"}
    store = S3Store(BUCKET, endpoint=endpoint, region="us-east-1", client_options={"allow_http": True}, **keys)
    server = Server(endpoint, process, store)
    try:
        _wait(server, folder / "weed.log")
        yield server
    finally:
        server.stop()
        for port in ports:  # a killed server leaves its sockets
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                path.unlink()


def _command(folder: Path, ports: list[int]) -> list[str]:
    s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc = ports
    return [
        str(Path(sys.executable).with_name("weed")),
        "server",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        f"-master.port={master}",
        f"-master.port.grpc={master_grpc}",
        "-master.volumeSizeLimitMB=256",
        f"-volume.port={volume}",
        f"-volume.port.grpc={volume_grpc}",
        "-volume.max=20",
        "-filer",
        f"-filer.port={filer}",
        f"-filer.port.grpc={filer_grpc}",
        "-s3",
        f"-s3.port={s3}",
        f"-s3.port.grpc={s3_grpc}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={folder / 's3.json'}",
    ]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait(server: Server, log: Path) -> None:
    """Until the first object is written, which also makes the bucket."""
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            server.bucket.put("hello", b"hello")
            return
        except Exception as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"SeaweedFS did not start: {error}\n{log.read_text()[-2000:]}") from None
        time.sleep(0.1)


def main(folder: str, *command: str) -> int:
    with tempfile.TemporaryDirectory() as site, seaweedfs(Path(site)) as server:
        server.put_folder(Path(folder))
        where = {"CLOG_LOSS_ENDPOINT": server.endpoint, "CLOG_LOSS_URL": f"s3://{BUCKET}"}
        return subprocess.run(command, env=os.environ | where).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
