"""The page: whole, self-contained, safe, the same for a run in memory and one that was loaded."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sim.core.errors import InputError
from sim.experiments.run import Run, load, run
from sim.report import charts, html
from sim.report.answer import answer
from sim.report.html import render, write_report
from sim.report.sections import SECTIONS
from sim.report.view import View
from tests.report.conftest import SMALL

VOID = {"meta", "link", "br", "input", "img"}
SCRIPT = re.compile(r"<script[^>]*>.*?</script>", re.DOTALL)
MEGABYTE = 1e6


class Outline(HTMLParser):
    """Checks that tags close in order; gathers ids, addresses and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [value for key, value in attrs if key == "id" and value]
        self.addresses += [value for key in ("src", "href", "action") if (value := values.get(key))]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.text += data


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(SCRIPT.sub("", page))
    parser.close()
    assert parser.open == []
    return parser


def specifications(page: str) -> dict[str, object]:
    found = re.search(r'id="specifications">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, object] = json.loads(found[1])["figures"]
    return data


def has_parties(run: Run) -> bool:
    return "industry_transfer" in run.config.policies


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_is_whole(any_run: Run, tmp_path: Path, language: str) -> None:
    path = write_report(any_run, tmp_path / "report.html", language=language)
    page = path.read_text(encoding="utf-8")
    parser = outline(page)
    empty = {"agree": not has_parties(any_run), "people": not View(any_run).moves_people}
    empty |= {"rivers": True, "gateways": charts.gateways(View(any_run)) is None}
    assert [section for section in SECTIONS if section not in parser.ids] == [name for name in empty if empty[name]]
    assert len(parser.ids) == len(set(parser.ids))
    assert {f"figure-{name}" for name in specifications(page)} <= set(parser.ids)
    assert path.stat().st_size < 6 * MEGABYTE
    assert "nan" not in parser.text.lower().split()
    assert "$" not in parser.text
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_asks_nobody_for_anything(transfer: Run) -> None:
    page = render(transfer)
    assert all(address.startswith(("#", "data:")) for address in outline(page).addresses)
    assert "@import" not in page.split("</style>")[0]
    assert "url(" not in page.split("</style>")[0]


def test_text_and_tables_do_without_script(transfer: Run) -> None:
    text = outline(render(transfer)).text
    for label in transfer.labels["regions"].values():
        assert label["kind"] != "city" or label["name_en"] in text
    for word in ("What the sign hangs on", "without congestion", "sim run industry_transfer"):
        assert word in text


def test_chinese_pages_name_cities_in_chinese(transfer: Run) -> None:
    text = outline(render(transfer, language="zh")).text
    assert "连云港市" in text
    assert "Lianyungang" not in text


def test_a_loaded_run_gives_the_same_page(tmp_path: Path) -> None:
    made = run("industry_transfer", overrides=SMALL, out=tmp_path / "run")
    assert render(load(tmp_path / "run")) == render(made)


def test_a_run_whose_data_set_has_changed_is_still_reported(small: Run) -> None:
    info = {**small.info, "data": {**small.info["data"], "hash": "another"}}
    stored = Run(small.config, info, small.arrow, small.reference)
    assert View(stored).world is None
    assert "has changed since" in outline(render(stored)).text


def test_words_of_a_scenario_are_escaped(small: Run) -> None:
    question = {"en": "</script><script>alert(1)</script> & more", "zh": "<b>"}
    config = small.config.with_values({"question": question})
    page = render(Run(config, small.info, small.arrow, small.reference, None, small.model))
    assert "<script>alert" not in page
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page


def test_names_of_places_cannot_end_the_script(small: Run) -> None:
    labels = json.loads(json.dumps(small.labels))
    labels["regions"]["PRT"]["name_en"] = "</script><img src=x>"
    page = render(Run(small.config, {**small.info, "labels": labels}, small.arrow, small.reference, None, small.model))
    assert "</script><img" not in page


def test_a_page_that_fails_leaves_the_old_one(small: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(self: Path, text: str, encoding: str) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        write_report(small, path)
    monkeypatch.undo()
    assert [item.name for item in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "old"


def test_an_unknown_language_is_refused(small: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no report in 'fr'"):
        write_report(small, tmp_path / "report.html", language="fr")


def test_the_gaps_by_province_are_those_of_the_tables(transfer: Run) -> None:
    assert transfer.reference is not None
    amount, pct = View(transfer).difference("gdp", "AH")
    after, before = (
        one.by("province").query("province == 'AH' and year == 2027")["gdp"].item()
        for one in (transfer, transfer.reference)
    )
    assert amount == pytest.approx(after - before)
    assert pct == pytest.approx(100 * (after / before - 1))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_contracts_on_water_show_what_they_do_along_the_river(language: str) -> None:
    """Solid with the contract, dotted without; sections below the border are cleaner, most at the border."""
    view = View(water := run("xinan_river", overrides=["horizon=2021"]), language)
    spec = charts.rivers(view)
    assert spec is not None
    with_it, without = spec["data"][:2]
    assert {line["line"]["dash"] for line in spec["data"]} == {"solid", "dot"}
    assert with_it["y"][0] == without["y"][0]
    assert all(
        line["y"][-1] < other["y"][-1] for line, other in zip(spec["data"][::2], spec["data"][1::2], strict=True)
    )
    most = ("Qiandao lake", "Xin'an river") if language == "en" else ("千岛湖", "新安江")
    assert with_it["name"].startswith(most)
    assert 'id="rivers"' in render(water, language=language)


@pytest.mark.parametrize(("language", "name"), [("en", "port of Shanghai"), ("zh", "上海港")])
def test_a_larger_port_is_shown_and_said(language: str, name: str) -> None:
    """Emptier with the berths; the sentence has the last year's numbers of the tables."""
    berths = ["policies.joint_projects.projects.yangshan.begin=2020", "horizon=2023"]
    berths += [f"policies.joint_projects.projects.yangshan.{key}" for key in ("finish=2020", "opening=2021")]
    view = View(built := run("yangshan_port", overrides=berths), language)
    spec = charts.gateways(view)
    assert spec is not None
    with_it, without = spec["data"][:2]
    assert with_it["name"].startswith(name)
    assert with_it["y"][:2] == without["y"][:2]
    assert with_it["y"][-1] < without["y"][-1] - 0.05
    assert 'id="gateways"' in render(built, language=language)
    said = next(line for line in answer(built, language) if name in line)
    use = built.cities.query("region == '310000' and year == 2023")["sea_port_use"].item()
    assert f"{100 * use:.0f}%" in said


def test_every_section_has_its_place_in_the_contents(small: Run, baseline: Run) -> None:
    page = render(small)
    links = re.findall(r'<a href="#(\w+)">', page.split("</nav>")[0])
    left_out = "rivers", "gateways"  # no contract on water, no data on ports
    assert links == [section for section in SECTIONS if section not in left_out]
    assert "agree" not in re.findall(r'<a href="#(\w+)">', render(baseline).split("</nav>")[0])
    assert html.LANGUAGES == ("en", "zh")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_of_another_region_is_about_that_region(small: Run, language: str) -> None:
    page = SCRIPT.sub("", render(small, language=language))
    title = re.findall("<title>(.*?)</title>", page)[0]
    assert "41" not in title
    assert "3" in title
    kicker = re.findall('<p class="kicker">(.*?)</p>', page)[0]
    assert kicker.startswith("three_cities")
