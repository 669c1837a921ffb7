"""The report in a real browser: nothing fails, nothing is fetched, every chart is drawn and follows its controls.

Fails, and does not skip, where no Chromium is on the PATH: a page nobody has looked at is not tested.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from sim.experiments.run import run
from sim.experiments.signing.judgement import Case
from sim.experiments.signing.survey import signing_study
from sim.report.signing import render_signing
from tests.report.conftest import SMALL

pytestmark = pytest.mark.browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 60_000  # unit: ms


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages by scenario and language."""
    folder = tmp_path_factory.mktemp("reports")
    transfer, baseline = (run(name, overrides=["horizon=2025"]) for name in ("industry_transfer", "baseline"))
    return {
        "transfer-en": transfer.report(folder / "transfer-en.html", language="en"),
        "transfer-zh": transfer.report(folder / "transfer-zh.html", language="zh"),
        "baseline-en": baseline.report(folder / "baseline-en.html", language="en"),
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert path, f"no Chromium on the PATH (looked for {', '.join(NAMES)}): apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that remembers what it complained about and what it asked for."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(PATIENCE)
    opened.problems = []  # type: ignore[attr-defined]
    opened.asked = []  # type: ignore[attr-defined]
    opened.on("console", lambda said: opened.problems.append(said.text) if said.type in ("error", "warning") else None)  # type: ignore[attr-defined]
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))  # type: ignore[attr-defined]
    opened.on("request", lambda request: opened.asked.append(request.url))  # type: ignore[attr-defined]
    yield opened
    opened.close()


def show(page: Page, path: Path) -> int:
    """Open a report, wait until its charts are drawn, say how many."""
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-drawn]", state="attached")
    return int(page.get_attribute("html", "data-drawn") or 0)


@pytest.mark.parametrize("name", ["transfer-en", "transfer-zh", "baseline-en"])
def test_a_report_draws_everything_and_asks_for_nothing(page: Page, reports: dict[str, Path], name: str) -> None:
    drawn = show(page, reports[name])
    assert page.problems == []  # type: ignore[attr-defined]
    assert [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))] == []  # type: ignore[attr-defined]
    assert drawn == page.locator(".figure").count() == (11 if name.startswith("transfer") else 6)
    assert page.locator(".figure .main-svg").count() >= drawn
    for figure in page.locator(".figure").all():
        size = figure.locator(".main-svg").first.bounding_box()
        assert size is not None
        assert size["height"] > 200
        assert size["width"] > 400


def test_the_page_of_a_signing_study_draws_everything(page: Page, tmp_path: Path) -> None:
    small = run("industry_transfer", overrides=[*SMALL, "horizon=2023"])
    survey = signing_study(small)
    assert survey is not None
    cases = [
        Case("hazard", end, 0.5, "", nearest=(1.0, "PRT", margin)) for end, margin in (("low", -0.1), ("high", 0.1))
    ]
    path = tmp_path / "signing.html"
    path.write_text(render_signing(small, survey, cases, "sim signing industry_transfer"), encoding="utf-8")
    assert show(page, path) == page.locator(".figure").count() == 2
    assert page.problems == []  # type: ignore[attr-defined]
    assert page.locator("#figure-agree .heatmaplayer image").count() == 1
    assert page.locator("#figure-agree .ytick").count() == 3
    assert page.locator("#figure-judged .barlayer .point").count() == 2


def test_all_cities_are_on_the_map_and_in_the_bars(page: Page, reports: dict[str, Path]) -> None:
    show(page, reports["transfer-en"])
    assert page.locator("#figure-map .scatterlayer path.point").count() == 41
    assert page.locator("#figure-winners .barlayer .point").count() == 3 * 41
    assert page.locator("#figure-payments .sankey-link").count() > 20


def test_the_map_follows_its_controls(page: Page, reports: dict[str, Path]) -> None:
    show(page, reports["transfer-en"])
    colours = "() => document.getElementById('figure-map').data[0].marker.color"
    last = page.evaluate(colours)
    page.select_option("#map-measure", "real_gdp")
    assert page.evaluate(colours) != last
    page.locator("#map-year").fill("2019")
    assert page.locator("#map-year + output").inner_text() == "2019"
    assert set(page.evaluate(colours)) == {0}


def test_the_paths_follow_the_chosen_place(page: Page, reports: dict[str, Path]) -> None:
    show(page, reports["transfer-en"])
    line = "() => document.getElementById('figure-paths').data[0].y[0]"
    whole = page.evaluate(line)
    page.select_option("#paths-place", "340100")
    assert page.evaluate(line) < whole / 10
    assert page.problems == []  # type: ignore[attr-defined]


def test_tables_sort_by_a_click(page: Page, reports: dict[str, Path]) -> None:
    show(page, reports["transfer-en"])
    page.locator("#cities summary").click()
    heads, cells = (
        page.locator("#cities table.cities th"),
        page.locator("#cities table.cities tbody tr td:nth-child(7)"),
    )
    heads.nth(6).click()
    values = [float(text.replace(",", "")) for text in cells.all_inner_texts()]
    assert values == sorted(values, reverse=True)
    heads.nth(6).click()
    values = [float(text.replace(",", "")) for text in cells.all_inner_texts()]
    assert values == sorted(values)


def test_a_page_without_script_still_answers(browser: Browser, reports: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(reports["transfer-en"].as_uri())
    assert page.locator(".answer p").count() == 3
    assert page.locator("table.provinces").is_visible()
    assert not page.locator("#figure-map").is_visible()
    assert page.get_by_text("The charts need JavaScript").is_visible()
    context.close()


def test_a_narrow_screen_does_not_scroll_sideways(page: Page, reports: dict[str, Path]) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    show(page, reports["transfer-en"])
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 400
