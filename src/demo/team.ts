/** The people of the demo as clients of a server: everyone registers, verifies the address and logs in. */
import { readFile } from 'node:fs/promises'
import { WebSocket } from 'ws'
import { ConfabAccounts } from '../client/accounts/index.ts'
import { ConfabFiles } from '../client/files/index.ts'
import { ConfabClient, MemoryStorage } from '../client/index.ts'
import { codeOf, mailsIn } from './mails.ts'
import { type Member, PASSWORD, TEAM } from './people.ts'

const POLL_MS = 20

/** A person with a connected client. */
export type Person = { readonly member: Member, readonly id: string, client: ConfabClient, files: ConfabFiles }

/** Everybody of the demo. */
export class Team {
  readonly people: readonly Person[]

  private constructor (people: readonly Person[]) {
    this.people = people
  }

  /** Registers and connects everybody. @param outbox file with the server's mails */
  static async join (url: string, outbox: string): Promise<Team> {
    return new Team(await Promise.all(TEAM.map((member) => join(url, outbox, member))))
  }

  /** The client of a person. */
  of (member: Member): Person {
    const person = this.people.find((one) => one.member === member)
    if (person === undefined) throw new Error(`${member.username} has not joined.`)
    return person
  }

  /** Disconnects everybody. */
  close (): void {
    for (const { client } of this.people) client.close()
  }
}

async function join (url: string, outbox: string, member: Member): Promise<Person> {
  const { username, email } = member
  const accounts = new ConfabAccounts({ url })
  await accounts.register({ username, email, password: PASSWORD })
  await accounts.verify({ username, code: await codeFor(email, outbox) })
  const getToken = async () => (await accounts.logIn({ username, password: PASSWORD })).access_token
  const client = new ConfabClient({ url, getToken, WebSocket, storage: new MemoryStorage() })
  const online = new Promise<void>((resolve) => client.on('state', (state) => {
    if (state === 'online') resolve()
  }))
  client.connect()
  await online
  const { user: id } = client
  if (id === null) throw new Error('A client that is online knows its user.')
  return { member, id, client, files: new ConfabFiles({ url, getToken }) }
}

async function codeFor (email: string, outbox: string): Promise<string> {
  for (;;) {
    const mail = mailsIn(await readFile(outbox, 'utf8').catch(() => '')).find(({ to }) => to === email)
    const code = mail === undefined ? undefined : codeOf(mail)
    if (code !== undefined) return code
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
