/** What goes wrong without a fault of the user: links that have ended, refusals, midnight, slips of the pointer. */
import type { Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { openPage, withBrowser } from '../../support/clients/browser.ts'
import { call } from '../../support/clients/http.ts'
import { signUp, type Visitor } from '../../support/clients/visitor.ts'
import { bubbles, chatLink, signInAs, signOut, write } from '../../support/clients/web-client.ts'
import { textAt } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { startWorld } from '../../support/servers/web-world.ts'

const GROUP = 'Trail crew'
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'
)
const REFUSAL = {
  status: 403,
  contentType: 'application/problem+json',
  body: JSON.stringify({ code: 'forbidden', title: 'No', detail: 'No.', status: 403, retryable: false })
}

/** Storages of a browser that blocks cookies. */
const BLOCKED = `for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(window, name, { get: () => { throw new DOMException('blocked', 'SecurityError') } })`

t.setTimeout(300_000)

type Post = (text: string) => Promise<void>

await withServices(t, 'the web client', async (t, services) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    const { replicas: [one], outbox } = await startWorld(t, services)
    const { url } = one
    const [ann, bob] = [await signUp(one, outbox), await signUp(one, outbox)]
    const as = async ({ token }: Visitor, method: string, path: string, body?: unknown) =>
      (await call(`${url}/v1${path}`, method, { bearer: token, body })).body
    const user = textAt(await as(bob, 'GET', '/me'), 'id')
    const made = await as(ann, 'POST', '/chats', { type: 'group', name: GROUP, members: [{ user }] })
    const path = `/chats/${textAt(made, 'chat', 'id')}/messages`
    const post = async (text: string) => void await as(bob, 'POST', path, { text })
    const page = await openPage(t, browser, `${url}/app`)
    await signInAs(page, ann)
    await chatLink(page, GROUP).click()
    await page.getByLabel(`Message to ${GROUP}`).waitFor()
    await t.test('a browser that keeps nothing', async () => {
      const blocked = await openPage(t, browser, `${url}/app`, { script: BLOCKED })
      await signInAs(blocked, bob)
      await chatLink(blocked, GROUP).click()
      await write(blocked, GROUP, 'for now')
      await bubbles(blocked).getByText('for now').waitFor()
      await blocked.getByRole('button', { name: 'Emoji' }).click()
      await blocked.locator('.emoji-grid .emoji').first().click()
      await signOut(blocked)
    })
    await t.test('a server of another build, without the rest of the page', async () => {
      const old = await openPage(t, browser, `${url}/app`, { serviceWorkers: 'block' })
      await signInAs(old, bob)
      await chatLink(old, GROUP).waitFor()
      await old.route('**/app/assets/*.js', async (route) => route.fulfill({ status: 404, body: '' }))
      await old.getByRole('button', { name: 'Your account' }).click()
      await old.getByText('This part could not be loaded.').waitFor()
      await old.unrouteAll()
      await old.getByRole('button', { name: 'Try again' }).click()
      await old.getByRole('heading', { name: 'Settings' }).waitFor()
    })
    await t.test('a picture whose link has ended is shown all the same', (t) => endedLink(t, page))
    await t.test('a setting that is refused is taken back', (t) => refusedSetting(t, page, post))
    await t.test('a dialog stays open where a text is selected beyond it', (t) => selecting(t, page))
    await t.test('addresses that nobody has made lead somewhere', (t) => strangeAddresses(t, page))
    await t.test('days have other names after midnight', (t) => midnight(t, page, post))
  })
})

async function endedLink (t: Test, page: Page): Promise<void> {
  let ended = 0
  const isContent = ({ pathname }: URL) => /\/files\/[^/]+\/(?:content|thumbnail)/.test(pathname)
  await page.locator('.pane-chat input[type=file]').setInputFiles([
    { name: 'dot.png', mimeType: 'image/png', buffer: PICTURE }
  ])
  await page.locator('.upload-size').waitFor()
  await page.route(isContent, async (route) => {
    if (route.request().resourceType() !== 'image' || ended++ > 0) await route.continue()
    else await route.fulfill({ status: 403, body: '' })
  })
  await page.getByRole('button', { name: 'Send' }).click()
  const isShown = async () =>
    Number(await page.evaluate('document.querySelector(".pane-chat .picture img")?.naturalWidth')) > 0
  t.ok(await eventually(isShown))
  t.ok(ended > 1, `${String(ended)} links`)
  await page.unroute(isContent)
}

async function refusedSetting (t: Test, page: Page, post: Post): Promise<void> {
  const muted = chatLink(page, GROUP).locator('.chat-mark', { hasText: 'Muted' })
  const asked = new Promise<() => Promise<void>>((resolve) => {
    void page.route(/\/chats\/[^/]+\/me$/, (route) => resolve(() => route.fulfill(REFUSAL)))
  })
  await page.locator('.pane-chat').getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Mute' }).click()
  await muted.waitFor({ state: 'attached' })
  const refuse = await asked
  await post('meanwhile')
  await bubbles(page).getByText('meanwhile').waitFor()
  await refuse()
  await page.locator('.toast.is-bad').waitFor()
  t.ok(await eventually(async () => await muted.count() === 0))
  await page.unroute(/\/chats\/[^/]+\/me$/)
}

async function selecting (t: Test, page: Page): Promise<void> {
  await page.getByRole('button', { name: 'New chat' }).first().click()
  const field = page.getByRole('dialog').getByLabel('Who do you want to talk to?')
  await field.fill('a long name')
  // What was found is smaller than what was there before.
  await page.getByRole('dialog').locator('.kinds').waitFor({ state: 'detached' })
  const box = await field.boundingBox()
  await page.mouse.move((box?.x ?? NaN) + 40, (box?.y ?? NaN) + 10)
  await page.mouse.down()
  await page.mouse.move(5, 5, { steps: 3 })
  await page.mouse.up()
  t.equal(await field.inputValue(), 'a long name')
  await page.mouse.click(5, 5)
  await field.waitFor({ state: 'detached' })
}

async function strangeAddresses (t: Test, page: Page): Promise<void> {
  const { hash } = new URL(page.url())
  for (const address of ['#/settings/constructor', '#/administration/toString', `${hash}/panel/constructor`]) {
    await page.evaluate(`location.hash = ${JSON.stringify(address)}`)
    await page.locator('h1:visible').first().waitFor()
  }
  await page.getByLabel(`Message to ${GROUP}`).waitFor()
  t.pass('nothing has failed in the page')
}

async function midnight (t: Test, page: Page, post: Post): Promise<void> {
  await post('before midnight')
  const now = new Date()
  // The browser is in the time zone of this process.
  await page.clock.install({ time: new Date(now.getFullYear(), now.getMonth(), now.getDate(), 23, 58) })
  await page.reload()
  await page.locator('.day-row').getByText('Today').waitFor()
  await page.clock.fastForward('05:00')
  await page.locator('.day-row').getByText('Yesterday').waitFor()
  t.equal(await page.locator('.day-row').getByText('Today').count(), 0)
  await write(page, GROUP, 'after midnight')
}
