// Marp loads MathJax when it starts, which takes as long as everything else it loads; a deck that uses KaTeX
// never calls it. Load it when it is first used.
'use strict'

const Module = require('node:module')

module.exports = function loadMathJaxLater() {
  const load = Module._load
  Module._load = function (request, parent, isMain) {
    if (!request.startsWith('mathjax-full/') || parent?.id.includes('mathjax-full')) {
      return load.call(this, request, parent, isMain)
    }
    let loaded
    return new Proxy(
      {},
      {
        get: (_, property) => {
          loaded ??= load.call(Module, request, parent, isMain)
          return loaded[property]
        },
      },
    )
  }
}
