// Files that can be made again, as lectern/kept.py keeps them: the first line is the SHA-256 of the rest. One that is
// damaged counts as missing; where none can be written, nothing is lost but time.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { createHash } = require('node:crypto')

let remarks = [] // for the person who builds

const digest = (content) => createHash('sha256').update(content).digest('hex')

/** Returns what was kept in a file, as bytes; undefined where there is nothing, or not what was written. */
function read(file) {
  let whole
  try {
    whole = fs.readFileSync(file)
  } catch {
    return undefined
  }
  const end = Math.max(whole.indexOf('\n'), 0)
  const content = whole.subarray(end + 1)
  if (whole.toString('latin1', 0, end) === digest(content)) return content
  remarks.push(`${path.basename(path.dirname(file))}/${path.basename(file)} in the cache was damaged, and is made again`)
  return undefined
}

/** Keeps text or bytes in a file, if it can be written. */
function write(file, content) {
  const folder = path.dirname(file)
  const beside = `${file}.${process.pid}`
  try {
    fs.mkdirSync(folder, { recursive: true })
    try {
      fs.writeFileSync(beside, Buffer.concat([Buffer.from(`${digest(content)}\n`), Buffer.from(content)]))
      fs.renameSync(beside, file)
    } finally {
      fs.rmSync(beside, { force: true })
    }
  } catch (error) {
    const [, reason] = error.message.match(/^\w+: (.*?)(?:,|$)/) ?? [, error.message]
    remarks.push(`nothing can be kept in ${folder}, so the next build takes longer: cannot write: ${reason}`)
  }
}

/** Returns the remarks made since they were last asked for, each once. */
function newRemarks() {
  const found = [...new Set(remarks)]
  remarks = []
  return found
}

module.exports = { newRemarks, read, write }
