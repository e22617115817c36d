// Files that can be made again, as lectern/kept.py keeps them: the first line is the SHA-256 of the rest.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { createHash } = require('node:crypto')

const digestOf = (content) => createHash('sha256').update(content).digest('hex')

/** Returns what was kept in a file, as bytes; undefined where there is nothing, or not what was written. */
function read(file) {
  try {
    const whole = fs.readFileSync(file)
    const content = whole.subarray(whole.indexOf('\n') + 1)
    return whole.toString('latin1', 0, whole.indexOf('\n')) === digestOf(content) ? content : undefined
  } catch {
    return undefined
  }
}

/** Keeps text or bytes in a file, where that can be done. */
function write(file, content) {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(`${file}.${process.pid}`, Buffer.concat([Buffer.from(`${digestOf(content)}\n`), Buffer.from(content)]))
    fs.renameSync(`${file}.${process.pid}`, file)
  } catch {
    // It costs the next build some time.
  }
}

module.exports = { read, write }
