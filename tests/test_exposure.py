"""Where the API is found by programs on its own machine. What may listen where is tested with the API's door."""

import pytest

from weaver.exposure import base_url, is_address, is_loopback
from weaver.settings import Settings


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/api/v1"),
        ("localhost", "http://localhost:8000/api/v1"),
        ("0.0.0.0", "http://127.0.0.1:8000/api/v1"),
        ("", "http://127.0.0.1:8000/api/v1"),
        ("::", "http://[::1]:8000/api/v1"),
        ("[::1]", "http://[::1]:8000/api/v1"),
        ("192.168.1.5", "http://192.168.1.5:8000/api/v1"),
    ],
)
def test_the_api_is_found_where_it_listens_or_here_if_that_is_everywhere(host: str, found: str) -> None:
    assert base_url(Settings(api_host=host)) == found


@pytest.mark.parametrize("host", ["127.1", "localhost.example.com", "127.0.0.1.example.com", "0", ""])
def test_what_only_looks_like_this_machine_is_not_taken_for_it(host: str) -> None:
    assert not is_loopback(host)


def test_an_address_is_told_from_a_name() -> None:
    assert is_address("192.168.1.5")
    assert is_address("[2001:db8::1]")
    assert not is_address("192.168.1.5.example.com")
