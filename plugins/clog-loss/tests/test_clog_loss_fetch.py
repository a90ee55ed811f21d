"""Official videos come over HTTPS, resumed and whole; the server here is local."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from challengeflow import InputError, Sample
from challengeflow_clog_loss import fetch

CONTENT = bytes(range(256)) * 8000


class Flaky(BaseHTTPRequestHandler):
    """Serves CONTENT as train/1.mp4, breaks off half-way the first time, and understands Range."""

    ranges: list = []  # noqa: RUF012
    broken = False

    def do_GET(self):
        if self.path != "/train/1.mp4":
            self.send_error(404)
            return
        asked = self.headers.get("Range")
        Flaky.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        body = CONTENT[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not Flaky.broken:
            Flaky.broken = True
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def url():
    Flaky.ranges, Flaky.broken = [], False
    server = ThreadingHTTPServer(("127.0.0.1", 0), Flaky)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def videos(*ids: str) -> tuple[Sample, ...]:
    return tuple(Sample(i, "train", "A", {"filename": f"{i}.mp4", "num_frames": "3"}) for i in ids)


def test_a_broken_transfer_goes_on_where_it_was(stages, url):
    raw = stages.download("official", "train-0", videos("1", "2"), url=url)
    assert (raw / "1.mp4").read_bytes() == CONTENT
    assert Flaky.ranges[0] is None and int(Flaky.ranges[1].removeprefix("bytes=").rstrip("-")) > 0
    assert [path.name for path in raw.iterdir()] == ["1.mp4"]


def test_no_server_is_an_error_in_one_sentence(stages, monkeypatch):
    monkeypatch.setattr(fetch.fetch.retry, "wait", lambda state: 0)
    with pytest.raises(InputError, match="check the network"):
        stages.download("official", "train-0", videos("1"), url="http://127.0.0.1:9")
