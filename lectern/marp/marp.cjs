// Marp with everything local: KaTeX fonts from disk, emoji as characters, no script from a CDN.
'use strict'

const path = require('node:path')
const { createHash } = require('node:crypto')
const { pathToFileURL } = require('node:url')
const { Marp } = require('@marp-team/marp-core')
const keepFormulas = require('./formulas.cjs')
const keeping = require('./kept.cjs')

require('./notes.cjs')()

const VERSIONS = ['@marp-team/marp-core', '@marp-team/marp-cli', 'katex'].map(
  (name) => require(`${name}/package.json`).version,
)
const KATEX_FONTS = pathToFileURL(path.join(path.dirname(require.resolve('katex')), 'fonts')).href + '/'

// KaTeX names three formats of each font; every browser of today reads the first.
const OLD_FONTS = /,\s*url\([^)]*\.(?:woff|ttf)['"]?\)\s*format\(['"](?:woff|truetype)['"]\)/g

// KaTeX paints what it does not understand in this colour; lectern/marp/page.py looks for it.
const FORMULA_ERROR = 'var(--formula-error)'

const MOST_FORMULAS = 2000 // kept for a theme

class Offline extends Marp {
  static cache = '' // the folder for what is kept
  static themes = [] // CSS of the deck's own themes

  constructor(options) {
    super({
      ...options,
      math: { katexFontPath: KATEX_FONTS, katexOption: { errorColor: FORMULA_ERROR } },
      emoji: { shortcode: true, unicode: false },
      script: { source: 'inline' },
    })
    for (const css of Offline.themes) this.themeSet.add(css)
    keepFormulas(this, (inputs) => this.openFormulas([Offline.themes, inputs]))
  }

  /** Renders; the formulas that were set for it are kept for the next time. */
  render(markdown, env) {
    const result = super.render(markdown, env)
    this.saveFormulas?.()
    return result
  }

  openFormulas(inputs) {
    const file = keptFile('formulas', inputs)
    if (file !== this.formulas?.file) this.formulas = { file, kept: new Map(JSON.parse(read(file) ?? '[]')) }
    const { kept } = this.formulas
    const before = kept.size
    this.saveFormulas = () => kept.size > before && write(file, JSON.stringify([...kept].slice(-MOST_FORMULAS)))
    return kept
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
