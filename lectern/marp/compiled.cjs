// Keeps compiled code between runs: compiling is most of what starting and a first render take.
//
// Node.js from 22.1 does this itself. For older ones: scripts are compiled with what V8 kept of the last run, which
// V8 refuses where it does not fit. Saving waits until slides have been rendered, since only then have the
// functions been compiled that rendering calls.
'use strict'

const Module = require('node:module')
const path = require('node:path')
const v8 = require('node:v8')
const vm = require('node:vm')
const { read, write } = require('./kept.cjs')

/** Starts keeping compiled code in `folder`; returns the function that saves it. */
module.exports = function keepCompiled(folder) {
  if (Module.enableCompileCache) {
    Module.enableCompileCache(path.join(folder, 'compiled'))
    return () => Module.flushCompileCache?.()
  }
  const file = path.join(folder, `compiled-${process.version}.kept`)
  const kept = opened(file)
  const scripts = new Map()

  const compile = Module.prototype._compile
  Module.prototype._compile = function (content, filename) {
    if (content.includes('import(')) return compile.call(this, content, filename) // V8 would lose where it came from
    const script = new vm.Script(Module.wrap(content.replace(/^#!.*/, '')), {
      filename,
      cachedData: kept.get(filename),
    })
    scripts.set(filename, script)
    const run = script.runInThisContext()
    return run.call(this.exports, this.exports, requireFor(this), this, filename, path.dirname(filename))
  }

  return () => {
    if ([...scripts.values()].every((script) => script.cachedDataRejected === false)) return
    for (const [filename, script] of scripts) kept.set(filename, script.createCachedData())
    write(file, v8.serialize(kept))
  }
}

function opened(file) {
  const content = read(file)
  return content ? v8.deserialize(content) : new Map()
}

/** Returns the `require` of a module, as Node makes it. */
function requireFor(module) {
  const require = (request) => module.require(request)
  require.resolve = (request, options) => Module._resolveFilename(request, module, false, options)
  require.main = process.mainModule
  require.extensions = Module._extensions
  require.cache = Module._cache
  return require
}
