"""The report in headless Chromium: nothing on the console, nothing from outside, everything there and working."""

from urllib.parse import unquote, urlparse

import pytest

SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 800}}


@pytest.fixture
def opened(browser, report):
    """Opens the report; what the browser complained about, and what it asked for, is in `troubles` and `requests`."""
    contexts = []

    def open_page(size="desktop", **options):
        contexts.append(browser.new_context(viewport=SIZES[size], **options))
        page = contexts[-1].new_page()
        page.troubles, page.requests = [], []
        page.on("console", lambda message: page.troubles.append(message.text))
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(report.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def ids(page) -> list[str]:
    return page.eval_on_selector_all(".page", "pages => pages.map(page => page.id)")


def shown(page) -> list[str]:
    return page.eval_on_selector_all(".page", "pages => pages.filter(page => page.offsetParent).map(page => page.id)")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_page_opens_without_a_complaint_or_a_request(opened, report, size, colours):
    page = opened(size, color_scheme=colours)
    assert len(ids(page)) == 4 + 4  # overview, leaderboard, the challenge, glossary; three models and an ensemble
    for name in ids(page):
        page.evaluate("name => { location.hash = name }", name)
        page.wait_for_function("name => document.getElementById(name).offsetParent", arg=name)
        assert shown(page) == [name]
        too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide == 0, f"{name} scrolls sideways"
        assert page.evaluate("scrollY") == 0, f"{name} does not begin at its top"
        badges = page.locator(f"[id='{name}'] .badge.generated:visible").count()
        assert badges or name == "glossary", f"{name} does not say that its data are generated"
    menu = page.eval_on_selector_all("nav a", "links => links.map(link => link.getBoundingClientRect().right)")
    assert len(menu) == 4 and max(menu) <= SIZES[size]["width"], "the menu is cut off"
    assert page.troubles == []
    assert {url for url in page.requests if not url.startswith("data:")} == {report.as_uri()}


def test_the_leaderboard_sorts_and_filters(opened):
    page = opened()
    page.click("nav a[href='#leaderboard']")
    score = "Number(row.cells[4].dataset.value ?? row.cells[4].innerText)"
    scores = f"rows => rows.filter(row => row.offsetParent).map(row => {score})"
    read = lambda: page.eval_on_selector_all("#scores tbody tr", scores)  # noqa: E731
    before = read()
    assert len(before) == 6 * 2 + 1  # variants and controls on two splits, and the published result
    page.click("#scores th >> text=score")
    assert read() == sorted(before, reverse=True) != before
    page.click("#scores th >> text=score")
    assert read() == sorted(before)
    page.fill(".filter input[type=search]", "train model-01")
    assert len(read()) == 1
    page.fill(".filter input[type=search]", "train")
    page.uncheck(".filter input[type=checkbox]")
    assert len(read()) == 5 and page.inner_text(".filter output") == "5 of 13"
    assert page.is_visible("tr.reference .badge.published")


def test_every_picture_is_there_and_the_slider_shows_one_after_the_other(opened):
    page = opened()
    widths = page.eval_on_selector_all(
        "img", "images => Promise.all(images.map(i => (i.loading = 'eager', i.decode().then(() => i.naturalWidth))))"
    )
    # of each model six, one on the front page, one of answers
    assert len(widths) == 4 * 6 + 2 and all(width == 8 for width in widths)
    page.evaluate("location.hash = 'made-up/one/both'")
    figure = page.locator("section.shown .scrub")
    assert figure.locator("img:visible").count() == 1
    assert figure.locator("img:visible").get_attribute("alt") == "noise, 3 of 5"  # where the plugin opens it
    figure.locator("input").fill("1")
    assert figure.locator("img:visible").get_attribute("alt") == "noise, 1 of 5"
    figure.locator("input").fill("3")
    assert figure.locator("img:visible").get_attribute("alt") == "noise, 3 of 5"


def test_curves_are_drawn_and_can_be_read_off(opened):
    page = opened()
    page.evaluate("location.hash = 'made-up/one/model-00'")
    curve = page.locator("section.shown figure.lines").first
    curve.locator(".uplot").wait_for()
    names = curve.locator(".legend li:visible").all_inner_texts()
    assert names == [f"fold {number}" for number in range(5)]  # no value where there is no pointer
    box = curve.locator(".u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    values = curve.locator(".legend .value").all_inner_texts()
    assert len(values) == 6 and abs(float(values[0]) - 0.5) < 0.05


def test_every_term_is_explained_where_it_stands_and_in_the_glossary(opened):
    page = opened()
    terms = page.eval_on_selector_all(
        "abbr", "all => all.map(each => [each.innerText || each.textContent, each.title])"
    )
    known = set(page.eval_on_selector_all("#glossary dd", "all => all.map(each => each.textContent)"))
    assert len(terms) > 50 and all(meaning in known for _, meaning in terms)
    headings = page.eval_on_selector_all(
        "#scores th, .models th", "all => all.filter(each => !each.querySelector('abbr')).map(each => each.textContent)"
    )
    assert set(headings) == {"challenge", "what it is", "interval"}, "a heading that nothing explains"


def test_headings_stand_above_their_numbers(opened):
    page = opened()
    aligned = """tables => tables.flatMap(table => [...table.tHead?.rows[0]?.cells ?? []].map((heading, column) => {
        const cell = table.tBodies[0].rows[0]?.cells[column];
        return [heading.textContent, getComputedStyle(heading).textAlign, cell && getComputedStyle(cell).textAlign];
    }))"""
    for name, heading, cell in page.eval_on_selector_all("table", aligned):
        assert cell in (heading, None), name


def test_pictures_keep_their_size_and_have_no_white_box_in_the_dark(opened):
    page = opened("phone", color_scheme="dark")
    page.evaluate("location.hash = 'made-up/one/both'")
    image = page.locator("section.shown .picture img").first
    styles = image.evaluate("image => [getComputedStyle(image).maxWidth, getComputedStyle(image).backgroundColor]")
    assert styles == ["none", "rgba(0, 0, 0, 0)"]


def test_every_link_leads_somewhere(opened, report):
    page = opened()
    links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.getAttribute('href'))")
    inside = {link[1:] for link in links if link.startswith("#")}
    assert inside <= set(ids(page)) | {"main"} and "made-up/one/both" in inside
    files = [link for link in links if not link.startswith("#") and not urlparse(link).scheme]
    assert "made-up/one/both/scores.json" in files
    for file in files:
        assert (report.parent / unquote(file)).exists(), file


def test_all_can_be_read_without_javascript(opened):
    page = opened(java_script_enabled=False)
    assert page.locator("section.page:visible").count() == 8
    assert page.locator("svg.curve:visible").count() == 4 * 3
    assert page.locator(".filter:visible").count() == 0
