"""Credentials are seen where they are, and nothing else is taken for one."""

import pytest

from challengeflow import InputError
from challengeflow.contract.credentials import holds_credential, redacted

PASSWORD = "s3cr3t"
HIDDEN = {
    f"https://someone:{PASSWORD}@example.org/data.zip": "https://***@example.org/data.zip",
    f"s3://key:pa/{PASSWORD}@bucket/folder": "s3://***@bucket/folder",
    f"https://{PASSWORD}@example.org": "https://***@example.org",
    f"https://example.org/a?X-Amz-Signature={PASSWORD}&part=2": "https://example.org/a?***&part=2",
    f"http://example.org/a?part=2&access_token={PASSWORD}#top": "http://example.org/a?part=2&***#top",
    "ghp_" + "aB3" * 12: "***",
    "token hf_" + "aB3" * 11 + " of mine": "token *** of mine",
    "AKIA" + "ABCDEFGH12345678": "***",
    "Authorization: Bearer " + "aB3." * 8: "Authorization: ***",
}
PLAIN = (
    "https://example.org:8080/images@2x.png",
    "ssh://git@example.org/project",
    "https://example.org/search?author=me&config=2&design=x",
    "s3://bucket/folder/someone@example.org.zip",
    "data/sk-learn-models-of-last-year/run_1",
    "someone@example.org: see http://example.org/a",
    "D:/videos/mouse 3 @ 25 fps",
    "demo",
)


@pytest.mark.parametrize("text", HIDDEN)
def test_a_credential_is_seen_and_left_out(text):
    assert holds_credential(text) and redacted(text) == HIDDEN[text]
    assert PASSWORD not in str(InputError(f"cannot download {text}"))


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_none_is_left_alone(text):
    assert not holds_credential(text) and redacted(text) == text


def test_what_the_environment_holds_is_left_out_too(monkeypatch):
    monkeypatch.setenv("SYNAPSE_AUTH_TOKEN", "not-of-any-known-form")
    assert redacted("401 for not-of-any-known-form") == "401 for ***"
