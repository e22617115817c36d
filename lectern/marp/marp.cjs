// Marp with everything local: KaTeX fonts from disk, emoji as characters, no script from a CDN.
'use strict'

const path = require('node:path')
const { createHash } = require('node:crypto')
const { pathToFileURL } = require('node:url')
const { Marp } = require('@marp-team/marp-core')
const keepFormulas = require('./formulas.cjs')
const keeping = require('./kept.cjs')

const VERSIONS = ['@marp-team/marp-core', '@marp-team/marp-cli', 'katex'].map(
  (name) => require(`${name}/package.json`).version,
)
const KATEX_FONTS = pathToFileURL(path.join(path.dirname(require.resolve('katex')), 'fonts')).href + '/'

// KaTeX names three formats of each font; every current browser reads the first.
const OLD_FONTS = /,\s*url\([^)]*\.(?:woff|ttf)['"]?\)\s*format\(['"](?:woff|truetype)['"]\)/g

// Marp looks for svg/CODE.svg in this folder.
const TWEMOJI = pathToFileURL(path.join(__dirname, '..', '..', 'node_modules', '@twemoji')).href + '/'
const PICTURES = { shortcode: 'twemoji', unicode: 'twemoji', twemoji: { base: TWEMOJI, ext: 'svg' } }

const PAGE_DIRECTIVES = ['author', 'description', 'image', 'keywords', 'title', 'url']

// KaTeX marks what it does not understand with this colour; lectern/marp/page.py looks for it.
const FORMULA_ERROR = 'var(--formula-error)'

const MOST_FORMULAS = 2000 // kept for a theme

class Offline extends Marp {
  static cache = '' // the folder of the cache
  static themes = [] // CSS of the deck's own themes
  static html = false // whether any HTML in the deck is allowed
  static emoji = 'text' // or 'twemoji': as pictures

  constructor(options) {
    super({
      ...options,
      math: { katexFontPath: KATEX_FONTS, katexOption: { errorColor: FORMULA_ERROR } },
      ...(Offline.html ? { html: true } : {}),
      emoji: Offline.emoji === 'twemoji' ? PICTURES : { shortcode: true, unicode: false },
      script: { source: 'inline' },
    })
    // Marp CLI's own directives, which it sets itself when it makes the page: known here too, front matter is accepted or refused alike.
    for (const name of PAGE_DIRECTIVES) this.customDirectives.global[name] = () => ({})
    this.customDirectives.local.transition = () => ({})
    for (const css of Offline.themes) this.themeSet.add(css)
    keepFormulas(this, (inputs) => this.openFormulas([Offline.themes, inputs]))
  }

  openFormulas(inputs) {
    const file = keptFile('formulas', inputs)
    if (file === this.formulas?.file) return this.formulas.kept
    const kept = new Map(JSON.parse(read(file) ?? '[]'))
    this.formulas = { file, kept, saved: kept.size }
    return kept
  }

  /** Keeps the formulas that were typeset for the next time. */
  saveFormulas() {
    const { file, kept, saved } = this.formulas ?? {}
    if (!(kept?.size > saved)) return
    write(file, JSON.stringify([...kept].slice(-MOST_FORMULAS)))
    this.formulas.saved = kept.size
  }

  /** Packing a theme takes most of a render's time. */
  renderStyle(theme) {
    const pack = () => super.renderStyle(theme).replace(OLD_FONTS, '')
    const inputs = [theme, Offline.themes, this.themeSetPackOptions()]
    const file = keptFile('theme', inputs)
    if (file !== this.packed?.file) this.packed = { file, css: read(file) ?? write(file, pack()) }
    return this.packed.css
  }
}

/** Returns what `make` makes, kept on disk under a digest of `inputs`, of which it must be a function. */
async function kept(kind, inputs, make) {
  const file = keptFile(kind, inputs)
  return read(file) ?? write(file, await make())
}

function keptFile(kind, inputs) {
  const digest = createHash('sha256').update(JSON.stringify([VERSIONS, inputs])).digest('hex')
  return path.join(Offline.cache, `${kind}-${digest.slice(0, 16)}.kept`)
}

const read = (file) => keeping.read(file)?.toString()

function write(file, text) {
  keeping.write(file, text)
  return text
}

module.exports = { Offline, kept }
