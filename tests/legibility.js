// What cannot be read on the slide in view: words of its picture that are small, faint, cut, or over one another;
// marks too light to be seen; lines of text that end in one short word; captions that take too long to read.
async ({ smallest, guideLine, mostWords }) => {
  const section = [...document.querySelectorAll('svg.bespoke-marp-active section')].at(-1)
  const px = section.getBoundingClientRect().width / section.offsetWidth
  const faults = []

  const channels = (color) => color.match(/[\d.]+/g).map(Number)
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
    return (light + 0.05) / (dark + 0.05)
  }
  const onWhite = (color, opacity) => channels(color).slice(0, 3).map((v) => v * opacity + 255 * (1 - opacity))

  // The picture's SVG, laid out at the size that it has on the slide.
  const laidOut = async (image) => {
    const box = image.getBoundingClientRect()
    const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight)
    const source = new DOMParser().parseFromString(await (await fetch(image.src)).text(), 'image/svg+xml').documentElement
    source.setAttribute('width', image.naturalWidth * scale)
    source.setAttribute('height', image.naturalHeight * scale)
    const holder = document.createElement('div')
    holder.style.cssText = 'position:fixed;left:0;top:0'
    holder.append(document.importNode(source, true))
    document.body.append(holder)
    return { source, svg: holder.firstChild, remove: () => holder.remove() }
  }

  // The same picture without its words, as pixels: what the words stand on.
  const ground = async (source, { width, height }) => {
    const bare = source.cloneNode(true)
    for (const glyphs of bare.querySelectorAll('g[id^=text_] > g[transform]')) glyphs.remove()
    const picture = new Image()
    picture.src = 'data:image/svg+xml,' + encodeURIComponent(new XMLSerializer().serializeToString(bare))
    await picture.decode()
    const context = new OffscreenCanvas(Math.ceil(width), Math.ceil(height)).getContext('2d', { willReadFrequently: true })
    context.fillStyle = 'white'
    context.fillRect(0, 0, width, height)
    context.drawImage(picture, 0, 0, width, height)
    return context
  }

  const words = (svg) => [...svg.querySelectorAll('g[id^=text_]')].flatMap((group) => {
    const glyphs = group.querySelector('g[transform]')
    const name = [...group.childNodes].filter((node) => node.nodeType === 8).map((node) => node.data.trim()).join(' ')
    const box = glyphs?.getBoundingClientRect()
    if (!box?.width) return []
    const { a, b } = glyphs.getScreenCTM() // Matplotlib's glyphs are 100 units high
    return [{ name, box, size: 100 * Math.hypot(a, b) / px, color: channels(getComputedStyle(glyphs).fill) }]
  })

  const readable = ({ name, box, size, color }, whole, context) => {
    if (size < smallest) faults.push(`small: ${size.toFixed(1)} px ${name}`)
    if (box.left < whole.left - 1 || box.right > whole.right + 1 || box.top < whole.top - 1 || box.bottom > whole.bottom + 1)
      faults.push(`cut: ${name}`)
    const left = Math.max(0, box.left - whole.left), top = Math.max(0, box.top - whole.top)
    const width = Math.min(box.right - whole.left, whole.width) - left, height = Math.min(box.bottom - whole.top, whole.height) - top
    const { data } = context.getImageData(left, top, Math.max(1, Math.floor(width)), Math.max(1, Math.floor(height)))
    let faint = 0
    for (let i = 0; i < data.length; i += 4) if (contrast(color, [data[i], data[i + 1], data[i + 2]]) < 4.5) faint++
    // Part of it may be crossed by a line.
    if (faint > 0.1 * data.length / 4) faults.push(`faint words: ${name}`)
  }

  const overlap = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1

  const visible = (svg) => {
    for (const mark of svg.querySelectorAll('path, use')) {
      const box = mark.getBoundingClientRect(), style = getComputedStyle(mark)
      if (mark.closest('defs, g[id^=text_]') || !(box.width || box.height)) continue
      const opacities = { fill: style.opacity * style.fillOpacity, stroke: style.opacity * style.strokeOpacity }
      const drawn = Object.keys(opacities).filter((kind) => style[kind] !== 'none' && opacities[kind] > 0)
      const colors = drawn.map((kind) => onWhite(style[kind], opacities[kind])).filter((color) => contrast(color, [255, 255, 255]) > 1)
      const isGuide = style.fill === 'none' && style.stroke === guideLine
      if (colors.length && !isGuide && !colors.some((color) => contrast(color, [255, 255, 255]) >= 3))
        faults.push(`faint mark: ${colors[0].map(Math.round)} in ${mark.closest('g[id]').id}`)
    }
  }

  for (const image of section.querySelectorAll('img')) {
    const { source, svg, remove } = await laidOut(image)
    const whole = svg.getBoundingClientRect(), context = await ground(source, whole), found = words(svg)
    for (const word of found) readable(word, whole, context)
    for (const [i, one] of found.entries())
      for (const other of found.slice(0, i))
        if (overlap(one.box, other.box)) faults.push(`over one another: ${one.name} / ${other.name}`)
    visible(svg)
    remove()
  }

  for (const text of section.querySelectorAll(':scope > p, li, h1')) {
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT), spans = []
    while (walker.nextNode()) {
      if (walker.currentNode.parentElement.closest('.katex')) continue
      for (const { 0: word, index } of walker.currentNode.data.matchAll(/[^ \n]+/g)) {
        const range = document.createRange()
        range.setStart(walker.currentNode, index)
        range.setEnd(walker.currentNode, index + word.length)
        spans.push({ word, top: range.getBoundingClientRect().top, height: range.getBoundingClientRect().height })
      }
    }
    const [before, last] = spans.slice(-2)
    if (last && last.word.length < 6 && last.top > before.top + before.height / 2) faults.push(`alone on its line: ${last.word}`)
  }
  if (section.matches('.figura')) {
    const caption = [...section.querySelectorAll(':scope > p')].map((p) => p.innerText).join(' ')
    const count = caption.split(/\s+/).filter((word) => /[\p{L}\d]/u.test(word)).length
    if (count > mostWords) faults.push(`caption of ${count} words`)
  }
  return faults
}
