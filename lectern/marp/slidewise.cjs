// Renders a deck after an edit: only the edited slides, where they come out as they would in the whole deck.
//
// Slides depend on each other: directives are inherited, names of headings and pages are numbered, definitions of links
// and styles apply to all slides. What each slide takes from the others is recorded when the whole deck is rendered.
// Edited slides are rendered alone, from that record, if what they give to the others is unchanged; otherwise the whole
// deck is rendered.
'use strict'

const { measured, touched } = require('./edits.cjs')
const { DEFINES } = require('./formulas.cjs')

const NUMBERS = ['data-marpit-pagination', 'data-marpit-pagination-total']
// What may apply to other slides too: definitions of links, and styles; and what Marp changes before it counts lines.
const FOR_ALL = /\]:|<style|[\r\0]/i

class Slidewise {
  #last // the deck last rendered, if slides of it can be rendered alone
  #run // the rendering under way; `of` is the deck of which slides are rendered alone, from its `first`

  /** `make` makes Marp with some more options. */
  constructor(make) {
    const anchor = (index) => `${this.#run.first + index + 1}`
    this.marp = make({ anchor, slug: { postSlugify: (name, count) => this.#named(name, count) } })
    const { ruler } = this.marp.markdown.core
    const rule = (does) => (state) => state.inlineMode || does.call(this, state)
    ruler.after('marpit_directives_global_parse', 'lectern_globals', rule(this.#globals))
    ruler.before('marpit_slide', 'lectern_cuts', rule(this.#cuts))
    ruler.after('marpit_directives_parse', 'lectern_directives', rule(this.#directives))
    ruler.after('marpit_directives_apply', 'lectern_numbers', rule(this.#numbers))
    const style = this.marp.renderStyle
    this.marp.renderStyle = (theme) => this.#run.of?.css ?? style.call(this.marp, theme)
  }

  /**
   * Returns the deck as { slides: [{ html, comments, … }], css, rendered, … }, with how many slides were rendered.
   *
   * Slides that were not are the same objects as they were in the last deck.
   */
  render(text) {
    const deck = this.#edited(text) ?? this.#whole(text)
    this.#last = deck.apart ? deck : undefined
    return deck
  }

  /** The deck last rendered, if slides of it can be rendered alone: plain data, from which another process can resume. */
  get last() {
    return this.#last
  }

  /** Resumes from a deck that another process rendered; and renders a slide, so that the code to do so has been loaded. */
  resume(deck) {
    this.#last = deck
    this.#edited(`${deck.text}\n`)
  }

  #whole(text) {
    const env = { htmlAsArray: true }
    const { slides, css, start, cuts } = this.#rendered(text, env, { first: 0 })
    const globals = { ...this.marp.lastGlobalDirectives }
    const { head, slides: parts } = measured(text, start, cuts)
    const apart = isApart(text, head, globals)
    const deck = { text, head, slides, css, globals, references: env.references, apart, rendered: slides.length }
    if (parts.length !== slides.length) return { ...deck, apart: false }
    return { ...deck, slides: placed(slides, parts, text, head) }
  }

  /** Returns the deck after an edit; undefined where it has to be rendered whole. */
  #edited(text) {
    const of = this.#last
    const edit = of && touched(of, text)
    if (!edit || !isContained(edit, of.globals)) return undefined
    const { first, end, after } = edit
    // The line that ends these slides is included, and must still end them. After an empty line no front matter begins.
    const { cut } = of.slides[end - 1]
    const alone = `${first === 0 ? text.slice(0, of.head) : '\n'}${after}${cut}`
    const env = { htmlAsArray: true, references: of.references }
    const { slides, start, cuts } = this.#rendered(alone, env, { first, of })
    const { head, slides: parts } = measured(alone, first === 0 ? start : 1, cuts)
    if (cut && parts.pop().size > 0) return undefined
    if (parts.length !== end - first || parts.at(-1).cut !== cut) return undefined
    const news = placed(slides, parts, alone, head)
    if (!giveTheSame(of.slides, first, news)) return undefined
    return { ...of, text, slides: of.slides.toSpliced(first, news.length, ...news), rendered: news.length }
  }

  #rendered(text, env, run) {
    this.#run = { ...run, names: [], directives: [], numbers: [] }
    const { html, css, comments } = this.marp.render(text, env)
    const { names, directives, numbers, start, cuts } = this.#run
    const tokens = this.marp.lastSlideTokens
    const slides = html.map((html, index) => ({
      html,
      comments: comments[index],
      directives: directives[index],
      numbers: numbers[index],
      names: names.splice(0, tokens[index].filter(({ type }) => type === 'heading_open').length),
      orders: ordersIn(tokens[index]),
      hasFormulas: haveFormulas(tokens[index]),
    }))
    return { slides, css, start, cuts }
  }

  #globals() {
    if (this.#run.of) this.marp.lastGlobalDirectives = { ...this.#run.of.globals }
  }

  #cuts({ tokens }) {
    const frontMatter = tokens.find(({ type }) => type === 'front_matter')
    this.#run.start = frontMatter?.map[1] ?? 0
    this.#run.cuts = tokens.filter(({ type, level, hidden }) => type === 'hr' && level === 0 && !hidden).map(({ map }) => map[0])
  }

  #directives({ tokens }) {
    for (const [index, { meta }] of opened(tokens).entries()) {
      const known = this.#recorded(index)
      if (known) meta.marpitDirectives = { ...known.directives }
      this.#run.directives.push({ ...meta.marpitDirectives })
    }
  }

  #numbers({ tokens }) {
    for (const [index, token] of opened(tokens).entries()) {
      const known = this.#recorded(index)
      for (const [at, name] of NUMBERS.entries())
        if (known && token.attrGet(name) !== null) token.attrSet(name, known.numbers[at])
      this.#run.numbers.push(NUMBERS.map((name) => token.attrGet(name)))
    }
  }

  /** Returns the record of a slide that is rendered alone. */
  #recorded(index) {
    const { of, first } = this.#run
    return of?.slides[first + index]
  }

  /** Returns the name of a heading, numbered if earlier headings, or slides themselves, have the same. */
  #named(name, count) {
    const { of, first, names } = this.#run
    if (of) {
      const before = [...of.slides.slice(0, first).flatMap((slide) => slide.names), ...names]
      const isSlides = /^[1-9]\d*$/.test(name) && Number(name) <= of.slides.length
      count = before.filter((other) => other === name).length + (isSlides ? 1 : 0)
    }
    names.push(name)
    return count > 0 ? `${name}-${count}` : name
  }
}

const opened = (tokens) => tokens.filter(({ type }) => type === 'marpit_slide_open')

/** Returns the comments on a slide that are directives. */
function ordersIn(tokens) {
  const all = tokens.flatMap((token) => token.children ?? [token]) // hidden ones, which have another type, too
  return JSON.stringify(all.filter(({ meta }) => meta?.marpitCommentParsed === 'directive').map(({ content }) => content))
}

/** Returns slides with their parts of a text; whether they hold formulas is unknown where there is only a dollar sign. */
function placed(slides, parts, text, from) {
  return parts.map((part, index) => {
    const [begin, end] = [from, (from += part.size)]
    from += part.cut.length
    const hasFormulas = slides[index].hasFormulas || (text.slice(begin, end).includes('$') ? undefined : false)
    return { ...slides[index], ...part, hasFormulas }
  })
}

const haveFormulas = (tokens) =>
  tokens.some(({ type, children }) => type.startsWith('marp_math_') || (children && haveFormulas(children)))

/** Whether slides of a deck can be rendered alone: no heading begins one, and formulas do not depend on those before. */
function isApart(text, head, { headingDivider, math }) {
  const isFree = math === 'katex' || !text.includes('$')
  return isFree && head < text.length && !headingDivider && !/[\r\0]/.test(text) && !DEFINES.test(text)
}

/** Whether an edit affects no other slides, as far as its text shows. */
function isContained({ before, after }, { math }) {
  return !FOR_ALL.test(before) && !FOR_ALL.test(after) && !DEFINES.test(after) && (math === 'katex' || !after.includes('$'))
}

/** Whether slides that were rendered again give to the others what they gave before. */
function giveTheSame(all, first, news) {
  const olds = all.slice(first, first + news.length)
  const later = all.slice(first + news.length)
  const others = [...all.slice(0, first), ...later]
  const isOrdered = news.every(({ orders }, index) => orders === olds[index].orders)
  // The style depends on whether there are formulas in the deck.
  const have = (slides) => slides.some((slide) => slide.hasFormulas)
  const lack = (slides) => slides.every((slide) => slide.hasFormulas === false)
  const isStyled = have(others) || (have(olds) && have(news)) || (lack(olds) && lack(news))
  return isOrdered && isStyled && !later.some(({ names }) => names.some((name) => count(news, name) !== count(olds, name)))
}

const count = (slides, name) => slides.flatMap(({ names }) => names).filter((other) => other === name).length

module.exports = Slidewise
