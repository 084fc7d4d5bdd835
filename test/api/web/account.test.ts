/** The dialog of the web client about the user's account. */
import t from '../../support/tap.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { logIn, register } from '../../support/data/accounts.ts'
import { startCluster } from '../../support/servers/cluster.ts'

await withBrowser(t, 'the account of a user', async (t, browser) => {
  await t.test('shows the sessions, ends them, and changes the password', async (t) => {
    const cluster = await startCluster(t)
    const account = await register(cluster)
    const page = await openPage(t, browser, `${cluster.replica(0).url}/app`)
    await page.getByLabel('Username', { exact: true }).fill(account.username)
    await page.getByLabel('Password', { exact: true }).fill(account.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Your account' }).click()
    const dialog = page.getByRole('dialog', { name: 'Your account' })
    const items = dialog.getByRole('listitem')
    await items.filter({ hasText: 'This browser' }).waitFor()
    t.equal(await items.count(), 2)
    t.match(await items.first().innerText(), /Chrome on Linux/)
    t.strictSame(await accessibilityFaults(page), [])

    await dialog.getByRole('button', { name: /^Sign out node/ }).click()
    await items.nth(1).waitFor({ state: 'detached' })
    t.equal((await cluster.get('/v1/me/sessions', { bearer: account.accessToken })).status, 401)

    const other = await logIn(cluster, account)
    await dialog.getByLabel('Current password').fill('Wrong-Pass-1')
    await dialog.getByLabel('New password').fill('a pass phrase that is long')
    await dialog.getByRole('button', { name: 'Change the password' }).click()
    await dialog.getByText('The current password is wrong.').waitFor()
    await dialog.getByLabel('Current password').fill(account.password)
    await dialog.getByRole('button', { name: 'Change the password' }).click()
    await dialog.getByText('Your password is changed.').waitFor()
    t.equal((await cluster.get('/v1/me/sessions', { bearer: other.accessToken })).status, 401)
    t.ok(await logIn(cluster, { ...account, password: 'a pass phrase that is long' }))
  })
})
