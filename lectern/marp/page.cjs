// From a rendered deck to a file: the files that it shows put into it, and Marp CLI's page around it.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { Offline, kept } = require('./marp.cjs')

// How Marp CLI has its engine arrange the slides of an HTML page.
const LAYOUT = { container: { tag: 'div', id: ':$p' }, inlineSVG: true, slideContainer: [] }
const SLIDES = '<!--slides-->'
const STYLE = '/*style*/'

// As lectern/marp/resources.py finds them: what media elements load, and what CSS does.
const ATTRIBUTE = /(<(?:img|video|audio|source|track|embed)\b[^>]*?\s(?:src|poster)=)("[^"]*"|'[^']*')/g
const CSS_URL = /url\(\s*(&quot;|"|'|)([^"'()]*?)\1\s*\)/g
const UNDESCRIBED = /<img src="([^"]*)" alt=""/g
const ENTITIES = { amp: '&', quot: '"', lt: '<', gt: '>', '#39': "'", '#x27': "'" }

const unescape = (text) => text.replace(/&(amp|quot|lt|gt|#39|#x27);/g, (_, name) => ENTITIES[name])

/** Returns HTML or CSS with the files it loads in it, and figures described where the deck does not. */
function filled(text, { files, descriptions }) {
  const describe = (whole, url) => {
    const description = descriptions[unescape(url)]
    return description ? `<img src="${url}" alt="${description}"` : whole
  }
  const attribute = (whole, before, quoted) => {
    const file = files[unescape(quoted.slice(1, -1))]
    return file ? `${before}"${file}"` : whole
  }
  const css = (whole, quote, url) => {
    const file = files[unescape(url)]
    return file ? `url(${quote}${file}${quote})` : whole
  }
  return text.replace(UNDESCRIBED, describe).replace(ATTRIBUTE, attribute).replace(CSS_URL, css)
}

/** Has Marp CLI make a file of Markdown, with `finish` applied to what its engine renders. */
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

/** Makes the file, of any kind that Marp CLI knows, the straight way. */
function convert({ markdown, output, options, contents }) {
  return throughMarpCli(markdown, output, options, ({ html, css, ...rest }) => ({
    ...rest,
    html: filled(html, contents),
    css: filled(css, contents),
  }))
}

/**
 * Makes the HTML page of slides that are rendered already.
 *
 * Marp CLI takes as long as the rest of a build after a prose edit, and its page around the slides is a function
 * of the front matter alone: the page of an empty deck is kept, with marks where slides and style go.
 */
async function page(request, { slides, css }) {
  const { frontMatter, output, contents } = request
  const shell = await kept('page', [frontMatter], async () => {
    await throughMarpCli(frontMatter, output, [], (result, engine) => {
      const { container, inlineSVG, slideContainer } = engine.options
      const layout = JSON.stringify({ container, inlineSVG, slideContainer })
      if (layout !== JSON.stringify(LAYOUT)) throw new Error(`Marp CLI arranges its page anew: ${layout}`)
      return { ...result, html: SLIDES, css: STYLE }
    })
    return fs.readFileSync(output, 'utf8')
  })
  const { tag, id } = LAYOUT.container
  const html = `<${tag} id="${id}">${filled(slides.join('\n'), contents)}</${tag}>`
  fs.writeFileSync(output, shell.replace(SLIDES, () => html).replace(STYLE, () => filled(css, contents)))
}

module.exports = { LAYOUT, convert, page }
