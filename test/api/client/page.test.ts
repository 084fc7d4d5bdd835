/** What a page does to a client: wrong clocks, standstills, another origin, and clients that are closed. */
import type { Browser } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { openPage, withBrowser } from '../../support/clients/browser.ts'
import { type ClientPage, openClientPage } from '../../support/clients/client-page.ts'
import { ConfabClient } from '../../support/clients/described-client.ts'
import { type Account, startChat } from '../../support/data/accounts.ts'
import { at, integerAt, listAt, textAt } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'
import { serveForeignPage } from '../../support/servers/foreign-page.ts'
import { startTcpProxy, type TcpProxy } from '../../support/servers/tcp-proxy.ts'

const DEADLINE_MS = 30_000
/** Sooner than a heartbeat and its answer are over. */
const WAKE_DEADLINE_MS = 15_000
const TOKEN_LIFE_S = 4
const RENEWALS = 3
const CLIENTS = 100
const HOUR_MS = 3_600_000

const credentials = ({ username, password }: Account) => JSON.stringify({ username, password })
const tokens = ({ accessToken, refreshToken }: Account) => ({ accessToken, refreshToken })

/** The lines of the log that name an origin whose pages are refused. */
const refusals = ({ log }: Cluster) => log.filter((line) => line.includes('of this origin are refused'))

/** A page of a replica, reached by way of a proxy; its client is in a chat. */
async function openInChat (
  t: Test,
  browser: Browser,
  cluster: Cluster,
  client: string
): Promise<ClientPage & { proxy: TcpProxy, chatID: number, bob: ConfabClient }> {
  const { ann, bob, chatID } = await startChat(cluster)
  const { hostname, port } = new URL(cluster.replica(0).url)
  const proxy = await startTcpProxy(t, { host: hostname, port: Number(port) })
  const page = await openClientPage(t, browser, { url: `http://127.0.0.1:${String(proxy.port)}/app`, client })
  await page.run(`client.logIn(${credentials(ann)})`)
  await page.run(`client.open(${String(chatID)}).ready()`)
  const writer = new ConfabClient({ url: cluster.replica(0).url, tokens: tokens(bob) })
  t.teardown(() => writer.close())
  writer.connect()
  return { ...page, proxy, chatID, bob: writer }
}

/**
 * What a page runs that wakes up, by how it notices. Playwright keeps its pages awake, so that the events of a browser
 * are made here.
 */
const WAKINGS = {
  'was frozen': 'document.dispatchEvent(new Event("resume"))',
  'was asleep, as its clock says': `{ const now = Date.now; Date.now = () => now() + ${String(HOUR_MS)} }`,
  'is shown again': 'document.dispatchEvent(new Event("visibilitychange"))',
  'is used again': 'window.dispatchEvent(new Event("focus"))',
  'is online again': 'window.dispatchEvent(new Event("online"))',
  'comes back from the history': 'window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))'
}

async function wakesUp (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  for (const [how, wake] of Object.entries(WAKINGS)) {
    await t.test(`a page whose connection has died without a word asks when it ${how}`, async (t) => {
      // No heartbeat will help.
      const here = await openInChat(t, browser, cluster, `{ url: location.origin, heartbeatMs: ${String(HOUR_MS)} }`)
      here.proxy.strand()
      await here.bob.post(here.chatID, 'while the connection was dead')
      await here.page.evaluate(wake)
      t.ok(await eventually(async () => (await here.run('messages.length')) === 1, DEADLINE_MS))
      t.strictSame(await here.run('states'), ['connecting', 'online', 'offline', 'connecting', 'online'])
    })
  }

  await t.test('the web client does, too', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const { hostname, port } = new URL(cluster.replica(0).url)
    const proxy = await startTcpProxy(t, { host: hostname, port: Number(port) })
    const writer = new ConfabClient({ url: cluster.replica(0).url, tokens: tokens(bob) })
    t.teardown(() => writer.close())
    writer.connect()
    const page = await openPage(t, browser, `http://127.0.0.1:${String(proxy.port)}/app`)
    await page.getByLabel('Username').fill(ann.username)
    await page.getByLabel('Password', { exact: true }).fill(ann.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('.chat', { hasText: bob.username }).click()
    await page.getByLabel(`Message to ${bob.username}`).waitFor()
    // The history is loaded and the chat followed: no request is under way that the loss would leave without an answer.
    await writer.post(chatID, 'before')
    await page.locator('.bubble p', { hasText: 'before' }).waitFor()
    proxy.strand()
    await writer.post(chatID, 'while it was frozen')
    await page.evaluate(WAKINGS['was frozen'])
    await page.locator('.bubble p', { hasText: 'while it was frozen' }).waitFor({ timeout: WAKE_DEADLINE_MS })
    t.pass('what came meanwhile is there')
  })
}

async function leavesNothing (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  await t.test(`${String(CLIENTS)} clients that are closed leave nothing in their page`, async (t) => {
    const { page, run, chatID } = await openInChat(t, browser, cluster, '{ url: location.origin }')
    const devtools = await page.context().newCDPSession(page)
    const evaluate = async (expression: string) =>
      textAt(at(await devtools.send('Runtime.evaluate', { expression }), 'result'), 'objectId')
    const listeners = async () => {
      const counts = await Promise.all(['window', 'document'].map(async (target) => {
        const found = await devtools.send('DOMDebugger.getEventListeners', { objectId: await evaluate(target) })
        return found.listeners.length
      }))
      return counts
    }
    const instances = async (prototype: string) => {
      await devtools.send('HeapProfiler.collectGarbage')
      const { objects } = await devtools.send('Runtime.queryObjects', {
        prototypeObjectId: await evaluate(prototype)
      })
      const count = await devtools.send('Runtime.callFunctionOn', {
        objectId: objects.objectId ?? '',
        functionDeclaration: 'function () { return this.length }',
        returnByValue: true
      })
      return integerAt(count, 'result', 'value')
    }
    const before = await listeners()
    t.ok((before[0] ?? 0) > 0, 'listeners are counted')
    await run(`{
      for (let made = 0; made < ${String(CLIENTS)}; made++) {
        const other = new ConfabClient({ url: location.origin, tokens: client.tokens })
        if (made % 4 > 0) other.connect()
        const chat = made % 4 > 1 ? other.open(${String(chatID)}) : undefined
        if (made % 4 > 2) await chat.ready()
        other.post(${String(chatID)}, 'x'.repeat(made % 2 * 100_000)).catch(() => undefined)
        other.close()
      }
    }`)
    t.strictSame(await listeners(), before)
    for (const prototype of ['window.remote.ConfabClient.prototype', 'WebSocket.prototype'])
      t.ok(await eventually(async () => (await instances(prototype)) === 1, DEADLINE_MS), `one is left: ${prototype}`)
    t.equal(await run('client.state'), 'online')
  })
}

async function refusedForItsOrigin (t: Test, browser: Browser, cluster: Cluster, origin: string): Promise<void> {
  await t.test('a page of an origin that is not allowed is told so, and the log names it once', async (t) => {
    const { ann } = await startChat(cluster)
    const { url } = cluster.replica(0)
    const { page, run } = await openClientPage(t, browser, {
      url: origin,
      library: '/client/chatcli/index.js',
      client: `{ url: '${url}', tokens: ${JSON.stringify(tokens(ann))} }`,
      usualErrors: /CORS policy|net::ERR_|WebSocket/
    })
    const warnings: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'warning') warnings.push(message.text())
    })
    const sentence = `The server cannot be reached, or it does not allow pages of ${origin}: its CORS_ORIGINS must ` +
      'list this origin.'
    for (const call of [`client.logIn(${credentials(ann)})`, 'client.conversations()'])
      t.strictSame(await run(`${call}.catch(({ code, message }) => [code, message])`), ['unreachable', sentence])
    await run('client.connect()')
    await run(`{ for (let lost = 0; lost < 3;) if (await client.once('state') === 'offline') lost++ }`)
    t.strictSame(warnings, [sentence], 'a connection that does not open is explained once')
    const lines = refusals(cluster)
    t.strictSame(lines.map((line) => at(JSON.parse(line), 'origin')), [origin])
    await Promise.all([...Array(300).keys()].map((index) =>
      cluster.get('/livez', { headers: { origin: `https://shop${String(index)}.example`, host: 'chat.example' } })))
    for (const value of ['null', 'nonsense', `https://${'x'.repeat(300)}.example`])
      await cluster.get('/livez', { headers: { origin: value } })
    t.equal(refusals(cluster).length, 100, 'a stranger cannot fill the log')
  })
}

async function worksFromItsOrigin (t: Test, browser: Browser, cluster: Cluster, origin: string): Promise<void> {
  await t.test('a page of an origin that is allowed is served like our own', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    const { run } = await openClientPage(t, browser, {
      url: origin,
      library: '/client/chatcli/index.js',
      client: `{ url: '${cluster.replica(0).url}' }`
    })
    await run(`client.logIn(${credentials(ann)})`)
    await run(`client.open(${String(chatID)}).ready()`)
    t.equal(await run(`client.post(${String(chatID)}, 'from a shop').then(({ seq }) => seq)`), 1)
    t.strictSame(refusals(cluster), [])
  })
}

async function bearsWrongClocks (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  await t.test('a device whose clock is wrong renews its tokens about once in their life', async (t) => {
    await Promise.all([HOUR_MS, -HOUR_MS].map(async (offsetMs) => {
      const { ann, chatID } = await startChat(cluster)
      const script = `{ const now = Date.now; Date.now = () => now() + ${String(offsetMs)} }`
      const { run } = await openClientPage(t, browser, { url: `${cluster.replica(0).url}/app`, script })
      await run(`client.logIn(${credentials(ann)})`)
      await run(`client.open(${String(chatID)}).ready()`)
      t.ok(await eventually(async () => Number(await run('tokens.length')) > RENEWALS, DEADLINE_MS))
      t.match(await run(`client.post(${String(chatID)}, 'still here')`), { chatID })
      t.strictSame(await run('states'), ['connecting', 'online'], 'the socket lives on')
      const issued = listAt(await run('tokens.map(({ accessToken }) => JSON.parse(atob(accessToken.split(".")[1])))'))
        .map((claims) => integerAt(claims, 'iat'))
      // A token that comes late is soon replaced, but a clock that misleads the client has every one replaced at once.
      t.ok((issued.at(-1) ?? 0) - (issued[0] ?? 0) >= TOKEN_LIFE_S, `they were issued at ${issued.join()}`)

      // Kept tokens are of an unknown age: one renewal finds that out.
      t.equal(await run(`{
        // A renewal that is under way would spend the refresh token.
        await client.once('tokens')
        client.close()
        const heir = new ConfabClient({ url: location.origin, tokens: client.tokens })
        let renewals = 0
        heir.on('tokens', () => renewals++)
        heir.connect()
        while (!['online', 'closed'].includes(heir.state)) await heir.once('state')
        for (let call = 0; call < 5; call++) await heir.chats()
        heir.close()
        return renewals <= 1
      }`), true, 'and those that were kept once')
    }))
  })
}

const origin = await serveForeignPage(t)
await withBrowser(t, 'in a page', async (t, browser) => {
  await onEmbedded(t, async (t, cluster) => {
    await wakesUp(t, browser, cluster)
    await leavesNothing(t, browser, cluster)
    await refusedForItsOrigin(t, browser, cluster, origin)
  })
  await onEmbedded(
    t,
    async (t, cluster) => {
      await bearsWrongClocks(t, browser, cluster)
      await worksFromItsOrigin(t, browser, cluster, origin)
    },
    { environment: { ACCESS_TOKEN_TTL: `${String(TOKEN_LIFE_S)}s`, CORS_ORIGINS: origin } }
  )
})
