"""Signatures: stock libraries accept ours, and ours are accepted for the right reasons only."""

import os
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from moderation.identity import Keyed, new_akismet_key, new_id, new_token
from moderation.signing import TOLERANCE_SECONDS, sign, verify

# The example of the specification's own repository.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'


def test_the_example_of_the_specification_comes_out() -> None:
    signature = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(max_size=200), st.integers(1, 2**33))
def test_the_published_library_signs_the_same(body: bytes, timestamp: int) -> None:
    text = body.decode("latin-1")
    theirs = standardwebhooks.Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(timestamp, UTC), text)
    assert sign(SECRET, "msg_1", timestamp, text.encode()) == theirs


@pytest.mark.parametrize(
    ("changed", "is_valid"),
    [
        ({}, True),
        ({"now": 1000 + TOLERANCE_SECONDS}, True),
        ({"now": 1000 + TOLERANCE_SECONDS + 1}, False),
        ({"now": 1000 - TOLERANCE_SECONDS - 1}, False),
        ({"body": b"other"}, False),
        ({"message_id": "msg_2"}, False),
        ({"timestamp": "1001"}, False),
        ({"timestamp": "now"}, False),
        ({"timestamp": "١٠٠٠"}, False),
        ({"secrets": ["whsec_AAAA"]}, False),
        ({"secrets": ["whsec_AAAA", SECRET]}, True),
        ({"secrets": []}, False),
        ({"signature": ""}, False),
        ({"signature": "v1,AAAA"}, False),
        ({"signature": "v1a,\ud800"}, False),
    ],
)
def test_a_signature_counts_for_this_message_now(changed: dict[str, object], is_valid: bool) -> None:
    message: dict[str, object] = {
        "secrets": [SECRET],
        "message_id": "msg_1",
        "timestamp": "1000",
        "signature": sign(SECRET, "msg_1", 1000, b"body"),
        "body": b"body",
        "now": 1000,
    }
    assert verify(**(message | changed)) is is_valid  # type: ignore[arg-type]


def test_one_of_several_signatures_is_enough() -> None:
    both = sign("whsec_AAAA", "m", 1, b"") + " " + sign(SECRET, "m", 1, b"")
    assert verify([SECRET], "m", "1", both, b"", 1)


def test_a_secret_that_is_no_base64_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        sign("whsec_???", "m", 1, b"")


def test_endpoint_secrets_differ_by_endpoint_generation_and_installation_and_fit_the_specification() -> None:
    secrets = {
        Keyed(secret).endpoint_secret(endpoint, generation)
        for secret in ("one secret", "another")
        for endpoint in ("ep_1", "ep_2")
        for generation in (1, 2)
    }
    assert len(secrets) == 8
    for secret in secrets:
        standardwebhooks.Webhook(secret)
        # `whsec_` and 32 bytes in padded base64.
        assert len(secret) == 6 + 44


def test_ids_sort_by_time_and_tokens_do_not_repeat() -> None:
    # More than fit into a millisecond: even those rise.
    ids = [new_id("cm") for _ in range(10_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 10_000
    assert {len(one) for one in ids} == {29}
    assert len({new_token("sk") for _ in range(100)}) == 100
    key = new_akismet_key()
    assert len(key) == 12
    assert key.isascii()
    assert key.lower() == key


def test_a_forked_process_makes_other_ids() -> None:
    new_id("cm")
    reading, writing = os.pipe()
    # Of the same millisecond, if need be, so that only what is random tells them apart.
    child = os.fork()
    if child == 0:
        os.write(writing, new_id("cm")[13:].encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as told:
        assert told.read() != new_id("cm")[13:]


def test_a_token_is_of_its_purpose_and_text() -> None:
    keyed = Keyed("one secret")
    token = keyed.token("author", "cm_1")
    assert keyed.matches("author", "cm_1", token)
    assert not keyed.matches("author", "cm_2", token)
    assert not keyed.matches("email", "cm_1", token)
    assert not keyed.matches("author", "cm_1", "\ud800")


def test_while_a_secret_is_replaced_links_and_signatures_of_both_hold() -> None:
    old, new = Keyed("one secret"), Keyed("another secret", "one secret")
    assert new.matches("author", "cm_1", old.token("author", "cm_1"))
    assert new.matches("author", "cm_1", new.token("author", "cm_1"))
    assert not old.matches("author", "cm_1", new.token("author", "cm_1"))
    assert not new.matches("author", "cm_2", old.token("author", "cm_1"))
    present, previous = new.endpoint_secrets("ep_1", 1)
    assert previous == old.endpoint_secret("ep_1", 1)
    assert present == Keyed("another secret").endpoint_secret("ep_1", 1)
    signatures = " ".join(sign(secret, "dl_1", 1_700_000_000, b"{}") for secret in (present, previous))
    for known in (present, previous):
        assert verify([known], "dl_1", "1700000000", signatures, b"{}", 1_700_000_000)
