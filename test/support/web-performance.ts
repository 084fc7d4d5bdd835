/**
 * Measures the web client in Chromium: 5,000 chats, a chat of 100,000 messages, 50 messages a second.
 *
 *     node build.js test && node dist-test/support/web-performance.js
 *
 * CHATS and MESSAGES may be smaller. PROFILES=<folder> writes a CPU profile of each part there.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import os from 'node:os'
import path from 'node:path'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { WebSocket } from 'ws'
import { loadConfig } from '../../src/config/config.ts'
import { type Replica, startReplica } from '../../src/server/replica.ts'
import { startBrowser } from './clients/browser.ts'
import { call } from './clients/http.ts'
import { signUp, type Visitor } from './clients/visitor.ts'
import { chatLink, signInAs } from './clients/web-client.ts'
import { freePort } from './servers/process.ts'
import { textAt } from './data/json.ts'
import { Outbox } from './data/outbox.ts'

const CHATS = Number(process.env['CHATS'] ?? 5_000)
const MESSAGES = Number(process.env['MESSAGES'] ?? 100_000)
const { PROFILES } = process.env
const AT_ONCE = 200
const CHATS_AT_ONCE = 8
const RATE = 50
const SECONDS = 10
const PHONE_SLOWDOWN = 4
const LONG_CHAT = 'The long one'

/** Counts the frames of the page while something happens. */
const COUNT_FRAMES = `window.frames_ = []; window.counting_ = true
  requestAnimationFrame(function next (time) { frames_.push(time); if (counting_) requestAnimationFrame(next) })`

/** Parts of the work of the page's main thread, by the names that Chromium gives them: time of the processor. */
const WORK = { script: 'ScriptDuration', style: 'RecalcStyleDuration', layout: 'LayoutDuration', all: 'TaskDuration' }
/** Processes of Chromium: that of the page, which draws, too, and that which puts pages on the screen. */
const PROCESSES = { renderer: 'renderer', screen: 'GPU' }

const enders: (() => unknown)[] = []

type Person = { as: (method: string, target: string, body?: unknown) => Promise<unknown>, visitor: Visitor }

/** A replica on a folder, with the limits that it has by default, or while it is filled without any. */
async function start (dataDir: string, port: number, environment: NodeJS.ProcessEnv = {}): Promise<Replica> {
  const replica = await startReplica(loadConfig({
    HOST: '127.0.0.1', PORT: String(port), DATA_DIR: dataDir, MAIL_TRANSPORT: 'file', LOG_LEVEL: 'error', ...environment
  }))
  enders.push(() => replica.close())
  return replica
}

/** Posts by a socket, many at once, or so many a second. */
async function post (url: string, { token }: Visitor, chat: string, count: number, perSecond?: number): Promise<void> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/realtime`)
  await once(socket, 'open')
  let [sent, acknowledged] = [0, 0]
  const send = () => {
    const number = String(++sent)
    const text = `Message ${number}: some words that people write. ${'More of them. '.repeat(sent % 5)}`
    const client_id = `performance-${number}-${String(Date.now())}`
    socket.send(JSON.stringify({ type: 'send', chat, ref: sent, client_id, text }))
  }
  const done = new Promise<void>((resolve, reject) => {
    socket.on('message', (data) => {
      const frame = Buffer.isBuffer(data) ? data.toString() : ''
      if (frame.includes('"type":"problem"')) reject(new Error(frame))
      if (!frame.includes('"type":"ack"')) return
      if (++acknowledged === count) resolve()
      else if (perSecond === undefined && sent < count) send()
    })
  })
  socket.send(JSON.stringify({ type: 'hello', token }))
  if (perSecond === undefined) for (let index = 0; index < Math.min(AT_ONCE, count); index++) send()
  else {
    const timer = setInterval(() => {
      send()
      if (sent === count) clearInterval(timer)
    }, 1_000 / perSecond)
  }
  await done
  socket.close()
}

/** Makes the chats, and the messages of one of them. @returns the reader, and the id of that chat */
async function fill (replica: Replica, [ann, bob]: [Person, Person]): Promise<string> {
  const user = textAt(await ann.as('GET', '/me'), 'id')
  const makeGroup = async (name: string) =>
    textAt(await bob.as('POST', '/chats', { type: 'group', name, members: [{ user }] }), 'chat', 'id')
  for (let made = 0; made < CHATS; made += CHATS_AT_ONCE) {
    const length = Math.min(CHATS_AT_ONCE, CHATS - made)
    await Promise.all(Array.from({ length }, (_, index) => makeGroup(`Group ${String(made + index)}`)))
  }
  const long = await makeGroup(LONG_CHAT)
  await post(replica.url, bob.visitor, long, MESSAGES)
  await ann.as('PUT', `/chats/${long}/read`, { seq: MESSAGES })
  return long
}

/** A page, measured. */
class Meter {
  readonly #page: Page
  readonly #session: CDPSession
  readonly #browser: CDPSession

  constructor (page: Page, session: CDPSession, browser: CDPSession) {
    this.#page = page
    this.#session = session
    this.#browser = browser
  }

  static async of (page: Page, browser: Browser): Promise<Meter> {
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    await session.send('Profiler.enable')
    return new Meter(page, session, await browser.newBrowserCDPSession())
  }

  /** Prints a row of the table: frames while something happens, what the main thread did, and the memory after it. */
  async row (title: string, act: () => Promise<unknown>): Promise<void> {
    const page = this.#page
    if (PROFILES !== undefined) await this.#session.send('Profiler.start')
    const before = await this.#work()
    await page.evaluate(COUNT_FRAMES)
    await act()
    const times = await page.evaluate('(counting_ = false, frames_)')
    const after = await this.#work()
    if (PROFILES !== undefined) {
      const { profile } = await this.#session.send('Profiler.stop')
      await writeFile(path.join(PROFILES, `${title.replace(/\W+/g, '-')}.cpuprofile`), JSON.stringify(profile))
    }
    if (!Array.isArray(times)) throw new Error('No frames were counted.')
    const gaps = times.map(Number).map((time, index, all) => time - (all[index - 1] ?? time)).slice(1)
    const whole = gaps.reduce((sum, gap) => sum + gap, 0)
    const slow = gaps.toSorted((one, other) => one - other)[Math.floor(gaps.length * 0.99)] ?? 0
    const shares = Object.keys(before).map((name) =>
      `${((100_000 * ((after[name] ?? 0) - (before[name] ?? 0))) / whole).toFixed(0)} %`)
    const cells = [title, (gaps.length / (whole / 1_000)).toFixed(1), `${slow.toFixed(0)} ms`, ...shares]
    console.log(`| ${[...cells, await this.#memory(), String(await page.locator('*').count())].join(' | ')} |`)
  }

  async #work (): Promise<Record<string, number>> {
    const { metrics } = await this.#session.send('Performance.getMetrics')
    const { processInfo } = await this.#browser.send('SystemInfo.getProcessInfo')
    const ofPage = Object.entries(WORK).map(([name, metric]) =>
      [name, metrics.find((one) => one.name === metric)?.value ?? 0] as const)
    const ofProcesses = Object.entries(PROCESSES).map(([name, type]) =>
      [name, processInfo.filter((one) => one.type === type).reduce((sum, { cpuTime }) => sum + cpuTime, 0)] as const)
    return Object.fromEntries([...ofPage, ...ofProcesses])
  }

  async #memory (): Promise<string> {
    await this.#session.send('HeapProfiler.collectGarbage')
    return `${((await this.#session.send('Runtime.getHeapUsage')).usedSize / 2 ** 20).toFixed(1)} MiB`
  }
}

async function scroll (page: Page, selector: string, { by, times }: { by: number, times: number }): Promise<void> {
  await page.locator(selector).hover()
  for (let step = 0; step < times; step++) {
    await page.mouse.wheel(0, by)
    await page.waitForTimeout(16)
  }
}

/** How long it takes on a phone until something is there to be used, in milliseconds. */
async function load (page: Page, url: string, isThere: (page: Page) => Promise<unknown>): Promise<string> {
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: PHONE_SLOWDOWN })
  const begun = performance.now()
  await page.goto(url)
  await isThere(page)
  return `${(performance.now() - begun).toFixed(0)} ms`
}

async function measureList (page: Page, meter: Meter, url: string, [ann, bob]: [Person, Person], long: string) {
  await page.goto(`${url}/app`)
  await signInAs(page, ann.visitor)
  await chatLink(page, LONG_CHAT).waitFor()
  await meter.row('nothing happens', () => page.waitForTimeout(3_000))
  await meter.row('the list of chats, scrolled through', () => scroll(page, '.virtual', { by: 2_000, times: 300 }))
  await meter.row('the same once more', async () => {
    await page.evaluate('document.querySelector(".virtual").scrollTop = 0')
    await scroll(page, '.virtual', { by: 2_000, times: 200 })
  })
  await page.evaluate('document.querySelector(".virtual").scrollTop = 0')
  await chatLink(page, LONG_CHAT).click()
  await page.locator('.message').last().waitFor()
  const up = { by: -600, times: 500 }
  await meter.row('a timeline, scrolled up', () => scroll(page, '.pane-chat .scroller', up))
  await page.getByRole('button', { name: 'Newest messages' }).click()
  const title = `${String(RATE)} messages a second arriving`
  await meter.row(title, () => post(url, bob.visitor, long, RATE * SECONDS, RATE))
}

async function measureLoads (browser: Browser, page: Page, url: string): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'en-GB' })
  const field = (phone: Page) => phone.getByLabel('Password', { exact: true }).waitFor()
  console.log(`first load, sign in: ${await load(await context.newPage(), `${url}/app`, field)}`)
  console.log(`the same, from the cache: ${await load(await context.newPage(), `${url}/app`, field)}`)
  const list = (other: Page) => chatLink(other, LONG_CHAT).waitFor()
  console.log(`signed in, the list of chats: ${await load(await page.context().newPage(), `${url}/app`, list)}`)
}

async function measure (): Promise<void> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'confab-web-performance-'))
  enders.push(() => rm(dataDir, { recursive: true, force: true }))
  const port = await freePort()
  const filling = await start(dataDir, port, {
    RATE_LIMITS: 'off', OVERLOAD_EVENT_LOOP_DELAY: '1h', FRAMES_PER_SECOND: '100000', USER_FRAMES_PER_SECOND: '100000'
  })
  const outbox = new Outbox(dataDir)
  const personOf = (visitor: Visitor): Person => ({
    visitor,
    as: async (method, target, body) =>
      (await call(`${filling.url}/v1${target}`, method, { bearer: visitor.token, body })).body
  })
  const people: [Person, Person] = [personOf(await signUp(filling, outbox)), personOf(await signUp(filling, outbox))]
  const long = await fill(filling, people)
  await filling.close()
  enders.pop()
  const { url } = await start(dataDir, port)
  const machine = `${os.cpus()[0]?.model ?? ''} × ${String(os.cpus().length)}, load ${String(os.loadavg()[0])}`
  console.log(`${String(CHATS)} chats, ${String(MESSAGES)} messages, ${machine}\n`)
  const columns = [
    'frames a second', '99 % within', 'script', 'style', 'layout', 'main thread', 'renderer', 'screen', 'heap',
    'elements'
  ]
  console.log(`| | ${columns.join(' | ')} |\n|---|${columns.map(() => '--:|').join('')}`)
  const browser = await startBrowser({ teardown: (end) => enders.push(end) })
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' })).newPage()
  page.setDefaultTimeout(20_000)
  await measureList(page, await Meter.of(page, browser), url, people, long)
  await measureLoads(browser, page, url)
}

try {
  await measure()
} finally {
  for (const end of enders.reverse()) await end()
}
