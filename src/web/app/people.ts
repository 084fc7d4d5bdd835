/** Search for users of the server by the beginning of their names. */
import type { ConfabClient, Person } from '../../client/chatcli/index.ts'

const PAGE_SIZE = 100
const MAX_FOUND = 8
/** Length of the names of the server. */
const MAX_SEARCH_LENGTH = 64

/** The users of the server but one. */
export class People {
  readonly #client: ConfabClient
  readonly #userID: number
  #first: Promise<readonly Person[]> | undefined

  /** @param userID the signed-in user, who is never found */
  constructor (client: ConfabClient, userID: number) {
    this.#client = client
    this.#userID = userID
  }

  /**
   * Returns the users whose name or username begins with a text, or contains it among the first users of the server;
   * those first who have it as their name.
   * @throws {ConfabError}
   */
  async find (text: string): Promise<Person[]> {
    const wanted = text.trim()
    const [first, found] = await Promise.all([
      this.#loadFirst(),
      wanted === '' || wanted.length > MAX_SEARCH_LENGTH ? [] : this.#load(wanted)
    ])
    const containing = first.filter((person) => namesOf(person).some((name) => name.includes(wanted.toLowerCase())))
    const people = new Map([...found, ...containing].map((person) => [person.userID, person]))
    people.delete(this.#userID)
    const all = [...people.values()]
    return [...all.filter((person) => isNamed(person, wanted)), ...all.filter((person) => !isNamed(person, wanted))]
      .slice(0, MAX_FOUND)
  }

  #loadFirst (): Promise<readonly Person[]> {
    this.#first ??= this.#load().catch((error: unknown) => {
      this.#first = undefined
      throw error
    })
    return this.#first
  }

  async #load (search?: string): Promise<readonly Person[]> {
    return (await this.#client.people({ pageSize: PAGE_SIZE, search })).items
  }
}

/** Whether a text is the name or the username of somebody. */
export function isNamed (person: Person, text: string): boolean {
  return namesOf(person).includes(text.trim().toLowerCase())
}

function namesOf ({ name, username }: Person): string[] {
  return [name.toLowerCase(), username.toLowerCase()]
}
