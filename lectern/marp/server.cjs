// Renders Markdown with Marp for the build: one process that reads requests from stdin and answers on stdout, one JSON
// object a line. It first writes {ready: true}, then {id, ...result} or {id, error} for each request {id, op, ...},
// with `remarks` for the person who builds.
'use strict'

const [major] = process.versions.node.split('.').map(Number)
const send = (message) => process.stdout.write(JSON.stringify(message) + '\n')

if (major < 20) {
  send({ error: `Node.js ${process.versions.node} is too old` })
  process.exit(1)
}
// What libraries print must not get between the answers.
console.log = console.info = console.debug = console.error

const fs = require('node:fs')
const path = require('node:path')
const readline = require('node:readline')
const [, , cache, stays] = process.argv
const saveCompiled = require('./compiled.cjs')(cache)
const saveResolved = require('./resolved.cjs')(cache)
require('./lazy.cjs')()
const { Offline } = require('./marp.cjs')
const { LAYOUT, ONE_NOTE, SLIDES, STYLE, convert, filled, page, shell } = require('./page.cjs')
const { newRemarks } = require('./kept.cjs')
const { recall, remember } = require('./last.cjs')
const Slidewise = require('./slidewise.cjs')

Offline.cache = cache

const IDLE = 1000 // ms without a request after which a long-lived server saves the formulas it has set
const SEPARATOR = '\n---\n' // between the pieces in which a deck is sent

let slidewise, made // what renders, and the themes and options that it was made with
let pieces = [] // of the deck last received
let rendered // the deck last rendered

/** Returns what renders with these themes: the present one if it does, as parsing themes takes half of a render. */
function engine(themes, html, emoji) {
  const wanted = JSON.stringify([themes, html, emoji])
  if (wanted !== made) {
    Object.assign(Offline, { themes, html, emoji })
    slidewise = new Slidewise((more) => new Offline({ ...LAYOUT, ...more }))
    made = wanted
  }
  return slidewise
}

/** Returns a deck from its changes: how many pieces are the same at the beginning and the end, and those between. */
function deckOf([first, last, between]) {
  pieces = [...pieces.slice(0, first), ...between, ...pieces.slice(pieces.length - last)]
  return pieces.join(SEPARATOR)
}

const sent = {} // by operation, the texts last sent, with their positions

/**
 * Returns texts with each that was among the last sent replaced by its position there: of a deck's megabytes, all but
 * a slide stay the same in an edit, and sending them again takes 5 ms for 50 slides and 50 ms for 500.
 */
function asChanged(operation, texts) {
  const before = sent[operation]
  sent[operation] = new Map(texts.map((text, position) => [text, position]))
  return texts.map((text) => before?.get(text) ?? text)
}

let fillings = { key: '', known: new Map() } // the texts last filled

/** Returns texts with the files that they show embedded; those that were last filled with the same are reused. */
function filling(texts, contents) {
  const key = JSON.stringify(contents)
  const known = key === fillings.key ? fillings.known : new Map()
  fillings = { key, known: new Map(texts.map((text) => [text, known.get(text) ?? filled(text, contents)])) }
  return texts.map((text) => fillings.known.get(text))
}

const LAST = path.join(cache, 'slides.kept')

let resumed // the text of the deck that is kept

/** Resumes from the deck that the last build rendered, before the first request. */
function resume() {
  const kept = recall(LAST)
  if (!kept) return
  try {
    engine(kept.themes, kept.html, kept.emoji).resume(kept.deck)
    resumed = kept.deck.text
  } catch {
    slidewise = made = undefined
  }
}

/** Saves the cache for the next build. */
function keep() {
  try {
    saveCompiled()
    saveResolved()
    const deck = slidewise?.last
    if (stays || !deck || deck.text === resumed) return
    const [themes, html, emoji] = JSON.parse(made)
    remember(LAST, { themes, html, emoji, deck })
    resumed = deck.text
  } catch (error) {
    console.error(error)
  }
}

let idle // the timer of a save

function saveFormulasLater() {
  clearTimeout(idle)
  idle = setTimeout(() => slidewise?.marp.saveFormulas(), IDLE).unref()
}

/** Returns the contents of a page, from the file that holds them. */
const given = (file) => JSON.parse(fs.readFileSync(file, 'utf8'))

const operations = {
  render({ markdown, themes, html, emoji }) {
    const { marp } = engine(themes, html, emoji)
    const { slides, css, rendered: count } = slidewise.render(deckOf(markdown))
    rendered = { slides: slides.map(({ html }) => html), css, comments: slides.map(({ comments }) => comments) }
    const texts = asChanged('render', [...rendered.slides, css])
    const known = [...marp.themeSet.themes()].map((theme) => theme.name)
    return { texts, comments: rendered.comments, rendered: count, themes: known }
  },

  fill({ contents }) {
    const { slides, css } = rendered
    return { texts: asChanged('fill', filling([...slides, css], contents)) }
  },

  async shell({ frontMatter }) {
    const { tag, id } = LAYOUT.container
    const [before, rest] = (await shell(frontMatter)).replace(ONE_NOTE, '').split(STYLE)
    const [between, after] = rest.split(SLIDES)
    return { parts: [before, `${between}<${tag} id="${id}">`, `</${tag}>${after}`] }
  },

  async page({ contents, ...request }) {
    await page({ ...request, contents: given(contents) }, rendered)
  },

  async convert({ environment, contents, ...request }) {
    Object.assign(process.env, environment)
    await convert({ ...request, contents: given(contents) })
  },
}

send({ ready: true })
if (!stays) resume()

// One request after the other: the themes and the deck last rendered belong to the current request.
let queue = Promise.resolve()
const answer = async ({ id, op, ...request }) => {
  try {
    if (op !== 'render' && op !== 'fill') slidewise?.marp.saveFormulas()
    const result = await operations[op](request)
    send({ id, ...result, remarks: newRemarks() })
  } catch (error) {
    send({ id, error: error.message || String(error), code: error.errorCode ?? error.code, remarks: newRemarks() })
  }
  if (op !== 'render' && op !== 'fill') keep()
  if (stays) saveFormulasLater()
}
readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => (queue = queue.then(() => answer(JSON.parse(line)))))
  .on('close', () => process.exit(0)) // the build is over; a browser that is printing ends with this process
