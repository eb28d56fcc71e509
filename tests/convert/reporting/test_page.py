"""The page in a browser: its divider moves, its tables sort, it fits a phone and loads nothing."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator

import pytest

from tests.convert.reporting.files import SCRIPT

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install '.[dev]'")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Headless Chromium; Debian's packages are `chromium` and `chromium-driver`."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no Chromium is installed: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()


@pytest.fixture
def page(browser, made):
    """The report, opened anew at the size of a laptop."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.set_window_size(1280, 900)
    browser.get((made.folder / "report.html").as_uri())
    return browser


def place(divider) -> str:
    return divider.parent.execute_script(
        "return getComputedStyle(arguments[0].parentElement).getPropertyValue('--place')", divider
    )


def column(page, number: int) -> list[str]:
    cells = page.find_elements("css selector", f"#stages tbody tr > :nth-child({number})")
    return [cell.text for cell in cells]


def test_the_verdict_and_every_section_are_there(page) -> None:
    assert page.find_element("css selector", ".verdict.passed").text == "5 stages ran and passed 5 gates"
    sections = [section.get_attribute("id") for section in page.find_elements("css selector", "main > section")]
    assert sections == ["stages", "gates", "pictures", "layers", "errors", "photos", "provenance"]
    assert len(page.find_elements("css selector", "svg.plot path.line")) == 3


def test_the_divider_moves_by_pointer_and_by_keyboard(page) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    divider = page.find_element("css selector", ".compare input")
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", divider)
    assert place(divider) == "50%"
    width = divider.size["width"]
    ActionChains(page).move_to_element(divider).click_and_hold().move_by_offset(int(width * 0.3), 0).release().perform()
    dragged = float(place(divider).rstrip("%"))
    assert 70 < dragged < 90
    divider.send_keys(Keys.ARROW_LEFT)
    assert float(place(divider).rstrip("%")) == dragged - 1
    divider.send_keys(Keys.HOME)
    assert place(divider) == "0%"
    clipped = page.find_element("css selector", ".compare .after").value_of_css_property("clip-path")
    assert clipped in ("inset(0px)", "inset(0px 0px 0px 0%)")


def test_tables_sort_by_number_and_text_and_turn_round(page) -> None:
    heading = page.find_element("css selector", "#stages thead th:nth-child(3)")
    button = heading.find_element("css selector", "button")
    button.click()
    numbers = [float(text) for text in column(page, 3)]
    assert numbers == sorted(numbers)
    assert heading.get_attribute("aria-sort") == "ascending"
    button.click()
    assert [float(text) for text in column(page, 3)] == sorted(numbers, reverse=True)
    page.find_element("css selector", "#stages thead th:nth-child(2) button").click()
    assert heading.get_attribute("aria-sort") is None
    assert column(page, 2) == sorted(column(page, 2))


def test_a_table_sorts_by_keyboard(page) -> None:
    from selenium.webdriver.common.keys import Keys

    page.find_element("css selector", "#stages thead th:nth-child(3) button").send_keys(Keys.ENTER)
    assert page.find_elements("css selector", "#stages th[aria-sort='ascending']")


def test_the_console_stays_empty_and_nothing_is_loaded(page) -> None:
    assert page.get_log("browser") == []
    loaded = page.execute_script("return performance.getEntriesByType('resource').map(resource => resource.name)")
    assert not [name for name in loaded if not name.startswith("data:")]


def test_names_that_are_html_stay_text(page, made) -> None:
    assert SCRIPT in page.find_element("tag name", "main").text
    assert len(page.find_elements("tag name", "script")) == 1
    source = (made.folder / "report.html").read_text("utf-8")
    assert SCRIPT not in source
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", source)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_its_colours_follow_the_system(page, scheme: str) -> None:
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 720, "deviceScaleFactor": 2, "mobile": True}
    )
    page.execute_script("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert page.execute_script("return document.documentElement.scrollWidth") == 360
    ground, ink = (
        page.execute_script(f"return getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color")
    )
    assert (brightness(ground) > brightness(ink)) == (scheme == "light")
    assert abs(brightness(ground) - brightness(ink)) > 150


def test_on_paper_it_is_whole(page) -> None:
    page.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    folded = page.find_elements("css selector", "details:not([open])")
    assert not folded
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not page.find_element("tag name", "nav").is_displayed()
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    printed = base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    assert printed.startswith(b"%PDF")


def brightness(colour: str) -> float:
    return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3]) / 3
