/** Notifications in Chromium: its push service cannot be reached, so its worker is handed what that would deliver. */
import { createServer } from 'node:http'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { withBrowser } from '../../support/clients/browser.ts'
import { newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, isRecord, listAt, textAt } from '../../support/data/json.ts'
import { makeChat, makeUser } from '../../support/data/v1-chats.ts'
import { eventually, within } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import type { Scope } from '../../support/scope.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'
import { listenOnFreePort } from '../../support/servers/http-server.ts'
import { WebPushService } from '../../support/servers/push-services.ts'

const DEADLINE_MS = 30_000

t.setTimeout(300_000)

/** The service worker and the module of the page, as an application bundles them. */
async function bundle (contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: 'src/client', loader: 'ts' }, bundle: true, write: false, format: 'esm'
  })
  return outputFiles[0]?.text ?? ''
}

/** The page of an application, with its worker. @returns its origin */
async function serveApplication (t: Scope): Promise<string> {
  const files: Record<string, [type: string, text: string]> = {
    '/sw.js': ['text/javascript', await bundle(`
      import { handlePush } from './push-worker/index.ts'
      handlePush(self, { url: (chat, { seq }) => '/chats/' + chat + '?seq=' + seq })
      self.addEventListener('install', () => self.skipWaiting())
      self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))`)],
    '/push.js': ['text/javascript', await bundle('export * from \'./push/index.ts\'')]
  }
  const server = createServer((request, response) => {
    const [type, text] = files[request.url ?? ''] ?? ['text/html', '<!doctype html><title>an application</title>']
    response.writeHead(200, { 'content-type': type }).end(text)
  })
  return listenOnFreePort(t, server)
}

/** A page whose worker gets pushes. */
async function openApplication (t: Test, browser: Browser, origin: string) {
  const context = await browser.newContext()
  t.teardown(() => context.close())
  await context.grantPermissions(['notifications'], { origin })
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  const registered = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [registration] = registrations
      if (registration !== undefined) resolve(registration.registrationId)
    })
  })
  await session.send('ServiceWorker.enable')
  await page.goto(home)
  await page.evaluate(`navigator.serviceWorker.register('/sw.js', { scope: '/app/' })
    .then(() => navigator.serviceWorker.ready)`)
  const registrationId = await within(registered, DEADLINE_MS, 'the registration')
  const deliver = (content: unknown) => session.send('ServiceWorker.deliverPushMessage', {
    origin, registrationId, data: typeof content === 'string' ? content : JSON.stringify(content)
  })
  return { page, deliver }
}

async function notificationsOf (page: Page): Promise<unknown[]> {
  const shown: unknown = await page.evaluate(`navigator.serviceWorker.ready
    .then((registration) => registration.getNotifications())
    .then((all) => all.map(({ title, body, tag, data }) => ({ title, body, tag, data })))`)
  return listAt({ shown }, 'shown')
}

/** A browser that subscribes at the given push service, in the place of the one that cannot be reached. */
async function subscribeAt (page: Page, service: WebPushService, cluster: Cluster, token: string) {
  const { endpoint, keys } = service.subscribe('chromium')
  const offer: unknown = await page.evaluate(`(async () => {
    const { enablePush } = await import('/push.js')
    const plain = (text) => atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = (text) => Uint8Array.from(plain(text), (character) => character.charCodeAt(0))
    const keys = ${JSON.stringify(keys)}
    const asked = []
    const subscription = {
      endpoint: ${JSON.stringify(endpoint)}, getKey: (name) => bytes(keys[name]).buffer, unsubscribe: async () => true
    }
    const pushManager = {
      getSubscription: async () => null,
      subscribe: async (options) => { asked.push(options); return subscription }
    }
    const options = {
      url: ${JSON.stringify(cluster.replica(0).url)}, getToken: () => ${JSON.stringify(token)},
      registration: { pushManager }
    }
    window.push = { options, subscription }
    const { device } = await enablePush({ ...options, name: 'Chromium' })
    return { device, asked: asked[0] }
  })()`)
  return offer
}

const origin = await serveApplication(t)
/** The worker has this part of the origin alone. */
const home = `${origin}/app/`

await onEmbedded(t, async (t, cluster) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    const { page, deliver } = await openApplication(t, browser, origin)
    const key = textAt((await cluster.get('/v1/push')).body, 'vapid_public_key')
    const service = await WebPushService.start(t, key)
    const [ann, bob] = [await makeUser(cluster, 'ann'), await makeUser(cluster, 'bob')]
    const chat = await makeChat(cluster, [ann, bob])
    const devices = async () =>
      listAt((await cluster.get('/v1/me/devices', { bearer: bob.token })).body, 'items')

    await t.test('a page switches notifications on with the key of the server', async (t) => {
      const enabled = await subscribeAt(page, service, cluster, bob.token)
      t.match(enabled, { device: /^web-[\w-]{24}$/, asked: { userVisibleOnly: true, applicationServerKey: key } })
      t.match(await devices(), [{ device: textAt(enabled, 'device'), name: 'Chromium' }])
    })

    await t.test('what the server sends is shown, replaced by the next one, and closed when it is read', async (t) => {
      // Another page is in front, so that the worker shows something: one of the origin, but not of the application.
      await page.goto(origin)
      const seq = await chat.post(ann, 'Hello from far away')
      t.ok(await service.until('chromium', 1))
      await deliver(service.last('chromium'))
      await page.goto(home)
      t.ok(await eventually(async () => (await notificationsOf(page)).length === 1))
      t.match(await notificationsOf(page), [
        { title: 'a chat', body: `${ann.id}: Hello from far away`, data: { confab_chat: chat.id, seq } }
      ])
      await page.goto('about:blank')
      const next = await chat.post(ann, 'Are you there?')
      t.ok(await service.until('chromium', 2))
      await deliver(service.last('chromium'))
      await page.goto(home)
      t.ok(await eventually(async () => at((await notificationsOf(page))[0], 'data', 'seq') === next))
      t.equal((await notificationsOf(page)).length, 1)
      await chat.call(bob, 'PUT', '/read', { body: { seq: next } })
      t.ok(await service.until('chromium', 3))
      t.match(service.last('chromium'), { type: 'read', seq: next })
      await deliver(service.last('chromium'))
      t.ok(await eventually(async () => (await notificationsOf(page)).length === 0))
      t.strictSame(service.faults, [])
    })

    await t.test('a page in front gets it instead, and pushes of others are left alone', async (t) => {
      await page.bringToFront()
      await page.evaluate(`navigator.serviceWorker.addEventListener('message', ({ data }) => {
        window.received = data
      })`)
      await deliver('nonsense')
      const content = { type: 'message', chat: 'x', seq: 1, author: { name: 'Ann' }, at: new Date().toISOString() }
      await deliver(content)
      const received = () => page.evaluate('window.received')
      t.ok(await eventually(async () => isRecord(await received()) || (await notificationsOf(page)).length > 0))
      const isInFront = await page.evaluate('document.hasFocus()')
      if (isInFront === true) t.match(await received(), { type: 'confab-push', content: { chat: 'x', seq: 1 } })
      else t.match(await notificationsOf(page), [{ title: 'Ann' }])
    })

    await t.test('and switches them off', async (t) => {
      await page.goto(home)
      await subscribeAt(page, service, cluster, bob.token)
      await page.evaluate(`import('/push.js').then(({ disablePush }) => disablePush({
        ...push.options, registration: { pushManager: { getSubscription: async () => push.subscription } }
      }))`)
      t.strictSame(await devices(), [])
    })

    await t.test('a browser that does not allow it is a problem with a code', async (t) => {
      const context = await browser.newContext()
      t.teardown(() => context.close())
      const other = await context.newPage()
      await other.goto(origin)
      const user = await newUser(cluster)
      const code: unknown = await other.evaluate(`(async () => {
        Object.defineProperty(Notification, 'permission', { value: 'denied' })
        const { enablePush } = await import('/push.js')
        const options = { url: location.origin, getToken: () => ${JSON.stringify(user.bearer)}, registration: {} }
        return enablePush(options).catch(({ code }) => code)
      })()`)
      t.equal(code, 'push_denied')
    })
  })
}, {
  environment: { ...USER_TOKENS, WEBHOOK_PRIVATE_ADDRESSES: 'on', PUSH_INTERVAL: '1ms', CORS_ORIGINS: origin },
  inspectable: true
})
