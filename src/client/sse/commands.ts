/** The commands of a socket as requests. */
import type { Http } from '../http.ts'
import { fieldOf, integerOf } from '../json.ts'

/** A command of the client, as it would send it on a socket. */
export type Command = { readonly type: string, readonly chat: string, readonly ref?: number }

/** Fields that say what the others are for. */
const ADDRESS: ReadonlySet<string> = new Set(['type', 'chat', 'ref'])

/** What an `ack` has besides its `ref`. */
export type Outcome = { readonly seq?: number }

/**
 * Performs a command that one request performs.
 * @returns undefined for a command that is none of these
 * @throws {ConfabProblem}
 */
export function perform (http: Http, command: Command): Promise<Outcome> | undefined {
  const { type, chat } = command
  const body = Object.fromEntries(Object.entries(command).filter(([name]) => !ADDRESS.has(name)))
  const path = `/chats/${chat}`
  switch (type) {
    case 'send':
      return http.send(`${path}/messages`, { method: 'POST', body }).then((answer) => {
        const seq = integerOf(fieldOf(answer, 'message'), 'seq')
        return seq === undefined ? {} : { seq }
      })
    case 'read':
      return http.send(`${path}/read`, { method: 'PUT', body }).then(() => ({}))
    case 'typing':
      return http.send(`${path}/typing`, { method: 'PUT' }).then(() => ({}))
    default:
      return undefined
  }
}
