/** The example with React: bundled, served by a page server of its own, and used in a browser. */
import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import { promisify } from 'node:util'
import t from '../../support/tap.ts'
import { signUserToken } from '../../../src/client/server/index.ts'
import { openPage, withBrowser } from '../../support/clients/browser.ts'
import { keptTexts } from '../../support/clients/kept-texts.ts'
import { addV1Chat, addV1User } from '../../support/clients/realtime.ts'
import { Line, openClient, when } from '../../support/clients/synced-client.ts'
import { USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { eventually } from '../../support/deadline.ts'
import type { Scope } from '../../support/scope.ts'
import { startCluster } from '../../support/servers/cluster.ts'
import { listenOnFreePort } from '../../support/servers/http-server.ts'
import { ROOT } from '../../support/servers/process.ts'
import { startTcpProxy } from '../../support/servers/tcp-proxy.ts'

const [SECRET] = USER_TOKEN_SECRETS
const HISTORY = 60
const CLIENT = path.join(ROOT, 'src', 'client')
const BUNDLE = {
  absWorkingDir: ROOT,
  alias: {
    'confab-client/react': path.join(CLIENT, 'react', 'index.ts'), 'confab-client': path.join(CLIENT, 'index.ts')
  },
  bundle: true,
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"development"' },
  logLevel: 'warning',
  write: false
} as const

const run = promisify(execFile)

/**
 * Two components that show the last message, with slow ones between them, in transitions: React renders them in parts,
 * and events come between.
 */
const ROOM = `
import { startTransition, StrictMode, useEffect, useLayoutEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { ConfabClient } from 'confab-client'
import { ConfabProvider, useMessages } from 'confab-client/react'
const parameters = new URLSearchParams(location.search)
const client = new ConfabClient({
  url: parameters.get('server'), getToken: async () => (await fetch('/token?user=' + parameters.get('user'))).text()
})
window.chat = client.chat(parameters.get('chat'))
window.torn = []
const last = () => useMessages(chat.id).messages.at(-1)?.text
function Last ({ name }) { return <p id={name}>{name}: {last()}</p> }
function Slow () { for (const end = performance.now() + 2; performance.now() < end;); return null }
function App () {
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => startTransition(() => setTurn((now) => now + 1)), 5)
    return () => clearInterval(timer)
  }, [])
  useLayoutEffect(() => {
    const [one, other] = ['first', 'second'].map((id) => document.getElementById(id).textContent.split(': ')[1])
    if (one !== other) torn.push([one, other])
  })
  const slow = Array.from({ length: 10 }, (_, key) => <Slow key={key + turn * 10} />)
  return <><Last name="first" />{slow}<Last name="second" /></>
}
createRoot(document.querySelector('#root'))
  .render(<StrictMode><ConfabProvider client={client}><App /></ConfabProvider></StrictMode>)`

/** Bundles a program for Node.js, and runs it. @returns its output */
async function renderOnServer (program: string): Promise<string> {
  const { outputFiles: [script] } = await build({
    ...BUNDLE, stdin: { contents: program, resolveDir: ROOT, loader: 'jsx' }, platform: 'node', format: 'cjs'
  })
  const rendering = run(process.execPath, ['-'])
  rendering.child.stdin?.end(script?.text)
  return (await rendering).stdout
}

/** Serves the example, and the tokens of its users as their application would. @returns its origin */
async function serveExample (t: Scope): Promise<string> {
  const { outputFiles: [script] } =
    await build({ ...BUNDLE, entryPoints: ['examples/react/src/main.tsx'], platform: 'browser', format: 'esm' })
  const { outputFiles: [room] } = await build({
    ...BUNDLE, stdin: { contents: ROOM, resolveDir: ROOT, loader: 'jsx' }, platform: 'browser', format: 'esm'
  })
  const scripts: Record<string, Uint8Array | undefined> = { '/main.js': script?.contents, '/room.js': room?.contents }
  return listenOnFreePort(t, createServer(({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://page.test')
    if (pathname === '/token') response.end(signUserToken(SECRET, searchParams.get('user') ?? ''))
    else if (pathname in scripts) response.setHeader('content-type', 'text/javascript').end(scripts[pathname])
    else response.setHeader('content-type', 'text/html').end(
      '<!doctype html><html lang=en><title>Example</title><link rel=icon href=data:,>' +
      '<div id=root></div>' +
      `<script type=module src=${pathname === '/room' ? '/room.js' : '/main.js'}></script>`
    )
  }))
}

await withBrowser(t, 'the example in Chromium', async (t, browser) => {
  const origin = await serveExample(t)
  const cluster = await startCluster(t, {
    environment: { USER_TOKEN_SECRET: SECRET, CORS_ORIGINS: origin, SWEEP_INTERVAL: '1h' }, inspectable: true
  })
  const [ann, bob] = [await addV1User(cluster, 'ann'), await addV1User(cluster, 'bob')]
  const { id } = await addV1Chat(cluster.orm, [ann.userId, bob.userId])
  const line = new Line(cluster.replica(0).url)
  const { hostname, port } = new URL(cluster.replica(0).url)
  const proxy = await startTcpProxy(t, { host: hostname, port: Number(port) })
  const server = `http://127.0.0.1:${String(proxy.port)}`
  const bobs = openClient(t, line, bob.token).chat(id)
  await Promise.all(Array.from({ length: HISTORY }, (_, index) => bobs.send(`old ${String(index)}`)))

  const query = new URLSearchParams({ user: ann.id, server, chat: id })
  const page = await openPage(t, browser, `${origin}/?${String(query)}`)
  const messages = page.locator('ol > li')
  await page.getByText(`${ann.id}: online`).waitFor()
  await page.getByText('old 59').waitFor()
  t.equal(await messages.count(), 50)
  await page.getByRole('button', { name: 'Older messages' }).click()
  await page.getByText(/old 0$/).waitFor()
  t.equal(await messages.count(), HISTORY)

  t.teardown(bobs.messages.subscribe(() => undefined))
  // Typing is told to those alone who follow the chat.
  await when(bobs.messages, ({ items }) => items.some(({ text }) => text === 'old 59'))
  await page.getByLabel('Message').pressSequentially('Hello')
  t.strictSame(await when(bobs.typing, (users) => users.length > 0), [ann.id])
  await page.keyboard.press('Enter')
  await page.locator('li.sent', { hasText: 'Hello' }).waitFor()
  t.equal((await when(bobs.messages, ({ items }) => items.at(-1)?.text === 'Hello')).items.at(-1)?.author, ann.id)
  bobs.notifyTyping()
  await page.getByText(`${bob.id} typing`).waitFor()
  const { seq } = await bobs.send('Good morning')
  await page.locator('li', { hasText: `${bob.id} Good morning` }).waitFor()
  await bobs.delete(seq)
  await page.locator('li', { hasText: `${bob.id} deleted` }).waitFor()
  t.equal(await messages.count(), HISTORY + 2)
  // The changes of a moment are kept together.
  t.ok(await eventually(async () => (await keptTexts(page)).includes('Hello')), 'what is shown is kept')

  await t.test('a page that is loaded again without the server shows what was there, and what waits', async (t) => {
    await proxy.cut()
    await page.getByText(`${ann.id}: offline`).waitFor()
    await page.getByLabel('Message').fill('Kept')
    await page.keyboard.press('Enter')
    await page.locator('li.sending', { hasText: 'Kept' }).waitFor()
    await page.reload()
    await page.locator('li.sending', { hasText: 'Kept' }).waitFor()
    await page.locator('li.sent', { hasText: 'Hello' }).waitFor()
    await page.locator('nav button').waitFor()
    await proxy.open()
    await page.locator('li.sent', { hasText: 'Kept' }).waitFor()
    const { items } = await when(bobs.messages, (shown) => shown.items.at(-1)?.text === 'Kept')
    t.equal(items.filter(({ text }) => text === 'Kept').length, 1)
  })

  await t.test('components agree in concurrent rendering, and what is refused is taken back', async (t) => {
    const { seq: theirs } = await bobs.send('of Bob')
    const room = await openPage(t, browser, `${origin}/room?${String(query)}`)
    await room.getByText('first: of Bob').waitFor()
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await room.route('**/messages/*', async (route) => {
      if (route.request().method() === 'PATCH') await held
      await route.continue()
    })
    const edited = room.evaluate(`chat.edit(${String(theirs)}, { text: 'of Ann' }).catch(({ code }) => code)`)
    for (const name of ['first', 'second']) await room.getByText(`${name}: of Ann`).waitFor()
    release()
    t.equal(await edited, 'not_the_author')
    for (const name of ['first', 'second']) await room.getByText(`${name}: of Bob`).waitFor()
    await Promise.all(Array.from({ length: 20 }, (_, index) => bobs.send(`new ${String(index)}`)))
    await room.getByText('second: new 19').waitFor()
    t.strictSame(await room.evaluate('torn'), [], 'no render has seen two states')
  })
})

await t.test('the component of the guide renders on a server', async (t) => {
  const guide = await readFile(path.join(ROOT, 'docs/guide/client-library.md'), 'utf8')
  const [, component = ''] = /^```jsx\n([\s\S]*?)^```$/m.exec(guide) ?? []
  t.equal(await renderOnServer(`${component}
    import { renderToString } from 'react-dom/server'
    import { ConfabClient } from 'confab-client'
    const client = new ConfabClient({ url: 'http://confab.test', getToken: () => '' })
    console.log(renderToString(<Page client={client} />).includes('name="text"'))`), 'true\n')
})

await t.test('on a server it renders what there is before anything is loaded', async (t) => {
  const program = `
    import { renderToString } from 'react-dom/server'
    import { ConfabClient } from 'confab-client'
    import { ConfabProvider, useChats, useConnection, useMessages } from 'confab-client/react'
    const client = new ConfabClient({ url: 'http://confab.test', getToken: () => { throw new Error('asked for') } })
    const App = () => [useConnection(), useChats().isLoading, useMessages('c').messages.length].join(' ')
    console.log(renderToString(<ConfabProvider client={client}><App /></ConfabProvider>))`
  t.equal(await renderOnServer(program), 'closed true 0\n')
})
