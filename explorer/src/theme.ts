/** Colours: as the system has them, or as the reader wants them here. */
export type Theme = 'system' | 'light' | 'dark'

const KEY = 'gevulot-theme'

/** What the reader chose here before. */
export function storedTheme(): Theme {
  try {
    const text = window.localStorage.getItem(KEY)
    return text === 'light' || text === 'dark' ? text : 'system'
  } catch {
    // Storage may be forbidden; then every visit begins anew.
    return 'system'
  }
}

/** Shows a theme, and remembers it. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
  try {
    window.localStorage.setItem(KEY, theme)
  } catch {
    // As above.
  }
}
