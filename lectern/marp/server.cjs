// Renders Markdown with Marp for the build: one process, asked over stdin and answering on stdout, a JSON
// object a line. It answers {ready: true} first, then {id, ...result} or {id, error} to each {id, op, ...}.
'use strict'

const [major, minor] = process.versions.node.split('.').map(Number)
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n')

if (major < 20) {
  say({ error: `Node.js ${process.versions.node} is too old` })
  process.exit(1)
}
if (major > 22 || (major === 22 && minor >= 1)) require('node:module').enableCompileCache()

// What libraries print must not end up between the answers.
console.log = console.info = console.debug = console.error

const fs = require('node:fs')
const path = require('node:path')
const readline = require('node:readline')
const { createHash } = require('node:crypto')
const { pathToFileURL } = require('node:url')
const loadMathJaxLater = require('./lazy-mathjax.cjs')

loadMathJaxLater()
const { Marp } = require('@marp-team/marp-core')

const KATEX_FONTS = pathToFileURL(path.join(path.dirname(require.resolve('katex')), 'fonts')).href + '/'

// KaTeX names three formats of each font; every browser of today reads the first.
const OLD_FONTS = /,\s*url\([^)]*\.(?:woff|ttf)['"]?\)\s*format\(['"](?:woff|truetype)['"]\)/g

// KaTeX paints what it does not understand in this colour; lectern/marp/page.py looks for it.
const FORMULA_ERROR = 'var(--formula-error)'

/** Marp with everything local: KaTeX fonts from disk, emoji as characters, no script from a CDN. */
class Offline extends Marp {
  constructor(options) {
    super({
      ...options,
      math: { katexFontPath: KATEX_FONTS, katexOption: { errorColor: FORMULA_ERROR } },
      emoji: { shortcode: true, unicode: false },
      script: { source: 'inline' },
    })
    for (const css of Offline.themes) this.themeSet.add(css)
  }

  /** Packing a theme is most of a render's time, and a function of its inputs: kept on disk by their digest. */
  renderStyle(theme) {
    const inputs = [Offline.versions, theme, Offline.themes, this.themeSetPackOptions()]
    const key = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16)
    const file = path.join(Offline.cache, `theme-${key}.css`)
    try {
      return fs.readFileSync(file, 'utf8')
    } catch {
      const css = super.renderStyle(theme).replace(OLD_FONTS, '')
      fs.mkdirSync(Offline.cache, { recursive: true })
      fs.writeFileSync(`${file}.${process.pid}`, css)
      fs.renameSync(`${file}.${process.pid}`, file)
      return css
    }
  }
}
Offline.themes = []
Offline.cache = process.argv[2]
Offline.versions = ['@marp-team/marp-core', 'katex'].map((name) => require(`${name}/package.json`).version)

// As lectern/marp/resources.py finds them: what media elements load, and what CSS does.
const ATTRIBUTE = /(<(?:img|video|audio|source|track|embed)\b[^>]*?\s(?:src|poster)=)("[^"]*"|'[^']*')/g
const CSS_URL = /url\(\s*(&quot;|"|'|)([^"'()]*?)\1\s*\)/g
const UNDESCRIBED = /<img src="([^"]*)" alt=""/g
const unescape = (text) =>
  text.replace(/&(amp|quot|#39|#x27|lt|gt);/g, (_, name) => ({ amp: '&', quot: '"', lt: '<', gt: '>' })[name] ?? "'")

/** Puts the files that the slides show into them, as the build has resolved them, and describes figures. */
class Finished extends Offline {
  render(markdown, env) {
    const { html, css, ...rest } = super.render(markdown, env)
    return { ...rest, html: this.finish(html), css: this.finish(css) }
  }

  finish(text) {
    const { files, descriptions } = Finished.page
    return text
      .replace(UNDESCRIBED, (whole, url) =>
        unescape(url) in descriptions ? `<img src="${url}" alt="${descriptions[unescape(url)]}"` : whole,
      )
      .replace(ATTRIBUTE, (whole, before, quoted) => {
        const url = unescape(quoted.slice(1, -1))
        return url in files ? `${before}"${files[url]}"` : whole
      })
      .replace(CSS_URL, (whole, quote, url) => {
        return unescape(url) in files ? `url(${quote}${files[unescape(url)]}${quote})` : whole
      })
  }
}

const operations = {
  render({ markdown, themes, html }) {
    Offline.themes = themes
    const marp = new Offline(html ? { html: true } : {})
    const { html: slides, css, comments } = marp.render(markdown, { htmlAsArray: true })
    return { slides, css, comments, themes: [...marp.themeSet.themes()].map((theme) => theme.name) }
  },

  async convert({ source, output, options, environment, page }) {
    const { marpCli } = require('@marp-team/marp-cli')
    Object.assign(process.env, environment)
    Finished.page = page
    globalThis.lecternEngine = Finished
    const engine = path.join(__dirname, 'engine.cjs')
    const status = await marpCli([source, '-o', output, '--no-config-file', '--engine', engine, ...options])
    if (status !== 0) throw new Error(`Marp CLI ended with status ${status}`)
    return {}
  },
}

say({ ready: true })

// One request after the other: `Finished.page` and the themes belong to the request at hand.
let queue = Promise.resolve()
const answer = async ({ id, op, ...request }) => {
  try {
    say({ id, ...(await operations[op](request)) })
  } catch (error) {
    say({ id, error: error.message || String(error), code: error.errorCode })
  }
}
readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => (queue = queue.then(() => answer(JSON.parse(line)))))
  .on('close', () => queue.then(() => process.exit(0)))
