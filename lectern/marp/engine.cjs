// The engine given to Marp CLI: the class that page.cjs has set, in the same process.
'use strict'

module.exports = class {
  constructor(options) {
    return new globalThis.lecternEngine(options)
  }
}
