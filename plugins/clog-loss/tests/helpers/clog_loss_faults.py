"""A proxy that spoils answers on their way from a real server, as networks do."""

import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANGING = 6.0
"""Seconds for which a dripping answer hangs before its connection is closed."""


@dataclass
class Proxy:
    """`faults`: path -> what goes wrong with its next requests, in order; `asked`: path -> the Range of each request.

    Faults are "reset" and "truncate" (half of the body, then a reset or a quiet end), "drip" (half of the body in
    drops, then nothing more, and the connection stays), "503", "whole" (Range is ignored), "changed" (other bytes of
    the same length) and "page" (a web page, as networks with a login give). A fault that ends with "*" stays. `headers`
    are added; an answer takes `delay` seconds more.
    """

    url: str
    faults: dict[str, list[str]] = field(default_factory=dict)
    asked: dict[str, list[str | None]] = field(default_factory=lambda: defaultdict(list))
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0

    def next_fault(self, path: str) -> str | None:
        waiting = self.faults.get(path) or [None]
        return waiting[0].rstrip("*") if waiting[0] and waiting[0].endswith("*") else waiting.pop(0)


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    """Forward GET and HEAD to `upstream`, with the faults asked for, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.upstream, server.proxy = upstream, Proxy(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.proxy
    server.shutdown()
    server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        known = self.server.proxy
        known.asked[self.path].append(self.headers.get("Range"))
        fault = known.next_fault(self.path)
        time.sleep(known.delay)
        if fault == "503":
            self._answer(503, {}, b"busy")
            return
        if fault == "page":
            self._answer(200, {}, b"\n<!DOCTYPE html><title>Log in</title>")
            return
        status, headers, body = self._forward(with_range=fault != "whole")
        if fault == "changed":
            body = body[::-1]
        self._answer(status, headers | known.headers, body, cut=fault in ("reset", "truncate"), drip=fault == "drip")
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    do_HEAD = do_GET

    def _forward(self, with_range: bool) -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(self.server.upstream + self.path, method=self.command)
        for name in ("Range", "If-Match") if with_range else ():
            if name in self.headers:
                request.add_header(name, self.headers[name])
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def _answer(self, status: int, headers: dict[str, str], body: bytes, cut: bool = False, drip: bool = False) -> None:
        self.send_response(status)
        length = headers.get("Content-Length", str(len(body))) if self.command == "HEAD" else str(len(body))
        for name in ("ETag", "Etag", "Last-Modified", "Content-Range", "x-amz-bucket-region"):
            if name in headers:
                self.send_header(name, headers[name])
        self.send_header("Content-Length", length)
        if cut:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if drip:
            for start in range(0, len(body) // 2, len(body) // 20):
                self.wfile.write(body[start : start + len(body) // 20])
                self.wfile.flush()
                time.sleep(0.02)
            time.sleep(HANGING)
            self.close_connection = True
        elif self.command == "GET":
            self.wfile.write(body[: len(body) // 2] if cut else body)
            self.wfile.flush()

    def log_message(self, *_):
        pass
