// Renders Markdown with Marp for the build: one process, asked over stdin and answering on stdout, a JSON
// object a line. It says {ready: true} first, then answers {id, ...result} or {id, error} to each {id, op, ...};
// with `remarks`, for whoever builds, where there are any.
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
const [, , cache, stays] = process.argv
const saveCompiled = require('./compiled.cjs')(cache)
require('./lazy.cjs')()
const { Offline } = require('./marp.cjs')
const { LAYOUT, ONE_NOTE, SLIDES, STYLE, convert, filled, page, shell } = require('./page.cjs')
const { newRemarks } = require('./kept.cjs')

Offline.cache = cache

const IDLE = 1000 // ms after the first deck that a server which stays warms up
const WARM = 15 // renders after which the next is as fast as it gets

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

const told = {} // by operation, the numbers of the texts last told

/** Returns texts as they are told: one that was among the last by its number there, as most of a deck stays as it was. */
function telling(operation, texts) {
  const before = told[operation]
  told[operation] = new Map(texts.map((text, number) => [text, number]))
  return texts.map((text) => before?.get(text) ?? text)
}

/** Renders a deck some times more while nothing is asked: V8 makes fast what it has seen run often. */
function warmUp(markdown, times) {
  if (times === 0) return
  marp.render(markdown, { htmlAsArray: true })
  setImmediate(warmUp, markdown, times - 1)
}

const operations = {
  render({ markdown, themes, html }) {
    const marp = engine(themes, html)
    const { html: slides, css, comments } = marp.render(markdown, { htmlAsArray: true })
    if (stays && !rendered) setTimeout(warmUp, IDLE, markdown, WARM).unref()
    rendered = { slides, css, comments }
    const texts = telling('render', [...slides, css])
    return { texts, comments, themes: [...marp.themeSet.themes()].map((theme) => theme.name) }
  },

  fill({ contents }) {
    const { slides, css } = rendered
    return { texts: telling('fill', [...slides, css].map((text) => filled(text, contents))) }
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
    say({ id, ...result, remarks: newRemarks() })
  } catch (error) {
    say({ id, error: error.message || String(error), code: error.errorCode ?? error.code, remarks: newRemarks() })
  }
}
readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => (queue = queue.then(() => answer(JSON.parse(line)))))
  .on('close', () => process.exit(0)) // nobody waits any more; a browser that is printing ends with this process
