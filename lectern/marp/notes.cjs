// Marp reads every comment as YAML, in case it holds directives. For speaker notes, which are none, that takes as long as
// all else that it does to them: which texts are none is remembered.
'use strict'

const path = require('node:path')

const MOST = 2000 // texts remembered

module.exports = function rememberNotes() {
  const library = path.dirname(require.resolve('@marp-team/marpit'))
  const reading = require(path.join(library, 'markdown', 'directives', 'yaml.js'))
  const read = reading.yaml
  const none = new Set()
  reading.yaml = (text, loose) => {
    const key = JSON.stringify([text, loose])
    if (none.has(key)) return false
    const found = read(text, loose)
    if (found === false && none.size < MOST) none.add(key)
    return found
  }
}
