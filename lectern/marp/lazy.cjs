// Marp loads MathJax, KaTeX and highlight.js when it starts, which takes longer than everything else it loads.
// A deck uses at most some of them: load each when it is first used.
'use strict'

const Module = require('node:module')

// Of highlight.js its core alone: its languages are functions, loaded when a block of code first asks for them.
const HEAVY = ['mathjax-full', 'katex', 'highlight.js/lib/core']

module.exports = function loadHeavyModulesLater() {
  const load = Module._load
  Module._load = function (request, parent, isMain) {
    const name = HEAVY.find((heavy) => request === heavy || request.startsWith(`${heavy}/`))
    const isOwn = name && parent?.filename?.includes(`/node_modules/${name}/`)
    if (!name || isOwn || request.endsWith('.json')) return load.call(this, request, parent, isMain)
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
