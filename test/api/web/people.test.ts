/** Groups, members, invites and moderation in the web client, as people use them. */
import type { Browser, Locator, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { bubbles, chatLink, fill, signInAs, write } from '../../support/clients/web-client.ts'
import { type Account, register } from '../../support/data/accounts.ts'
import { clientOf, newKey, USER_TOKENS } from '../../support/data/api-clients.ts'
import { textAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'dark' } as const
const [BATCH, BATCHES] = [100, 4]

t.setTimeout(300_000)

type People = { ann: Account, bob: Account, cleo: Account }

await onEmbedded(
  t,
  async (t, cluster) => {
    await withBrowser(t, 'in Chromium', async (t, browser) => {
      const [ann, bob, cleo] = [
        await register(cluster, uniqueName('Ann-')), await register(cluster, uniqueName('Bob-')),
        await register(cluster, uniqueName('Cleo-'))
      ]
      const people = { ann, bob, cleo }
      await t.test('a group is made, described, and its members changed', (t) => group(t, browser, cluster, people))
      await t.test('an invite leads through signing in', (t) => invites(t, browser, cluster, people))
      await t.test('order is kept', (t) => moderation(t, browser, cluster, people))
      await t.test('a public channel is joined, on a phone, and left', (t) => channel(t, browser, cluster, people))
      await t.test('a member of a large group is found', (t) => large(t, browser, cluster, ann))
    })
  },
  { isEmpty: true, inspectable: true, environment: USER_TOKENS }
)

async function open (t: Test, browser: Browser, cluster: Cluster, account: Account, options: object = {}) {
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`, options)
  await signInAs(page, account)
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

function member (page: Page, name: string): Locator {
  return panel(page).locator('.member', { hasText: name })
}

async function choose (page: Page, name: string, entry: string): Promise<void> {
  await member(page, name).getByRole('button', { name: /^Actions for/ }).click()
  await page.getByRole('menuitem', { name: entry }).click()
}

async function group (t: Test, browser: Browser, cluster: Cluster, { ann, bob, cleo }: People): Promise<void> {
  const page = await open(t, browser, cluster, ann)
  await page.getByRole('button', { name: 'New chat' }).first().click()
  await expectAccessible(t, page, 'kinds of new chats')
  await dialog(page).getByRole('button', { name: /^New group/ }).click()
  await dialog(page).getByRole('button', { name: 'Create' }).click()
  await dialog(page).getByRole('alert').getByText('Give it a name.').waitFor()
  await dialog(page).getByLabel('Name', { exact: true }).fill('Walkers')
  const search = dialog(page).getByLabel('Who should be in it?')
  for (const { username } of [bob, cleo]) {
    await search.fill(username)
    await dialog(page).getByRole('button', { name: username, exact: true }).waitFor()
    await search.press('Enter')
    await dialog(page).getByRole('button', { name: `Take out ${username}` }).waitFor()
  }
  await expectAccessible(t, page, 'a new group')
  await search.press('Backspace')
  await dialog(page).getByRole('button', { name: `Take out ${cleo.username}` }).waitFor({ state: 'detached' })
  await dialog(page).getByRole('button', { name: 'Create' }).click()

  await page.getByRole('button', { name: 'Walkers', exact: true }).click()
  await panel(page).getByText('Group · 2 members').waitFor()
  await expectAccessible(t, page, 'details')
  await panel(page).getByRole('button', { name: 'Edit' }).click()
  await dialog(page).getByLabel('Description').fill('Sundays at nine')
  await dialog(page).getByRole('button', { name: 'Save' }).click()
  await panel(page).getByText('Sundays at nine').waitFor()
  await panel(page).getByRole('switch', { name: 'Mute' }).click()
  await chatLink(page, 'Walkers').getByText('Muted').waitFor({ state: 'attached' })

  await panel(page).getByRole('button', { name: /^Members/ }).click()
  await member(page, bob.username).getByText('Member').waitFor()
  t.equal(await page.locator('.pane-panel h1:focus').textContent(), '2 members', 'the panel says where one is')
  await panel(page).getByRole('button', { name: 'Add people' }).click()
  await dialog(page).getByLabel('Who should be in it?').fill(bob.username)
  t.ok(await dialog(page).getByRole('button', { name: bob.username }).isDisabled(), 'who is in it is not added again')
  await dialog(page).getByLabel('Who should be in it?').fill(cleo.username)
  await dialog(page).getByRole('button', { name: cleo.username, exact: true }).click()
  await dialog(page).getByRole('button', { name: 'Add 1 person' }).click()
  await member(page, cleo.username).waitFor()
  await choose(page, bob.username, 'Change to Admin')
  await member(page, bob.username).getByText('Admin').waitFor()
  await expectAccessible(t, page, 'members')
  await page.getByRole('button', { name: 'Undo' }).click()
  await member(page, bob.username).getByText('Member').waitFor()
  await choose(page, cleo.username, 'Remove from the chat')
  await expectAccessible(t, page, 'a question')
  await dialog(page).getByRole('button', { name: 'Remove' }).click()
  await member(page, cleo.username).waitFor({ state: 'detached' })
  await choose(page, bob.username, 'Make the owner')
  await dialog(page).getByRole('button', { name: 'Hand over' }).click()
  await member(page, bob.username).getByText('Owner').waitFor()
  await member(page, ann.username).getByText('Admin').waitFor()
}

async function invites (t: Test, browser: Browser, cluster: Cluster, { ann, cleo }: People): Promise<void> {
  const page = await open(t, browser, cluster, ann)
  await chatLink(page, 'Walkers').click()
  await page.getByRole('button', { name: 'Walkers', exact: true }).click()
  await panel(page).getByRole('button', { name: 'Invites' }).click()
  await panel(page).getByText('There are no links.').waitFor()
  await panel(page).getByLabel('How often').selectOption('Once')
  await panel(page).getByRole('button', { name: 'Make a link' }).click()
  const link = await panel(page).getByLabel('Link of the invite').inputValue()
  await expectAccessible(t, page, 'invites')

  const hers = await openPage(t, browser, link)
  await hers.getByText('You are invited to a chat.').waitFor()
  await expectAccessible(t, hers, 'signing in with an invite')
  await hers.getByRole('link', { name: 'Create an account' }).click()
  await hers.reload()
  await hers.getByRole('link', { name: 'I have an account' }).click()
  await fill(hers, { 'Username or e-mail address': cleo.username, Password: cleo.password })
  await hers.getByRole('button', { name: 'Sign in' }).click()
  await hers.getByRole('heading', { name: 'You are invited to a chat' }).waitFor()
  await expectAccessible(t, hers, 'an invite')
  await hers.getByRole('button', { name: 'Join the chat' }).click()
  await hers.getByRole('button', { name: 'Walkers', exact: true }).waitFor()
  await chatLink(hers, 'Walkers').waitFor()
  t.equal(await hers.evaluate('sessionStorage.length'), 0, 'the invite is over')

  await panel(page).getByRole('button', { name: 'Revoke the link' }).click()
  await panel(page).getByText('There are no links.').waitFor()
  await hers.goto(link)
  await hers.reload()
  await hers.getByRole('button', { name: 'Join the chat' }).click()
  await hers.getByRole('alert').getByText('This invite does not work').waitFor()
  await hers.getByRole('button', { name: 'Not now' }).click()
  await chatLink(hers, 'Walkers').waitFor()
}

async function moderation (t: Test, browser: Browser, cluster: Cluster, { ann, cleo }: People): Promise<void> {
  const hers = await open(t, browser, cluster, cleo)
  await chatLink(hers, 'Walkers').click()
  for (const text of ['buy now', 'cheap boots', 'see you on Sunday']) await write(hers, 'Walkers', text)
  await hers.locator('.is-sending').waitFor({ state: 'detached' })
  const page = await open(t, browser, cluster, ann)
  await chatLink(page, 'Walkers').click()
  await bubbles(page).getByText('see you on Sunday').waitFor()
  await page.getByRole('button', { name: 'Walkers', exact: true }).click()
  await panel(page).getByRole('button', { name: 'Moderation' }).click()
  for (const text of ['buy now', 'cheap boots']) await panel(page).getByText(text).click()
  await expectAccessible(t, page, 'moderation')
  await panel(page).getByRole('button', { name: 'Delete 2 messages' }).click()
  await dialog(page).getByRole('button', { name: 'Delete', exact: true }).click()
  for (const text of ['cheap boots', 'buy now'])
    await bubbles(hers).getByText(text).waitFor({ state: 'detached' })
  t.strictSame(await bubbles(hers).allTextContents(), ['see you on Sunday'])
  await panel(page).getByRole('switch', { name: 'Freeze the chat' }).click()
  await dialog(page).getByRole('button', { name: 'Freeze' }).click()
  await hers.getByText('This chat is frozen').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await hers.getByLabel('Message to Walkers').waitFor()
}

async function channel (t: Test, browser: Browser, cluster: Cluster, { ann, bob }: People): Promise<void> {
  const hers = clientOf(cluster, '', ann.accessToken)
  const { body } = await hers.call('POST', '/chats', { type: 'channel', name: 'Weather' })
  const id = textAt(body, 'chat', 'id')
  const post = await hers.call('POST', `/chats/${id}/messages`, { text: 'Storm from the west' })
  await hers.call('PUT', `/chats/${id}/pins/${String(new Map(Object.entries(post.body ?? {})).get('seq'))}`)
  const page = await open(t, browser, cluster, bob, PHONE)
  await page.goto(`${cluster.replica(0).url}/app#/chats/${id}`)
  await page.getByRole('button', { name: 'Join' }).waitFor()
  await expectAccessible(t, page, 'a chat that one may join')
  await page.getByRole('button', { name: 'Join' }).tap()
  await page.getByLabel('Message to Weather').waitFor()
  await page.getByRole('button', { name: 'Weather', exact: true }).tap()
  await panel(page).getByText('Channel · 2 members').waitFor()
  await expectAccessible(t, page, 'details on a phone by night')
  await panel(page).getByRole('button', { name: 'Pinned messages' }).tap()
  await panel(page).getByText('Storm from the west').waitFor()
  await panel(page).getByRole('button', { name: 'Show in the chat' }).tap()
  await page.getByLabel('Message to Weather').waitFor()
  await page.getByRole('button', { name: 'Weather', exact: true }).tap()
  await panel(page).getByRole('button', { name: 'Leave the chat' }).tap()
  await dialog(page).getByRole('button', { name: 'Leave the chat' }).tap()
  await chatLink(page, 'Weather').waitFor({ state: 'detached' })
  t.pass('he is out')
  await page.close()
  const owner = await open(t, browser, cluster, ann)
  await chatLink(owner, 'Weather').click()
  await owner.getByRole('button', { name: 'Weather', exact: true }).click()
  await panel(owner).getByRole('button', { name: 'Delete the chat' }).click()
  await dialog(owner).getByRole('button', { name: 'Delete the chat' }).click()
  await chatLink(owner, 'Weather').waitFor({ state: 'detached' })
}

async function large (t: Test, browser: Browser, cluster: Cluster, ann: Account): Promise<void> {
  const key = await newKey(cluster, 'users:write', 'chats:write')
  const hers = clientOf(cluster, '', ann.accessToken)
  const { body } = await hers.call('POST', '/chats', { type: 'group', name: 'Everybody' })
  const path = `/chats/${textAt(body, 'chat', 'id')}/members`
  for (let batch = 0; batch < BATCHES; batch++) {
    const users = Array.from({ length: BATCH }, (_, index) => {
      const id = `hiker-${String(batch * BATCH + index)}`
      return { id, name: `Hiker ${String(batch * BATCH + index)}` }
    })
    await key.call('POST', '/users:batch', { users })
    await key.call('POST', path, { members: users.map(({ id }) => ({ user: id })) })
  }
  const page = await open(t, browser, cluster, ann)
  await chatLink(page, 'Everybody').click()
  await page.getByRole('button', { name: 'Everybody', exact: true }).click()
  await panel(page).getByRole('button', { name: /^Members/ }).click()
  await member(page, 'Hiker 0').first().waitFor()
  t.ok(await panel(page).locator('.member').count() < BATCH, 'those in sight alone are in the document')
  await panel(page).getByLabel('Find a member').fill('Hiker 399')
  await member(page, 'Hiker 399').waitFor()
  t.equal(await panel(page).locator('.member').count(), 1)
  await panel(page).getByLabel('Find a member').fill('Nobody')
  await panel(page).getByText('No member has that name.').waitFor()
}
