// The preview's part in the page: replaces slides that changed, in place, and shows the states of figures, and problems.
// It runs before Marp's own script, to get at the deck object that this creates and does not expose.
'use strict'
;(() => {
  const view = new URLSearchParams(location.search).get('view') || ''
  const APPLIED = 'lectern-applied' // in localStorage: the revision that some window of the deck shows
  const AGAIN = 500 // ms between tries to reach the server
  const UNEXPECTED = "Marp's page is not as the preview expects it: edits are not shown. Reload the page to see them."
  let deck // Bespoke's
  let slides = [] // of the deck as it is in the page: [{ id, key, title }]
  let revision = -1 // shown here
  let latest // the server's last message, and when it came
  let socket

  // --- The deck

  // Marp's fragment plugin defines `fragments` on the deck: there is no other access to it.
  const define = Object.defineProperty
  Object.defineProperty = (target, name, descriptor) => {
    if (name === 'fragments' && Array.isArray(target.slides)) {
      deck = target
      Object.defineProperty = define
    }
    return define(target, name, descriptor)
  }

  // A window that already shows a newer deck announces a slide by its number there: this one finds the slide by itself.
  addEventListener('storage', (event) => {
    if (event.key?.startsWith('bespoke-marp-sync-') && Number(localStorage.getItem(APPLIED)) > revision)
      event.stopImmediatePropagation()
  })

  const fragmentsOf = (element) => [null, ...element.querySelectorAll('[data-marpit-fragment]')]

  function parsed(html) {
    const template = document.createElement('template')
    template.innerHTML = html
    return template.content.firstElementChild
  }

  /** Puts new content into a slide's element, which Bespoke knows and has given its classes. */
  function swap(element, html) {
    const fresh = parsed(html)
    for (const { name, value } of fresh.attributes) if (name !== 'class') element.setAttribute(name, value)
    element.replaceChildren(...fresh.childNodes)
  }

  function inserted(html) {
    const element = parsed(html)
    element.classList.add('bespoke-marp-slide')
    element.setAttribute('aria-hidden', 'true')
    element.setAttribute('data-bespoke-marp-load', 'hideable')
    return element
  }

  /**
   * Returns for each new slide the number of the old one that it continues, or -1.
   *
   * Old and new slides are paired in order so that the sum of their likeness is greatest: slides of the same content
   * are alike most; others by the words that they share; and one in place of one is paired however little they share.
   */
  function aligned(before, after) {
    const found = new Array(after.length).fill(-1)
    let first = 0
    while (first < before.length && first < after.length && before[first].key === after[first].key) found[first] = first++
    let b = before.length, a = after.length
    while (b > first && a > first && before[b - 1].key === after[a - 1].key) found[--a] = --b
    const alike = likeness(before, after)
    const sums = Array.from({ length: b - first + 1 }, () => new Float64Array(a - first + 1))
    for (let i = b - 1; i >= first; i--)
      for (let j = a - 1; j >= first; j--) {
        const [here, down] = [sums[i - first], sums[i - first + 1]]
        here[j - first] = Math.max(down[j - first], here[j - first + 1], down[j - first + 1] + alike(i, j))
      }
    for (let i = first, j = first; i < b && j < a; ) {
      const [here, down] = [sums[i - first], sums[i - first + 1]]
      if (here[j - first] === down[j - first + 1] + alike(i, j)) found[j++] = i++
      else if (here[j - first] === down[j - first]) i++
      else j++
    }
    return found
  }

  /** Returns a function for the likeness of an old and a new slide, from almost 0 to 2 for the same content. */
  function likeness(before, after) {
    const words = (text) => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu))
    const olds = new Map(), news = new Map(), known = (map, key, make) => map.get(key) ?? map.set(key, make()).get(key)
    return (i, j) => {
      if (before[i].key === after[j].key) return 2
      if (after[j].html === undefined) return 0 // it is elsewhere in the old deck
      const old = known(olds, i, () => words(deck.slides[i].textContent))
      const now = known(news, j, () => words(parsed(after[j].html).textContent))
      let shared = 0
      for (const word of now) shared += old.has(word)
      const title = before[i].title !== '' && before[i].title === after[j].title ? 0.5 : 0
      return 1e-6 + title + (2 * shared) / (old.size + now.size || 1)
    }
  }

  let gone // the slide in view that was deleted, and the number of the one that is in view instead

  /**
   * Returns the new number of the slide in view.
   *
   * One that was deleted is replaced by the one before it; if it comes back while that one is in view, as when a deck was
   * read half-written, or a deletion is undone, the view returns to it.
   */
  function stay(current, from, after) {
    const { key, title } = gone?.at === current ? gone : slides[current]
    const isIt = (slide) => slide.key === key || (title !== '' && slide.title === title)
    const back = gone?.at === current ? after.findIndex(isIt) : -1
    const known = from.indexOf(current)
    if (back >= 0 || (known >= 0 && gone?.at !== current)) {
      gone = undefined
      return back >= 0 ? back : known
    }
    let index = known
    for (let i = current - 1; i >= 0 && index < 0; i--) index = from.indexOf(i)
    gone = { key, title, at: Math.max(index, 0) }
    return gone.at
  }

  /** Shows the slides of a message, and stays on the slide and fragment that are in view. */
  function show(sent) {
    const current = deck.slide(), fragment = deck.fragmentIndex
    const olds = [...deck.slides]
    const from = aligned(slides, sent.slides)
    const kept = (index) => slides[from[index]]?.id === sent.slides[index].id
    const elements = sent.slides.map((slide, index) => {
      const element = olds[from[index]]
      if (!element) return inserted(slide.html)
      if (slide.html !== undefined && !kept(index)) swap(element, slide.html)
      return element
    })
    const moved = elements.length !== olds.length || elements.some((element, index) => element !== olds[index])
    if (moved) {
      for (const element of olds) if (!elements.includes(element)) element.remove()
      for (const element of elements) deck.parent.append(element)
      deck.slides.splice(0, deck.slides.length, ...elements)
    }
    const fragments = elements.map((element, index) => (kept(index) ? deck.fragments[from[index]] : fragmentsOf(element)))
    deck.fragments.splice(0, deck.fragments.length, ...fragments)
    const index = stay(current, from, sent.slides)
    slides = sent.slides.map(({ id, key, title }) => ({ id, key, title }))
    const transitions = deck.skipTransition
    deck.skipTransition = true
    deck.slide(index, { fragment: Math.min(fragment, deck.fragments[index].length - 1) })
    deck.skipTransition = transitions
  }

  let noted = [] // the notes in the page, by slide
  const notes = new Map() // their elements, by the number of the slide

  function showNotes(sent) {
    const parent = document.querySelector('.bespoke-marp-presenter-note-wrapper') || document.body
    for (let index = 0; index < Math.max(sent.length, noted.length); index++) {
      const now = sent[index]?.notes, before = noted[index]
      if (now === before || JSON.stringify(now) === JSON.stringify(before)) continue
      notes.get(index)?.remove()
      notes.delete(index)
      if (now?.length > 0) parent.append(note(index, now))
    }
    noted = sent.map((slide) => slide.notes)
  }

  function note(index, texts) {
    const element = document.createElement('div')
    element.className = 'bespoke-marp-note'
    element.dataset.index = index
    element.tabIndex = 0
    element.addEventListener('keydown', (event) => event.stopPropagation())
    for (const text of texts) element.append(Object.assign(document.createElement('p'), { textContent: text }))
    notes.set(index, element)
    return element
  }

  const markNote = () => notes.forEach((element, index) => element.classList.toggle('active', index === deck.slide()))

  /** Loads the pictures of slides before these are shown: the old ones stay until then. */
  const loaded = (sent) =>
    Promise.all(
      sent.slides.flatMap((slide, index) => {
        if (slide.html === undefined || view === 'overview') return []
        if (Math.abs(index - deck.slide()) > 1) return []
        return [...parsed(slide.html).querySelectorAll('img')].map((image) => {
          const ahead = new Image()
          ahead.src = image.src
          return ahead.decode().catch(() => {})
        })
      }),
    )

  let known = [] // all slides as the server last sent them

  /** Returns a message with all slides: those that it leaves out are unchanged. */
  function whole(message) {
    const { first, last, between } = message.slides ?? { first: 0, last: 0, between: [] }
    known = [...known.slice(0, first), ...between, ...known.slice(known.length - last)]
    return { ...message, slides: known }
  }

  let showing = Promise.resolve()
  function receive(message) {
    const sent = whole(message)
    latest = { ...sent, at: performance.now() }
    setTimeout(showStatus) // after the slides, for which the person waits
    if (sent.slides.length === 0) return
    if (!deck && slides.length > 0) return // reloading might never end: showStatus shows the problem
    if (!deck) return location.reload() // the first deck that could be rendered
    showing = showing.then(async () => {
      await loaded(sent)
      const style = document.getElementById('lectern-style')
      if (style && sent.css !== undefined && style.textContent !== sent.css) style.textContent = sent.css
      const same = sent.slides.length === slides.length && sent.slides.every((slide, i) => slide.id === slides[i].id)
      revision = sent.revision
      localStorage.setItem(APPLIED, revision)
      if (!same) show(sent)
      showNotes(sent.slides)
      if (same) return markNote()
      afterwards()
    })
  }

  function afterwards() {
    markNote()
    sendVisible()
    placeMarks()
    document.dispatchEvent(new CustomEvent('lectern-shown', { detail: revision }))
    if (view === 'next') parent.postMessage('lectern-shown', location.origin)
  }

  // The frame of the next slide gets a slide's number from the presenter's window: again once both show the same deck.
  addEventListener('message', (event) => {
    if (event.origin === location.origin && event.data === 'lectern-shown' && deck)
      event.source.postMessage(`navigate:${deck.slide()},${deck.fragmentIndex}`, location.origin)
  })

  // --- Status

  const PHASES = { computing: 'computing', drawing: 'drawing', waiting: 'waiting', failed: 'failed', fresh: 'fresh' }
  const busy = (figure) => ['computing', 'drawing', 'waiting'].includes(figure.phase)
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties)
    element.append(...children)
    return element
  }
  const root = make('div', { id: 'lectern' })
  const summary = make('button', { title: 'Figures, and the PDF' })
  const chip = make('div', { className: 'lectern-chip' }, summary)
  const list = make('ul')
  const print = make('button', { textContent: 'Make the PDF' })
  const panel = make('div', { className: 'lectern-panel', hidden: true }, list, print)
  const problems = make('div', { className: 'lectern-problems', hidden: true, role: 'alert' })
  const marks = make('div')
  root.append(marks, problems, panel, chip)
  root.addEventListener('keydown', (event) => event.stopPropagation())
  root.addEventListener('wheel', (event) => event.stopPropagation())

  summary.addEventListener('click', () => {
    panel.hidden = !panel.hidden
    summary.blur()
  })
  print.addEventListener('click', () => {
    print.blur()
    if (latest?.printing.phase === 'ready') open('/lectern/pdf', '_blank')
    else fetch('/lectern/pdf', { method: 'POST' })
  })

  const elapsed = (seconds) =>
    seconds === null ? '' : `${Math.max(0, seconds + (performance.now() - latest.at) / 1000).toFixed(0)} s`

  function showStatus() {
    if (!latest) return
    const { figures, printing } = latest
    const said = !deck && slides.length > 0 ? [...latest.problems, UNEXPECTED] : latest.problems
    const counts = {}
    for (const { phase } of figures) counts[phase] = (counts[phase] || 0) + 1
    const lost = socket?.readyState !== WebSocket.OPEN
    chip.className = `lectern-chip${said.length ? ' wrong' : ''}${figures.some(busy) ? ' busy' : ''}${lost ? ' lost' : ''}`
    const parts = Object.keys(PHASES).filter((phase) => counts[phase]).map((phase) => `${counts[phase]} ${PHASES[phase]}`)
    summary.textContent = lost ? 'not connected' : [...parts, ...(printing.phase === 'running' ? ['printing'] : [])].join(' · ')
    list.replaceChildren(...figures.map(row))
    print.textContent = {
      idle: 'Make the PDF',
      running: `Making the PDF… ${elapsed(printing.seconds)}`,
      ready: 'Open the PDF',
      failed: `Make the PDF again (${printing.message})`,
    }[printing.phase]
    problems.hidden = said.length === 0
    problems.replaceChildren(...said.map((text) => make('pre', { textContent: text })))
    placeMarks()
  }

  function row({ name, phase, seconds, slides: numbers }) {
    const jumps = numbers.map((number) => {
      const button = make('button', { textContent: String(number + 1), title: `Go to slide ${number + 1}` })
      button.addEventListener('click', () => deck.slide(number))
      return button
    })
    const state = make('span', { className: phase, textContent: `${PHASES[phase]} ${elapsed(seconds)}` })
    const item = make('li', {}, make('span', { className: 'name', textContent: name }), state, ...jumps)
    item.dataset.figure = name
    return item
  }

  /** Marks the pictures in view whose figures are being made: the old picture stays until the new one is there. */
  function placeMarks() {
    if (!deck || !latest || view === 'next' || view === 'overview') return
    const active = deck.slides[deck.slide()]
    const found = latest.figures.filter(busy).flatMap(({ name, phase, seconds }) =>
      [...active.querySelectorAll('img[data-figure]')]
        .filter((image) => image.dataset.figure === name)
        .map((image) => {
          const { left, top } = image.getBoundingClientRect()
          const mark = make('div', { className: 'lectern-mark', textContent: `${PHASES[phase]} ${elapsed(seconds)}` })
          Object.assign(mark.style, { left: `${left + 12}px`, top: `${top + 12}px` })
          mark.dataset.figure = name
          return mark
        }),
    )
    marks.replaceChildren(...found)
  }

  function sendVisible() {
    if (!deck || socket?.readyState !== WebSocket.OPEN || view === 'next' || view === 'overview') return
    const images = deck.slides[deck.slide()].querySelectorAll('img[data-figure]')
    socket.send(JSON.stringify({ visible: [...images].map((image) => image.dataset.figure) }))
  }

  // --- The connection to the server

  function connect() {
    socket = new WebSocket(`ws://${location.host}/lectern/live`)
    socket.addEventListener('open', () => {
      socket.send(JSON.stringify({ have: slides.map(({ id }) => id) }))
      sendVisible()
    })
    socket.addEventListener('message', ({ data }) => receive(JSON.parse(data)))
    socket.addEventListener('close', () => {
      showStatus()
      setTimeout(connect, AGAIN)
    })
  }

  addEventListener('load', () => {
    slides = JSON.parse(document.getElementById('lectern-slides').textContent).map(([id, key, title]) => ({ id, key, title }))
    if (deck) {
      deck.on('activate', () => setTimeout(afterActivate))
      markNote()
    }
    if (view === '' || view === 'presenter') document.body.append(root)
    connect()
    setInterval(() => latest?.figures.some(busy) || latest?.printing.phase === 'running' ? showStatus() : 0, 1000)
  })
  addEventListener('resize', placeMarks)

  function afterActivate() {
    markNote()
    sendVisible()
    placeMarks()
  }
})()
