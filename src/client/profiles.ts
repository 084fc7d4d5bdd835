/** The profiles of users. */
import type { Http } from './http.ts'
import { type Live, LiveValue } from './live.ts'
import { type User, withFields } from './types.ts'

const isUser = withFields<User>('id', 'name')

/** Profiles, each loaded when somebody subscribes. */
export class Profiles {
  readonly #http: Http
  readonly #users = new Map<string, LiveValue<User | null>>()

  constructor (http: Http) {
    this.#http = http
  }

  /** The profile of a user; null before it is loaded. */
  of (id: string): Live<User | null> {
    const known = this.#users.get(id)
    if (known !== undefined) return known
    const value: LiveValue<User | null> = new LiveValue<User | null>(null, () => {
      if (value.getSnapshot() === null && id !== '')
        this.#http.request(`/users/${encodeURIComponent(id)}`, isUser).then((user) => value.set(user), () => undefined)
      return () => undefined
    })
    this.#users.set(id, value)
    return value
  }
}
