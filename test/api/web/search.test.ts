import type { Browser, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { bubbles, chatLink, signInAs } from '../../support/clients/web-client.ts'
import { type Account, createChat, register } from '../../support/data/accounts.ts'
import { textAt } from '../../support/data/json.ts'
import { isIndexed } from '../../support/data/search-index.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

t.setTimeout(300_000)

/** Three people; Ann has a chat with each of the others. */
type World = { cluster: Cluster, ann: Account, bob: Account, cleo: Account, post: (text: string) => Promise<void> }

await onEmbedded(t, async (t, cluster) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    const world = await makeWorld(cluster)
    await t.test('chats and people by a part of the name', (t) => switching(t, browser, world))
    await t.test('a message is found, and shown in its chat', (t) => searching(t, browser, world))
  })
}, { environment: { SEARCH: 'on' }, inspectable: true })

async function makeWorld (cluster: Cluster): Promise<World> {
  const [ann, bob, cleo] = [
    await register(cluster), await register(cluster, uniqueName('bob-')), await register(cluster, uniqueName('cleo-'))
  ]
  await createChat(cluster, ann, cleo)
  await createChat(cluster, ann, bob)
  const own = await cluster.get('/v1/me', { bearer: ann.accessToken })
  const chat = await cluster.call('PUT', '/v1/chats:direct', {
    bearer: bob.accessToken, body: { user: textAt(own.body, 'id') }
  })
  const id = textAt(chat.body, 'chat', 'id')
  const post = async (text: string) => {
    await cluster.call('POST', `/v1/chats/${id}/messages`, { bearer: bob.accessToken, body: { text } })
  }
  return { cluster, ann, bob, cleo, post }
}

async function expectAccessible (t: Test, page: Page, title: string): Promise<void> {
  t.strictSame(await accessibilityFaults(page), [], `axe finds nothing: ${title}`)
}

/** Presses a shortcut until it works: the shortcuts are loaded when the page is idle. */
async function pressUntil (page: Page, key: string, isThere: () => Promise<void>): Promise<void> {
  await page.waitForFunction('performance.getEntriesByType("resource").some(({ name }) => /extras-/.test(name))')
  await page.keyboard.press(key)
  await isThere()
}

async function switching (t: Test, browser: Browser, { cluster, ann, bob, cleo, post }: World): Promise<void> {
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`)
  await signInAs(page, ann)
  await chatLink(page, bob.username).waitFor()
  const dialog = page.getByRole('dialog', { name: 'Go to' })
  const field = dialog.getByRole('combobox', { name: 'Name of a chat or a person' })
  await pressUntil(page, 'Control+k', () => field.waitFor())
  t.equal(await dialog.getByRole('option').count(), 2, 'the chats are offered at once')
  await expectAccessible(t, page, 'the switcher')
  await page.keyboard.type(cleo.username.slice(0, 3))
  await dialog.getByRole('option', { name: cleo.username, selected: true }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: cleo.username }).waitFor()
  await page.locator('textarea:focus').waitFor()

  await page.keyboard.type('a text? r /')
  t.equal(await page.getByRole('dialog').count(), 0, 'no shortcut works in a text')
  await page.keyboard.press('Alt+ArrowDown')
  t.equal(await page.getByRole('heading', { name: cleo.username }).count(), 1)
  await page.locator('textarea').fill('')
  await post('unread')
  await chatLink(page, bob.username).locator('.badge').waitFor()
  await page.keyboard.press('Alt+Shift+ArrowDown')
  await page.getByRole('heading', { name: bob.username }).waitFor()
  await bubbles(page).getByText('unread').waitFor()

  await page.locator('.pane-list h1').focus()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await expectAccessible(t, page, 'the shortcuts')
  await page.getByRole('checkbox').uncheck()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.keyboard.press('r')
  t.equal(await page.locator('.composer-mode').count(), 0, 'shortcuts of one key are off')
  await page.evaluate('localStorage.removeItem("confab-single-keys")')
}

async function searching (t: Test, browser: Browser, { cluster, ann, bob, cleo, post }: World): Promise<void> {
  for (let number = 1; number <= 30; number++) await post(`parcel number ${String(number)}`)
  await post(`a long way to the needle: ${'hay '.repeat(60)} needle`)
  for (let number = 1; number <= 30; number++) await post(`later ${String(number)}`)
  t.ok(await isIndexed(cluster.orm), 'all is indexed')

  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`)
  await signInAs(page, ann)
  await page.getByRole('button', { name: 'Search messages' }).click()
  const pane = page.getByRole('search')
  const field = pane.getByRole('searchbox', { name: 'Words in messages' })
  const results = pane.locator('a.result')
  await field.waitFor()
  await expectAccessible(t, page, 'an empty search')
  await page.keyboard.type('parcel')
  await results.first().waitFor()
  t.equal(await results.first().locator('mark').textContent(), 'parcel')
  t.match(await results.first().textContent(), bob.username, 'it says whose message it is')
  await expectAccessible(t, page, 'results')
  await page.keyboard.press('ArrowDown')
  for (let steps = 0; steps < 24; steps++) await page.keyboard.press('ArrowDown')
  await results.nth(29).waitFor()
  t.equal(await results.count(), 30, 'the next page is loaded as the end comes near')

  await field.fill('needle')
  await results.filter({ hasText: 'hay' }).waitFor()
  await field.press('ArrowDown')
  await page.keyboard.press('Enter')
  await bubbles(page).getByText('a long way to the needle').waitFor()
  t.ok(await bubbles(page).getByText('a long way to the needle').isVisible(), 'the message is in sight')
  t.equal(await results.count(), 1, 'the results stay')

  await pane.getByRole('button', { name: 'Filters' }).click()
  await expectAccessible(t, page, 'the filters')
  await pane.getByRole('combobox', { name: 'Chat' }).selectOption({ label: cleo.username })
  await pane.getByText('No message has these words.').waitFor()
  await pane.getByRole('button', { name: 'Clear the filters' }).click()
  await pane.getByLabel('From', { exact: true }).fill(bob.username)
  await pane.getByRole('button', { name: bob.username }).click()
  await results.filter({ hasText: 'hay' }).waitFor()
  await field.press('Escape')
  await page.getByRole('navigation', { name: 'Chats' }).waitFor()
}
