/**
 * Shows to sockets that follow all chats of their user which of the user's contacts are online: first all of them, then
 * each change. Contacts are those who share a chat with the user, if it is not too large (`store/contacts.ts`).
 */
import type { Bus, BusHandler } from '../bus/bus.ts'
import { encodeTextFrame } from '../lib/websocket/frame.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Connection } from './connection.ts'
import type { Notice } from './notice.ts'
import type { Presence, PresenceWatcher } from './presence.ts'
import { decodeUserEvent, publishToUser, type UserEvent, userChannel } from './user-events.ts'

/** Users whose contacts are read in one query. */
const LOAD_CHUNK = 100
const RETRY_DELAY_MS = 500
/** After these the contacts of a user are read again. */
const RELOADING: ReadonlySet<UserEvent['type']> = new Set(['chats_changed', 'contacts_changed', 'rights_changed'])
/** Time that a client has to show a list of chats, before it is told again who is online. */
const REPEAT_DELAY_MS = 250

/** The contacts in the store. */
export type ContactLists = {
  /** The contacts of each of these users. */
  contactsOf: (userIds: readonly number[]) => Promise<{ userId: number, contactIds: readonly number[] }[]>
  /** The contacts of a user, and those who would be if both wanted to be. */
  everyContactOf: (userId: number) => Promise<readonly number[]>
  /** The names of these users. */
  namesOf: (userIds: readonly number[]) => Promise<ReadonlyMap<number, string>>
  /** The members of a chat that makes contacts of them; none in a larger one. */
  contactsIn: (chatId: number) => Promise<number[]>
}

/** Dependencies of the contacts. */
export type ContactsDeps = {
  /** Undefined when nobody is told who is online. */
  presence: Presence | undefined
  bus: Bus
  lists: ContactLists
  metrics: Metrics
  logger: { warn: (details: object, message: string) => void }
}

/** A user with such sockets here. */
type Person = {
  readonly userId: number
  readonly hear: BusHandler
  readonly watcher: PresenceWatcher
  /** Whether each socket has been told who is online. */
  readonly connections: Map<Connection, boolean>
  /** Undefined before they have been read. */
  contactIds: ReadonlySet<number> | undefined
  /** The contacts that are shown as online, with the names under which they are. */
  readonly shown: Map<number, string>
  /** Contacts that may have changed. */
  changed: Set<number>
  /** Until the bus has acknowledged the subscription. */
  opened: Promise<void> | undefined
  repeatTimer: NodeJS.Timeout | undefined
}

/** Tells sockets who of their user's contacts is online. */
export class Contacts {
  readonly #deps: ContactsDeps
  readonly #people = new Map<number, Person>()
  /** Those whose contacts must be read, and those to whom something may have to be shown. */
  #due = new Set<Person>()
  #dirty = new Set<Person>()
  #isWorking = false

  constructor (deps: ContactsDeps) {
    this.#deps = deps
  }

  /** Tells a socket from now on. */
  add (connection: Connection): void {
    if (this.#deps.presence === undefined) {
      this.#write([connection], [{ kind: 'contacts.online', usernames: [] }])
      return
    }
    if (!connection.isOpen) return
    const person = this.#personOf(connection.principal.userId)
    person.connections.set(connection, false)
    if (person.contactIds === undefined) this.#due.add(person)
    this.#dirty.add(person)
    this.#workSoon()
  }

  /** Removes a closed socket. */
  remove (connection: Connection): void {
    const person = this.#people.get(connection.principal.userId)
    if (person?.connections.delete(connection) === true && person.connections.size === 0) this.#close(person)
  }

  /** Has the sockets of a user, on any replica, told again who is online: a client has read the list of chats. */
  repeat (userId: number): void {
    if (this.#deps.presence !== undefined) publishToUser(this.#deps.bus, userId, { type: 'list_read' })
  }

  /** Tells the replicas of those in a chat that others have come to it, or have left it. */
  membersChanged (chatId: number): void {
    const { presence, bus, lists } = this.#deps
    if (presence === undefined) return
    lists.contactsIn(chatId).then(
      (userIds) => {
        for (const userId of userIds) publishToUser(bus, userId, { type: 'contacts_changed' })
      },
      // Their clients get it right with the next list of chats.
      (error: unknown) => this.#failed(error)
    )
  }

  /** Tells the replicas of a user's contacts that the user has changed who may know that they are online. */
  rightsChanged (userId: number): void {
    const { presence, bus, lists } = this.#deps
    if (presence === undefined) return
    publishToUser(bus, userId, { type: 'rights_changed' })
    lists.everyContactOf(userId).then(
      (contactIds) => {
        for (const contactId of contactIds) publishToUser(bus, contactId, { type: 'contacts_changed' })
      },
      (error: unknown) => this.#failed(error)
    )
  }

  close (): void {
    for (const person of this.#people.values()) this.#close(person)
  }

  #personOf (userId: number): Person {
    const known = this.#people.get(userId)
    if (known !== undefined) return known
    const hear: BusHandler = (payload) => {
      const type = decodeUserEvent(payload)?.type
      if (type === 'list_read') this.#repeatSoon(person)
      else if (type !== undefined && RELOADING.has(type)) this.#reload(person)
    }
    const watcher: PresenceWatcher = {
      changed: (presences) => {
        for (const presence of presences) person.changed.add(presence.userId)
        this.#dirty.add(person)
        this.#workSoon()
      }
    }
    const opened = this.#deps.bus.subscribe(userChannel(userId), hear).catch(() => undefined)
    const person: Person = {
      userId,
      hear,
      watcher,
      connections: new Map(),
      contactIds: undefined,
      shown: new Map(),
      changed: new Set(),
      opened,
      repeatTimer: undefined
    }
    void opened.then(() => (person.opened = undefined))
    this.#people.set(userId, person)
    return person
  }

  #close (person: Person): void {
    clearTimeout(person.repeatTimer)
    this.#people.delete(person.userId)
    this.#due.delete(person)
    this.#dirty.delete(person)
    this.#deps.presence?.unwatch(person.watcher)
    this.#deps.bus.unsubscribe(userChannel(person.userId), person.hear)
  }

  /** Requests for lists come in pairs: the sockets are told behind the last. */
  #repeatSoon (person: Person): void {
    clearTimeout(person.repeatTimer)
    person.repeatTimer = setTimeout(() => {
      for (const connection of person.connections.keys()) person.connections.set(connection, false)
      this.#reload(person)
    }, REPEAT_DELAY_MS).unref()
  }

  #reload (person: Person): void {
    this.#due.add(person)
    this.#workSoon()
  }

  #workSoon (): void {
    if (this.#isWorking) return
    this.#isWorking = true
    // Sockets that come in this turn of the event loop share a query.
    setImmediate(() => void this.#work())
  }

  async #work (): Promise<void> {
    while (this.#due.size > 0 || this.#dirty.size > 0) {
      const due = this.#openOf([...this.#due].slice(0, LOAD_CHUNK))
      for (const person of due) this.#due.delete(person)
      const dirty = [...new Set([...due, ...this.#dirty])]
      this.#dirty = new Set()
      try {
        if (due.length > 0) await this.#load(due)
        await this.#show(this.#openOf(dirty))
      } catch (error) {
        this.#failed(error)
        setTimeout(() => this.#retry(due, dirty), RETRY_DELAY_MS).unref()
      }
    }
    this.#isWorking = false
  }

  #retry (due: readonly Person[], dirty: readonly Person[]): void {
    for (const person of this.#openOf(due)) this.#due.add(person)
    for (const person of this.#openOf(dirty)) this.#dirty.add(person)
    this.#workSoon()
  }

  #openOf (people: readonly Person[]): Person[] {
    return people.filter((person) => this.#people.get(person.userId) === person)
  }

  /** Reads the contacts of users, and watches them. */
  async #load (people: readonly Person[]): Promise<void> {
    // Subscribe first, read second: no change can fall in between.
    await Promise.all(people.flatMap(({ opened }) => opened ?? []))
    const lists = await this.#deps.lists.contactsOf(people.map(({ userId }) => userId))
    const byUser = new Map(lists.map(({ userId, contactIds }) => [userId, contactIds]))
    await Promise.all(this.#openOf(people).map((person) => this.#setContacts(person, byUser)))
  }

  async #setContacts (person: Person, byUser: ReadonlyMap<number, readonly number[]>): Promise<void> {
    const { userId, watcher, changed } = person
    const before = person.contactIds
    const contactIds = new Set(byUser.get(userId))
    person.contactIds = contactIds
    const gone = [...before ?? []].filter((contactId) => !contactIds.has(contactId))
    const added = [...contactIds].filter((contactId) => before?.has(contactId) !== true)
    for (const contactId of [...gone, ...added]) changed.add(contactId)
    this.#deps.presence?.unwatch(watcher, gone)
    await this.#deps.presence?.watch(watcher, added)
    // The sockets were closed meanwhile.
    if (this.#people.get(userId) !== person) this.#deps.presence?.unwatch(watcher)
  }

  /** Shows what has changed to the sockets that know the rest, and everything to the others. */
  async #show (people: readonly Person[]): Promise<void> {
    const needed = people.flatMap((person) => {
      const isIncomplete = [...person.connections.values()].includes(false)
      return [...isIncomplete ? person.contactIds ?? [] : person.changed].filter((id) => this.#isOnline(person, id))
    })
    const ids = [...new Set(needed)]
    const names = ids.length === 0 ? new Map<number, string>() : await this.#deps.lists.namesOf(ids)
    for (const person of this.#openOf(people)) if (person.contactIds !== undefined) this.#showTo(person, names)
  }

  #showTo (person: Person, names: ReadonlyMap<number, string>): void {
    const { connections, shown } = person
    const notices: Notice[] = []
    const changed = person.changed
    person.changed = new Set()
    for (const contactId of changed) {
      const old = shown.get(contactId)
      const isOnline = this.#isOnline(person, contactId)
      const username = isOnline ? names.get(contactId) : old
      // It came while the names were read, and is looked at again.
      if (isOnline && username === undefined) {
        person.changed.add(contactId)
        this.#dirty.add(person)
      } else if (isOnline !== (old !== undefined) && username !== undefined) {
        if (isOnline) shown.set(contactId, username)
        else shown.delete(contactId)
        notices.push({ kind: 'contact.changed', username, isOnline })
      }
    }
    this.#write([...connections.keys()].filter((connection) => connections.get(connection)), notices)
    const untold = [...connections.keys()].filter((connection) => connections.get(connection) === false)
    if (untold.length === 0) return
    for (const [contactId, old] of shown) shown.set(contactId, names.get(contactId) ?? old)
    this.#write(untold, [{ kind: 'contacts.online', usernames: [...shown.values()] }])
    for (const connection of untold) connections.set(connection, true)
  }

  #isOnline ({ contactIds }: Person, contactId: number): boolean {
    return contactIds?.has(contactId) === true && this.#deps.presence?.presenceOf(contactId).status === 'online'
  }

  /** Writes notices to sockets, each in the form of its codec, with one write for each socket. */
  #write (connections: readonly Connection[], notices: readonly Notice[]): void {
    if (notices.length === 0) return
    for (const connection of connections) {
      const shown = notices.flatMap((notice) => connection.codec.showNotice?.(notice) ?? [])
      if (shown.length === 0) continue
      for (const { type } of shown) this.#deps.metrics.framesSent.add(type)
      connection.write(Buffer.concat(shown.map((frame) => encodeTextFrame(JSON.stringify(frame)))))
    }
  }

  #failed (error: unknown): void {
    this.#deps.logger.warn(
      { reason: error instanceof Error ? error.message : String(error) },
      'contacts cannot be read; trying again'
    )
  }
}
