/** What a user does on a server of which only the URL and the mails are known. */
import { newRegistration, type Registration } from '../data/accounts.ts'
import { call } from './http.ts'
import { integerAt, listAt, textAt } from '../data/json.ts'
import { codeIn, type Outbox } from '../data/outbox.ts'

const PAGE = 200

/** A user with a session. */
export type Visitor = Registration & { token: string }
/** A message of a history. */
export type HistoryEntry = { seq: number, messageID: number, message: string, timestamp: string }

/** Where a server is. */
type Server = { url: string }

async function succeed ({ url }: Server, path: string, body: unknown): Promise<unknown> {
  const answer = await call(url + path, 'POST', { body })
  if (answer.status !== 200) throw new Error(`POST ${path} answered ${String(answer.status)}: ${answer.text}`)
  return answer.body
}

/** Registers, proves the address and logs in. */
export async function signUp (server: Server, outbox: Outbox): Promise<Visitor> {
  const registration = newRegistration()
  await succeed(server, '/user/register', registration)
  const code = codeIn(await outbox.take(registration.email))
  await succeed(server, '/user/verify-email', { username: registration.username, email_token: code })
  return { ...registration, token: await signIn(server, registration) }
}

/** Opens another session. @returns its token */
export async function signIn (server: Server, { username, password }: Registration): Promise<string> {
  return textAt(await succeed(server, '/user/login', { username, password }), 'access_token')
}

/** Opens a chat with another user. @returns its id */
export async function openChat (server: Server, { token }: Visitor, receiver: Visitor): Promise<number> {
  return integerAt(
    await succeed(server, '/chat/create-chat', { session_token: token, receiver: receiver.username }),
    'chatID'
  )
}

/** Reads a chat from its beginning to its end. */
export async function readHistory (server: Server, { token }: Visitor, chatID: number): Promise<HistoryEntry[]> {
  const history: HistoryEntry[] = []
  for (;;) {
    const page = listAt(
      await succeed(server, '/chat/messages', {
        session_token: token,
        chatID,
        limit: PAGE,
        after: history.at(-1)?.seq ?? 0
      })
    )
    for (const entry of page) {
      history.push({
        seq: integerAt(entry, 'seq'),
        messageID: integerAt(entry, 'messageID'),
        message: textAt(entry, 'message'),
        timestamp: textAt(entry, 'timestamp')
      })
    }
    if (page.length < PAGE) return history
  }
}
