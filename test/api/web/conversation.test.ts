/** What two people do with messages: everything that a message may be and may become. */
import type { Browser, Locator, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { call } from '../../support/clients/http.ts'
import { signUp, type Visitor } from '../../support/clients/visitor.ts'
import { chatLink, signInAs, type } from '../../support/clients/web-client.ts'
import { integerAt, textAt } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { startWorld, type World } from '../../support/servers/web-world.ts'

const GROUP = 'Trail crew'
const LONG = 120
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'
)

t.setTimeout(300_000)

await withServices(t, 'a conversation', async (t, services) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    const world = await startWorld(t, services)
    const [ann, bob] = [await signUp(world.replicas[0], world.outbox), await signUp(world.replicas[1], world.outbox)]
    await makeGroup(world, ann, bob)
    await t.test('messages and what comes of them', (t) => talking(t, browser, world, { ann, bob }))
    await t.test('files', (t) => files(t, browser, world, { ann, bob }))
    await t.test('a long chat is read from where it is unread, and any part of it is found', (t) =>
      longChat(t, browser, world, { ann, bob }))
  })
})

type Two = { ann: Visitor, bob: Visitor }

async function as ({ replicas }: World, { token }: Visitor, method: string, path: string, body?: unknown) {
  const answer = await call(`${replicas[0].url}/v1${path}`, method, { bearer: token, body })
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${String(answer.status)}: ${answer.text}`)
  return answer.body
}

async function makeGroup (world: World, ann: Visitor, bob: Visitor): Promise<void> {
  const user = textAt(await as(world, bob, 'GET', '/me'), 'id')
  await as(world, ann, 'POST', '/chats', { type: 'group', name: GROUP, members: [{ user }] })
}

async function open (t: Test, browser: Browser, url: string, who: Visitor, options = {}): Promise<Page> {
  const page = await openPage(t, browser, `${url}/app`, options)
  await signInAs(page, who)
  await chatLink(page, GROUP).click()
  await field(page).waitFor()
  return page
}

function field (page: Page, name = `Message to ${GROUP}`): Locator {
  return page.getByLabel(name, { exact: true })
}

function message (page: Page, text: string): Locator {
  return page.locator('.pane-chat .message').filter({ has: page.locator('.message-text', { hasText: text }) })
}

async function say (page: Page, text: string, name?: string): Promise<void> {
  await field(page, name).fill(text)
  await field(page, name).press('Enter')
}

/** Chooses from the menu of a message. */
async function choose (page: Page, row: Locator, name: string): Promise<void> {
  await row.hover()
  await row.getByRole('button', { name: 'Actions', exact: true }).click()
  await page.getByRole('menuitem', { name, exact: true }).click()
}

async function talking (t: Test, browser: Browser, world: World, { ann, bob }: Two): Promise<void> {
  const hers = await open(t, browser, world.replicas[0].url, ann)
  const his = await open(t, browser, world.replicas[1].url, bob)
  await type(field(his), hers.locator('.pane-subtitle').getByText(`${bob.username} is typing`))
  await field(his).fill('')

  await field(hers).pressSequentially(`Hello @${bob.username.slice(0, 6)}`)
  await hers.getByRole('option', { name: bob.username }).waitFor()
  t.strictSame(await accessibilityFaults(hers), [], 'completions')
  await field(hers).press('Enter')
  await field(hers).pressSequentially('look :rocket')
  await hers.getByRole('option', { name: ':rocket:' }).first().waitFor()
  await field(hers).press('Enter')
  await field(hers).press('Enter')
  await message(his, 'Hello').locator('.mention.is-me', { hasText: `@${bob.username}` }).waitFor()
  t.match(await message(his, 'Hello').innerText(), /look \u{1f680}/u)
  await message(hers, 'Hello').getByText(`Seen by ${bob.username}`).waitFor({ state: 'attached' })

  await message(his, 'Hello').hover()
  await message(his, 'Hello').getByRole('button', { name: 'React' }).click()
  await his.getByLabel('Search emojis').fill('tada')
  await his.getByRole('button', { name: 'tada', exact: true }).waitFor()
  t.strictSame(await accessibilityFaults(his), [], 'emojis')
  await his.getByRole('button', { name: 'tada', exact: true }).click()
  await message(hers, 'Hello').getByRole('button', { name: /1 reaction$/ }).click()
  await message(his, 'Hello').getByRole('button', { name: /2 reactions$/ }).waitFor()

  await message(his, 'Hello').hover()
  await message(his, 'Hello').getByRole('button', { name: 'Reply', exact: true }).click()
  await say(his, 'A **bold** answer with `code`, <b>no markup</b> and https://example.org/path')
  const answer = message(hers, 'bold answer')
  await answer.locator('.quote', { hasText: 'Hello' }).waitFor()
  t.strictSame(await answer.locator('strong, code').allTextContents(), ['bold', 'code'])
  t.match(await answer.innerText(), '<b>no markup</b>')
  t.equal(await answer.locator('.message-text a').getAttribute('rel'), 'noopener noreferrer')

  // What is on its way cannot be edited.
  await his.locator('.message.is-sending').waitFor({ state: 'detached' })
  await field(his).press('ArrowUp')
  await field(his).fill('An edited answer')
  await field(his).press('Enter')
  await message(hers, 'An edited answer').getByText('edited', { exact: true }).waitFor()

  await choose(hers, message(hers, 'An edited answer'), 'Pin')
  await message(his, 'An edited answer').locator('.message-meta [title="Pinned"]').waitFor()
  await his.getByRole('button', { name: 'More' }).click()
  await his.getByRole('menuitem', { name: 'Pinned messages' }).click()
  await his.locator('.pin-card', { hasText: 'An edited answer' }).waitFor()
  t.strictSame(await accessibilityFaults(his), [], 'pinned messages')

  await choose(hers, message(hers, 'Hello'), 'Reply in a thread')
  await say(hers, 'in the thread', 'Reply in the thread')
  await message(his, 'Hello').getByText('1 reply').click()
  await his.locator('.pane-panel .message', { hasText: 'in the thread' }).waitFor()
  t.strictSame(await accessibilityFaults(his), [], 'a thread')
  t.equal(await message(his, 'in the thread').count(), 0, 'a reply is in its thread alone')
  await his.getByRole('button', { name: 'Close' }).last().click()

  await say(hers, 'to be deleted')
  await message(his, 'to be deleted').waitFor()
  await choose(hers, message(hers, 'to be deleted'), 'Delete')
  await hers.getByText('This message was deleted.').waitFor()
  await hers.getByRole('button', { name: 'Undo' }).click()
  await message(hers, 'to be deleted').waitFor()
  await choose(hers, message(hers, 'to be deleted'), 'Delete')
  await his.getByText('This message was deleted.').waitFor()

  await choose(his, message(his, 'Hello'), 'Forward')
  await his.getByRole('dialog', { name: 'Forward to' }).getByRole('button', { name: GROUP }).click()
  await eventually(async () => await message(hers, 'Hello').count() === 2)
  t.equal(await message(hers, 'Hello').count(), 2)
  t.strictSame(await accessibilityFaults(hers), [], 'a conversation with everything')
}

async function files (t: Test, browser: Browser, world: World, { ann, bob }: Two): Promise<void> {
  const hers = await open(t, browser, world.replicas[0].url, ann)
  await hers.locator('input[type=file]').setInputFiles([
    { name: 'dot.png', mimeType: 'image/png', buffer: PICTURE },
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('some notes') }
  ])
  await hers.locator('.upload-size').nth(1).waitFor()
  t.strictSame(await accessibilityFaults(hers), [], 'files to send')
  await say(hers, 'two files')
  const his = await open(t, browser, world.replicas[0].url, bob)
  await message(his, 'two files').locator('.picture img').waitFor()
  const link = message(his, 'two files').getByRole('link', { name: 'Download notes.txt' })
  const [download] = await Promise.all([his.waitForEvent('download'), link.click()])
  t.equal(download.suggestedFilename(), 'notes.txt')
  await his.getByRole('button', { name: 'Open dot.png' }).click()
  await his.locator('.lightbox-picture').waitFor()
  t.strictSame(await accessibilityFaults(his), [], 'a picture')
  await his.keyboard.press('Escape')
  await his.locator('.lightbox').waitFor({ state: 'detached' })
  t.equal(await his.locator(':focus').getAttribute('aria-label'), 'Open dot.png', 'the focus is given back')
  await choose(his, message(his, 'two files'), 'Forward')
  await his.getByRole('dialog', { name: 'Forward to' }).getByRole('button', { name: GROUP }).click()
  const copy = message(hers, 'two files').nth(1)
  await copy.locator('.picture img').waitFor()
  await copy.getByRole('link', { name: 'Download notes.txt' }).waitFor()
}

async function longChat (t: Test, browser: Browser, world: World, { ann, bob }: Two): Promise<void> {
  const user = textAt(await as(world, bob, 'GET', '/me'), 'id')
  const written = await as(world, ann, 'PUT', '/chats:direct', { user })
  const path = `/chats/${textAt(written, 'chat', 'id')}/messages`
  const first = integerAt(await as(world, ann, 'POST', path, { text: 'number 1' }), 'seq')
  for (let count = 2; count <= LONG; count++) await as(world, ann, 'POST', path, { text: `number ${String(count)}` })
  await as(world, ann, 'POST', path, { text: 'about the first one', reply_to: first })
  const page = await openPage(t, browser, `${world.replicas[1].url}/app`, { viewport: { width: 390, height: 844 } })
  await signInAs(page, bob)
  await chatLink(page, ann.username).first().click()
  const number = (count: number) => page.locator('.message-text').getByText(`number ${String(count)}`, { exact: true })
  await page.locator('.unread-row').waitFor()
  t.ok(((await number(1).boundingBox())?.y ?? 0) > 0, 'reading begins with the first unread message')
  await page.getByRole('button', { name: 'Newest messages' }).click()
  await message(page, 'about the first one').locator('.quote').click()
  await page.locator('.message.is-target', { hasText: 'number 1' }).waitFor()
  const y = (await number(1).boundingBox())?.y ?? NaN
  t.ok(y > 0 && y < 844, 'a quotation leads to its message')
  t.strictSame(await accessibilityFaults(page), [], 'the middle of a chat')
  await page.getByRole('button', { name: 'Newest messages' }).click()
  await message(page, 'about the first one').waitFor()
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Go to a day' }).click()
  const today = await page.evaluate('new Date(Date.now() - new Date().getTimezoneOffset() * 6e4).toJSON()')
  await page.locator('input[type=date]').fill(String(today).slice(0, 10))
  await page.getByRole('button', { name: 'Go to a day' }).click()
  await page.locator('.message.is-target', { hasText: 'number 1' }).waitFor()
  await t.test('what is written is seen', (t) => seeingOwn(t, page, ann.username))
}

async function seeingOwn (t: Test, page: Page, name: string): Promise<void> {
  const isSeen = async (text: string) => ((await message(page, text).boundingBox())?.y ?? Infinity) < 844
  // The acknowledgement comes before the next frame.
  await page.evaluate(`window.realFrames = requestAnimationFrame; window.held = []
    window.requestAnimationFrame = (render) => window.held.push(render)`)
  await say(page, 'seen at last', `Message to ${name}`)
  await page.locator('[aria-live]').getByText('Sent').waitFor({ state: 'attached' })
  await page.evaluate('window.requestAnimationFrame = realFrames; held.forEach(requestAnimationFrame)')
  await message(page, 'seen at last').waitFor()
  t.ok(await eventually(() => isSeen('seen at last')), 'a message that was sent before it was shown')
  for (const line of ['one', 'two', 'three', 'four', 'five', 'six']) {
    await field(page, `Message to ${name}`).press('Shift+Enter')
    await field(page, `Message to ${name}`).pressSequentially(line)
  }
  t.ok(await eventually(() => isSeen('seen at last')), 'the newest message, while a long one is written')
  t.equal(await page.getByRole('button', { name: 'Newest messages' }).count(), 0)
}
