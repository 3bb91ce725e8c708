"""What a browser's own EventSource hears of a run."""

from playwright.sync_api import Page

from tests.e2e.pages import API_GONE, Watched
from tests.e2e.stack import PAPER, Served, kill, until
from workflows.events import TYPES

LISTEN = """([address, types]) => {
  window.heard = [];
  const source = new EventSource(address);
  for (const type of types) source.addEventListener(type, (event) => window.heard.push(event.lastEventId));
}"""


def test_it_hears_each_event_of_a_run_once_though_the_api_is_killed_meanwhile(page: Page, served: Served, watched: Watched) -> None:
    watched.allow(API_GONE)
    run = served.start(**PAPER)
    page.goto("/strategies")
    page.evaluate(LISTEN, [f"/api/v1/events/stream?run_id={run}", list(TYPES)])

    def heard() -> list[str]:
        return page.evaluate("window.heard")

    until(lambda: len(heard()) > 5, "some events")
    before = len(heard())
    kill(served, "api")
    until(lambda: len(heard()) > before + 5, "events after the API came back", seconds=120)
    served.post(f"/runs/{run}/stop")
    served.reached(run, "stopped")
    told: list[str] = []
    following: str | None = None
    while not told or following:
        found = served.get(f"/runs/{run}/events", page_size=200, **({"after": following} if following else {}))
        told += [event["id"] for event in found["items"]]
        following = found["next_after"]
    until(lambda: told[-1] in heard(), "the last event")
    assert heard() == told
