"""The status page in a real browser that runs no scripts."""

import os
import re
import sys
from collections import Counter

import pytest
from browser import Browser, Missing

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "integration"))

from admin import LISTEN, Admin  # noqa: E402
from process import Daemon  # noqa: E402
from standin import Fault  # noqa: E402
from trail import Trail  # noqa: E402

WIDE, PHONE = (1200, 900), (390, 844)


@pytest.fixture(scope="module")
def browser():
    try:
        with Browser() as made:
            yield made
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def admin(standin, tmp_path):
    """The web site of a daemon that has delivered something."""
    running = Daemon(standin.journal, tmp_path)
    running.start({**standin.options(), "admin_listen": LISTEN,
                   "batch_max_delay": "100ms"}, standin.environ())
    try:
        made = Admin(running)
        trail = Trail(standin)
        trail.put(5, count=20)
        trail.await_all(running)
        made.wait_ready()
        yield made
    finally:
        standin.faults.clear()
        standin.queue.end_polls()
        running.stop()


def text_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html.split("</style>")[1]).split())


def luminance(color):
    parts = [c / 255 for c in color]
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
             for c in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a, b):
    """As WCAG 2.2 has it."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def rgb(style):
    return tuple(int(n) for n in re.findall(r"\d+", style)[:3])


def assert_clean(browser, admin):
    """No complaint of the browser, and nothing asked for but the page."""
    assert browser.log("browser") == []
    asked = {url for url in browser.requested()
             if not url.startswith("data:")}
    assert asked == {admin.url + "/"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_at_work(browser, admin, tmp_path, size, scheme):
    browser.look(*size, scheme)
    browser.requested()
    browser.open(admin.url + "/")
    html = browser.html()
    text = text_of(html)
    assert "<script" not in html
    assert "All is well" in text and "Last problems" in text
    assert "delivered 100" in text
    assert_clean(browser, admin)
    rows = browser.screenshot(tmp_path / "page.png")
    colors = Counter(pixel for row in rows for pixel in row)
    state = browser.styles(".state")
    card = rgb(state["background-color"])
    assert colors[card] > 5000, "the state is not in the picture"
    assert len(colors) > 50
    ground = rgb(browser.styles("body")["background-color"])
    assert (luminance(ground) < 0.1) == (scheme == "dark")
    # Nothing has to be scrolled sideways.
    assert browser.box("body")["width"] <= size[0]
    assert browser.box("main")["width"] <= size[0]
    assert contrast(rgb(browser.styles(".state h1")["color"]), card) >= 4.5
    white = rgb(browser.styles(".card")["background-color"])
    for selector in (".card h2", ".card .n", "td.ok", "caption"):
        assert contrast(rgb(browser.styles(selector)["color"]), white) >= 4.5


def test_a_refused_token(browser, standin, admin, tmp_path):
    """An open page comes to show it by itself."""
    browser.look(*WIDE)
    browser.open(admin.url + "/")
    assert "All is well" in text_of(browser.html())
    standin.faults.on("dassana.POST", Fault(
        status=401, body=b'{"error":"token_validation_error <b>"}',
        headers=(("Content-Type", "application/json"),)))
    Trail(standin).put(2)
    admin.wait_ready(False, "dassana")
    browser.wait(lambda: "Events are held up" in text_of(browser.html()))
    text = text_of(browser.html())
    assert "Dassana: the token was refused" in text
    assert "What helps: check that the token" in text
    assert "token_validation_error &lt;b&gt;" in text
    assert_clean(browser, admin)
    rows = browser.screenshot(tmp_path / "page.png")
    assert rgb(browser.styles(".state")["background-color"]) in rows[100]


def test_for_a_screen_reader(browser, admin):
    browser.look(*WIDE)
    browser.open(admin.url + "/")
    told = browser.accessible()
    assert ("heading", "All is well") in told
    assert ("heading", "Lag") in told
    assert ("table", "Who it works with") in told
    assert ("table", "Last problems") in told
    assert ("columnheader", "State") in told
    assert ("rowheader", "SQS queue") in told
    assert ("meter", "Buffer in use") in told
    roles = {role for role, _ in told}
    assert {"main", "banner", "contentinfo", "status"} <= roles
