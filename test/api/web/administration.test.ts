/** The area of operators in the web client. */
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { setOperator } from '../../../src/domain/moderation/operators.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { fill, signInAs } from '../../support/clients/web-client.ts'
import { type Account, register } from '../../support/data/accounts.ts'
import { clientOf } from '../../support/data/api-clients.ts'
import { integerAt, textAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const PHONE = {
  viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'dark', locale: 'de-DE'
} as const
const WIDE = { viewport: { width: 1280, height: 900 } } as const

t.setTimeout(300_000)

type Scene = { browser: Browser, cluster: Cluster, ann: Account, bob: Account, ops: Account }

await onEmbedded(
  t,
  async (t, cluster) => {
    await withBrowser(t, 'in Chromium', async (t, browser) => {
      const [ann, bob, ops] = [
        await register(cluster, uniqueName('Ann-')), await register(cluster, uniqueName('Bob-')),
        await register(cluster, uniqueName('Ops-'))
      ]
      await setOperator(cluster.orm, ops.username, true)
      await prepare(cluster, ann, bob)
      const scene = { browser, cluster, ann, bob, ops }
      await t.test('an operator finds the health, the reports and the log', (t) => administration(t, scene))
      await t.test('the same on a phone by night', (t) => onPhone(t, scene))
      await t.test('nobody else does', (t) => others(t, scene))
    })
  },
  { isEmpty: true, inspectable: true }
)

/** A group of Ann's, in which Bob has written what she reports, of which she deletes one, and removes him. */
async function prepare (cluster: Cluster, ann: Account, bob: Account): Promise<void> {
  const [hers, his] = [clientOf(cluster, '', ann.accessToken), clientOf(cluster, '', bob.accessToken)]
  const user = textAt((await his.call('GET', '/me')).body, 'id')
  const made = await hers.call('POST', '/chats', { type: 'group', name: 'Walkers', members: [{ user }] })
  const chat = textAt(made.body, 'chat', 'id')
  for (const text of ['buy now', 'cheap boots']) {
    const { body } = await his.call('POST', `/chats/${chat}/messages`, { text })
    const seq = integerAt(body, 'seq')
    await hers.call('POST', '/reports', { chat, seq, reason: 'spam', text: `Not ${text}` })
    if (text === 'cheap boots') await hers.call('DELETE', `/chats/${chat}/messages/${String(seq)}`)
  }
  await hers.call('DELETE', `/chats/${chat}/members/${user}`)
}

async function open (t: Test, { browser, cluster }: Scene, account: Account, options: object): Promise<Page> {
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`, options)
  await signInAs(page, account)
  return page
}

async function expectAccessible (t: Test, page: Page, title: string): Promise<void> {
  t.strictSame(await accessibilityFaults(page), [], `axe finds nothing: ${title}`)
}

async function administration (t: Test, scene: Scene): Promise<void> {
  const page = await open(t, scene, scene.ops, WIDE)
  await page.getByRole('button', { name: 'Your account' }).click()
  await page.getByRole('button', { name: 'Administration' }).click()
  await page.getByText('Messages a minute').first().waitFor()
  const tile = (name: string) => page.locator('.tile', { hasText: name }).locator('dd')
  t.match(await tile('Open reports').textContent(), '2')
  t.match(await tile('Postgres').textContent(), /ms.*MB/)
  t.equal(await page.getByRole('table').first().getByRole('row').count(), scene.cluster.replicas.length + 1)
  await expectAccessible(t, page, 'health')
  await page.waitForResponse((answer) => answer.url().endsWith('/health-report'))

  await page.getByRole('button', { name: 'Reports of all chats' }).click()
  const cards = page.locator('.report-list > li')
  await cards.filter({ hasText: 'buy now' }).getByText(`Reported by ${scene.ann.username}`).waitFor()
  await cards.filter({ hasText: 'The message is deleted.' }).waitFor()
  await expectAccessible(t, page, 'reports of all chats')
  await cards.filter({ hasText: 'buy now' }).getByRole('button', { name: 'Dismiss' }).click()
  await cards.filter({ hasText: 'buy now' }).waitFor({ state: 'detached' })
  await page.getByText('The report is dismissed.').waitFor()

  await page.getByRole('button', { name: 'Audit log' }).click()
  const entries = page.locator('.audit-entry')
  await entries.first().getByText('Decided on a report').waitFor()
  await entries.first().getByText('Open → Dismissed').waitFor()
  await entries.filter({ hasText: 'Made an operator' }).getByText('Command of confab').waitFor()
  await expectAccessible(t, page, 'the audit log')
  await page.getByLabel('What was done').selectOption('Messages of others')
  await entries.filter({ hasText: 'Decided on a report' }).waitFor({ state: 'detached' })
  await entries.first().getByText('Deleted a message of somebody else').waitFor()
  t.equal(await entries.count(), 1)
  await page.getByLabel('What was done').selectOption('Everything')
  await page.getByLabel('Who did it').fill(scene.ann.username)
  await page.getByRole('button', { name: scene.ann.username, exact: true }).click()
  await entries.filter({ hasText: 'Made an operator' }).waitFor({ state: 'detached' })
  await entries.first().getByText('Removed a member').waitFor()
  t.equal(await entries.count(), 2, 'what she did')
  await page.getByLabel('To', { exact: true }).fill('2020-01-01')
  await page.getByText('Nothing of that kind was done.').waitFor()
  await expectAccessible(t, page, 'an empty log')
}

async function onPhone (t: Test, scene: Scene): Promise<void> {
  const { url } = scene.cluster.replica(0)
  const page = await openPage(t, scene.browser, `${url}/app`, PHONE)
  await fill(page, { 'Benutzername oder E-Mail-Adresse': scene.ops.username, Passwort: scene.ops.password })
  await page.getByRole('button', { name: 'Anmelden' }).tap()
  await page.getByRole('button', { name: 'Neuer Chat' }).first().waitFor()
  await page.goto(`${url}/app#/administration/`)
  await page.getByRole('heading', { name: 'Verwaltung' }).waitFor()
  await page.getByRole('button', { name: 'Zustand' }).tap()
  await page.getByText('Offene Meldungen').waitFor()
  await expectAccessible(t, page, 'health on a phone by night, in German')
  const width = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
  t.equal(width, 0, 'nothing sticks out')
  await page.getByRole('button', { name: 'Zurück' }).first().tap()
  await page.getByRole('button', { name: 'Protokoll' }).tap()
  await page.getByText('Hat jemanden zum Betreiber gemacht').waitFor()
  await page.getByText('Rolle: Mitglied').waitFor()
  await expectAccessible(t, page, 'the log on a phone by night, in German')
}

async function others (t: Test, scene: Scene): Promise<void> {
  const page = await open(t, scene, scene.bob, WIDE)
  await page.getByRole('button', { name: 'Your account' }).click()
  await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor()
  t.equal(await page.getByRole('button', { name: 'Administration' }).count(), 0)
  await page.goto(`${scene.cluster.replica(0).url}/app#/administration/health`)
  await page.getByText('This is for operators of the server.').waitFor()
  await expectAccessible(t, page, 'what is not theirs')
}
