/** Voice messages: one person records them, another one plays them on another replica. */
import type { Browser, Locator, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { accessibilityFaults, openPage, type PageOptions, withBrowser } from '../../support/clients/browser.ts'
import { call } from '../../support/clients/http.ts'
import { signUp, type Visitor } from '../../support/clients/visitor.ts'
import { chatLink, signInAs } from '../../support/clients/web-client.ts'
import { at, integerAt, listAt, textAt } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { startWorld, type World } from '../../support/servers/web-world.ts'

/** A microphone that beeps. */
const FLAGS = ['--use-fake-device-for-media-stream', '--autoplay-policy=user-gesture-required']
const MICROPHONE = { permissions: ['microphone'] }
/** Notes the microphones that the page is given, and can take them away. */
const NOTING = `{
  const { mediaDevices } = navigator
  const ask = mediaDevices.getUserMedia.bind(mediaDevices)
  window.tracks = []
  mediaDevices.getUserMedia = async (wanted) => {
    if (window.refusal) throw new DOMException('', window.refusal)
    const stream = await ask(wanted)
    window.tracks.push(...stream.getTracks())
    return stream
  }
}`
const MEMO = { name: 'memo.webm', mimeType: 'audio/webm' }
const MIN_MS = 2_000

const button = (page: Page | Locator, name: string): Locator => page.getByRole('button', { name, exact: true })
const sounds = (page: Page): Locator => page.locator('.pane-chat .sound')
const recorder = (page: Page): Locator => page.getByRole('group', { name: 'Recording' })
const focused = (page: Page): Promise<string | null> => page.locator(':focus').getAttribute('aria-label')

t.setTimeout(300_000)

type People = { ann: Visitor, bob: Visitor, cleo: Visitor }

await withServices(t, 'voice messages', async (t, services) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    const world = await startWorld(t, services, 'localhost')
    const [one, two] = world.replicas
    const people = {
      ann: await signUp(one, world.outbox), bob: await signUp(two, world.outbox), cleo: await signUp(one, world.outbox)
    }
    await makeChat(world, people.ann, people.bob)
    await makeChat(world, people.ann, people.cleo)
    const hers = await openPage(t, browser, `${one.url}/app`, { ...MICROPHONE, script: NOTING })
    await signInAs(hers, people.ann)
    await openChat(hers, people.bob)
    await t.test('a recording is cancelled, and sent, by keyboard', (t) => recording(t, world, hers, people))
    await t.test('another person plays it', (t) => playing(t, browser, world, people))
    await t.test('as a reply, and in a thread', (t) => replying(t, hers, people))
    await t.test('sounds that were attached are played, too', (t) => attached(t, browser, world, hers, people))
    await t.test('what cannot be sent is kept', (t) => failing(t, hers))
    await t.test('the microphone is let go with the chat', (t) => leaving(t, hers, people))
    await t.test('without a microphone there is a sentence', (t) => refused(t, browser, world, people))
  }, FLAGS)
})

async function as ({ replicas }: World, { token }: Visitor, method: string, path: string, body?: unknown) {
  const answer = await call(`${replicas[0].url}/v1${path}`, method, { bearer: token, body })
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${String(answer.status)}: ${answer.text}`)
  return answer.body
}

async function makeChat (world: World, by: Visitor, other: Visitor): Promise<string> {
  const user = textAt(await as(world, other, 'GET', '/me'), 'id')
  return textAt(await as(world, by, 'PUT', '/chats:direct', { user }), 'chat', 'id')
}

async function openChat (page: Page, { username }: Visitor): Promise<void> {
  await chatLink(page, username).click()
  await page.getByLabel(`Message to ${username}`).waitFor()
}

/** Waits until a recording has so many seconds. */
async function reaches (page: Page, seconds: number): Promise<void> {
  await recorder(page).getByRole('timer').getByText(`0:0${String(seconds)}`).waitFor()
}

async function send (page: Page, seconds = 1): Promise<void> {
  await reaches(page, seconds)
  await page.keyboard.press('Enter')
  await recorder(page).waitFor({ state: 'detached' })
}

async function expectAccessible (t: Test, page: Page, title: string): Promise<void> {
  t.strictSame(await accessibilityFaults(page), [], `axe finds nothing: ${title}`)
}

async function expectNoMicrophone (t: Test, page: Page): Promise<void> {
  const isOff = async () => await page.evaluate('window.tracks.every((track) => track.readyState === "ended")') === true
  t.ok(await eventually(isOff), 'the microphone is let go')
}

async function recording (t: Test, world: World, page: Page, { ann, bob }: People): Promise<void> {
  const field = page.getByLabel(`Message to ${bob.username}`)
  await field.focus()
  await field.press('a')
  t.equal(await button(page, 'Record a voice message').count(), 0, 'there is something to send')
  await field.press('Backspace')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  t.equal(await focused(page), 'Record a voice message')
  await expectAccessible(t, page, 'the button')
  await page.keyboard.press('Enter')
  await reaches(page, 1)
  await expectAccessible(t, page, 'a recording')
  await page.keyboard.press('Escape')
  await recorder(page).waitFor({ state: 'detached' })
  t.equal(await focused(page), `Message to ${bob.username}`, 'the focus is in the field again')
  await expectNoMicrophone(t, page)
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await send(page, MIN_MS / 1_000)
  await button(sounds(page), 'Play').waitFor()
  await expectNoMicrophone(t, page)
  t.equal(await sounds(page).count(), 1, 'what was cancelled is not sent')
  await page.locator('.message .message-status').getByText('Sent').waitFor({ state: 'attached' })

  const { messages, last } = await newest(world, ann, bob)
  t.match([messages.length, at(last, 'text')], [1, ''])
  const [file] = listAt(last, 'attachments')
  t.match(textAt(file, 'content_type'), 'audio/webm')
  t.match(textAt(file, 'name'), /^Voice message \d{4}-\d\d-\d\d \d\d\.\d\d\.webm$/)
  t.ok(integerAt(last, 'data', 'voice', 'duration_ms') >= MIN_MS)
}

/** The messages of two people. */
async function newest (world: World, ann: Visitor, other: Visitor) {
  const chat = await makeChat(world, ann, other)
  const messages = listAt(await as(world, ann, 'GET', `/chats/${chat}/messages`), 'items')
  return { messages, last: messages.at(-1) }
}

async function position (sound: Locator): Promise<number> {
  return Number(await sound.getByRole('slider').inputValue())
}

async function playing (t: Test, browser: Browser, { replicas }: World, { ann, bob }: People): Promise<void> {
  const options: PageOptions = { reducedMotion: 'no-preference', ...MICROPHONE, script: NOTING }
  const page = await openPage(t, browser, `${replicas[1].url}/app`, options)
  await signInAs(page, bob)
  await chatLink(page, ann.username).getByText('Voice message').waitFor()
  await openChat(page, ann)
  const sound = sounds(page).first()
  await button(sound, 'Play').waitFor()
  await expectAccessible(t, page, 'a voice message')
  t.match(await sound.locator('.sound-time').textContent(), /^0:0[2-9]$/, 'its length is known before it is loaded')

  // The link that was had before has ended: another one is asked for.
  let refusals = 0
  await page.route('**/content?token=*', async (route) => {
    if (refusals++ > 0) return route.fallback()
    return route.fulfill({ status: 403, json: { code: 'invalid_link' } })
  })
  await button(sound, 'Play').focus()
  await page.keyboard.press('Enter')
  await button(sound, 'Pause').waitFor()
  t.ok(await eventually(async () => await position(sound) > 0.3), 'it plays')
  t.ok(refusals > 1, 'by another link')
  await page.unrouteAll()
  await button(sound, 'Pause').click()
  await button(sound, 'Play').waitFor()
  const paused = await position(sound)
  t.ok(paused > 0)
  await sound.getByRole('slider').focus()
  await page.keyboard.press('Home')
  t.equal(await position(sound), 0, 'the position is changed by keys')
  await page.keyboard.press('ArrowRight')
  t.match(await sound.getByRole('slider').getAttribute('aria-valuetext'), /^0:00 of 0:0[2-9]$/)
  await button(sound, 'Speed: 1×').click()
  await button(sound, 'Speed: 1.5×').waitFor()
  await button(sound, 'Play').click()
  await button(sound, 'Pause').waitFor()
  await button(sound, 'Play').waitFor()
  t.equal(await position(sound), 0, 'it ends at its end, and begins anew')
  await button(sound, 'Speed: 1.5×').click()
  await button(sound, 'Speed: 2×').click()

  // Where motion is welcome, the level is seen.
  await button(page, 'Record a voice message').click()
  const level = page.locator('.recorder-level')
  const isHeard = async () => /--level: (1|0\.\d*[1-9])/.test(await level.getAttribute('style') ?? '')
  t.ok(await eventually(isHeard), 'the level is that of the microphone')
  await button(page, 'Send the voice message').click()
  await sounds(page).nth(1).waitFor()
  await button(sounds(page).nth(1), 'Play').click()
  await button(sounds(page).nth(1), 'Pause').waitFor()
  await button(sounds(page).first(), 'Play').click()
  await button(sounds(page).first(), 'Pause').waitFor()
  t.equal(await button(page, 'Pause').count(), 1, 'one plays at a time')
  await page.goto(`${replicas[1].url}/app#/settings`)
  await page.getByRole('heading', { name: 'Settings' }).first().waitFor()
  await page.goBack()
  await button(sounds(page).first(), 'Play').waitFor()
  t.equal(await button(page, 'Pause').count(), 0, 'and none where its chat is left')
}

async function replying (t: Test, page: Page, { bob }: People): Promise<void> {
  await sounds(page).nth(1).waitFor()
  const first = page.locator('.pane-chat .message').first()
  await first.hover()
  await button(first, 'Reply').click()
  await page.locator('.pane-chat .composer-mode').getByText('Voice message').waitFor()
  await button(page, 'Record a voice message').click()
  await send(page)
  const reply = page.locator('.pane-chat .message').filter({ has: page.locator('.quote') })
  await reply.locator('.quote').getByText('Voice message').waitFor()
  await button(reply, 'Play').waitFor()
  t.equal(await page.locator('.composer-mode').count(), 0, 'the next message is no reply')

  await first.hover()
  await button(first, 'Actions').click()
  await page.getByRole('menuitem', { name: 'Reply in a thread' }).click()
  const panel = page.locator('.pane-panel')
  await button(panel, 'Record a voice message').click()
  await send(page)
  const sound = panel.locator('.sound').nth(1)
  const [bubble, speed] = [panel.locator('.bubble').nth(1), button(sound, 'Speed: 1×')]
  await speed.waitFor()
  const [around, within] = [await bubble.boundingBox(), await speed.boundingBox()]
  t.ok((within?.x ?? NaN) + (within?.width ?? NaN) < (around?.x ?? NaN) + (around?.width ?? NaN), 'it has room there')
  await button(sound, 'Play').click()
  await button(panel, 'Pause').waitFor()
  await expectAccessible(t, page, 'a voice message in a thread')
  await button(panel, 'Close').click()
  await page.locator('.pane-chat').getByText('1 reply').waitFor()
  await page.getByLabel(`Message to ${bob.username}`).waitFor()
}

async function attached (t: Test, browser: Browser, world: World, hers: Page, { ann, bob }: People): Promise<void> {
  const { messages } = await newest(world, ann, bob)
  const file = textAt(await as(world, ann, 'GET', `/files/${textAt(messages[0], 'attachments', 0, 'file')}`), 'url')
  const buffer = Buffer.from(await (await fetch(file)).arrayBuffer())
  await hers.locator('.pane-chat input[type=file]').setInputFiles({ ...MEMO, buffer })
  await hers.locator('.upload-size').waitFor()
  await button(hers.locator('.pane-chat'), 'Send').click()
  const page = await openPage(t, browser, `${world.replicas[1].url}/app`)
  await signInAs(page, bob)
  await chatLink(page, ann.username).getByText('Audio').waitFor()
  await openChat(page, ann)
  const sound = page.getByRole('group', { name: MEMO.name })
  t.equal(await sound.locator('.sound-time').textContent(), '–:––')
  await expectAccessible(t, page, 'a sound of unknown length')
  await button(sound, 'Play').click()
  await button(sound, 'Pause').waitFor()
  const isLengthKnown = async () =>
    /^0:0\d of 0:0[2-9]$/.test(await sound.getByRole('slider').getAttribute('aria-valuetext') ?? '')
  t.ok(await eventually(isLengthKnown), 'the length is found')
  await button(sound, 'Play').waitFor()
  const [download] = await Promise.all([page.waitForEvent('download'), button(sound, `Download ${MEMO.name}`).click()])
  t.equal(download.suggestedFilename(), MEMO.name)
}

async function failing (t: Test, page: Page): Promise<void> {
  const before = await sounds(page).count()
  await page.route('**/content?token=*', async (route) => {
    return route.request().method() === 'PUT' ? route.abort() : route.fallback()
  })
  await button(page, 'Record a voice message').click()
  await send(page)
  await page.locator('.upload').getByText('The server cannot be reached.').waitFor()
  await expectAccessible(t, page, 'a voice message that could not be sent')
  await page.unrouteAll()
  await button(page.locator('.upload'), 'Try again').click()
  await button(sounds(page).nth(before), 'Play').waitFor()
  t.equal(await page.locator('.upload').count(), 0)
}

async function leaving (t: Test, page: Page, { bob, cleo }: People): Promise<void> {
  const before = await sounds(page).count()
  await button(page, 'Record a voice message').click()
  await reaches(page, 1)
  await openChat(page, cleo)
  await page.getByText('The recording was dropped').waitFor()
  await expectNoMicrophone(t, page)
  await openChat(page, bob)
  await sounds(page).nth(before - 1).waitFor()
  t.equal(await sounds(page).count(), before, 'nothing was sent')
  await button(page, 'Record a voice message').click()
  await reaches(page, 1)
  // A microphone that is unplugged ends the recording, which can still be sent.
  await page.evaluate('window.tracks.at(-1).stop(), window.tracks.at(-1).dispatchEvent(new Event("ended"))')
  await recorder(page).getByText('The recording has ended.').waitFor()
  await expectAccessible(t, page, 'a recording that has ended')
  await page.keyboard.press('Escape')
  await recorder(page).waitFor({ state: 'detached' })
}

async function refused (t: Test, browser: Browser, { replicas }: World, { ann, bob }: People): Promise<void> {
  const page = await openPage(t, browser, `${replicas[1].url}/app`, { permissions: [], script: NOTING })
  await signInAs(page, bob)
  await openChat(page, ann)
  await button(page, 'Record a voice message').click()
  await recorder(page).getByRole('alert').getByText('The microphone is not allowed here.').waitFor()
  await expectAccessible(t, page, 'a microphone that is refused')
  t.equal(await focused(page), 'Cancel the recording')
  await page.keyboard.press('Enter')
  await recorder(page).waitFor({ state: 'detached' })
  await page.evaluate('window.refusal = "NotFoundError"')
  await button(page, 'Record a voice message').click()
  await recorder(page).getByRole('alert').getByText('There is no microphone.').waitFor()
  await page.keyboard.press('Escape')
  await page.getByLabel(`Message to ${ann.username}`).waitFor()
}
