import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'

const PLACES = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The browser of this machine; undefined where there is none. */
export function findBrowser(): string | undefined {
  return PLACES.find((path) => path !== undefined && existsSync(path))
}

/** Starts the browser, without what it likes to ask the Internet. */
export function startBrowser(executablePath: string): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] // prettier-ignore
  return chromium.launch({ executablePath, args })
}

/** What went wrong in a page, and whom it spoke to. */
export interface Watched {
  readonly page: Page
  /** Errors of scripts, of the console, and refusals by the policy. */
  readonly complaints: string[]
  /** Origins that anything was asked of. */
  readonly origins: Set<string>
}

/** Opens a page and listens to it. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  return openTab(await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options }))
}

/** {@link openPage} beside others, with what the browser keeps of them. */
export async function openTab(context: BrowserContext): Promise<Watched> {
  const page = await context.newPage()
  const complaints: string[] = []
  const origins = new Set<string>()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('request', (request) => origins.add(new URL(request.url()).origin))
  return { page, complaints, origins }
}

/**
 * Does something, and waits for the page to tell this by a status, be it for a moment only: the page itself takes note. Who asks it again and
 * again may come too late.
 */
export async function tells(page: Page, text: string, act: () => Promise<void>): Promise<void> {
  await page.evaluate(`(() => {
    window.isTold = false
    new MutationObserver((_, observer) => {
      if (![...document.querySelectorAll('[role=status]')].some((one) => one.textContent.includes(${JSON.stringify(text)}))) return
      window.isTold = true
      observer.disconnect()
    }).observe(document.body, { childList: true, characterData: true, subtree: true })
  })()`)
  await act()
  await page.waitForFunction('window.isTold')
}
