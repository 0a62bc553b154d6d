// Pointer, touch and arrow keys on a chart that the server drew. Its numbers are read from the table beside it.
for (const plot of document.querySelectorAll('[data-chart]')) {
  const table = document.getElementById(plot.dataset.chart)
  const heads = [...table.tHead.rows[0].cells].slice(1)
  const make = (tag, name, text = '') => Object.assign(document.createElement(tag), { className: name, textContent: text })
  const band = make('div', 'band')
  const tip = make('div', 'tip')
  tip.setAttribute('role', 'status')
  band.hidden = tip.hidden = true
  plot.append(band, tip)
  let at = -1

  const show = wanted => {
    const rows = table.tBodies[0].rows
    const i = Math.max(0, Math.min(rows.length - 1, wanted))
    if (i === at && !tip.hidden) return
    at = i
    const [name, ...cells] = rows[i].cells
    const list = make('dl', '')
    cells.forEach((cell, k) => {
      const pair = make('div', heads[k].dataset.key ?? '')
      pair.append(make('dt', '', heads[k].textContent), make('dd', '', cell.textContent))
      list.append(pair)
    })
    tip.replaceChildren(make('b', '', name.textContent), list)
    band.hidden = tip.hidden = false
    const wide = plot.clientWidth
    const step = wide / rows.length
    const middle = (i + 0.5) * step
    band.style.left = `${i * step}px`
    band.style.width = `${step}px`
    const right = middle + step / 2 + 10
    const left = right + tip.offsetWidth < wide ? right : middle - step / 2 - 10 - tip.offsetWidth
    tip.style.left = `${Math.max(0, Math.min(wide - tip.offsetWidth, left))}px`
  }
  const hide = () => {
    band.hidden = tip.hidden = true
    at = -1
  }

  plot.addEventListener('pointermove', event => {
    const box = plot.getBoundingClientRect()
    show(Math.floor(((event.clientX - box.left) / box.width) * table.tBodies[0].rows.length))
  })
  plot.addEventListener('pointerleave', hide)
  plot.addEventListener('blur', hide)
  plot.addEventListener('keydown', event => {
    const last = table.tBodies[0].rows.length - 1
    const to = { ArrowRight: at < 0 ? 0 : at + 1, ArrowLeft: at < 0 ? last : at - 1, Home: 0, End: last }[event.key]
    if (to !== undefined) {
      event.preventDefault()
      show(to)
    }
    if (event.key === 'Escape') hide()
  })
}
