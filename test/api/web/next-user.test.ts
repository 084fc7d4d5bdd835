/** One person after another at the same browser. */
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { openPage, withBrowser } from '../../support/clients/browser.ts'
import { call } from '../../support/clients/http.ts'
import { signUp, type Visitor } from '../../support/clients/visitor.ts'
import { bubbles, chatLink, signInAs, signOut, write } from '../../support/clients/web-client.ts'
import { at, integerAt, textAt } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { startWorld } from '../../support/servers/web-world.ts'

const GROUP = 'Trail crew'
/** The time to take a deletion back does not end by itself, however slow the machine is. */
const NO_END = `{
  const real = setTimeout
  window.setTimeout = (act, delay, ...rest) => real(act, delay === 5_000 ? 600_000 : delay, ...rest)
}`

t.setTimeout(300_000)

await withServices(t, 'the web client', async (t, services) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    const { replicas: [one], outbox } = await startWorld(t, services)
    const { url } = one
    const [ann, bob] = [await signUp(one, outbox), await signUp(one, outbox)]
    const as = async ({ token }: Visitor, method: string, path: string, body?: unknown) =>
      (await call(`${url}/v1${path}`, method, { bearer: token, body })).body
    const user = textAt(await as(bob, 'GET', '/me'), 'id')
    const made = await as(ann, 'POST', '/chats', { type: 'group', name: GROUP, members: [{ user }] })
    const chat = textAt(made, 'chat', 'id')
    const messages = `/chats/${chat}/messages`
    const page = await open(t, browser, url, ann)
    await t.test('what was deleted last is deleted', async (t) => {
      const seq = integerAt(await as(ann, 'POST', messages, { text: 'a slip' }), 'seq')
      await choose(page, 'a slip', 'Delete')
      await page.getByText('This message was deleted.').waitFor()
      await signOut(page)
      const isDeleted = async () =>
        typeof at(await as(ann, 'GET', `${messages}/${String(seq)}`), 'deleted_at') === 'string'
      t.ok(await eventually(isDeleted))
    })
    await t.test('nothing of what the first one was doing is shown to the next one', async (t) => {
      await enter(page, ann)
      await write(page, GROUP, 'Hello')
      await page.locator('.message.is-sending').waitFor({ state: 'detached' })
      await page.locator('.pane-chat input[type=file]').setInputFiles([
        { name: 'private.txt', mimeType: 'text/plain', buffer: Buffer.from('private') }
      ])
      await page.locator('.upload-size').waitFor()
      await choose(page, 'Hello', 'Reply')
      await page.locator('.composer-mode').waitFor()
      await signOut(page)
      await enter(page, bob)
      await bubbles(page).getByText('Hello').waitFor()
      t.equal(await page.getByText('private.txt').count(), 0, 'a file')
      t.equal(await page.locator('.composer-mode').count(), 0, 'a reply')
    })
  })
})

async function open (t: Test, browser: Browser, url: string, who: Visitor): Promise<Page> {
  const page = await openPage(t, browser, `${url}/app`, { script: NO_END })
  await enter(page, who)
  return page
}

async function enter (page: Page, who: Visitor): Promise<void> {
  await signInAs(page, who)
  await chatLink(page, GROUP).click()
  await page.getByLabel(`Message to ${GROUP}`).waitFor()
}

/** Chooses from the menu of a message. */
async function choose (page: Page, text: string, name: string): Promise<void> {
  const row = page.locator('.pane-chat .message', { hasText: text })
  await row.hover()
  await row.getByRole('button', { name: 'Actions', exact: true }).click()
  await page.getByRole('menuitem', { name, exact: true }).click()
}
