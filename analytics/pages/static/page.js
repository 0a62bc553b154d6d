// Small helps that every page has: light or dark, copying, a click on a row.
const root = document.documentElement
const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches)

root.dataset.scripted = ''

for (const button of document.querySelectorAll('[data-theme-switch]')) {
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark'
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`
  })
}

// Not navigator.clipboard: it is missing on plain HTTP, and may refuse or never answer in a window without focus.
const copy = text => {
  const fill = event => {
    event.clipboardData.setData('text/plain', text)
    event.preventDefault()
  }
  document.addEventListener('copy', fill, { once: true })
  const done = document.execCommand('copy')
  document.removeEventListener('copy', fill)
  return done
}

document.addEventListener('click', event => {
  const button = event.target.closest('[data-copy]')
  if (!button || !copy(button.dataset.copy)) return
  button.dataset.copied = button.dataset.done
  setTimeout(() => delete button.dataset.copied, 2000)
})
