// Live pages: the server sends finished HTML of what changed. It is folded into the page, so that focus, selection
// and scrolling stay. Without this file the page is simply as it was when it was asked for.
const host = document.querySelector('[data-live]')

const name = node => (node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key : undefined)

// What a page's own script or its reader has set for a moment; the server knows nothing of it.
const OURS = new Set(['data-copied', 'open'])

// Makes `old` look like `next`, touching only what differs. Children that have a name are found again by it.
export const morph = (old, next) => {
  if (old.isEqualNode(next)) return
  if (old.nodeName !== next.nodeName) return old.replaceWith(next)
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = next.data
    return
  }
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name) && !OURS.has(name)) old.removeAttribute(name)
  morphChildren(old, [...next.childNodes])
}

// Puts a node elsewhere; where the browser can, without its losing the focus.
const move = (parent, node, before) => (parent.moveBefore ?? parent.insertBefore).call(parent, node, before)

// Removes a node and gives the one after it.
const dropped = node => {
  const after = node.nextSibling
  node.remove()
  return after
}

const morphChildren = (parent, wanted) => {
  const stay = new Set(wanted.map(name).filter(Boolean))
  for (const node of [...parent.childNodes]) if (name(node) && !stay.has(name(node))) node.remove()
  const named = new Map([...parent.childNodes].filter(name).map(node => [name(node), node]))
  let at = parent.firstChild
  for (const next of wanted) {
    const key = name(next)
    const old = key ? named.get(key) : at && !name(at) ? at : null
    if (!old) {
      parent.insertBefore(next, at)
      continue
    }
    while (key && at && at !== old && !name(at)) at = dropped(at)
    if (old !== at) move(parent, old, at)
    at = old.nextSibling
    morph(old, next)
  }
  while (at) at = dropped(at)
}

if (host) {
  const lost = document.querySelector('[data-lost]')
  const button = document.querySelector('[data-live-pause]')
  const spoken = document.querySelector('[data-announce]')
  const heard = () => document.querySelector('[data-announced]')?.textContent
  const box = document.createElement('template')
  let source = null
  let paused = false
  let alarm = 0
  let said = heard()

  const patch = ({ data }) => {
    box.innerHTML = data
    for (const part of [...box.content.children]) {
      for (const next of part.matches('[data-rows]') ? [...part.rows] : [part]) {
        const old = document.getElementById(next.id)
        if (!old) continue
        if (next.matches('[data-reload]')) return location.reload()
        morph(old, next)
      }
    }
    if (spoken && heard() !== said) spoken.textContent = said = heard()
    document.dispatchEvent(new Event('patched'))
  }

  const open = () => {
    source = new EventSource(host.dataset.live)
    source.onopen = () => {
      clearTimeout(alarm)
      alarm = 0
      lost.hidden = true
      root.dataset.stream = 'open'
    }
    source.onerror = () => {
      root.dataset.stream = 'lost'
      alarm ||= setTimeout(() => (lost.hidden = false), 1200)
      if (source?.readyState !== EventSource.CLOSED) return
      close()
      setTimeout(() => source || paused || document.hidden || open(), 3000)
    }
    source.addEventListener('patch', patch)
  }
  const close = () => {
    source?.close()
    source = null
  }
  const root = document.documentElement

  if (button) {
    button.addEventListener('click', () => {
      paused = !paused
      button.setAttribute('aria-pressed', paused)
      button.querySelector('span').textContent = paused ? button.dataset.resume : button.dataset.pause
      const use = button.querySelector('use')
      use.setAttribute('href', use.getAttribute('href').replace(/#.*/, paused ? '#play' : '#pause'))
      root.dataset.stream = paused ? 'paused' : 'open'
      if (paused) close()
      else open()
    })
  }
  document.addEventListener('visibilitychange', () => {
    if (paused) return
    if (document.hidden) close()
    else if (!source) open()
  })
  addEventListener('pagehide', close)
  addEventListener('pageshow', event => event.persisted && !paused && !source && open())
  open()
}
