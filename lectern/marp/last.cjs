// The deck last rendered, kept between builds: after an edit, the next renders only the slides that were edited.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { createHash } = require('node:crypto')
const { Offline, read, write } = require('./marp.cjs')

const file = () => path.join(Offline.cache, 'slides.kept')

/** Returns a digest of what renders: the code in this folder, and the packages' versions. */
function renderers() {
  const digest = createHash('sha256').update(process.version)
  const own = fs.readdirSync(__dirname).filter((name) => name.endsWith('.cjs')).sort()
  for (const name of own) digest.update(fs.readFileSync(path.join(__dirname, name)))
  return digest.update(installed()).digest('hex')
}

/** Returns the list that npm keeps of the packages that are installed; without one, what is never the same. */
function installed() {
  try {
    return fs.readFileSync(path.join(path.dirname(require.resolve('katex/package.json')), '..', '.package-lock.json'))
  } catch {
    return process.hrtime().join()
  }
}

/** Returns { themes, html, deck } as they were kept, where they were made by what renders now. */
function recall() {
  const { by, ...kept } = JSON.parse(read(file()) ?? '{}')
  return by === renderers() ? kept : undefined
}

/** Keeps a deck, with the themes and options that it was rendered with. */
function remember(kept) {
  write(file(), JSON.stringify({ by: renderers(), ...kept }))
}

module.exports = { recall, remember }
