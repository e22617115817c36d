// The engine that Marp CLI is told to use: the class that page.cjs, in the same process, has set for this file.
'use strict'

module.exports = class {
  constructor(options) {
    return new globalThis.lecternEngine(options)
  }
}
