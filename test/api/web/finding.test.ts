import type { Browser } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { openPage, withBrowser } from '../../support/clients/browser.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { chatLink, signInAs } from '../../support/clients/web-client.ts'
import { createChat, register } from '../../support/data/accounts.ts'
import { registerEmote } from '../../support/data/emotechat.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const ACCOUNTS = 118
/** Accounts that are made side by side. */
const AT_ONCE = 12
const CHATS = 5

await onEmbedded(
  t,
  async (t, cluster) => {
    await withBrowser(t, 'in Chromium', async (t, browser) => {
      await t.test('anybody is found by the name that is shown', (t) => searching(t, browser, cluster))
      await t.test('the list of chats is one stop of the Tab key', (t) => walking(t, browser, cluster))
    })
  },
  { isEmpty: true }
)

async function searching (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const ann = await register(cluster)
  const people = Array.from({ length: ACCOUNTS - 1 }, (_, index) => `Person ${String(index + 1)}`)
  while (people.length > 0)
    await Promise.all(people.splice(0, AT_ONCE).map((name) => registerEmote(cluster, name)))
  await registerEmote(cluster, 'Zo\u00eb \u00c5ngstr\u00f6m')
  for (let twin = 0; twin < 2; twin++) await registerEmote(cluster, 'Two Twins')
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`)
  await signInAs(page, ann)
  const dialog = page.getByRole('dialog', { name: 'New chat' })
  const field = dialog.getByLabel('Who do you want to talk to?')
  const open = () => page.getByRole('button', { name: 'New chat' }).first().click()
  const heading = (name: string) => page.getByRole('heading', { name, exact: true })

  await open()
  await field.fill('zo\u00eb')
  await dialog.getByRole('button', { name: 'Zo\u00eb \u00c5ngstr\u00f6m' }).waitFor()
  await dialog.getByRole('status').getByText('1 found').waitFor({ state: 'attached' })
  await field.fill('Person 110')
  await dialog.getByRole('button', { name: 'Person 110' }).waitFor()
  await field.press('Enter')
  await heading('Person 110').waitFor()
  t.pass('by the name alone')

  await open()
  await field.fill('Two Twins')
  await field.press('Enter')
  await dialog.locator('li button:focus').waitFor()
  t.equal(await dialog.locator('li').count(), 2, 'of two with one name the user chooses')
  await field.fill('Perso')
  await field.press('Enter')
  await dialog.locator('li button:focus').waitFor()
  t.equal(await dialog.isVisible(), true, 'nobody is chosen by half a name')
  await field.fill('nobody at all')
  await field.press('Enter')
  await dialog.getByRole('alert').getByText('There is no user of that name').waitFor()
}

async function walking (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const ann = await register(cluster)
  for (let chat = 0; chat < CHATS; chat++) await createChat(cluster, ann, await register(cluster, uniqueName('bob-')))
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`)
  await signInAs(page, ann)
  await chatLink(page, 'bob-').nth(CHATS - 1).waitFor()
  const focused = () => page.evaluate('[...document.querySelectorAll(".chat")].indexOf(document.activeElement)')
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key)
  }
  await page.getByRole('searchbox', { name: 'Filter chats' }).focus()
  await press('Tab')
  t.equal(await focused(), 0, 'the first chat is the stop')
  await press('Tab')
  t.equal(await focused(), -1, 'and the only one')
  await press('Shift+Tab')
  for (const [key, index] of [
    ['ArrowDown', 1], ['ArrowDown', 2], ['ArrowUp', 1], ['End', CHATS - 1], ['ArrowDown', CHATS - 1]
  ] as const) {
    await press(key)
    t.equal(await focused(), index, key)
  }
  await press('Tab', 'Shift+Tab')
  t.equal(await focused(), CHATS - 1, 'the list remembers where it was left')
  await press('Home', 'Enter')
  await page.locator('textarea:focus').waitFor()
  await press('Escape')
  t.equal(await focused(), 0, 'the open chat is the stop')
}
