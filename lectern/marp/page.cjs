// From a rendered deck to a file: with the files that it shows embedded, and Marp CLI's page around it.
'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { Offline, kept } = require('./marp.cjs')

// How Marp CLI has its engine arrange the slides of an HTML page.
const LAYOUT = { container: { tag: 'div', id: ':$p' }, inlineSVG: true, slideContainer: [] }
const SLIDES = '<!--slides-->'
const STYLE = '/*style*/'
const NOTE = 'the one note'
const ONE_NOTE = new RegExp(`<div class="bespoke-marp-note"[^>]*><p>${NOTE}</p></div>`)

// As lectern/marp/resources.py finds them: what style elements, style attributes and media elements load.
const PARTS =
  /(<script\b.*?<\/script>|<!--.*?-->)|(<style\b[^>]*>)(.*?)(<\/style>)|<[a-z][^'">]*(?:(?:"[^"]*"|'[^']*')[^'">]*)*>/gis
const MEDIA = /^<(?:img|video|audio|source|track|embed)\b/i
const ATTRIBUTE = /(\s([^\s=>"'/]+)\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/g
const CANDIDATE = /(\s*,?\s*)([^\s,]\S*[^\s,]|[^\s,])((?:\s[^,]*)?)/g
const CSS_URL = /url\(\s*(?:(&quot;|"|')((?:\\.|(?!\1)[^\\\n])*)\1|((?:\\.|[^"'()\\])*?))\s*\)/gi
const CSS_ESCAPE = /\\(?:([0-9a-f]{1,6})\s?|(.))/gi
const UNDESCRIBED = /^<img src="([^"]*)" alt=""/
const ENTITIES = { amp: '&', quot: '"', lt: '<', gt: '>', '#39': "'", '#x27': "'" }

const unescape = (text) => text.replace(/&(amp|quot|lt|gt|#39|#x27);/g, (_, name) => ENTITIES[name])

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')

const cssUnescape = (text) =>
  text.replace(CSS_ESCAPE, (_, digits, other) => (digits ? character(parseInt(digits, 16)) : other))

const character = (code) => (code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd')

/** Returns a slide, or CSS, with the files it loads embedded, and alt texts for figures that have none in the deck. */
function filled(text, { files, descriptions }) {
  const css = (text) =>
    text.replace(CSS_URL, (whole, quote, quoted, bare) => {
      const file = files[cssUnescape(quoted ?? bare)]
      return file ? `url("${file}")` : whole
    })
  const srcset = (text) => text.replace(CANDIDATE, (_, before, url, after) => before + (files[url] ?? url) + after)
  const url = (text) => files[text] ?? text
  const putting = { style: css, srcset, src: url, poster: url }
  const tag = (whole) => {
    const isMedia = MEDIA.test(whole)
    if (!isMedia && !whole.includes('url(')) return whole
    const described = whole.replace(UNDESCRIBED, (found, url) => {
      const description = descriptions[unescape(url)]
      return description ? `<img src="${url}" alt="${description}"` : found
    })
    return described.replace(ATTRIBUTE, (found, before, name, quoted) => {
      const put = putting[name.toLowerCase()]
      if (!put || (!isMedia && put !== css)) return found
      const value = unescape(/^["']/.test(quoted) ? quoted.slice(1, -1) : quoted)
      const now = put(value)
      return now === value ? found : `${before}"${escape(now)}"`
    })
  }
  // A slide begins with a tag, which CSS does not.
  if (!text.startsWith('<')) return css(text)
  return text.replace(PARTS, (whole, inert, opening, style, closing) =>
    inert ? whole : opening ? opening + css(style) + closing : tag(whole),
  )
}

/** Makes a file of Markdown by Marp CLI, with `finish` applied to what its engine renders. */
async function throughMarpCli(markdown, output, options, finish) {
  const { marpCli } = require('@marp-team/marp-cli')
  globalThis.lecternEngine = class extends Offline {
    render(text, env) {
      return finish(super.render(text, env), this)
    }
  }
  const source = `${output}.md`
  fs.writeFileSync(source, markdown)
  const engine = path.join(__dirname, 'engine.cjs')
  const status = await marpCli([source, '-o', output, '--no-config-file', '--engine', engine, ...options])
  if (status !== 0) throw new Error(`Marp CLI ended with status ${status}`)
}

/** Makes a file of any kind that Marp CLI knows, all by Marp CLI. */
function convert({ markdown, output, options, contents }) {
  return throughMarpCli(markdown, output, options, ({ html, css, ...rest }) => ({
    ...rest,
    html: filled(html, contents),
    css: filled(css, contents),
  }))
}

/**
 * Returns the page around the slides, with marks where slides, style and notes go.
 *
 * Marp CLI takes as long as the rest of a build after a prose edit, and its page around the slides is a function
 * of the front matter alone: the page of an empty deck is kept.
 */
function shell(frontMatter) {
  return kept('page', [frontMatter, SLIDES, STYLE, NOTE], async () => {
    const output = path.join(os.tmpdir(), `shell-${process.pid}.html`)
    await throughMarpCli(frontMatter, output, [], (result, engine) => {
      const { container, inlineSVG, slideContainer } = engine.options
      const layout = JSON.stringify({ container, inlineSVG, slideContainer })
      if (layout !== JSON.stringify(LAYOUT)) throw new Error(`Marp CLI has changed the layout of its page: ${layout}`)
      return { ...result, html: SLIDES, css: STYLE, comments: [[NOTE]] }
    })
    return fs.readFileSync(output, 'utf8')
  })
}

/** Returns a slide's notes, for the presenter's window, in Marp CLI's markup for one note. */
function noted(markup, notes, index) {
  if (notes.length === 0) return ''
  const [before, paragraph, after] = markup.split(/(<p>.*<\/p>)/s)
  const paragraphs = notes.map((note) => paragraph.replace(NOTE, () => escape(note)))
  return before.replace('data-index="0"', `data-index="${index}"`) + paragraphs.join('') + after
}

/** Makes the HTML page of slides that have been rendered. */
async function page(request, { slides, css, comments }) {
  const { frontMatter, output, contents } = request
  const around = await shell(frontMatter)
  const [markup] = around.match(ONE_NOTE)
  const { tag, id } = LAYOUT.container
  const html = `<${tag} id="${id}">${filled(slides.join('\n'), contents)}</${tag}>`
  const notes = comments.map((ofSlide, index) => noted(markup, ofSlide, index)).join('')
  const whole = around
    .replace(markup, () => notes)
    .replace(SLIDES, () => html)
    .replace(STYLE, () => filled(css, contents))
  fs.writeFileSync(output, whole)
}

module.exports = { LAYOUT, ONE_NOTE, SLIDES, STYLE, convert, filled, page, shell }
