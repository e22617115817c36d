// Which slides of a deck's text an edit changes.
//
// A text consists of `head`, its front matter, and its slides: `size` characters each, and `cut`, the line that ends it.
'use strict'

/** Returns the slides of a text whose first begins in line `start`, and which lines `cuts` end. */
function measured(text, start, cuts) {
  const lines = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.push(at + 1)
  const begin = (line) => lines[line] ?? text.length
  const slides = cuts.map((line, index) => {
    const from = begin(index === 0 ? start : cuts[index - 1] + 1)
    return { size: begin(line) - from, cut: text.slice(begin(line), begin(line + 1)) }
  })
  const last = begin(cuts.length === 0 ? start : cuts.at(-1) + 1)
  return { head: begin(start), slides: [...slides, { size: text.length - last, cut: '' }] }
}

/**
 * Returns the slides that an edit of a deck changes, from `first` up to `end`, and their text before and after it.
 *
 * Undefined where it changes the front matter, or this cannot be told from the slides.
 */
function touched({ text: old, head, slides }, text) {
  const same = prefix(old, text)
  const rest = suffix(old, text, Math.min(old.length, text.length) - same)
  const isClosed = slides.length === 1 || slides.at(-2).cut.endsWith('\n')
  if (same < head || (head === 0 && text.startsWith('-')) || !isClosed) return undefined
  let first = 0, from = head
  while (slides[first].cut && same >= from + length(slides[first])) from += length(slides[first++])
  let end = first + 1, to = from + slides[first].size
  while (to < old.length - rest) to += slides[end - 1].cut.length + slides[end++].size
  return { first, end, before: old.slice(from, to), after: text.slice(from, text.length - old.length + to) }
}

const length = ({ size, cut }) => size + cut.length

/** Returns the length of two texts' common prefix. */
function prefix(one, other) {
  let at = 0
  for (let step = 1 << 20; step >= 1; step >>= 1)
    while (at + step <= one.length && one.slice(at, at + step) === other.slice(at, at + step)) at += step
  return at
}

/** Returns the length of two texts' common suffix, at most `most`. */
function suffix(one, other, most) {
  let count = 0
  const part = (text, step) => text.slice(text.length - count - step, text.length - count)
  for (let step = 1 << 20; step >= 1; step >>= 1)
    while (count + step <= most && part(one, step) === part(other, step)) count += step
  return count
}

module.exports = { measured, touched }
