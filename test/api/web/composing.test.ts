/** Writing a message: the field, its limits, drafts, and what becomes of links. */
import type { Browser, Locator, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { bubbles, chatLink, signInAs, write } from '../../support/clients/web-client.ts'
import { type Account, createChat, register } from '../../support/data/accounts.ts'
import { eventually } from '../../support/deadline.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const MAX_LENGTH = 4_000
const LINKS = 'https://example.org/a, www.example.org, javascript:alert(1), https://bank.example@evil.example/x'

t.setTimeout(300_000)

await onEmbedded(t, async (t, cluster) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    const [ann, bob, cleo] = [await register(cluster), await register(cluster), await register(cluster)]
    await createChat(cluster, ann, bob)
    await createChat(cluster, ann, cleo)
    const page = await openChat(t, browser, cluster.replica(0).url, ann, bob)
    await t.test('the field grows with the text, and is small again', (t) => growing(t, page, bob))
    await t.test('a text that is too long stays in the field', (t) => tooLong(t, page, bob))
    await t.test('a draft stays with its chat', (t) => drafts(t, page, bob, cleo))
    await t.test('an edit takes no draft away, and is itself kept', (t) => edits(t, page, bob, cleo))
    await t.test('an edit that is refused is in the field again', (t) => refusedEdit(t, page, bob))
    await t.test('tabs keep the drafts of each other', (t) => draftsOfTabs(t, page, bob, cleo))
    await t.test('a text that is made to hurt the page is shown as it is', (t) => nested(t, page, bob))
    await t.test('only addresses of the web and of mail become links', (t) => links(t, page, bob))
  })
})

async function openChat (t: Test, browser: Browser, url: string, who: Account, other: Account): Promise<Page> {
  const page = await openPage(t, browser, `${url}/app`)
  await signInAs(page, who)
  await chatLink(page, other.username).click()
  await fieldOf(page, other).waitFor()
  return page
}

function fieldOf (page: Page, { username }: Account): Locator {
  return page.getByLabel(`Message to ${username}`)
}

async function heightOf (page: Page, other: Account): Promise<number> {
  return (await fieldOf(page, other).boundingBox())?.height ?? NaN
}

async function growing (t: Test, page: Page, bob: Account): Promise<void> {
  const field = fieldOf(page, bob)
  const low = await heightOf(page, bob)
  for (let line = 1; line <= 4; line++) {
    await field.pressSequentially(`line ${String(line)}`)
    await field.press('Shift+Enter')
  }
  const high = await heightOf(page, bob)
  t.ok(high > low * 2, `${String(high)} pixels, after ${String(low)}`)
  await field.fill('line\n'.repeat(200))
  t.ok(await heightOf(page, bob) < (page.viewportSize()?.height ?? 0) / 2, 'it leaves room for the messages')
  await field.fill('one\ntwo')
  await field.press('Enter')
  await bubbles(page).getByText('one two').waitFor()
  t.equal(await heightOf(page, bob), low)
}

async function tooLong (t: Test, page: Page, bob: Account): Promise<void> {
  const field = fieldOf(page, bob)
  const before = await bubbles(page).count()
  await field.fill('x'.repeat(MAX_LENGTH + 10))
  await page.locator('.composer').getByText('10 characters too many').waitFor()
  t.strictSame(await accessibilityFaults(page), [], 'axe finds nothing')
  await field.press('Enter')
  t.equal((await field.inputValue()).length, MAX_LENGTH + 10, 'nothing is lost')
  // Characters, as people count them: each of these is two units of UTF-16.
  await field.fill('😀'.repeat(MAX_LENGTH))
  await page.locator('.composer').getByText('too many').waitFor({ state: 'detached' })
  await field.press('Enter')
  await bubbles(page).nth(before).waitFor()
  t.equal(await bubbles(page).count(), before + 1, 'the longest text is sent, and the one that was too long is not')
  await field.fill(' \n ')
  await field.press('Enter')
  await write(page, bob.username, 'not blank')
  await bubbles(page).getByText('not blank').waitFor()
  t.equal(await bubbles(page).count(), before + 2, 'nothing is sent of a text that shows nothing')
}

async function drafts (t: Test, page: Page, bob: Account, cleo: Account): Promise<void> {
  await fieldOf(page, bob).fill('not yet finished')
  await chatLink(page, cleo.username).click()
  await fieldOf(page, cleo).waitFor()
  t.equal(await fieldOf(page, cleo).inputValue(), '')
  await chatLink(page, bob.username).getByText('not yet finished').waitFor()
  await page.reload()
  await chatLink(page, bob.username).click()
  t.ok(await eventually(async () => await fieldOf(page, bob).inputValue() === 'not yet finished'))
  await fieldOf(page, bob).fill('')
  await chatLink(page, bob.username).getByText('not yet finished').waitFor({ state: 'detached' })
}

/** Edits the last message of the user. */
async function edit (t: Test, page: Page, other: Account, text: string): Promise<void> {
  await page.locator('.message.is-mine').filter({ hasText: text }).hover()
  await page.locator('.message.is-mine').filter({ hasText: text }).getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name: 'Edit' }).click()
  t.equal(await fieldOf(page, other).inputValue(), text)
}

async function edits (t: Test, page: Page, bob: Account, cleo: Account): Promise<void> {
  const field = fieldOf(page, bob)
  await write(page, bob.username, 'to be edited')
  await page.locator('.message.is-sending').waitFor({ state: 'detached' })
  await field.fill('half of a thought')
  await edit(t, page, bob, 'to be edited')
  await field.fill('edited in part')
  await chatLink(page, cleo.username).click()
  await fieldOf(page, cleo).waitFor()
  await chatLink(page, bob.username).click()
  t.equal(await field.inputValue(), 'edited in part', 'the edit, after another chat was open')
  await field.press('Enter')
  await bubbles(page).getByText('edited in part').waitFor()
  t.equal(await field.inputValue(), 'half of a thought', 'the draft, after the edit')
  await field.fill('')
}

async function refusedEdit (t: Test, page: Page, bob: Account): Promise<void> {
  const field = fieldOf(page, bob)
  await field.fill('not to be lost')
  await edit(t, page, bob, 'edited in part')
  await page.route(/\/messages\/\d+$/, (route) => route.fulfill({
    status: 403, contentType: 'application/problem+json',
    body: JSON.stringify({ code: 'chat_frozen', title: 'Frozen', detail: 'Frozen.', status: 403, retryable: false })
  }))
  await field.fill('edited as a whole')
  await field.press('Enter')
  await page.locator('.toast.is-bad').waitFor()
  t.equal(await field.inputValue(), 'edited as a whole')
  await page.unroute(/\/messages\/\d+$/)
  await field.press('Enter')
  await bubbles(page).getByText('edited as a whole').waitFor()
  t.equal(await field.inputValue(), 'not to be lost')
  await field.fill('')
}

async function draftsOfTabs (t: Test, page: Page, bob: Account, cleo: Account): Promise<void> {
  const other = await page.context().newPage()
  await other.goto(page.url())
  await fieldOf(other, bob).waitFor()
  await fieldOf(page, bob).fill('written in the first tab')
  await chatLink(other, cleo.username).click()
  await fieldOf(other, cleo).fill('written in the second tab')
  await other.close()
  await page.reload()
  t.ok(await eventually(async () => await fieldOf(page, bob).inputValue() === 'written in the first tab'))
  await chatLink(page, cleo.username).getByText('written in the second tab').waitFor()
  await fieldOf(page, bob).fill('')
}

async function nested (t: Test, page: Page, bob: Account): Promise<void> {
  for (const sign of ['>', '* ', '**']) {
    const text = sign.repeat(MAX_LENGTH / sign.length - 1)
    await write(page, bob.username, `${text}x`)
    await page.locator('.message', { hasText: text.slice(0, 40) }).last().waitFor()
  }
  await write(page, bob.username, 'all is well')
  await bubbles(page).getByText('all is well').waitFor()
  t.equal(await bubbles(page).locator('blockquote, li, strong').count(), 0)
}

async function links (t: Test, page: Page, bob: Account): Promise<void> {
  await write(page, bob.username, LINKS)
  const message = page.locator('.message', { hasText: 'alert(1)' })
  await message.waitFor()
  const anchors = message.locator('.message-text a')
  t.strictSame(
    await Promise.all((await anchors.all()).map((anchor) => anchor.getAttribute('href'))),
    ['https://example.org/a', 'http://www.example.org/']
  )
  t.equal(await anchors.first().getAttribute('target'), '_blank')
  t.equal(await anchors.first().getAttribute('rel'), 'noopener noreferrer')
}
