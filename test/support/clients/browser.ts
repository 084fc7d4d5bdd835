/** Real browsers: Debian's Chromium and Firefox, without a window. */
import axe from 'axe-core'
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, firefox, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { isServiceRequired } from '../servers/deployments.ts'
import { at, listAt, textAt } from '../data/json.ts'
import type { Scope } from '../scope.ts'
import { temporaryFolder } from '../servers/program.ts'

const CHROMIUM = '/usr/bin/chromium'
const FIREFOX = '/usr/bin/firefox-esr'
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
/** For Firefox it is an error of the page. */
const NO_SERVER = /t establish a connection to the server/
const AXE_OPTIONS = { resultTypes: ['violations'] }

/** A browser that ends with the test. @param flags for Chromium, beside the usual ones */
export async function startBrowser (t: Scope, flags: readonly string[] = []): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] })
  t.teardown(() => browser.close())
  return browser
}

type BrowserTest = (t: Test, browser: Browser) => Promise<void>

/** A test that needs a browser; without one it is skipped aloud, or fails with CONFAB_REQUIRE_SERVICES=1. */
export async function withBrowser (
  t: Test, title: string, test: BrowserTest, flags: readonly string[] = []
): Promise<void> {
  await withPrograms(t, [CHROMIUM], title, async (t) => test(t, await startBrowser(t, flags)))
}

/** A test in Firefox, which is driven by WebDriver BiDi: what is particular to Chromium is not there. */
export async function withFirefox (t: Test, title: string, test: BrowserTest): Promise<void> {
  await withPrograms(t, [FIREFOX], title, async (t) => {
    // Its profile would be in the folder of root otherwise, which it does not own where tests run in a container.
    const home = await temporaryFolder(t)
    const browser = await firefox.launch({
      executablePath: FIREFOX, channel: 'moz-firefox', env: { ...environment(), HOME: home }
    })
    t.teardown(() => browser.close())
    await test(t, browser)
  })
}

function environment (): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? '']))
}

/** A test that needs programs; without them it is skipped aloud, or fails with CONFAB_REQUIRE_SERVICES=1. */
export async function withPrograms (
  t: Test, programs: readonly string[], title: string, test: (t: Test) => Promise<void>
): Promise<void> {
  const missing = programs.filter((program) => !existsSync(program))
  if (missing.length === 0) {
    await t.test(title, test)
    return
  }
  const reason = `there is no ${missing.join(', no ')}: nothing was tried in it`
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
  // Pages that are closed complain of what was under way.
  t.teardown(() => page.removeAllListeners())
  page.on('pageerror', (error) => {
    if (!NO_SERVER.test(error.message)) t.fail(`an error in the page: ${error.message}`)
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
