from pathlib import Path

import pytest

from lectern.marp.resources import absolute_css, data_uri, file_of, is_local, urls_in


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ('<img src="a.png" alt="x">', ["a.png"]),
        ("<img alt='x' src='a b.png'>", ["a b.png"]),
        ('<img\nclass="c"\nsrc="a.png">', ["a.png"]),
        ('<video poster="p.jpg"><source src="v.mp4"></video>', ["p.jpg", "v.mp4"]),
        ('<figure style="background-image:url(&quot;bg.png&quot;);">', ["bg.png"]),
        ("@font-face{src:url('f.woff2') format('woff2'), url(f.woff)}", ["f.woff2", "f.woff"]),
        ('<img src="a.png?x=1&amp;y=2">', ["a.png?x=1&y=2"]),
        ("<img src=a.png alt=' src=\"no.png\"'>", ["a.png"]),
        ('<video src="v.mp4" poster="p.png">', ["v.mp4", "p.png"]),
        ('<source srcset="a.png 2x, b(1).png 480w,c.png">', ["a.png", "b(1).png", "c.png"]),
        ('<b style="background:url(&quot;p(1).png&quot;)">', ["p(1).png"]),
        (
            "b{c:url('q(1).png')} d{e:url(r\\(1\\).png)} f{g:url( \"\\28 x.png\" )}",
            ["q(1).png", "r(1).png", "(x.png"],
        ),
        ("<p>url(no.png) <code>url('no.png')</code></p><!-- <img src='no.png'> -->", []),
        ("<svg><script>const a = '<img src=\"no.png\">'</script><style>a{b:url(c.png)}</style>", ["c.png"]),
        ('<a href="page.html">url</a><p data-src="no.png">', []),
    ],
)
def test_what_a_page_loads(text: str, urls: list[str]) -> None:
    assert list(urls_in(text)) == urls


def test_local_urls_mean_files() -> None:
    assert all(is_local(url) for url in ("a.png", "../a b.png", "/x/a.png", "file:///x/a.png"))
    assert not any(
        is_local(url) for url in ("data:image/png;base64,", "https://a/b.png", "//cdn/x", "#gradient", "")
    )
    folder = Path("/deck")
    assert file_of("img/a%20b.png?x=1", folder) == Path("/deck/img/a b.png")
    assert file_of("../a.png", folder) == Path("/a.png")
    assert file_of("file:///x/a%20b.png", folder) == Path("/x/a b.png")


def test_a_themes_paths_start_at_the_theme() -> None:
    css = 'a{background:url(x.png)} b{background:url("https://e.org/y.png")} c{fill:url(#g)}'
    assert absolute_css(css, Path("/theme")) == css.replace("url(x.png)", "url('file:///theme/x.png')")


def test_files_become_data_uris_of_their_kind(tmp_path: Path) -> None:
    for name, kind in (
        ("a.svg", "image/svg+xml"),
        ("a.woff2", "font/woff2"),
        ("a.unknown-kind", "application/octet-stream"),
    ):
        path = tmp_path / name
        path.write_bytes(b"abc")
        assert data_uri(path) == f"data:{kind};base64,YWJj"
