/** A conversation in any browser, with everything that browsers do in their own ways. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Test } from 'tap'
import type { AnyPage } from '../../support/clients/any-page.ts'
import { call } from '../../support/clients/http.ts'
import { signUp, type Visitor } from '../../support/clients/visitor.ts'
import { bubbles, chatLink, signInAs, type, write } from '../../support/clients/web-client.ts'
import { textAt } from '../../support/data/json.ts'
import type { Services } from '../../support/servers/cluster.ts'
import { temporaryFolder } from '../../support/servers/program.ts'
import { startWorld, type World } from '../../support/servers/web-world.ts'

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'
)

/** Two people on two replicas. @param open opens the page of one of them */
export async function twoPeople (
  t: Test, services: Services, open: (url: string) => Promise<AnyPage>
): Promise<void> {
  const world = await startWorld(t, services)
  const { replicas: [one, other], outbox } = world
  const [ann, bob] = [await signUp(one, outbox), await signUp(other, outbox)]
  const { body } = await call(`${other.url}/v1/me`, 'GET', { bearer: bob.token })
  await call(`${one.url}/v1/chats:direct`, 'PUT', { bearer: ann.token, body: { user: textAt(body, 'id') } })
  const hers = await openChat(await open(`${one.url}/app`), ann, bob)
  const his = await openChat(await open(`${other.url}/app`), bob, ann)
  await t.test('writing', () => writing(hers, his, { ann, bob }))
  await t.test('reactions, and a menu', () => reacting(hers, his))
  await t.test('what Escape closes', () => closing(his))
  await t.test('a picture', (t) => sendingPicture(t, hers, his))
  await t.test('a server that is away for a while', () => comingBack(world, hers, his, { ann, bob }))
  await t.test('the page is loaded again, and has everything', async (t) => {
    const texts = await bubbles(hers).allTextContents()
    await hers.reload()
    await bubbles(hers).nth(texts.length - 1).waitFor()
    t.strictSame(await bubbles(hers).allTextContents(), texts)
  })
}

type Two = { ann: Visitor, bob: Visitor }

async function openChat (page: AnyPage, who: Visitor, other: Visitor): Promise<AnyPage> {
  await signInAs(page, who)
  await chatLink(page, other.username).click()
  await page.getByLabel(`Message to ${other.username}`).waitFor()
  return page
}

async function writing (hers: AnyPage, his: AnyPage, { ann, bob }: Two): Promise<void> {
  await type(hers.getByLabel(`Message to ${bob.username}`), his.locator('.pane-subtitle').getByText('is typing'))
  await write(hers, bob.username, 'Hello **Bob** :wave:')
  await bubbles(his).getByText('Hello Bob').waitFor()
  await write(his, ann.username, 'Hello\nAnn')
  await bubbles(hers).getByText('Hello Ann').waitFor()
}

async function reacting (hers: AnyPage, his: AnyPage): Promise<void> {
  const message = his.locator('.message', { hasText: 'Hello Bob' })
  // Where nothing can hover everything is in the menu; so it is elsewhere.
  const choose = async (name: string) => {
    await message.hover()
    await message.getByRole('button', { name: 'Actions', exact: true }).click()
    await his.getByRole('menuitem', { name, exact: true }).click()
  }
  await choose('React with 👍')
  await hers.locator('.message', { hasText: 'Hello Bob' }).getByRole('button', { name: '👍: 1 reaction' }).waitFor()
  await choose('Another reaction')
  await his.getByLabel('Search emojis').fill('tada')
  await his.getByRole('button', { name: 'tada', exact: true }).click()
  await hers.locator('.message', { hasText: 'Hello Bob' }).getByRole('button', { name: '🎉: 1 reaction' }).waitFor()
  await choose('Reply')
  await his.locator('.pane-chat .composer-mode').getByText('Hello Bob').waitFor()
  await his.keyboard.press('Escape')
  await choose('Reply in a thread')
  await his.locator('.pane-panel').getByRole('heading', { name: 'Thread' }).waitFor()
}

/** The field of a search takes the key for itself in some browsers. */
async function closing (his: AnyPage): Promise<void> {
  await his.keyboard.press('Control+k')
  const dialog = his.getByRole('dialog', { name: 'Go to' })
  await dialog.locator('input').waitFor()
  await his.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  await his.locator('.pane-chat').getByRole('button', { name: 'Emoji' }).click()
  await his.getByLabel('Search emojis').waitFor()
  await his.keyboard.press('Escape')
  await his.getByLabel('Search emojis').waitFor({ state: 'hidden' })
}

async function sendingPicture (t: Test, hers: AnyPage, his: AnyPage): Promise<void> {
  const file = path.join(await temporaryFolder(t), 'dot.png')
  await writeFile(file, PICTURE)
  await hers.locator('.pane-chat input[type=file]').setInputFiles(file)
  await hers.locator('.upload-size').waitFor()
  await hers.getByRole('button', { name: 'Send' }).click()
  await his.locator('.pane-chat .picture img').waitFor()
}

async function comingBack (world: World, hers: AnyPage, his: AnyPage, { ann, bob }: Two): Promise<void> {
  world.replicas[1].kill('SIGKILL')
  await world.replicas[1].exited
  await his.locator('.banner').waitFor()
  await write(hers, bob.username, 'Are you there?')
  await write(his, ann.username, 'I was away')
  await world.restart(1)
  await bubbles(his).getByText('Are you there?').waitFor()
  await bubbles(hers).getByText('I was away').waitFor()
}
