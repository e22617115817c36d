"""The lecture as the audience sees it: stepped through in a real browser that has no network."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from build import fixtures
from figures.style.look import FAINT
from lectern.project import ENGINE_ROOT
from tests.conftest import Sandbox

pytestmark = [pytest.mark.heavy, pytest.mark.browser]

# What is wrong with the slide in view: pictures without pixels, text or boxes that stick out or overlap the
# foot, formulas not set, text too small or too faint.
FAULTS = """
() => {
  const section = [...document.querySelectorAll('svg.bespoke-marp-active section')].at(-1)
  const frame = section.getBoundingClientRect(), scale = frame.width / section.offsetWidth, faults = []
  const own = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const parse = (color) => color.match(/[\\d.]+/g).map(Number)
  const background = (node) => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor)
      if (color.length === 3 || color[3] === 1) return color
    }
    return [255, 255, 255]
  }
  for (const image of section.querySelectorAll('img')) {
    if (!image.complete || !image.naturalWidth || !image.naturalHeight) faults.push(`no picture: ${image.src.slice(0, 60)}`)
    if (!image.alt) faults.push('picture without alt text')
    if (image.getBoundingClientRect().width < 0.5 * frame.width) faults.push('picture smaller than half the slide')
  }
  if (section.querySelector('.katex-error') || section.innerHTML.includes('--formula-error')) faults.push('formula')
  if (section.scrollHeight > section.clientHeight || section.scrollWidth > section.clientWidth) faults.push('overflow')
  const foot = section.querySelector('footer').getBoundingClientRect()
  for (const node of section.querySelectorAll('*')) {
    const box = node.getBoundingClientRect(), style = getComputedStyle(node)
    if (!box.width || node.closest('.katex-mathml') || node.closest('.katex-html svg')) continue
    if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
      faults.push(`sticks out: ${node.tagName} ${node.textContent.slice(0, 40)}`)
    if (!own(node)) continue
    const isFoot = node.closest('footer')
    if (!isFoot && !node.closest('.katex') && box.bottom > foot.top) faults.push(`on the foot: ${node.textContent.slice(0, 40)}`)
    if (!isFoot && !node.closest('.katex') && parseFloat(style.fontSize) < 24) faults.push(`small: ${style.fontSize} ${node.textContent.slice(0, 40)}`)
    const [a, b] = [luminance(parse(style.color)), luminance(background(node))].sort((x, y) => y - x)
    if ((a + 0.05) / (b + 0.05) < 4.5) faults.push(`faint: ${style.color} ${node.textContent.slice(0, 40)}`)
  }
  return faults
}
"""


# What is wrong with the words and marks of its picture, and with how its caption reads.
LEGIBILITY = (Path(__file__).parent / "legibility.js").read_text()
LEAST = {
    "smallest": 18,  # px of 720, words in pictures
    "guideLine": "rgb({}, {}, {})".format(
        *bytes.fromhex(FAINT[1:])
    ),  # the one colour that may be lighter than 3:1
    "mostWords": 36,  # of a caption: about ten seconds
}


@pytest.fixture(scope="module")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    assert (
        Sandbox(ENGINE_ROOT, fixtures=fixtures()).build("--out", str(out), "--formats", "html", "--quiet")
        == 0
    )
    return out / "mechinterp.html"


@pytest.fixture
def page(browser: Browser, lecture: Path) -> Iterator[Page]:
    """The lecture opened at its first slide; any request that leaves the file fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if _is_complaint(message) else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(f"failed: {request.url[:100]}"))
    page.on(
        "request",
        lambda request: (
            said.append(request.url[:100]) if not request.url.startswith(("file:", "data:")) else None
        ),
    )
    page.goto(lecture.as_uri())
    page.evaluate("() => document.fonts.ready.then(() => true)")
    yield page
    context.close()
    assert said == []


def _is_complaint(message: ConsoleMessage) -> bool:
    """Marp's page asks that the screen stay on, which a browser without a screen denies."""
    return message.type in ("error", "warning") and "Wake Lock" not in message.text


def test_every_slide_is_whole_legible_and_shows_its_pictures(page: Page) -> None:
    count = page.locator("svg[data-marpit-svg]").count()
    assert count >= 29
    faults = {}
    for number in range(1, count + 1):
        page.wait_for_function(
            "n => document.querySelector('svg.bespoke-marp-active section').id === String(n)", arg=number
        )
        if found := page.evaluate(FAULTS):
            faults[number] = found
        page.keyboard.press("ArrowRight")
    assert faults == {}


def test_every_picture_can_be_read_from_the_back_row(page: Page) -> None:
    faults = {}
    for number in range(1, page.locator("svg[data-marpit-svg]").count() + 1):
        page.wait_for_function(
            "n => document.querySelector('svg.bespoke-marp-active section').id === String(n)", arg=number
        )
        if found := page.evaluate(LEGIBILITY, LEAST):
            faults[number] = found
        page.keyboard.press("ArrowRight")
    assert faults == {}


def test_the_fonts_are_the_themes_own(page: Page) -> None:
    for font in ("400 20px 'Source Sans 3'", "600 20px 'Source Sans 3'", "20px KaTeX_Main"):
        assert page.evaluate("font => document.fonts.load(font).then(faces => faces.length)", font) > 0


def test_the_checks_can_fail(page: Page) -> None:
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('svg.bespoke-marp-active section').id === '3'")
    page.evaluate(
        """() => {
          const section = [...document.querySelectorAll('svg.bespoke-marp-active section')].at(-1)
          section.insertAdjacentHTML('beforeend',
            '<p style="color:#999">faint</p><p style="font-size:12px">small</p><img src="data:image/png;base64,AAAA">' +
            '<p style="flex:none;height:900px">tall</p><span class="katex-error">x</span>')
        }"""
    )
    faults = " ".join(page.evaluate(FAULTS))
    for word in ("faint", "small", "no picture", "overflow", "sticks out", "formula", "without alt"):
        assert word in faults


BAD_PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="850pt" height="330pt" viewBox="0 0 850 330">
<g id="figure_1"><g id="patch_1"><path d="M 300 100 L 500 100 L 500 200 L 300 200 z" style="fill: #d1d5db"/></g>
<g id="line2d_1"><path d="M 0 300 L 850 300" style="fill: none; stroke: #d1d5db"/></g>{words}</g></svg>"""
WORD = """<g id="text_{i}"><!-- {name} --><g style="fill: {color}" transform="translate({x} 150) scale({size} -{size})">
<path d="M 0 0 L 300 0 L 300 70 L 0 70 z"/></g></g>"""


def test_the_checks_of_pictures_can_fail(page: Page) -> None:
    words = (
        ("tiny", "#000", 10, 0.1),
        ("pale", "#888", 320, 0.2),
        ("one", "#000", 100, 0.2),
        ("two", "#000", 120, 0.2),
    )
    drawn = [
        WORD.format(i=i, name=n, color=c, x=x, size=s)
        for i, (n, c, x, s) in enumerate((*words, ("out", "#000", 840, 0.2)))
    ]
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('svg.bespoke-marp-active section').id === '2'")
    page.evaluate(
        """async (picture) => {
          const section = [...document.querySelectorAll('svg.bespoke-marp-active section')].at(-1)
          section.querySelector('img').src = 'data:image/svg+xml,' + encodeURIComponent(picture)
          await section.querySelector('img').decode()
          section.querySelector('p').innerHTML = 'palabra '.repeat(50) + '<br>a'
        }""",
        BAD_PICTURE.format(words="".join(drawn)),
    )
    assert page.evaluate(LEGIBILITY, LEAST) == [
        "small: 9.9 px tiny",
        "faint words: pale",
        "cut: out",
        "over one another: two / one",
        "faint mark: 209,213,219 in patch_1",
        "alone on its line: a",
        "caption of 51 words",
    ]


def test_the_page_fits_other_windows(page: Page) -> None:
    for size in ({"width": 800, "height": 600}, {"width": 1920, "height": 1080}):
        page.set_viewport_size(size)
        box = page.locator("svg.bespoke-marp-active").first.bounding_box()
        assert box
        assert box["width"] <= size["width"]
        assert box["height"] <= size["height"]


if sys.platform == "win32":
    pytestmark.append(pytest.mark.skip(reason="the browser is found by Marp there"))
