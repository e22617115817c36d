// The deck last rendered, kept between builds: after an edit, the next renders only the slides that were edited.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { createHash } = require('node:crypto')
const { read, write } = require('./kept.cjs')
const { installed } = require('./resolved.cjs')
const themes = require('./themes.cjs')

/** Returns a digest of the code that renders: this folder's, and the installed packages'. */
function renderers() {
  const digest = createHash('sha256').update(String(installed()))
  const own = fs.readdirSync(__dirname).filter((name) => name.endsWith('.cjs'))
  for (const name of own.sort()) digest.update(fs.readFileSync(path.join(__dirname, name)))
  return digest.digest('hex')
}

/** Returns what `remember` kept in a file, if it was made by the code that renders now. */
function recall(file) {
  const { by, read: parsed, ...kept } = JSON.parse(read(file) ?? '{}')
  if (!installed() || by !== renderers()) return undefined
  themes.restore(parsed)
  return kept
}

/** Keeps a deck, with the options it was rendered with, and the themes that were parsed for it. */
function remember(file, kept) {
  write(file, JSON.stringify({ by: renderers(), read: themes.plain(), ...kept }))
}

module.exports = { recall, remember }
