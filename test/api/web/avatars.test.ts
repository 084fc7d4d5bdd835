/** Pictures of people and groups in the web client, as people choose, see and remove them. */
import type { Browser, Locator, Page } from 'playwright-core'
import sharp from 'sharp'
import t, { type Test } from '../../support/tap.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { chatLink, signInAs, write } from '../../support/clients/web-client.ts'
import { type Account, createChat, register } from '../../support/data/accounts.ts'
import { clientOf } from '../../support/data/api-clients.ts'
import { textAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

t.setTimeout(300_000)

await onEmbedded(
  t,
  async (t, cluster) => {
    await withBrowser(t, 'in Chromium', async (t, browser) => {
      const [ann, bob] = [
        await register(cluster, uniqueName('Ann-')), await register(cluster, uniqueName('Bob-'))
      ]
      await t.test('one of a person', (t) => ofPerson(t, browser, cluster, [ann, bob]))
      await t.test('one of a group, on a phone', (t) => ofGroup(t, browser, cluster, [ann, bob]))
    })
  },
  { isEmpty: true }
)

async function open (t: Test, browser: Browser, cluster: Cluster, account: Account, options: object = {}) {
  const page = await openPage(t, browser, `${cluster.replica(0).url}/app`, options)
  await signInAs(page, account)
  return page
}

async function expectAccessible (t: Test, page: Page, title: string): Promise<void> {
  t.strictSame(await accessibilityFaults(page), [], `axe finds nothing: ${title}`)
}

/** Waits until a place shows a picture of the server. @returns its sides in pixels */
async function sizeIn (place: Locator): Promise<unknown> {
  const picture = place.locator('.avatar img[src^="/v1/avatars/"]').first()
  await picture.waitFor()
  const source = JSON.stringify(await picture.getAttribute('src'))
  return place.page().evaluate(`(async () => {
    const image = Object.assign(new Image(), { src: ${source} })
    await image.decode()
    return [image.naturalWidth, image.naturalHeight]
  })()`)
}

/** A photo as a camera makes it: larger than the server takes. */
async function photo (background: string) {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  const buffer = await sharp({ create: { width: 2_000, height: 1_500, channels: 3, background, noise } })
    .jpeg({ quality: 100 }).toBuffer()
  return { name: 'photo.jpg', mimeType: 'image/jpeg', buffer }
}

async function ofPerson (t: Test, browser: Browser, cluster: Cluster, [ann, bob]: Account[]): Promise<void> {
  if (ann === undefined || bob === undefined) throw new Error('Somebody is missing.')
  await createChat(cluster, ann, bob)
  await newGroup(cluster, ann, bob, 'Swimmers')
  const [hers, his] = [await open(t, browser, cluster, ann), await open(t, browser, cluster, bob)]
  await chatLink(his, 'Swimmers').click()
  await chatLink(hers, 'Swimmers').click()
  await write(hers, 'Swimmers', 'Hello!')
  await his.locator('.bubble', { hasText: 'Hello!' }).waitFor()
  const inList = (name: string) => his.locator('.chat', { has: his.locator('.chat-name', { hasText: name }) })
  const seen = { list: inList(ann.username), timeline: his.locator('.message-avatar') }
  t.equal(await his.locator('.avatar img').count(), 0)

  await hers.getByRole('button', { name: 'Your account' }).click()
  const chosen = await photo('blue')
  t.ok(chosen.buffer.length > 2 ** 21, 'the page makes it smaller')
  const choosing = hers.waitForEvent('filechooser')
  await hers.getByRole('button', { name: 'Choose a picture' }).press('Enter')
  await (await choosing).setFiles(chosen)
  await hers.getByRole('status').getByText('The picture is saved.').waitFor()
  t.strictSame(await sizeIn(hers.locator('.picture-field')), [256, 256])
  t.strictSame(await sizeIn(hers.locator('.portrait')), [256, 256], 'and in the list of settings')
  await expectAccessible(t, hers, 'with a picture')
  for (const [where, place] of Object.entries(seen))
    t.strictSame(await sizeIn(place.first()), [256, 256], `he sees it without loading: ${where}`)
  await expectAccessible(t, his, 'a chat with a picture')

  await hers.locator('.picture-field input[type=file]').setInputFiles({
    name: 'page.png', mimeType: 'image/png', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
  })
  await hers.getByRole('alert').getByText('This is no picture that can be used.').waitFor()
  t.strictSame(await sizeIn(hers.locator('.picture-field')), [256, 256], 'the picture before it is back')
  await hers.getByRole('button', { name: 'Remove the picture' }).click()
  await hers.getByRole('status').getByText('The picture is removed.').waitFor()
  for (const place of Object.values(seen)) await place.locator('.avatar .initials').first().waitFor()
  t.equal(await his.locator('.avatar img').count(), 0, 'nobody sees it any more')

  await hers.getByLabel('Name', { exact: true }).fill('Ann of the Hills')
  await hers.getByRole('button', { name: 'Save' }).click()
  await inList('Ann of the Hills').waitFor()
  await his.locator('.message', { hasText: 'Ann of the Hills' }).waitFor()
}

async function newGroup (cluster: Cluster, ann: Account, bob: Account, name: string): Promise<void> {
  const [api, other] = [clientOf(cluster, '', ann.accessToken), clientOf(cluster, '', bob.accessToken)]
  const user = textAt((await other.call('GET', '/me')).body, 'id')
  await api.call('POST', '/chats', { type: 'group', name, members: [{ user }] })
}

async function ofGroup (t: Test, browser: Browser, cluster: Cluster, [ann, bob]: Account[]): Promise<void> {
  if (ann === undefined || bob === undefined) throw new Error('Somebody is missing.')
  await newGroup(cluster, ann, bob, 'Walkers')
  const his = await open(t, browser, cluster, bob)
  await chatLink(his, 'Walkers').click()
  const hers = await open(t, browser, cluster, ann, { viewport: { width: 390, height: 844 }, hasTouch: true })
  await chatLink(hers, 'Walkers').click()
  await hers.getByRole('button', { name: 'Walkers', exact: true }).click()
  await hers.getByRole('button', { name: 'Edit' }).click()
  await hers.getByRole('dialog').locator('input[type=file]').setInputFiles(await photo('red'))
  await hers.getByRole('dialog').getByRole('button', { name: 'Choose another one' }).waitFor()
  t.strictSame(await sizeIn(hers.getByRole('dialog')), [256, 256])
  await expectAccessible(t, hers, 'the form of a group')
  t.strictSame(await sizeIn(chatLink(his, 'Walkers')), [256, 256])
  t.strictSame(await sizeIn(his.locator('.pane-chat .pane-head')), [256, 256])
  await his.getByRole('button', { name: 'Walkers', exact: true }).click()
  await his.locator('.pane-panel .avatar img').waitFor()
  t.equal(await his.getByRole('button', { name: 'Edit' }).count(), 0, 'a member does not change it')
  await hers.getByRole('dialog').getByRole('button', { name: 'Remove the picture' }).click()
  await chatLink(his, 'Walkers').locator('.avatar .initials').waitFor()
}
