"""The report in a browser: its own script runs, and it reaches nothing of the app."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from asking import TOKEN, until

from fidelia.web.app import create_app
from fidelia.web.serving import Server, listen

pytestmark = pytest.mark.browser


@pytest.fixture
def address(served) -> Any:
    """A server over the run that was done."""
    with listen("127.0.0.1", 0) as door:
        settings = replace(served[0], port=door.getsockname()[1])
        server = Server(create_app(settings, at_once=0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        until(lambda: server.started)
        yield settings.address
        server.should_exit = True
        thread.join()


ASK = """async () => {
  const answers = {origin: self.origin};
  try { answers.cookie = document.cookie } catch (error) { answers.cookie = error.name }
  try { answers.storage = localStorage.length } catch (error) { answers.storage = error.name }
  try { answers.fetch = (await fetch('/api/runs')).status } catch (error) { answers.fetch = error.name }
  return answers;
}"""


def test_the_report_works_and_reaches_nothing(chromium: Any, address: str, served) -> None:
    page = chromium.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))
    page.goto(f"{address}?token={TOKEN}")
    page.wait_for_url(address)
    page.goto(f"{address}api/runs/{served[2].id}/report")
    page.locator("#find").fill("hours")  # shown by the page's script alone
    assert faults == []
    assert page.evaluate(ASK) == {
        "origin": "null",
        "cookie": "SecurityError",
        "storage": "SecurityError",
        "fetch": "TypeError",
    }
    page.close()


def test_another_site_can_neither_embed_nor_change(chromium: Any, address: str, served) -> None:
    """A page of another port of this machine is of the same site: its requests carry the cookie, and are refused."""
    page = chromium.new_page()
    page.goto(f"{address}?token={TOKEN}")
    page.wait_for_url(address)
    other = chromium.new_page()
    foreign = "http://127.0.0.1:9/evil"
    other.route(foreign, lambda route: route.fulfill(content_type="text/html", body="<p>evil"))
    other.goto(foreign)
    run = f"{address}api/runs/{served[2].id}"
    post = "url => fetch(url, {method: 'POST', mode: 'no-cors', credentials: 'include'}).then(r => r.type, e => e.name)"
    assert other.evaluate(post, f"{run}/cancel") in ("opaque", "TypeError")
    form = "url => { const f = document.createElement('form'); f.method = 'POST'; f.action = url;"
    with other.expect_response(f"{address}runs/{served[2].id}/delete") as answered:
        other.evaluate(f"{form} document.body.append(f); f.submit() }}", f"{address}runs/{served[2].id}/delete")
    assert answered.value.status == 403
    assert page.evaluate("url => fetch(url).then(r => r.status)", run) == 200
    page.close()
    other.close()
