import { readFile } from 'node:fs/promises'
import t from '../../support/tap.ts'
import { call } from '../../support/clients/http.ts'
import { newRegistration } from '../../support/data/accounts.ts'
import { Outbox } from '../../support/data/outbox.ts'
import { spawnReplica } from '../../support/servers/process.ts'
import { ChatClient } from '../../support/clients/chat-client.ts'
import { temporaryStore } from '../../support/servers/embedded-store.ts'
import { openChat, signUp } from '../../support/clients/visitor.ts'

const LOGINS = 200
/** Two hashes of 19 MiB at a time, and room for what 200 requests need besides; all at once they would take 3.8 GiB. */
const MAX_GROWTH_KIB = 256 * 1_024
const ENOUGH_POSTS = 5

await t.test('200 logins at once take bounded memory, and sockets keep flowing', async (t) => {
  const folder = await temporaryStore(t)
  const server = await spawnReplica(t, { DATA_DIR: folder, RATE_LIMITS: 'off', HASH_PASSES: '1' })
  const outbox = new Outbox(folder)
  const [ann, bob] = [await signUp(server, outbox), await signUp(server, outbox)]
  const chatID = await openChat(server, ann, bob)
  const writer = await ChatClient.open(t, server, ann.token)
  const before = await peakMemory(server.pid)

  let posts = 0
  const statuses = new Set<number | string>()
  const flood = Promise.all(
    Array.from({ length: LOGINS }, async (_, index) => {
      do {
        const { username } = index % 2 === 0 ? ann : newRegistration()
        const body = { username, password: 'Wrong-Horse-1' }
        const { status, headers } = await call(`${server.url}/user/login`, 'POST', { body })
        statuses.add(status === 429 && headers.get('retry-after') === null ? 'no Retry-After' : status)
      } while (posts < ENOUGH_POSTS)
    })
  )
  while (posts < ENOUGH_POSTS) {
    const { type } = await writer.request({ type: 'post_msg', chatID, text: 'meanwhile' })
    t.equal(type, 'ack')
    posts++
  }
  await flood
  t.strictSame([...statuses].sort(), [400, 429], 'each is refused for the password or for the crowd')
  const growth = (await peakMemory(server.pid)) - before
  t.ok(growth < MAX_GROWTH_KIB, `${String(growth)} KiB more at the peak`)
})

/** The most resident memory that a process has had, in KiB. */
async function peakMemory (pid: number): Promise<number> {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${String(pid)}/status`, 'utf8'))?.[1])
}
