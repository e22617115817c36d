// Formulas that were typeset before: the result is a function of the text, the theme and the library's options.
'use strict'

const RULES = ['marp_math_inline', 'marp_math_block']
// A formula that defines a macro changes what later formulas mean: such decks are typeset again.
const DEFINES = /\\(?:[gex]?def|(?:re)?newcommand|providecommand|let|futurelet|global)\b/

/** Makes `marp` take formulas from `open(inputs)`, a Map, where they are in it, and add those that it typesets. */
module.exports = function keepFormulas(marp, open) {
  const { renderer } = marp.markdown
  let kept
  const parse = marp.markdown.parse
  marp.markdown.parse = function (text, env) {
    kept = undefined
    const tokens = parse.call(this, text, env)
    const { theme, math } = marp.lastGlobalDirectives ?? {}
    if (!DEFINES.test(text)) kept = open({ theme, math })
    return tokens
  }
  for (const name of RULES) {
    const set = renderer.rules[name]
    renderer.rules[name] = (tokens, index, ...rest) => {
      const key = `${name} ${tokens[index].content}`
      const known = kept?.get(key)
      if (known !== undefined) return known
      const made = set(tokens, index, ...rest)
      kept?.set(key, made)
      return made
    }
  }
}

module.exports.DEFINES = DEFINES
