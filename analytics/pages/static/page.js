// Small helps that every page has: light or dark, copying, a click on a row.
const root = document.documentElement
const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches)

root.dataset.scripted = ''
if (navigator.clipboard) root.dataset.copies = ''

for (const button of document.querySelectorAll('[data-theme-switch]')) {
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark'
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`
  })
}

document.addEventListener('click', async event => {
  const button = event.target.closest('[data-copy]')
  if (!button) return
  await navigator.clipboard.writeText(button.dataset.copy)
  button.dataset.copied = button.dataset.done
  setTimeout(() => delete button.dataset.copied, 1500)
})
