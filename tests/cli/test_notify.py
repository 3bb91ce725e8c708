"""Channels are listed with what they lack, and tried from the terminal."""

import json

from tests.cli.conftest import Shell
from tests.notify.servers import receiver

SECRET = "whsec_c2VjcmV0IG9mIHRoZSB3ZWJob29r"


def write(shell: Shell, text: str) -> None:
    shell.home.mkdir(parents=True, exist_ok=True)
    (shell.home / "notify.toml").write_text(text)


def test_without_channels_it_is_said_where_they_belong(shell: Shell) -> None:
    outcome = shell.weaver("notify", "list")

    assert outcome.code == 0
    assert str(shell.home / "notify.toml") in outcome.stdout.replace("\n", "")
    assert shell.weaver("notify", "list", "--json").document == []


def test_channels_are_listed_with_what_they_lack_and_tried_and_no_secret_is_shown(shell: Shell) -> None:
    with receiver() as server:
        write(shell, f'[channels.ops]\nkind = "webhook"\nurl = "{server.url}"\n[channels.phone]\nkind = "apprise"\n')

        listed = shell.weaver("notify", "list", WEAVER_NOTIFY_OPS_SECRET=SECRET)
        tried = shell.weaver("notify", "test", "--json", WEAVER_NOTIFY_OPS_SECRET=SECRET, WEAVER_NOTIFY_PHONE_URL="pigeon://s3cr3t")

    assert listed.code == 0
    assert "WEAVER_NOTIFY_PHONE_URL" in listed.stdout
    assert [(one["channel"], one["ok"]) for one in tried.document] == [("ops", True), ("phone", False)]
    assert tried.code == 1
    (posted,) = server.taken
    assert "`weaver notify test`" in json.loads(posted.body)["text"]
    for text in (listed.stdout, listed.stderr, tried.stdout, tried.stderr):
        assert SECRET not in text
        assert "s3cr3t" not in text


def test_a_wrong_file_and_an_unknown_channel_are_bad_input(shell: Shell) -> None:
    write(shell, '[channels.ops]\nkind = "webhook"\nsecret = "s3cr3t"')
    wrong = shell.weaver("notify", "list", "--json")
    write(shell, '[channels.ops]\nkind = "webhook"')
    unknown = shell.weaver("notify", "test", "opps")

    assert (wrong.code, unknown.code) == (2, 2)
    assert "channels.ops.secret" in wrong.document["error"]["message"]
    assert "s3cr3t" not in wrong.stdout + wrong.stderr
    assert "Did you mean 'ops'?" in unknown.stderr
