/** Reports and bans in the web client, as those use them who report, and those who keep order. */
import type { Browser, Locator, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { bubbles, chatLink, signInAs } from '../../support/clients/web-client.ts'
import { type Account, register } from '../../support/data/accounts.ts'
import { type ApiClient, clientOf } from '../../support/data/api-clients.ts'
import { integerAt, textAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const NIGHT = { colorScheme: 'dark' } as const

t.setTimeout(300_000)

type Person = Account & { id: string, by: ApiClient }
type Scene = { browser: Browser, cluster: Cluster, ann: Person, bob: Person, cleo: Person, chat: string }

await onEmbedded(
  t,
  async (t, cluster) => {
    await withBrowser(t, 'in Chromium', async (t, browser) => {
      const [ann, bob, cleo] = [
        await person(cluster, 'Ann'), await person(cluster, 'Bob'), await person(cluster, 'Cleo')
      ]
      const { body } = await ann.by.call('POST', '/chats', {
        type: 'group', name: 'Walkers', members: [{ user: bob.id }, { user: cleo.id }]
      })
      const scene = { browser, cluster, ann, bob, cleo, chat: textAt(body, 'chat', 'id') }
      await t.test('a member reports a message and a person', (t) => reports(t, scene))
      await t.test('a moderator judges them', (t) => judges(t, scene))
      await t.test('somebody is banned by the menu, and the ban ended', (t) => bans(t, scene))
    })
  },
  { isEmpty: true, inspectable: true }
)

async function person (cluster: Cluster, name: string): Promise<Person> {
  const account = await register(cluster, uniqueName(`${name}-`))
  const by = clientOf(cluster, '', account.accessToken)
  return { ...account, by, id: textAt((await by.call('GET', '/me')).body, 'id') }
}

async function open (t: Test, { browser, cluster }: Scene, account: Account, options: object = {}): Promise<Page> {
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`, options)
  await signInAs(page, account)
  await chatLink(page, 'Walkers').click()
  return page
}

async function expectAccessible (t: Test, page: Page, title: string): Promise<void> {
  t.strictSame(await accessibilityFaults(page), [], `axe finds nothing: ${title}`)
}

function panel (page: Page): Locator {
  return page.locator('.pane-panel')
}

function dialog (page: Page): Locator {
  return page.getByRole('dialog')
}

async function post ({ chat }: Scene, { by }: Person, text: string): Promise<number> {
  return integerAt((await by.call('POST', `/chats/${chat}/messages`, { text })).body, 'seq')
}

/** Opens the menu of a message by the keyboard, and chooses an entry. */
async function chooseOfMessage (page: Page, text: string, entry: string): Promise<void> {
  const message = page.locator('.message', { hasText: text }).first()
  await message.hover()
  const menu = message.getByRole('button', { name: 'Actions' })
  await menu.focus()
  await menu.press('Enter')
  await page.getByRole('menuitem', { name: entry }).press('Enter')
}

async function reports (t: Test, scene: Scene): Promise<void> {
  for (const text of ['buy now', 'cheap boots', 'see you on Sunday']) await post(scene, scene.bob, text)
  const page = await open(t, scene, scene.cleo)
  await bubbles(page).getByText('cheap boots').waitFor()
  for (const text of ['buy now', 'cheap boots']) {
    await chooseOfMessage(page, text, 'Report…')
    await dialog(page).getByText(`Report the message of ${scene.bob.username}`).waitFor()
    if (text === 'buy now') await expectAccessible(t, page, 'a report')
    await dialog(page).getByLabel('Say more, if you like').fill(`Not ${text}`)
    await dialog(page).getByRole('button', { name: 'Report', exact: true }).click()
    await page.getByText('Thank you. It is reported.').first().waitFor()
    await dialog(page).waitFor({ state: 'detached' })
  }
  await page.getByRole('button', { name: 'Walkers', exact: true }).click()
  await panel(page).getByRole('button', { name: /^Members/ }).click()
  const member = panel(page).locator('.member', { hasText: scene.bob.username })
  await member.getByRole('button', { name: /^Actions for/ }).click()
  t.equal(await page.getByRole('menuitem', { name: 'Ban…' }).count(), 0, 'a member bans nobody')
  await page.getByRole('menuitem', { name: 'Report…' }).click()
  await dialog(page).getByLabel('What is wrong?').selectOption('Insults or harassment')
  await dialog(page).getByRole('button', { name: 'Report', exact: true }).click()
  await page.getByText('Thank you. It is reported.').first().waitFor()
}

async function judges (t: Test, scene: Scene): Promise<void> {
  const page = await open(t, scene, scene.ann, NIGHT)
  await page.getByRole('button', { name: 'Walkers', exact: true }).click()
  await panel(page).getByRole('button', { name: 'Moderation' }).click()
  const cards = panel(page).locator('.report-list > li')
  await cards.nth(2).waitFor()
  t.match(await cards.nth(0).textContent(), /Insults or harassment.*The person is reported/s)
  await cards.nth(1).getByText(`Reported by ${scene.cleo.username}: Not cheap boots`).waitFor()
  t.match(await cards.nth(1).locator('blockquote').textContent(), 'cheap boots')
  await expectAccessible(t, page, 'reports by night')

  await cards.nth(1).getByRole('button', { name: 'Show in the chat' }).click()
  await bubbles(page).getByText('cheap boots').waitFor()
  await page.getByRole('button', { name: 'Walkers', exact: true }).click()
  await panel(page).getByRole('button', { name: 'Moderation' }).click()

  const chooseOf = async (text: string, entry: string) => {
    await cards.filter({ hasText: text }).getByRole('button', { name: /^Actions for the report/ }).click()
    await page.getByRole('menuitem', { name: entry }).click()
  }
  await chooseOf('cheap boots', 'Delete the message')
  await cards.filter({ hasText: 'cheap boots' }).waitFor({ state: 'detached' })
  await bubbles(page).getByText('cheap boots').waitFor({ state: 'detached' })
  await cards.filter({ hasText: 'buy now' }).getByRole('button', { name: 'Dismiss' }).click()
  await cards.filter({ hasText: 'buy now' }).waitFor({ state: 'detached' })
  await page.getByText('The report is dismissed.').waitFor()
  await page.getByRole('button', { name: 'Undo' }).last().click()
  await cards.filter({ hasText: 'buy now' }).waitFor()
  await cards.filter({ hasText: 'buy now' }).getByRole('button', { name: 'Dismiss' }).click()
  await cards.filter({ hasText: 'buy now' }).waitFor({ state: 'detached' })

  await chooseOf('The person is reported', 'Ban…')
  await dialog(page).getByLabel('For how long').selectOption('A week')
  await dialog(page).getByLabel('Reason, for the moderators').fill('Advertising')
  await expectAccessible(t, page, 'a ban')
  await dialog(page).getByRole('button', { name: 'Ban', exact: true }).click()
  await panel(page).getByText('There are no such reports.').waitFor()
  const banned = panel(page).locator('.row', { hasText: scene.bob.username })
  await banned.getByText(/until .*Advertising/).waitFor()
  t.equal((await scene.bob.by.call('GET', `/chats/${scene.chat}`)).status, 404, 'he is out')

  await panel(page).getByLabel('Which reports').selectOption('Resolved')
  await cards.filter({ hasText: 'The message is deleted.' }).getByText(`Decided by ${scene.ann.username}`).waitFor()
  await expectAccessible(t, page, 'decided reports')
  await banned.getByRole('button', { name: `End the ban of ${scene.bob.username}` }).click()
  await panel(page).getByText('Nobody is banned.').waitFor()
  const back = await scene.ann.by.call('PUT', `/chats/${scene.chat}/members/${scene.bob.id}`, {})
  t.equal(back.status, 201)
}

async function bans (t: Test, scene: Scene): Promise<void> {
  const his = await open(t, scene, scene.bob)
  await his.getByLabel('Message to Walkers').waitFor()
  const page = await open(t, scene, scene.ann)
  await page.getByRole('button', { name: 'Walkers', exact: true }).click()
  await panel(page).getByRole('button', { name: /^Members/ }).click()
  const member = panel(page).locator('.member', { hasText: scene.bob.username })
  await member.getByRole('button', { name: /^Actions for/ }).click()
  await page.getByRole('menuitem', { name: 'Ban…' }).click()
  await dialog(page).getByRole('button', { name: 'Ban', exact: true }).click()
  await member.waitFor({ state: 'detached' })
  await chatLink(his, 'Walkers').waitFor({ state: 'detached' })
  await panel(page).getByRole('button', { name: 'Add people' }).click()
  await dialog(page).getByLabel('Who should be in it?').fill(scene.bob.username)
  await dialog(page).getByRole('button', { name: scene.bob.username, exact: true }).click()
  await dialog(page).getByRole('button', { name: 'Add 1 person' }).click()
  await page.getByText('They are banned from this chat.').waitFor()
}
