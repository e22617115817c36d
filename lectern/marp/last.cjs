// The deck last rendered, kept between builds: after an edit, the next renders only the slides that were edited.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { createHash } = require('node:crypto')
const { read, write } = require('./kept.cjs')
const { installed } = require('./resolved.cjs')
const themes = require('./themes.cjs')

/** Returns a digest of what renders: the code in this folder, and the packages that are installed. */
function renderers() {
  const digest = createHash('sha256').update(String(installed()))
  const own = fs.readdirSync(__dirname).filter((name) => name.endsWith('.cjs'))
  for (const name of own.sort()) digest.update(fs.readFileSync(path.join(__dirname, name)))
  return digest.digest('hex')
}

/** Returns what was kept in a file with `remember`, where it was made by what renders now. */
function recall(file) {
  const { by, read: parsed, ...kept } = JSON.parse(read(file) ?? '{}')
  if (!installed() || by !== renderers()) return undefined
  themes.restore(parsed)
  return kept
}

/** Keeps a deck, with what it was rendered with, and the themes that were read for it. */
function remember(file, kept) {
  write(file, JSON.stringify({ by: renderers(), read: themes.plain(), ...kept }))
}

module.exports = { recall, remember }
