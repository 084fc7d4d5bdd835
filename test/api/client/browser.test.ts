import type { Browser } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { newRegistration, type Registration } from '../../support/data/accounts.ts'
import { eventually, within } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onServices } from '../../support/servers/deployments.ts'
import { withBrowser } from '../../support/clients/browser.ts'
import { type ClientPage, openClientPage } from '../../support/clients/client-page.ts'
import { listAt, textAt } from '../../support/data/json.ts'
import { codeIn } from '../../support/data/outbox.ts'
import { Random, seedOf } from '../../support/data/random.ts'
import { startTcpProxy } from '../../support/servers/tcp-proxy.ts'

const DEADLINE_MS = 60_000
const POSTS = 30
const CUTS = 9

t.setTimeout(300_000)

/** A client in a page of a replica, reached by way of a proxy. */
type Remote = ClientPage & { cut: () => Promise<void> }

async function startRemote (t: Test, browser: Browser, url: string): Promise<Remote> {
  const { hostname, port } = new URL(url)
  const proxy = await startTcpProxy(t, { host: hostname, port: Number(port) })
  const page = await openClientPage(t, browser, { url: `http://127.0.0.1:${String(proxy.port)}/app` })
  const cut = async () => {
    await proxy.cut()
    await proxy.open()
  }
  return { ...page, cut }
}

async function enter (t: Test, cluster: Cluster, { run }: Remote): Promise<Registration> {
  const registration = newRegistration()
  cluster.secrets.add(registration.password)
  const account = JSON.stringify(registration)
  await run(`client.register(${account})`)
  t.equal(await run(`client.logIn(${account}).catch(({ code }) => code)`), 'unverified')
  const code = codeIn(await cluster.outbox.take(registration.email))
  await run(`client.verifyEmail({ username: '${registration.username}', code: '${code}' })`)
  await run(`client.logIn(${account})`)
  return registration
}

await onServices(t, async (t, cluster) => {
  await withBrowser(t, 'in Chromium, through connections that are cut', async (t, browser) => {
    const random = new Random(seedOf(t))
    const remotes = await Promise.all(cluster.replicas.map(({ url }) => startRemote(t, browser, url)))
    const [one, two, three] = remotes
    if (one === undefined || two === undefined || three === undefined)
      throw new Error('There are fewer than three replicas.')
    const ann = await enter(t, cluster, one)
    const bob = await enter(t, cluster, two)
    await three.run(`client.logIn(${JSON.stringify(bob)})`)
    const chatID = String(await one.run(`client.createChat('${bob.username}')`))
    await Promise.all(remotes.map(({ run }) => run(`client.open(${chatID}, { after: 0 }).ready()`)))

    const posts = remotes.map(({ run }, writer) =>
      run(
        `{ for (let index = 0; index < ${String(POSTS)}; index++) await client.post(${chatID}, '${String(writer)} ` +
        `' + index) }`
      )
    )
    const total = POSTS * remotes.length
    for (let cut = 1; cut <= CUTS; cut++) {
      await remotes[random.integer(0, remotes.length - 1)]?.cut()
      const isFurther = await eventually(
        async () => Number(await one.run('messages.length')) >= Math.floor((total * cut) / CUTS),
        DEADLINE_MS
      )
      t.ok(isFurther, `after ${String(cut)} cuts all goes on`)
    }
    await within(Promise.all(posts), DEADLINE_MS, 'the acknowledgements')
    for (const { run } of remotes) {
      t.ok(await eventually(async () => (await run('messages.length')) === total, DEADLINE_MS))
      t.strictSame(
        await run('messages.map(({ seq }) => seq)'),
        Array.from({ length: total }, (_, index) => index + 1),
        'each message once, in order'
      )
    }
    const texts = listAt(await one.run('messages.map(({ text }) => ({ text }))')).map((entry) => textAt(entry, 'text'))
    for (const writer of remotes.keys()) {
      t.strictSame(
        texts.filter((text) => text.startsWith(`${String(writer)} `)),
        Array.from({ length: POSTS }, (_, index) => `${String(writer)} ${String(index)}`),
        'each writer in order'
      )
    }
    t.match(await two.run('client.conversations()'), {
      items: [{ name: ann.username, lastMessage: { text: texts.at(-1) } }]
    })

    await one.run(`{
      window.remote.heir = new client.constructor({
        url: location.origin,
        tokens: { ...client.tokens, accessToken: 'worn out' }
      })
      window.remote.renewals = []
      window.remote.heir.on('tokens', (renewed) => window.remote.renewals.push(renewed))
    }`)
    t.match(await one.run('window.remote.heir.chats()'), [{ chatID: Number(chatID) }])
    t.equal(await one.run('window.remote.renewals.length'), 1, 'a token that is refused is renewed')

    await two.run('client.logOut()')
    t.strictSame(await two.run('client.chats().catch(({ name, code }) => ({ name, code }))'), {
      name: 'ConfabError',
      code: 'logged_out'
    })
    t.equal(await three.run('client.state'), 'online', 'the other session goes on')
  })
})
