import type { Browser, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { openPage, withBrowser } from '../../support/clients/browser.ts'
import { ConfabClient } from '../../support/clients/described-client.ts'
import { bubbles, chatLink, signInAs, write } from '../../support/clients/web-client.ts'
import { type Account, createChat, register, startChat } from '../../support/data/accounts.ts'
import { eventually } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'
import { serveForeignPage } from '../../support/servers/foreign-page.ts'
import { startTcpProxy } from '../../support/servers/tcp-proxy.ts'

const UNREAD = 18
const MAX_TEXT = 4_000
const SCREEN = { viewport: { width: 900, height: 640 } }
const SHOW = (state: 'visible' | 'hidden') =>
  `Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => '${state}' }); ` +
  'document.dispatchEvent(new Event("visibilitychange"))'

await onEmbedded(t, async (t, cluster) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    await t.test('the newest message stays in view', (t) => growing(t, browser, cluster))
    await t.test('a text that is too long is kept, and one that shows nothing is not sent', (t) =>
      lengths(t, browser, cluster))
    await t.test('links can be followed, and nothing else', (t) => links(t, browser, cluster))
    await t.test('what was seen is read, and nothing else', (t) => seeing(t, browser, cluster))
    await t.test('without a connection the chats of before are there', (t) => offline(t, browser, cluster))
  })
})

function clientOf (t: Test, cluster: Cluster, { accessToken, refreshToken }: Account): ConfabClient {
  const client = new ConfabClient({ url: cluster.replica(0).url, tokens: { accessToken, refreshToken } })
  t.teardown(() => client.close())
  client.connect()
  return client
}

async function postMany (client: ConfabClient, chatID: number, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) await client.post(chatID, `number ${String(number)}\nsecond line`)
}

/** Opens the web client with one chat, as the other user of it reads it. */
async function openChat (
  t: Test,
  browser: Browser,
  cluster: Cluster,
  count: number
): Promise<{ page: Page, ann: Account, bob: Account, chatID: number, client: ConfabClient }> {
  const { ann, bob, chatID } = await startChat(cluster)
  const client = clientOf(t, cluster, bob)
  await postMany(client, chatID, count)
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`, SCREEN)
  await signInAs(page, ann)
  await chatLink(page, bob.username).click()
  await page.getByLabel(`Message to ${bob.username}`).waitFor()
  return { page, ann, bob, chatID, client }
}

/** How many pixels of the newest message are below the edge of the box. */
async function hiddenPixels (page: Page): Promise<number> {
  return Number(await page.evaluate(`document.querySelector('.said:last-child').getBoundingClientRect().bottom -
    document.querySelector('.scroller').getBoundingClientRect().bottom`))
}

async function growing (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const { page, bob, chatID, client } = await openChat(t, browser, cluster, 30)
  const scroller = page.getByRole('region', { name: `Messages with ${bob.username}` })
  const field = page.getByLabel(`Message to ${bob.username}`)
  await bubbles(page).getByText('number 30').waitFor()
  await scroller.press('End')
  const isInView = () => eventually(async () => await hiddenPixels(page) <= 0)
  t.ok(await isInView())
  const keys = ['Shift+Enter', 'x', 'Shift+Enter', 'Shift+Enter', 'Shift+Enter', 'y', 'z']
  for (const [index, key] of keys.entries()) {
    await field.press(key)
    t.ok(await isInView(), `after key ${String(index + 1)} of a text of several lines`)
  }
  await field.press('Backspace')
  t.ok(await isInView(), 'and after one is deleted')
  await client.post(chatID, 'in between')
  await bubbles(page).getByText('in between').waitFor()
  t.ok(await isInView(), 'a message that arrives meanwhile is in view, too')
  await scroller.press('Home')
  await page.getByRole('button', { name: 'Newest' }).waitFor()
  const top = await page.evaluate('document.querySelector(".scroller").scrollTop')
  await field.press('Shift+Enter')
  await client.post(chatID, 'further down')
  await bubbles(page).getByText('further down').waitFor()
  const position = await page.evaluate('document.querySelector(".scroller").scrollTop')
  t.equal(position, top, 'who reads older messages stays there')
  await page.getByRole('button', { name: 'Newest' }).click()
  t.ok(await isInView())
}

async function lengths (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const { page, bob } = await openChat(t, browser, cluster, 1)
  const field = page.getByLabel(`Message to ${bob.username}`)
  await field.focus()
  await page.keyboard.insertText('\u200b\u3164 \u2800')
  await field.press('Enter')
  await page.keyboard.insertText('x'.repeat(MAX_TEXT + 1_000 - 4))
  const counter = page.locator('.counter')
  await counter.getByText('1,000 characters too many').waitFor()
  await field.press('Enter')
  const told = page.getByRole('status').getByText('1,000 characters too many').first()
  await told.waitFor({ state: 'attached' })
  t.equal((await field.inputValue()).length, MAX_TEXT + 1_000, 'all of it is kept')
  t.equal(await field.getAttribute('aria-invalid'), 'true')
  t.equal(await bubbles(page).count(), 1, 'nothing was sent')
  await field.fill('y'.repeat(MAX_TEXT))
  await counter.getByText('4,000 of 4,000').waitFor()
  await field.press('Enter')
  await bubbles(page).getByText('y'.repeat(MAX_TEXT)).waitFor()
  await page.getByText('Sent', { exact: true }).waitFor({ state: 'attached' })
  t.equal(await field.inputValue(), '')
  await counter.waitFor({ state: 'hidden' })
}

async function links (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const origin = await serveForeignPage(t)
  const { page, bob } = await openChat(t, browser, cluster, 1)
  const text = `see ${origin}/?a=1&b=<2>, javascript:alert(1) or mailto:ann@example.org.`
  await write(page, bob.username, text)
  await bubbles(page).getByText(text).waitFor()
  const anchors = bubbles(page).last().locator('a')
  t.strictSame(await anchors.allTextContents(), [`${origin}/?a=1&b=`, 'mailto:ann@example.org'])
  for (const anchor of await anchors.all())
    t.strictSame(
      [await anchor.getAttribute('target'), await anchor.getAttribute('rel')],
      ['_blank', 'noopener noreferrer']
    )
  const [opened] = await Promise.all([page.context().waitForEvent('page'), anchors.first().click()])
  await opened.waitForLoadState()
  t.equal(opened.url(), `${origin}/?a=1&b=`)
  t.equal(await opened.evaluate('String(window.opener) + document.referrer'), 'null', 'it knows nothing of the chat')
}

async function seeing (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const { page, ann, bob, chatID, client } = await openChat(t, browser, cluster, UNREAD)
  const reader = clientOf(t, cluster, ann)
  const unread = async () => (await reader.conversations()).items[0]?.unread
  const scroller = page.getByRole('region', { name: `Messages with ${bob.username}` })
  await page.locator('.rule.new').waitFor()
  const below = Number(await page.evaluate(`[...document.querySelectorAll('.said')].filter((said) =>
    said.getBoundingClientRect().bottom > document.querySelector('.scroller').getBoundingClientRect().bottom + 1
  ).length`))
  t.ok(below > 0 && below < UNREAD, `${String(below)} of them are below the fold`)
  t.ok(await eventually(async () => await unread() === below), 'these stay unread')
  await chatLink(page, bob.username).locator('.count', { hasText: String(below) }).waitFor()
  await scroller.press('End')
  t.ok(await eventually(async () => await unread() === 0), 'until they are seen')
  await chatLink(page, bob.username).locator('.count').waitFor({ state: 'detached' })

  await page.evaluate(SHOW('hidden'))
  await client.post(chatID, 'behind another window')
  await chatLink(page, bob.username).locator('.count', { hasText: '1' }).waitFor()
  t.equal(await unread(), 1, 'a page that nobody looks at reads nothing')
  await page.evaluate(SHOW('visible'))
  t.ok(await eventually(async () => await unread() === 0))
}

async function offline (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const ann = await register(cluster)
  const others = [await register(cluster), await register(cluster), await register(cluster)] as const
  for (const other of others) await postMany(clientOf(t, cluster, other), await createChat(cluster, ann, other), 3)
  const { hostname, port } = new URL(cluster.replica(0).url)
  const proxy = await startTcpProxy(t, { host: hostname, port: Number(port) })
  const page = await openPage(t, browser, `http://127.0.0.1:${String(proxy.port)}/app`, SCREEN)
  await signInAs(page, ann)
  for (const { username } of others.slice(0, 2)) {
    await chatLink(page, username).click()
    await page.getByLabel(`Message to ${username}`).waitFor()
    await bubbles(page).getByText('number 3').waitFor()
  }
  await proxy.cut()
  await page.getByText('No connection.').waitFor()
  for (const { username } of others.slice(0, 2)) {
    await chatLink(page, username).click()
    await page.getByLabel(`Message to ${username}`).waitFor()
    t.equal(await bubbles(page).count(), 3, 'a chat that was opened before shows its messages')
    t.equal(await page.getByText('as soon as').count(), 0)
  }
  await chatLink(page, others[2].username).click()
  await page.getByText('The messages are loaded as soon as the server can be reached.').waitFor()
  await proxy.open()
  await bubbles(page).getByText('number 3').waitFor()
  t.equal(await page.getByText('as soon as').count(), 0, 'another one is loaded when the connection is back')
}
