/** Tabs of a browser that share a socket. */
import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { withBrowser } from '../../support/clients/browser.ts'
import { scrape } from '../../support/clients/metrics.ts'
import { addV1Chat, addV1User, type V1User } from '../../support/clients/realtime.ts'
import { Line, openClient } from '../../support/clients/synced-client.ts'
import { listAt, textAt } from '../../support/data/json.ts'
import { USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { eventually } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'
import { ROOT } from '../../support/servers/process.ts'

const DEADLINE_MS = 30_000
const HANG_MS = 15_000
const environment = {
  METRICS_PORT: '0', PRESENCE: 'on', USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0], SWEEP_INTERVAL: '1h'
}
/** Where pages find the modules of the library; no server has them there. */
const MODULES = '/library/client/'

t.setTimeout(300_000)

/** A tab in which somebody is, and sees a chat. */
class Tab {
  readonly page: Page

  private constructor (page: Page) {
    this.page = page
  }

  static async open (t: Test, context: BrowserContext, url: string, { token }: V1User, chat: string): Promise<Tab> {
    const page = await context.newPage()
    page.on('pageerror', (error) => {
      t.fail(`an error in the page: ${error.message}`)
    })
    await page.route(`**${MODULES}**`, async (route) => {
      const module = new URL(route.request().url()).pathname.slice(MODULES.length)
      await route.fulfill({ path: path.join(ROOT, 'dist', 'browser', 'client', module) })
    })
    await page.goto(`${url}/app`)
    await page.evaluate(`(async () => {
      const { ConfabClient } = await import('${MODULES}index.js')
      const { shareSocket } = await import('${MODULES}shared/index.js')
      const client = window.client = new ConfabClient({
        url: location.origin, getToken: () => '${token}', backoff: { baseMs: 20, maxMs: 200 }, WebSocket: shareSocket()
      })
      window.states = []
      client.on('state', (state) => states.push(state))
      const chat = window.chat = client.chat('${chat}')
      for (const live of [chat.messages, client.chats, chat.receipts]) live.subscribe(() => undefined)
      client.connect()
      await chat.ready()
    })()`)
    return new Tab(page)
  }

  /** The texts that it shows, and whether they are stored. */
  async texts (): Promise<string> {
    const shown: unknown = await this.page.evaluate(
      'chat.messages.getSnapshot().items.map(({ text, status }) => status === "sent" ? text : text + "?").join()'
    )
    return String(shown)
  }

  async shows (...texts: string[]): Promise<boolean> {
    return eventually(async () => (await this.texts()) === texts.join(), DEADLINE_MS)
  }

  /** Keeps its main thread busy, as a frozen tab does nothing either. */
  async hang (): Promise<void> {
    await this.page.evaluate(`setTimeout(() => {
      const end = Date.now() + ${String(HANG_MS)}
      while (Date.now() < end);
    })`)
  }
}

await onEmbedded(t, async (t, cluster) => {
  await withBrowser(t, 'in Chromium', (t, browser) => inTabs(t, browser, cluster))
}, { environment, inspectable: true })

async function inTabs (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const [ann, bob] = [await addV1User(cluster, 'ann'), await addV1User(cluster, 'bob')]
  const { id } = await addV1Chat(cluster.orm, [ann.userId, bob.userId])
  const replica = cluster.replica(0)
  const sockets = async () => (await scrape(replica)).value('chat_ws_connections', { state: 'authenticated' })
  const bobs = openClient(t, new Line(replica.url), bob.token).chat(id)
  const stored = async () =>
    listAt((await cluster.get(`/v1/chats/${id}/messages`, { bearer: ann.token })).body, 'items')
      .map((message) => textAt(message, 'text')).join()
  const context = await browser.newContext()
  t.teardown(() => context.close())
  const open = () => Tab.open(t, context, replica.url, ann, id)
  const send = (tab: Tab, text: string) => tab.page.evaluate(`chat.send('${text}').then(() => undefined)`)
  /** Bob has one, too. */
  const isOne = () => eventually(async () => (await sockets()) === 2, DEADLINE_MS)
  await bobs.send('1')
  const [first, second, third] = [await open(), await open(), await open()]

  await t.test('the server sees one socket, and each tab the same', async (t) => {
    t.ok(await isOne())
    await bobs.send('2')
    await send(second, '3')
    for (const tab of [first, second, third]) t.ok(await tab.shows('1', '2', '3'), await tab.texts())
    t.equal(await stored(), '1,2,3')
    bobs.markRead(3)
    const reads = (tab: Tab) => eventually(async () =>
      await tab.page.evaluate(`chat.receipts.getSnapshot()['${bob.id}']`) === 3, DEADLINE_MS)
    for (const tab of [first, second, third]) t.ok(await reads(tab), 'up to where others have read')
    const isOnline = (tab: Tab) => eventually(async () => await tab.page.evaluate(`(() => {
      window.presence ??= client.presenceOf('${bob.id}')
      window.watching ??= presence.subscribe(() => undefined)
      return presence.getSnapshot().status
    })()`) === 'online', DEADLINE_MS)
    for (const tab of [first, second, third]) t.ok(await isOnline(tab), 'who is there')
    const latecomer = await open()
    t.ok(await latecomer.shows('1', '2', '3'))
    t.equal(await latecomer.page.evaluate(`chat.receipts.getSnapshot()['${bob.id}']`), 3)
    await latecomer.page.close()
    t.ok(await isOne())
  })

  await t.test('the tab with the socket is closed: another one goes on, and nothing is lost or doubled', async (t) => {
    const sent = send(second, '4')
    await first.page.close()
    await sent
    await bobs.send('5')
    const expected = await stored()
    t.same(expected.split(',').sort(), ['1', '2', '3', '4', '5'])
    for (const tab of [second, third]) t.ok(await tab.shows(...expected.split(',')), await tab.texts())
    t.ok(await isOne())
    t.ok(await eventually(async () => String(await second.page.evaluate('states.at(-1)')) === 'online', DEADLINE_MS))
  })

  await t.test('a tab that is about to be frozen gives the socket away', async (t) => {
    await second.page.evaluate('document.dispatchEvent(new Event("freeze"))')
    await bobs.send('6')
    const expected = await stored()
    for (const tab of [second, third]) t.ok(await tab.shows(...expected.split(',')), await tab.texts())
    t.ok(await isOne())
  })

  await t.test('a tab that answers no more loses it; what a tab has left unsent, another one sends', async (t) => {
    const [fourth, fifth] = [await open(), await open()]
    await third.hang()
    let isBack = false
    const back = third.page.evaluate('1').then(() => {
      isBack = true
    })
    await fourth.page.evaluate('void chat.send("7")')
    t.match(await fourth.texts(), /7\?$/)
    await fourth.page.close()
    await fifth.page.evaluate('window.dispatchEvent(new Event("focus"))')
    t.ok(await eventually(async () => /,7$/.test(await stored()), DEADLINE_MS))
    t.notOk(isBack, 'it is sent before that tab is back')
    await back
    await bobs.send('8')
    const expected = await stored()
    t.equal(expected.split(',').filter((text) => text === '7').length, 1)
    for (const tab of [second, third, fifth]) t.ok(await tab.shows(...expected.split(',')), await tab.texts())
    t.ok(await isOne(), 'the one that is back gives its socket up')
  })

  await t.test('another user has another socket', async (t) => {
    const tab = await Tab.open(t, context, replica.url, bob, id)
    t.ok(await eventually(async () => (await sockets()) === 3, DEADLINE_MS))
    t.equal(await tab.page.evaluate('client.user'), bob.id)
    t.equal(await third.page.evaluate('client.user'), ann.id)
  })
}
