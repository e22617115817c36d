// Formulas as they were set before: setting one is a function of its text, the theme and the library's options.
'use strict'

const RULES = ['marp_math_inline', 'marp_math_block']
// A formula that defines a macro changes what later formulas mean: decks with one are set anew.
const DEFINES = /\\(?:[gex]?def|(?:re)?newcommand|providecommand|let|futurelet|global)\b/

/** Has `marp` take formulas from `open(inputs)`, a Map, where they are in it, and put those it sets into it. */
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
