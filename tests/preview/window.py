"""What the preview shows in a window of a browser."""

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.preview.running import Preview

SLIDE = "svg.bespoke-marp-active"
ACTIVE = f"{SLIDE}:not([data-marpit-advanced-background]) section"


class Window:
    """A page of the preview in a browser."""

    def __init__(self, page: Page) -> None:
        self.page = page
        expect(page.locator(SLIDE).first).to_be_attached()  # before the first deck there are none
        expect(page.locator(".lectern-chip button")).to_contain_text("fresh")
        page.evaluate("() => { window.marker = 'not reloaded' }")

    @property
    def slide(self) -> Locator:
        return self.page.locator(ACTIVE)

    @property
    def problems(self) -> Locator:
        return self.page.locator(".lectern-problems")

    @property
    def mark(self) -> Locator:
        return self.page.locator(".lectern-mark")

    @property
    def kept(self) -> bool:
        """Whether the page is the one that was opened."""
        return self.page.evaluate("() => window.marker") == "not reloaded"

    @property
    def revision(self) -> int:
        """The number of the state that the page shows."""
        return int(self.page.evaluate("() => localStorage.getItem('lectern-applied')"))

    @property
    def picture(self) -> str:
        """Where the picture on the slide in view comes from."""
        return self.slide.locator("img").get_attribute("src") or ""

    def go(self, heading: str) -> None:
        """Step to a slide."""
        title = self.page.locator(f"{ACTIVE} h1")
        for _ in range(20):
            if (title.text_content() or "") == heading:
                return
            self.page.keyboard.press("PageDown")
        raise AssertionError(f"there is no slide {heading}")

    def shows(self, *texts: str) -> None:
        """Wait until the slide in view has these texts."""
        for text in texts:
            expect(self.slide).to_contain_text(text)

    def says(self, *texts: str) -> None:
        """Wait until the overlay says these."""
        for text in texts:
            expect(self.problems).to_contain_text(text)

    def says_nothing(self) -> None:
        """Wait until there is no overlay."""
        expect(self.problems).to_be_hidden()

    def stands(self, figure: str, phase: str) -> None:
        """Wait until the list in the page tells of a figure's phase."""
        expect(self.page.locator(f'li[data-figure="{figure}"] span.{phase}')).to_have_count(1)


def window(context: BrowserContext, preview: Preview, heading: str = "First") -> Window:
    """Open the preview at a slide."""
    page = context.new_page()
    page.goto(preview.address)
    opened = Window(page)
    opened.go(heading)
    return opened
