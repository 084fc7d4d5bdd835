/** Two-factor sign-in in the web client, as people use it. */
import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { fill, signInAs, signOut } from '../../support/clients/web-client.ts'
import { register } from '../../support/data/accounts.ts'
import { codeOf } from '../../support/data/one-time-codes.ts'
import { switchOnTwoFactor } from '../../support/data/two-factor.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, locale: 'de-DE' } as const
/** Far from the present time step. */
const WRONG_STEPS = 1_000

t.setTimeout(300_000)

await onEmbedded(t, async (t, cluster) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    await t.test('it is set up, used, and switched off', (t) => walk(t, browser, cluster))
    await t.test('on a phone, in German, a recovery code signs in', (t) => recovery(t, browser, cluster))
  })
})

async function expectAccessible (t: Test, page: Page, title: string): Promise<void> {
  t.strictSame(await accessibilityFaults(page), [], `axe finds nothing: ${title}`)
}

async function openSecurity (page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Your account' }).click()
  const sections = page.getByRole('navigation', { name: 'Settings' })
  await sections.getByRole('button', { name: 'Password and sessions' }).click()
  await page.getByRole('region', { name: 'Two-factor sign-in' }).getByRole('button').first().waitFor()
}

async function walk (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const ann = await register(cluster, uniqueName('Ann-'))
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await signInAs(page, ann)
  await openSecurity(page)
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'Set up' }).click()
  await dialog.getByLabel('Your password').fill('not this one')
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByRole('alert').getByText('The password is wrong.').waitFor()
  await expectAccessible(t, page, 'the password')
  await dialog.getByLabel('Your password').fill(ann.password)
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor()
  await expectAccessible(t, page, 'the secret')
  const secret = (await dialog.locator('code').textContent() ?? '').replaceAll(' ', '')
  cluster.secrets.add(secret)
  await dialog.getByRole('button', { name: 'Copy the key' }).click()
  await page.getByText('The key is copied.').waitFor()
  t.equal(await page.evaluate('navigator.clipboard.readText()'), secret)

  await dialog.getByLabel('Code that the app shows').fill(codeOf(secret, WRONG_STEPS))
  await dialog.getByRole('button', { name: 'Switch on' }).click()
  await dialog.getByRole('alert').getByText('The code is wrong, or too old.').waitFor()
  await dialog.getByLabel('Code that the app shows').fill(codeOf(secret))
  await dialog.getByRole('button', { name: 'Switch on' }).click()
  await dialog.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  const codes = await dialog.getByRole('listitem').allTextContents()
  t.equal(codes.length, 10)
  for (const code of codes) cluster.secrets.add(code)
  await expectAccessible(t, page, 'the recovery codes')
  // They are shown once, so that a slip does not close them.
  await page.mouse.click(5, 5)
  const downloading = page.waitForEvent('download')
  await dialog.getByRole('link', { name: 'Download' }).click()
  const download = await downloading
  t.equal(download.suggestedFilename(), 'confab-recovery-codes.txt')
  t.equal(await readFile(await download.path(), 'utf8'), `${codes.join('\n')}\n`)
  await dialog.getByRole('button', { name: 'I have kept them' }).click()
  await page.getByText('10 recovery codes left').waitFor()
  await expectAccessible(t, page, 'switched on')

  await page.getByRole('button', { name: 'Back' }).first().click()
  await signOut(page)
  await fill(page, { 'Username or e-mail address': ann.username, Password: ann.password })
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'One more step' }).waitFor()
  await expectAccessible(t, page, 'the second step')
  const field = page.getByLabel('Code', { exact: true })
  t.strictSame(
    [await field.getAttribute('autocomplete'), await field.getAttribute('inputmode')], ['one-time-code', 'numeric']
  )
  await field.fill(codeOf(secret, WRONG_STEPS))
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('alert').getByText('The code is wrong, or too old.').waitFor()
  await field.fill(codeOf(secret, 1))
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: 'New chat' }).first().waitFor()

  await openSecurity(page)
  await page.getByRole('button', { name: 'Get new ones' }).click()
  await dialog.getByLabel('Your password').fill(ann.password)
  await dialog.getByLabel('Code of the app, or a recovery code').fill(codes[0] ?? '')
  await expectAccessible(t, page, 'new recovery codes')
  await dialog.getByRole('button', { name: 'Get new codes' }).click()
  await dialog.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  const renewed = await dialog.getByRole('listitem').allTextContents()
  for (const code of renewed) cluster.secrets.add(code)
  t.equal(new Set([...codes, ...renewed]).size, 20)
  await dialog.getByRole('button', { name: 'I have kept them' }).click()

  await page.getByRole('button', { name: 'Switch off' }).click()
  await dialog.getByLabel('Your password').fill(ann.password)
  await dialog.getByLabel('Code of the app, or a recovery code').fill(renewed[0] ?? '')
  await expectAccessible(t, page, 'the question')
  await dialog.getByRole('button', { name: 'Switch off' }).click()
  await page.getByText('Two-factor sign-in is off.').waitFor()
  await page.getByRole('button', { name: 'Set up' }).waitFor()
}

async function recovery (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const bob = await register(cluster, uniqueName('Bob-'))
  const { codes: [code = ''] } = await switchOnTwoFactor(cluster, bob)
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`, PHONE)
  await fill(page, { 'Benutzername oder E-Mail-Adresse': bob.email, Passwort: bob.password })
  await page.getByRole('button', { name: 'Anmelden' }).tap()
  await page.getByRole('button', { name: 'Einen Wiederherstellungscode benutzen' }).tap()
  await expectAccessible(t, page, 'a recovery code')
  await page.getByLabel('Wiederherstellungscode').fill(code.toUpperCase())
  await page.getByRole('button', { name: 'Anmelden' }).tap()
  await page.getByRole('button', { name: 'Dein Konto' }).tap()
  await page.getByRole('button', { name: 'Passwort und Sitzungen' }).tap()
  await page.getByText('Noch 9 Wiederherstellungscodes').waitFor()
  await expectAccessible(t, page, 'the section on a phone')
}
