// Themes that were parsed before: parsing those that come with Marp takes half of making a Marp object.
'use strict'

const { Theme } = require('@marp-team/marpit')

const known = new Map()
const fromCSS = Theme.fromCSS

Theme.fromCSS = (css, options = {}) => {
  const types = Object.entries(options.metaType ?? {}).map(([name, type]) => [name, type.name])
  const key = JSON.stringify([css, types, !!options.cssNesting])
  if (!known.has(key)) known.set(key, fromCSS.call(Theme, css, options))
  return known.get(key)
}

/** Returns the themes that were parsed, as plain data: of themes that they import only the names, as no more is used. */
const plain = () =>
  [...known].map(([key, theme]) => [key, { ...theme, importRules: theme.importRules.map(({ value }) => ({ value })) }])

/** Restores themes from what `plain` returned. */
function restore(themes) {
  for (const [key, { name, css, ...fields }] of themes)
    known.set(key, Object.freeze(Object.assign(new Theme(name, css), { ...fields, meta: Object.freeze(fields.meta) })))
}

module.exports = { plain, restore }
