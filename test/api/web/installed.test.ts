/** The page as an application: it opens offline, is told of messages while it is closed, and is erased at sign-out. */
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { keptTexts } from '../../support/clients/kept-texts.ts'
import { bubbles, chatLink, signInAs, signOut, write } from '../../support/clients/web-client.ts'
import { type Account, createChat, register } from '../../support/data/accounts.ts'
import { at, integerAt, listAt, textAt } from '../../support/data/json.ts'
import { eventually, within } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'
import { TcpProxy } from '../../support/servers/tcp-proxy.ts'

const DEADLINE_MS = 30_000

t.setTimeout(300_000)

/** Ann, and Bob who writes to her; `proxy` is the network between her and the server. */
type World = {
  cluster: Cluster
  proxy: TcpProxy
  origin: string
  ann: Account
  bob: Account
  post: (text: string) => Promise<number>
  remove: (seq: number) => Promise<void>
}

await onEmbedded(t, async (t, cluster) => {
  const world = await makeWorld(t, cluster)
  await t.test('the manifest and the worker are as browsers need them', (t) => serving(t, cluster))
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    await t.test('it opens offline, and goes on where it was', (t) => offline(t, browser, world))
    await t.test('notifications', (t) => notifying(t, browser, world))
  })
}, { environment: {} })

async function makeWorld (t: Test, cluster: Cluster): Promise<World> {
  const [ann, bob] = [await register(cluster), await register(cluster, uniqueName('bob-'))]
  await createChat(cluster, ann, bob)
  const own = await cluster.get('/v1/me', { bearer: ann.accessToken })
  const chat = await cluster.call('PUT', '/v1/chats:direct', {
    bearer: bob.accessToken, body: { user: textAt(own.body, 'id') }
  })
  const messages = `/v1/chats/${textAt(chat.body, 'chat', 'id')}/messages`
  const proxy = new TcpProxy({ host: '127.0.0.1', port: Number(new URL(cluster.replica(0).url).port) })
  await proxy.open()
  t.teardown(() => proxy.cut())
  return {
    cluster,
    proxy,
    origin: `http://127.0.0.1:${String(proxy.port)}`,
    ann,
    bob,
    post: async (text) =>
      integerAt((await cluster.call('POST', messages, { bearer: bob.accessToken, body: { text } })).body, 'seq'),
    remove: async (seq) => {
      await cluster.call('DELETE', `${messages}/${String(seq)}`, { bearer: bob.accessToken })
    }
  }
}

async function expectAccessible (t: Test, page: Page, title: string): Promise<void> {
  t.strictSame(await accessibilityFaults(page), [], `axe finds nothing: ${title}`)
}

/** Waits until the page would open without a server. */
async function untilInstalled (page: Page): Promise<void> {
  const state = () => page.evaluate('navigator.serviceWorker.controller?.state')
  if (!await eventually(async () => await state() === 'activated', DEADLINE_MS)) throw new Error('There is no worker.')
}

async function serving (t: Test, cluster: Cluster): Promise<void> {
  const manifest = await cluster.get('/app/app.webmanifest')
  t.match(manifest.headers.get('content-type'), 'application/manifest+json')
  const document: unknown = JSON.parse(manifest.text)
  t.match(document, { id: '/app', start_url: '/app', scope: '/app', display: 'standalone' })
  for (const icon of listAt(document, 'icons')) {
    const { status, headers } = await cluster.get(textAt(icon, 'src'))
    t.strictSame([status, headers.get('content-type')?.split(';')[0]], [200, textAt(icon, 'type')], textAt(icon, 'src'))
  }
  const worker = await cluster.get('/app/sw.js')
  t.match(worker.headers.get('content-type'), 'text/javascript')
  t.strictSame(
    ['service-worker-allowed', 'cache-control', 'content-security-policy'].map((name) => worker.headers.get(name)),
    ['/app', 'no-store', 'default-src \'none\'; connect-src \'self\'; frame-ancestors \'none\'; base-uri \'none\'']
  )
}

async function offline (t: Test, browser: Browser, { proxy, origin, ann, bob, post, remove }: World): Promise<void> {
  await post('kept for later')
  const secret = await post('a secret that is taken back')
  const page = await openPage(t, browser, `${origin}/app`, { usualErrors: /net::ERR_|WebSocket|status of 4\d\d|fetch/ })
  await signInAs(page, ann)
  await chatLink(page, bob.username).click()
  await bubbles(page).getByText('a secret').waitFor()
  await untilInstalled(page)
  t.ok(await eventually(async () => (await keptTexts(page)).includes('a secret')), 'messages are kept')
  const cached: unknown = await page.evaluate(`caches.keys().then((names) => Promise.all(names.map(async (name) =>
    (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)))).then((all) => all.flat())`)
  t.strictSame(
    listAt({ cached }, 'cached').filter((path) => !/^\/app(?:$|\/assets\/)/.test(String(path))), [],
    'answers of the API are not'
  )

  await proxy.cut()
  await page.reload()
  await bubbles(page).getByText('kept for later').waitFor()
  await chatLink(page, bob.username).waitFor()
  await page.getByText('No connection.').waitFor()
  await expectAccessible(t, page, 'offline')
  await write(page, bob.username, 'written offline')
  await page.locator('.is-sending').getByText('written offline').waitFor()
  await page.reload()
  await page.locator('.is-sending').getByText('written offline').waitFor()
  await page.getByRole('button', { name: 'Your account' }).click()
  await page.getByRole('heading', { name: 'Settings' }).waitFor()
  await page.goBack()

  await remove(secret)
  await proxy.open()
  await bubbles(page).getByText('written offline').waitFor()
  await page.locator('.is-sending').waitFor({ state: 'detached' })
  await bubbles(page).getByText('a secret').waitFor({ state: 'detached' })
  t.ok(await eventually(async () => !(await keptTexts(page)).includes('a secret')), 'what is deleted is not kept')

  await signOut(page)
  t.ok(await eventually(async () => !(await keptTexts(page)).includes('kept for later')), 'it is gone at sign-out')
}

/** The texts of the notifications that are shown. */
async function shownOn (page: Page): Promise<unknown[]> {
  const shown: unknown = await page.evaluate(`navigator.serviceWorker.ready
    .then((registration) => registration.getNotifications())
    .then((all) => all.map(({ title, body, tag }) => ({ title, body, tag })))`)
  return listAt({ shown }, 'shown')
}

async function notifying (t: Test, browser: Browser, { origin, ann, bob, post }: World): Promise<void> {
  const page = await openPage(t, browser, `${origin}/app`, { usualErrors: /net::ERR_|Push API in incognito/ })
  const context = page.context()
  await context.grantPermissions(['notifications'], { origin })
  const session = await context.newCDPSession(page)
  const registered = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: [registration] }) => {
      if (registration !== undefined) resolve(registration.registrationId)
    })
  })
  await session.send('ServiceWorker.enable')
  await page.reload()
  await signInAs(page, ann)
  await untilInstalled(page)
  const registrationId = await within(registered, DEADLINE_MS, 'the registration')

  await page.getByRole('button', { name: 'Your account' }).click()
  await page.getByRole('button', { name: 'Notifications', exact: true }).click()
  await page.getByText('You are not notified here').waitFor()
  await page.getByLabel('Notify me of').waitFor()
  await expectAccessible(t, page, 'the settings of notifications')
  await page.getByRole('checkbox', { name: 'Quiet hours' }).check()
  await page.getByLabel('To', { exact: true }).fill('06:15')
  await page.getByRole('checkbox', { name: 'Quiet hours' }).uncheck()
  await page.getByRole('button', { name: 'Switch on' }).click()
  // Its push service cannot be reached from here, so the page does it.
  await page.getByText('as long as Confab is open').waitFor()
  await page.goBack()

  const front = await context.newPage()
  await front.goto('about:blank')
  await front.bringToFront()
  // Otherwise each page believes that it is in front.
  await session.send('Emulation.setFocusEmulationEnabled', { enabled: false })
  await post('from far away')
  t.ok(await eventually(async () => (await shownOn(page)).length === 1), 'the page has it shown')
  t.match(await shownOn(page), [{ title: bob.username, body: 'from far away' }])
  const chat = textAt((await shownOn(page))[0], 'tag').replace('confab ', '')
  await session.send('ServiceWorker.deliverPushMessage', {
    origin,
    registrationId,
    data: JSON.stringify({
      type: 'message', chat, chat_type: 'direct', chat_name: null, seq: 99, parent: null,
      author: { id: 'bob', name: bob.username }, text: 'by push', mentioned: false, unread: 2,
      at: new Date().toISOString()
    })
  })
  t.ok(await eventually(async () => at((await shownOn(page))[0], 'body') === 'by push'), 'the worker shows a push')
  t.equal((await shownOn(page)).length, 1, 'in the place of the one before')

  await page.bringToFront()
  const [worker] = context.serviceWorkers()
  await worker?.evaluate(`self.clients.matchAll().then((windows) => windows.forEach((window) =>
    window.postMessage({ type: 'confab-open', url: '/app#/chats/${chat}' })))`)
  await page.getByRole('heading', { name: bob.username }).waitFor()
  t.ok(await eventually(async () => (await shownOn(page)).length === 0), 'what is read is closed')
  await signOut(page)
  t.equal(await page.evaluate('localStorage.length'), 0, 'nothing of her is kept')
}
