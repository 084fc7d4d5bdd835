/** The settings of the web client, as people use them. */
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { chatLink, fill, signInAs } from '../../support/clients/web-client.ts'
import { type Account, createChat, logIn, register } from '../../support/data/accounts.ts'
import { clientOf } from '../../support/data/api-clients.ts'
import { at, listAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, locale: 'de-DE' } as const

t.setTimeout(300_000)

await onEmbedded(
  t,
  async (t, cluster) => {
    await withBrowser(t, 'in Chromium', async (t, browser) => {
      const ann = await register(cluster, uniqueName('Ann-'))
      await t.test('a name, and how the page looks', (t) => looks(t, browser, cluster, ann))
      await t.test('privacy and notifications', (t) => privacy(t, browser, cluster, ann))
      await t.test('sessions, and another password', (t) => security(t, browser, cluster, ann))
      await t.test('on a phone, in German: the end of an account', (t) => erasure(t, browser, cluster))
    })
  },
  { isEmpty: true }
)

async function open (t: Test, browser: Browser, cluster: Cluster, account: Account): Promise<Page> {
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`)
  await signInAs(page, account)
  await page.getByRole('button', { name: 'Your account' }).click()
  return page
}

async function expectAccessible (t: Test, page: Page, title: string): Promise<void> {
  t.strictSame(await accessibilityFaults(page), [], `axe finds nothing: ${title}`)
}

async function section (page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('button', { name }).click()
  await page.getByRole('heading', { name, exact: true, level: 1 }).waitFor()
}

async function looks (t: Test, browser: Browser, cluster: Cluster, ann: Account): Promise<void> {
  const page = await open(t, browser, cluster, ann)
  await page.getByText(ann.email).waitFor()
  await expectAccessible(t, page, 'profile')
  await page.getByLabel('Name', { exact: true }).fill('Ann of the Hills')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.locator('.portrait-name', { hasText: 'Ann of the Hills' }).waitFor()
  await section(page, 'Appearance and language')
  await expectAccessible(t, page, 'appearance')
  await page.getByLabel('Colours').selectOption('Dark')
  await page.getByLabel('Text size').selectOption('Large')
  await page.getByRole('switch', { name: 'Reduce motion' }).click()
  await page.reload()
  await page.getByLabel('Colours').waitFor()
  const shown = await page.evaluate(`[
    getComputedStyle(document.documentElement).colorScheme, getComputedStyle(document.documentElement).fontSize,
    getComputedStyle(document.documentElement).getPropertyValue('--fast')
  ].join()`)
  t.equal(shown, 'dark,18px,0ms', 'it stays so')
  await expectAccessible(t, page, 'by night')
  await page.getByLabel('Language', { exact: true }).selectOption('Deutsch')
  await page.getByRole('heading', { name: 'Darstellung und Sprache' }).waitFor()
}

async function privacy (t: Test, browser: Browser, cluster: Cluster, ann: Account): Promise<void> {
  const bob = await register(cluster, uniqueName('Bob-'))
  await createChat(cluster, ann, bob)
  const api = clientOf(cluster, '', ann.accessToken)
  const page = await open(t, browser, cluster, ann)
  await section(page, 'Privacy')
  await page.getByText('You have blocked nobody.').waitFor()
  await page.getByRole('switch', { name: 'Show when I am online' }).click()
  await section(page, 'Notifications')
  await page.getByLabel('Notify me of').selectOption('Mentions only')
  await page.getByRole('checkbox', { name: 'Quiet hours' }).check()
  await page.getByLabel('From').fill('21:30')
  await page.getByLabel('Mail me about unread messages').selectOption('After 15 minutes')
  await expectAccessible(t, page, 'notifications')
  await page.reload()
  await page.getByLabel('From').waitFor()
  const { body } = await api.call('GET', '/me/notifications')
  t.match(body, { push: 'mentions', quiet_hours: { from: '21:30' }, unread_mail: { after_minutes: 15 } })
  t.match((await api.call('GET', '/me/presence')).body, { shared: false })

  await page.getByRole('button', { name: 'Back' }).first().click()
  await chatLink(page, bob.username).click()
  await page.getByRole('heading', { name: bob.username }).getByRole('button').click()
  await page.getByRole('button', { name: 'Block', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Block' }).click()
  await page.getByText('You can read this chat, but not write in it.').waitFor()
  await page.getByRole('button', { name: 'Unblock' }).waitFor()
  await expectAccessible(t, page, 'details of somebody who is blocked')
  await page.getByRole('button', { name: 'Your account' }).click()
  await section(page, 'Privacy')
  await page.getByText(bob.username).waitFor()
  await expectAccessible(t, page, 'privacy')
  await page.getByRole('button', { name: 'Unblock' }).click()
  await page.getByText('You have blocked nobody.').waitFor()
  t.strictSame(listAt((await api.call('GET', '/me/blocks')).body, 'items'), [])
}

async function security (t: Test, browser: Browser, cluster: Cluster, ann: Account): Promise<void> {
  const page = await open(t, browser, cluster, ann)
  const other = await logIn(cluster, ann)
  await section(page, 'Password and sessions')
  await page.getByText('This session').waitFor()
  await page.getByText('Chrome on Linux').first().waitFor()
  await expectAccessible(t, page, 'sessions')
  await page.getByRole('button', { name: 'End all other sessions' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'End all other sessions' }).click()
  await page.getByText('All other sessions have ended.').waitFor()
  const refused = await clientOf(cluster, '', other.accessToken).call('GET', '/me')
  t.equal(refused.status, 401, 'the other one has ended')
  const password = uniqueName('Another-Pass-7')
  cluster.secrets.add(password)
  await fill(page, { 'Current password': 'not this one', 'New password': password })
  await page.getByRole('button', { name: 'Change the password' }).click()
  await page.getByRole('alert').getByText('The password is wrong.').waitFor()
  await expectAccessible(t, page, 'a wrong password')
  await page.getByLabel('Current password').fill(ann.password)
  await page.getByRole('button', { name: 'Change the password' }).click()
  await page.getByText('The password is changed.').waitFor()
  const { accessToken } = await logIn(cluster, { ...ann, password })
  t.equal(at((await clientOf(cluster, '', accessToken).call('GET', '/me')).body, 'name'), 'Ann of the Hills')
}

async function erasure (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const cleo = await register(cluster, uniqueName('Cleo-'))
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`, PHONE)
  await fill(page, { 'Benutzername oder E-Mail-Adresse': cleo.username, Passwort: cleo.password })
  await page.getByRole('button', { name: 'Anmelden' }).tap()
  await page.getByRole('button', { name: 'Dein Konto' }).tap()
  await page.getByRole('button', { name: 'Abmelden' }).waitFor()
  await expectAccessible(t, page, 'the sections on a phone')
  await page.getByRole('button', { name: 'Konto', exact: true }).tap()
  await page.getByRole('button', { name: 'Mein Konto löschen' }).waitFor()
  await expectAccessible(t, page, 'a section on a phone')
  await page.getByRole('button', { name: 'Zurück' }).tap()
  await page.getByRole('button', { name: 'Konto', exact: true }).tap()
  await page.getByRole('button', { name: 'Mein Konto löschen' }).tap()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Dein Passwort').fill('not this one')
  await dialog.getByRole('button', { name: 'Für immer löschen' }).tap()
  await dialog.getByRole('alert').getByText('Das Passwort ist falsch.').waitFor()
  await expectAccessible(t, page, 'the last question')
  await dialog.getByLabel('Dein Passwort').fill(cleo.password)
  await dialog.getByRole('button', { name: 'Für immer löschen' }).tap()
  await page.getByRole('heading', { name: 'Anmelden' }).waitFor()
  t.equal((await clientOf(cluster, '', cleo.accessToken).call('GET', '/me')).status, 401)
}
