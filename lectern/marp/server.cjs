// Renders Markdown with Marp for the build: one process, asked over stdin and answering on stdout, a JSON
// object a line. It says {ready: true} first, then answers {id, ...result} or {id, error} to each {id, op, ...}.
'use strict'

const [major] = process.versions.node.split('.').map(Number)
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n')

if (major < 20) {
  say({ error: `Node.js ${process.versions.node} is too old` })
  process.exit(1)
}
// What libraries print must not end up between the answers.
console.log = console.info = console.debug = console.error

const readline = require('node:readline')
const cache = process.argv[2]
const saveCompiled = require('./compiled.cjs')(cache)
require('./lazy.cjs')()
const { Offline } = require('./marp.cjs')
const { LAYOUT, ONE_NOTE, SLIDES, STYLE, convert, filled, page, shell } = require('./page.cjs')

Offline.cache = cache

let marp, made // Marp, and the themes and options that it was made with
let rendered // the deck last rendered

/** Returns Marp with these themes: the one at hand where it is so already, as reading themes takes half of a render. */
function engine(themes, html) {
  const wanted = JSON.stringify([themes, html])
  if (wanted !== made) {
    Offline.themes = themes
    marp = new Offline({ ...LAYOUT, ...(html ? { html: true } : {}) })
    made = wanted
  }
  return marp
}

const operations = {
  render({ markdown, themes, html }) {
    const marp = engine(themes, html)
    const { html: slides, css, comments } = marp.render(markdown, { htmlAsArray: true })
    rendered = { slides, css, comments }
    return { slides, css, comments, themes: [...marp.themeSet.themes()].map((theme) => theme.name) }
  },

  fill({ contents }) {
    return { slides: rendered.slides.map((slide) => filled(slide, contents)), css: filled(rendered.css, contents) }
  },

  async shell({ frontMatter }) {
    const { tag, id } = LAYOUT.container
    const [before, rest] = (await shell(frontMatter)).replace(ONE_NOTE, '').split(STYLE)
    const [between, after] = rest.split(SLIDES)
    return { parts: [before, `${between}<${tag} id="${id}">`, `</${tag}>${after}`] }
  },

  async page(request) {
    await page(request, rendered)
  },

  async convert({ environment, ...request }) {
    Object.assign(process.env, environment)
    await convert(request)
  },
}

say({ ready: true })

// One request after the other: the themes and the deck last rendered belong to the request at hand.
let queue = Promise.resolve()
const answer = async ({ id, op, ...request }) => {
  try {
    const result = await operations[op](request)
    if (op !== 'render' && op !== 'fill') saveCompiled()
    say({ id, ...result })
  } catch (error) {
    say({ id, error: error.message || String(error), code: error.errorCode })
  }
}
readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => (queue = queue.then(() => answer(JSON.parse(line)))))
  .on('close', () => queue.then(() => process.exit(0)))
