// The paths of the packages' modules: finding them takes a third of loading Marp.
'use strict'

const fs = require('node:fs')
const Module = require('node:module')
const path = require('node:path')
const { createHash } = require('node:crypto')
const { read, write } = require('./kept.cjs')

const PACKAGES = `${path.sep}node_modules${path.sep}`

/** Starts keeping in `folder` the paths of modules that packages require; returns the function that saves them. */
module.exports = function keepResolved(folder) {
  const file = path.join(folder, 'resolved.kept')
  const by = installed()
  const kept = JSON.parse(read(file) ?? '{}')
  const found = by && kept.by === by ? kept.found : {}
  const before = Object.keys(found).length

  const resolve = Module._resolveFilename
  Module._resolveFilename = (request, parent, ...rest) => {
    if (rest[1] || !parent?.path?.includes(PACKAGES)) return resolve.call(Module, request, parent, ...rest)
    return (found[`${parent.path}\n${request}`] ??= resolve.call(Module, request, parent, ...rest))
  }
  return () => {
    if (by && Object.keys(found).length > before) write(file, JSON.stringify({ by, found }))
  }
}

/** Returns a digest of npm's list of installed packages; undefined where there is none. */
function installed() {
  try {
    const list = path.join(path.dirname(require.resolve('katex/package.json')), '..', '.package-lock.json')
    return createHash('sha256').update(process.version).update(fs.readFileSync(list)).digest('hex')
  } catch {
    return undefined
  }
}

module.exports.installed = installed
