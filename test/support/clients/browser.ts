/** A real browser: Debian's Chromium without a window. */
import axe from 'axe-core'
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { isServiceRequired } from '../servers/deployments.ts'
import { at, listAt, textAt } from '../data/json.ts'
import type { Scope } from '../scope.ts'

const CHROMIUM = '/usr/bin/chromium'
const DEADLINE_MS = 30_000
/** For root, and for a network that leads nowhere; a key that scrolls has scrolled when it was pressed. */
const FLAGS = [
  '--disable-smooth-scrolling',
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]
/** A server that is away is told by the browser, too, and is no fault of the page. */
const USUAL_ERRORS = /net::ERR_|WebSocket|status of 4\d\d/
const AXE_OPTIONS = { resultTypes: ['violations'] }

/** A browser that ends with the test. */
export async function startBrowser (t: Scope): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  t.teardown(() => browser.close())
  return browser
}

/** A test that needs a browser; without one it is skipped aloud, or fails with CONFAB_REQUIRE_SERVICES=1. */
export async function withBrowser (
  t: Test,
  title: string,
  test: (t: Test, browser: Browser) => Promise<void>
): Promise<void> {
  if (existsSync(CHROMIUM)) {
    await t.test(title, async (t) => test(t, await startBrowser(t)))
    return
  }
  const reason = `there is no ${CHROMIUM}: nothing was tried in a browser`
  if (isServiceRequired()) {
    t.fail(reason)
    return
  }
  t.comment(`SKIPPED ${title}: ${reason}.`)
  await t.test(title, { skip: reason }, () => undefined)
}

/** How to open a page. */
export type PageOptions = BrowserContextOptions & {
  /** Runs in the page before everything else. */
  script?: string
  /** What the browser may complain of. */
  usualErrors?: RegExp
}

/** Somebody's browser, which nobody else's cookies and logins are in. Whatever goes wrong in a page fails the test. */
export async function openPage (
  t: Test,
  browser: Browser,
  url: string,
  { script, usualErrors = USUAL_ERRORS, ...options }: PageOptions = {}
): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options })
  if (script !== undefined) await context.addInitScript(script)
  context.setDefaultTimeout(DEADLINE_MS)
  const page = await context.newPage()
  page.on('pageerror', (error) => {
    t.fail(`an error in the page: ${error.message}`)
  })
  page.on('console', (message) => {
    if (message.type() === 'error' && !usualErrors.test(message.text()))
      t.fail(`the browser complains: ${message.text()}`)
  })
  await page.goto(url)
  return page
}

/** What axe finds wrong with what is shown now, each with where. The page's policy stays in force meanwhile. */
export async function accessibilityFaults (page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page)
  const isThere: unknown = await session.send('Runtime.evaluate', {
    expression: '"axe" in window',
    returnByValue: true
  })
  if (at(isThere, 'result', 'value') !== true) await session.send('Runtime.evaluate', { expression: axe.source })
  const expression =
    `axe.run(document, ${JSON.stringify(AXE_OPTIONS)}).then(({ violations }) => violations.map(({ id, help, nodes ` +
    `}) => ({ id, help, where: nodes.map(({ target, failureSummary }) => target.join(' ') + ': ' + ` +
    `failureSummary).join('; ') })))`
  const answer: unknown = await session.send('Runtime.evaluate', {
    expression,
    awaitPromise: true,
    returnByValue: true
  })
  await session.detach()
  return listAt(answer, 'result', 'value').map(
    (fault) => `${textAt(fault, 'id')}: ${textAt(fault, 'help')} at ${textAt(fault, 'where')}`
  )
}
