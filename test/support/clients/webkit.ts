/** Debian's WebKit, in a window that nobody sees. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { Program } from '../servers/bound-program.ts'
import { freePort } from '../servers/process.ts'
import { temporaryFolder } from '../servers/program.ts'
import type { Scope } from '../scope.ts'
import type { AnyPage } from './any-page.ts'
import { withPrograms } from './browser.ts'
import { command, WebDriverSession } from './webdriver.ts'
import { WebDriverPage } from './webdriver-page.ts'

const DRIVER = '/usr/bin/WebKitWebDriver'
const DISPLAY = '/usr/bin/Xvfb'
const START_DEADLINE_MS = 30_000
const RETRY_MS = 20
/** A window has a bar of its own above the page. */
const [WIDTH, HEIGHT] = [1280, 900]

/** Opens a page in a browser of its own. */
export type OpenWebKit = (url: string) => Promise<AnyPage>

/** A test in WebKit; without it and Xvfb it is skipped aloud, or fails with CONFAB_REQUIRE_SERVICES=1. */
export async function withWebKit (
  t: Test, title: string, test: (t: Test, open: OpenWebKit) => Promise<void>
): Promise<void> {
  await withPrograms(t, [DRIVER, DISPLAY], title, async (t) => {
    const display = await startDisplay(t)
    const pages: WebDriverPage[] = []
    await test(t, async (url) => {
      const page = await openPage(t, await startDriver(t, display), url)
      pages.push(page)
      return page
    })
    const faults = await Promise.all(pages.map((page) => page.faults()))
    t.strictSame(faults.flat(), [], 'nothing goes wrong in a page')
  })
}

/** A display of its own, which it chooses itself. */
async function startDisplay (t: Scope): Promise<string> {
  const parameters = ['-displayfd', '1', '-screen', '0', `${String(WIDTH)}x${String(HEIGHT)}x24`, '-nolisten', 'tcp']
  const server = new Program(t, DISPLAY, { parameters })
  const number = await started(server, async () => /^\d+$/m.exec(server.output)?.[0])
  return `:${number}`
}

/** A driver, which has one browser at a time. @returns its URL */
async function startDriver (t: Scope, display: string): Promise<string> {
  const [port, home] = [await freePort(), await temporaryFolder(t)]
  const program = new Program(t, DRIVER, {
    parameters: [`--port=${String(port)}`],
    environment: {
      DISPLAY: display,
      HOME: home,
      XDG_RUNTIME_DIR: home,
      NO_AT_BRIDGE: '1',
      // In containers there are no user namespaces, which the sandbox is made of.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1'
    }
  })
  const url = `http://127.0.0.1:${String(port)}`
  await started(program, async () => command(`${url}/status`, 'GET').catch(() => undefined))
  return url
}

async function openPage (t: Scope, driver: string, url: string): Promise<WebDriverPage> {
  const session = await WebDriverSession.open(driver, {
    'webkitgtk:browserOptions': { args: ['--automation'] }
  })
  t.teardown(() => session.close())
  await session.resize(WIDTH, HEIGHT)
  const page = new WebDriverPage(session)
  await page.open(url)
  return page
}

async function started<Value> (program: Program, sign: () => Promise<Value | undefined>): Promise<Value> {
  const end = Date.now() + START_DEADLINE_MS
  for (;;) {
    const value = await sign()
    if (value !== undefined) return value
    if (Date.now() > end || !program.isRunning) throw new Error(`A program does not start: ${program.output}`)
    await delay(RETRY_MS)
  }
}
