/** Fills an empty server through its API: everyone registers, verifies the address, logs in and writes. */
import { readFile } from 'node:fs/promises'
import { WebSocket } from 'ws'
import { ConfabClient } from '../client/chatcli/index.ts'
import { CONVERSATIONS, type Script } from './conversations.ts'
import { type Member, PASSWORD, TEAM } from './people.ts'
import { codeOf, mailsIn } from './mails.ts'

const POLL_MS = 20

/** @param outbox file with the server's mails */
export async function seed (url: string, outbox: string): Promise<void> {
  const clients = new Map(
    await Promise.all(TEAM.map(async (member) => [member, await join(url, outbox, member)] as const))
  )
  const clientOf = (member: Member) => {
    const client = clients.get(member)
    if (client === undefined) throw new Error(`${member.username} has not joined.`)
    return client
  }
  // One after the other, so that the list has them in this order.
  for (const script of CONVERSATIONS) await play(script, clientOf)
  for (const client of clients.values()) client.close()
}

async function join (url: string, outbox: string, { username, email }: Member): Promise<ConfabClient> {
  const client = new ConfabClient({ url, WebSocket })
  await client.register({ username, email, password: PASSWORD })
  await client.verifyEmail({ username, code: await codeFor(email, outbox) })
  await client.logIn({ username, password: PASSWORD })
  return client
}

async function codeFor (email: string, outbox: string): Promise<string> {
  for (;;) {
    const mail = mailsIn(await readFile(outbox, 'utf8').catch(() => '')).find(({ to }) => to === email)
    const code = mail === undefined ? undefined : codeOf(mail)
    if (code !== undefined) return code
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function play (
  { people: [one, other], lines }: Script,
  clientOf: (member: Member) => ConfabClient
): Promise<void> {
  const chatID = await clientOf(one).createChat(other.username)
  for (const line of lines) await clientOf(line.startsWith('>') ? one : other).post(chatID, line.slice(1).trim())
}
