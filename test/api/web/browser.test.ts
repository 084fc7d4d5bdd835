import type { Browser, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { WebSocket } from 'ws'
import { ConfabClient, MemoryStorage } from '../../../src/client/index.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { newRegistration, type Registration } from '../../support/data/accounts.ts'
import { eventually } from '../../support/deadline.ts'
import { withServices } from '../../support/servers/deployments.ts'
import type { ReplicaProcess } from '../../support/servers/process.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { startWorld, type World } from '../../support/servers/web-world.ts'
import { integerAt, textAt } from '../../support/data/json.ts'
import { codeIn, linkIn } from '../../support/data/outbox.ts'
import { signIn, signUp, type Visitor } from '../../support/clients/visitor.ts'
import { bubbles, chatLink, fill, signInAs, signOut, write } from '../../support/clients/web-client.ts'

const DEADLINE_MS = 30_000
const HISTORY = 130
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'dark' } as const

t.setTimeout(300_000)

/** What is wrong with a screen for who cannot see it, or not well. */
async function expectAccessible (t: Test, page: Page, title: string): Promise<void> {
  t.strictSame(await accessibilityFaults(page), [], `axe finds nothing: ${title}`)
}

/** Waits until the texts are these and no others, in this order. */
async function expectTexts (t: Test, page: Page, texts: readonly string[], title: string): Promise<void> {
  await eventually(
    async () => (await bubbles(page).count()) === texts.length && (await page.locator('.is-sending').count()) === 0,
    DEADLINE_MS
  )
  t.strictSame(await bubbles(page).allTextContents(), texts, title)
}

function clientOf (t: Test, { url }: ReplicaProcess, { token }: { token: string }): ConfabClient {
  const client = new ConfabClient({ url, WebSocket, getToken: () => token, storage: new MemoryStorage() })
  t.teardown(() => client.close())
  client.connect()
  return client
}

/** The id of a user in `/v1`. */
async function idOf (client: ConfabClient): Promise<string> {
  return textAt(await client.request('/me'), 'id')
}

await withServices(t, 'the web client', async (t, services) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    const world = await startWorld(t, services)
    const bob = await signUp(world.replicas[1], world.outbox)
    const ann = newRegistration(uniqueName('Ann-'))
    await t.test('from a new account to a conversation across a killed server', (t) =>
      walk(t, browser, world, { ann, bob })
    )
    await t.test('on a phone, by night, in another language', (t) => onPhone(t, browser, world, bob))
    await t.test('by keyboard alone', (t) => byKeyboard(t, browser, world, { ann, bob }))
    await t.test('in two tabs: two people, or one', (t) => inTwoTabs(t, browser, world, { ann, bob }))
    await t.test('what was not sent outlives its page', (t) => unsent(t, browser, world, { ann, bob }))
    await t.test('what is refused is told, and can be tried again', (t) => refused(t, browser, world, { ann, bob }))
    await t.test('a forgotten password', (t) => forgotten(t, browser, world, bob))
  })
})

async function walk (
  t: Test,
  browser: Browser,
  { replicas, restart, outbox }: World,
  { ann, bob }: { ann: Registration, bob: Visitor }
): Promise<void> {
  const hers = await openPage(t, browser, `${replicas[0].url}/`)
  await expectAccessible(t, hers, 'the welcome page')
  await hers.getByRole('link', { name: 'Open the chat' }).click()
  await hers.getByLabel('Username or e-mail address').waitFor()
  await expectAccessible(t, hers, 'sign in')
  await fill(hers, { 'Username or e-mail address': ann.username, Password: ann.password })
  await hers.getByRole('button', { name: 'Sign in' }).click()
  await hers.getByRole('alert').getByText('The username or the password is wrong.').waitFor()
  await expectAccessible(t, hers, 'sign in, refused')

  await hers.getByRole('link', { name: 'Create an account' }).click()
  await hers.getByRole('heading', { name: 'Create an account' }).waitFor()
  await expectAccessible(t, hers, 'register')
  await fill(hers, { Username: ann.username, 'E-mail address': ann.email, Password: ann.password })
  await hers.getByRole('button', { name: 'Create the account' }).click()
  t.equal(await hers.locator('.consent input:invalid').count(), 1, 'nobody is registered without consent')
  await hers.getByRole('checkbox').check()
  await hers.getByRole('button', { name: 'Create the account' }).click()
  await hers.getByRole('heading', { name: 'Check your mail' }).waitFor()
  await expectAccessible(t, hers, 'the code')
  const code = codeIn(await outbox.take(ann.email))
  await fill(hers, { Code: code === '000000' ? '000001' : '000000' })
  await hers.getByRole('button', { name: 'Confirm' }).click()
  await hers.getByRole('alert').getByText('The code is wrong').waitFor()
  await fill(hers, { Code: code })
  await hers.getByRole('button', { name: 'Confirm' }).click()
  await hers.getByText('It is quiet here.').waitFor()
  await expectAccessible(t, hers, 'no chats')

  await hers.getByRole('button', { name: 'New chat' }).first().click()
  const dialog = hers.getByRole('dialog', { name: 'New chat' })
  await dialog.getByLabel('Who do you want to talk to?').fill(bob.username.slice(0, -1))
  await dialog.getByRole('button', { name: bob.username }).waitFor()
  await expectAccessible(t, hers, 'a new chat')
  await dialog.getByRole('button', { name: bob.username }).click()
  await hers.getByText('Say hello!').waitFor()
  const hostile = '<img src=x onerror="alert(1)"> & <b>hello</b>'
  await write(hers, bob.username, hostile)
  await expectTexts(t, hers, [hostile], 'a text is a text')
  t.equal(await hers.locator('.bubble img, .bubble b').count(), 0)

  const his = await openPage(t, browser, `${replicas[1].url}/app`)
  await signInAs(his, bob)
  await chatLink(his, ann.username).locator('.badge', { hasText: '1' }).waitFor()
  t.ok(await eventually(async () => (await his.title()).startsWith('(1) ')), 'the title counts')
  await chatLink(his, ann.username).click()
  await his.locator('.unread-row').waitFor()
  await write(his, ann.username, 'hello Ann')
  await expectTexts(t, hers, [hostile, 'hello Ann'], 'an answer from another replica')
  await expectAccessible(t, hers, 'a conversation')
  await chatLink(his, ann.username).locator('.badge').waitFor({ state: 'detached' })

  replicas[0].kill('SIGKILL')
  await hers.getByText('No connection.').waitFor()
  await expectAccessible(t, hers, 'no connection')
  await write(hers, bob.username, 'written while away, 1')
  await write(hers, bob.username, 'written while away, 2')
  await hers.locator('.is-sending').nth(1).waitFor()
  await write(his, ann.username, 'are you there?')
  await expectTexts(t, his, [hostile, 'hello Ann', 'are you there?'], 'on the other replica all goes on')
  await replicas[0].exited
  await restart(0)
  // By itself it would try in a moment, too: then there is nothing left to click.
  await hers
    .getByRole('button', { name: 'Try now' })
    .click({ timeout: 1_000 })
    .catch(() => undefined)
  await hers.getByText('No connection.').waitFor({ state: 'hidden' })
  const all = [hostile, 'hello Ann', 'are you there?', 'written while away, 1', 'written while away, 2']
  await expectTexts(t, hers, all, 'nothing is lost or doubled where the server was away')
  await expectTexts(t, his, all, 'nor on the other side')
  await hers.reload()
  await expectTexts(t, hers, all, 'a reload comes back to the same place')
  await his.reload()
  await chatLink(his, ann.username).waitFor()
  t.equal(await his.locator('.badge').count(), 0, 'what was seen is read')
}

async function onPhone (t: Test, browser: Browser, { replicas, outbox }: World, bob: Visitor): Promise<void> {
  const cleo = await signUp(replicas[0], outbox)
  const client = clientOf(t, replicas[0], cleo)
  const reader = clientOf(t, replicas[0], bob)
  const chat = await client.directChat(await idOf(reader))
  for (let number = 1; number <= HISTORY; number++) await chat.send(`number ${String(number)}`)

  const page = await openPage(t, browser, `${replicas[1].url}/app`, { ...PHONE, locale: 'de-DE' })
  await page.getByRole('heading', { name: 'Anmelden' }).waitFor()
  await expectAccessible(t, page, 'sign in by night')
  await fill(page, { 'Benutzername oder E-Mail-Adresse': bob.username, Passwort: bob.password })
  await page.getByRole('button', { name: 'Anmelden' }).tap()
  await chatLink(page, cleo.username).locator('.badge', { hasText: String(HISTORY) }).waitFor()
  await expectAccessible(t, page, 'the list by night')
  await chatLink(page, cleo.username).tap()
  await page.getByRole('navigation', { name: 'Chats' }).waitFor({ state: 'hidden' })
  const number = (count: number) => bubbles(page).getByText(`number ${String(count)}`, { exact: true })
  await number(1).waitFor()
  const y = (await number(1).boundingBox())?.y ?? NaN
  t.ok(y > 0 && y < PHONE.viewport.height, 'reading begins with the first of all unread messages')
  await expectAccessible(t, page, 'a conversation by night')
  await page.getByRole('button', { name: 'Neueste Nachrichten' }).tap()
  await number(HISTORY).waitFor()
  const unread = async () => integerAt(await reader.request('/me/unread'), 'total')
  t.ok(await eventually(async () => await unread() === 0), 'all are read at the end')

  const scroller = page.getByRole('region', { name: `Nachrichten in ${cleo.username}` })
  const sights: number[] = []
  for (let first = HISTORY - 49; first > 1; first = Math.max(1, first - 50)) {
    // To the top, where older ones are loaded: what was in sight stays in sight.
    await number(first).waitFor({ state: 'attached' })
    await scroller.press('Home')
    await number(Math.max(1, first - 50)).waitFor({ state: 'attached' })
    sights.push((await number(first).boundingBox())?.y ?? NaN)
  }
  t.ok(
    sights.length === 2 && sights.every((y) => y > 0 && y < PHONE.viewport.height),
    `what was at the top is still in sight: ${sights.join()}`
  )
  await scroller.press('Home')
  await page.getByText('Hier beginnt der Chat.').waitFor()
  t.ok(await page.getByText('Heute', { exact: true }).isVisible(), 'the day is in the words of the reader')

  await page.getByRole('button', { name: 'Neueste Nachrichten' }).tap()
  await page.getByLabel(`Nachricht an ${cleo.username}`).fill('from a phone')
  await page.getByRole('button', { name: 'Senden' }).tap()
  await bubbles(page).getByText('from a phone', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Zur\u00fcck' }).tap()
  await chatLink(page, cleo.username).waitFor()
  await page.getByLabel(`Nachricht an ${cleo.username}`).waitFor({ state: 'hidden' })
  await page.goBack()
  await page.getByLabel(`Nachricht an ${cleo.username}`).waitFor()
}

async function byKeyboard (
  t: Test,
  browser: Browser,
  { replicas }: World,
  { ann, bob }: { ann: Registration, bob: Visitor }
): Promise<void> {
  const page = await openPage(t, browser, `${replicas[0].url}/app`)
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key)
  }
  const focus = page.locator(':focus')
  await page.getByLabel('Username or e-mail address').click()
  await page.keyboard.type(ann.username)
  await press('Tab')
  await page.keyboard.type(ann.password)
  await press('Enter')
  await chatLink(page, bob.username).waitFor()
  for (let stop = 0; !/^chat /.test(await focus.getAttribute('class') ?? '') && stop < 10; stop++) await press('Tab')
  t.match(await focus.textContent(), bob.username, 'the list is reached')
  await press('ArrowDown', 'ArrowUp', 'Enter')
  await page.locator('textarea:focus').waitFor()
  await page.keyboard.type('no mouse')
  await press('Shift+Enter')
  await page.keyboard.type('was used')
  await press('Enter')
  await bubbles(page).getByText('no mouse was used').waitFor()
  t.equal(await page.locator('textarea').inputValue(), '', 'the field is free for the next')
  await press('Escape')
  t.match(await focus.textContent(), bob.username, 'Escape leads back to the list')
  await page.getByRole('button', { name: 'New chat' }).focus()
  await press('Enter')
  await page.getByRole('dialog').waitFor()
  t.equal(await focus.getAttribute('type'), 'search')
  await press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  t.equal(await focus.getAttribute('aria-label'), 'New chat', 'the focus is given back')
}

async function inTwoTabs (
  t: Test,
  browser: Browser,
  { replicas }: World,
  { ann, bob }: { ann: Registration, bob: Visitor }
): Promise<void> {
  const his = await openPage(t, browser, `${replicas[0].url}/app`)
  await signInAs(his, bob)
  const hers = await openPage(t, browser, `${replicas[0].url}/app`)
  await signInAs(hers, ann)
  const hersToo = await hers.context().newPage()
  await hersToo.goto(`${replicas[0].url}/app`)
  await chatLink(hersToo, bob.username).click()
  await chatLink(his, ann.username).click()
  await write(his, ann.username, 'from one tab to two')
  for (const page of [hers, hersToo]) await chatLink(page, bob.username).getByText('from one tab to two').waitFor()
  await signOut(hersToo)
  await hers.getByRole('heading', { name: 'Sign in' }).waitFor()
  await write(his, ann.username, 'still here')
  await bubbles(his).getByText('still here').waitFor()
  await his.locator('.is-sending').waitFor({ state: 'detached' })
  t.pass('who signs out is out of all tabs, and nobody else is')
  await signInAs(hers, ann)
  await chatLink(hersToo, bob.username).waitFor()
  await signOut(hers)
}

async function unsent (
  t: Test,
  browser: Browser,
  { replicas }: World,
  { ann, bob }: { ann: Registration, bob: Visitor }
): Promise<void> {
  const page = await openPage(t, browser, `${replicas[0].url}/app`)
  await signInAs(page, bob)
  await chatLink(page, ann.username).click()
  await bubbles(page).last().waitFor()
  let isBlocked = true
  await page.context().routeWebSocket(/\/v1\/realtime$/, async (socket) => {
    if (isBlocked) await socket.close()
    else socket.connectToServer()
  })
  await page.reload()
  await bubbles(page).last().waitFor()
  await write(page, ann.username, 'into the void')
  await page.locator('.is-sending').getByText('into the void').waitFor()
  await page.reload()
  await page.locator('.is-sending').getByText('into the void').waitFor()
  const other = await page.context().newPage()
  const address = page.url()
  await page.close()
  isBlocked = false
  await other.goto(address)
  await bubbles(other).getByText('into the void', { exact: true }).waitFor()
  await other.locator('.is-sending').waitFor({ state: 'detached' })
  await other.reload()
  await bubbles(other).getByText('into the void', { exact: true }).waitFor()
  const her = await signIn(replicas[1], ann)
  const client = clientOf(t, replicas[1], { token: her })
  const chat = await client.directChat(await idOf(clientOf(t, replicas[1], bob)))
  await chat.messages.load()
  const texts = chat.messages.getSnapshot().items.map(({ text }) => text)
  t.equal(texts.filter((text) => text === 'into the void').length, 1, 'it is stored once')
}

async function refused (
  t: Test,
  browser: Browser,
  { replicas }: World,
  { ann, bob }: { ann: Registration, bob: Visitor }
): Promise<void> {
  const page = await openPage(t, browser, `${replicas[1].url}/app`)
  await signInAs(page, bob)
  await chatLink(page, ann.username).click()
  await bubbles(page).getByText('hello Ann', { exact: true }).waitFor()
  const his = clientOf(t, replicas[0], bob)
  const hers = clientOf(t, replicas[0], { token: await signIn(replicas[0], ann) })
  const block = async (method: 'PUT' | 'DELETE') => hers.request(`/me/blocks/${await idOf(his)}`, { method })
  await block('PUT')
  await write(page, ann.username, 'am I still here?')
  await page.getByRole('alert').getByText('You may not do that here.').waitFor()
  await expectAccessible(t, page, 'a post that failed')
  await block('DELETE')
  await page.getByRole('button', { name: 'Send again' }).click()
  await page.locator('.is-failed, .is-sending').waitFor({ state: 'detached' })
  const chat = await hers.directChat(await idOf(his))
  await chat.messages.load()
  const stored = chat.messages.getSnapshot().items.filter(({ text }) => text === 'am I still here?')
  t.equal(stored.length, 1, 'it is there once')

  await signOut(page)
  await page.goto(`${replicas[1].url}/app#/chats/${chat.id}`)
  await page.reload()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  t.equal(await page.evaluate('localStorage.length + sessionStorage.length'), 0, 'nothing of him is kept')
}

async function forgotten (t: Test, browser: Browser, { replicas, outbox }: World, bob: Visitor): Promise<void> {
  const page = await openPage(t, browser, `${replicas[0].url}/app#/forgotten`)
  await expectAccessible(t, page, 'forgotten password')
  await fill(page, { 'E-mail address': bob.email })
  await page.getByRole('button', { name: 'Send the link' }).click()
  await page.getByText('The link is on its way.').waitFor()
  await expectAccessible(t, page, 'the link is on its way')
  const { pathname, search } = linkIn(await outbox.take(bob.email))
  await page.goto(replicas[0].url + pathname + search)
  await expectAccessible(t, page, 'the page for a new password')
  const password = uniqueName('New-Pass-9')
  await fill(page, { 'New password': password, 'Repeat the new password': password })
  await page.getByRole('button', { name: 'Set the new password' }).click()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await signInAs(page, { ...bob, password })
}
