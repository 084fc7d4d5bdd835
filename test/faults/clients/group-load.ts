/**
 * A group in which everything happens at once: its owner posts, edits and deletes, adds and removes a guest, and edits
 * one message from two devices; two members react, one of them tries what only the owner may, and clients follow the
 * log.
 */
import { publicChatId } from '../../../src/domain/chats/chat-id.ts'
import type { Account } from '../../support/data/accounts.ts'
import { at, integerAt } from '../../support/data/json.ts'
import type { GroupHistory, GuestRecord, MarkRecord } from '../checking/group.ts'
import type { FaultCluster } from '../servers/fault-cluster.ts'
import { readGroup } from '../checking/stored-group.ts'
import type { LineOptions } from './line.ts'
import { type PersistentRequest, requestUntilAnswered } from './persistent-request.ts'
import { RecordedEditor } from './recorded-editor.ts'
import { RecordedFollower } from './recorded-follower.ts'
import { Steps } from './steps.ts'

const EMOJIS = ['👍', 'party']
const [REACTION_INTERVAL_MS, GUEST_INTERVAL_MS, TRESPASS_INTERVAL_MS, DEVICE_INTERVAL_MS] = [60, 300, 500, 100]
const [OK, CREATED, FORBIDDEN, NOT_FOUND, CONFLICT, PRECONDITION_FAILED] = [200, 201, 403, 404, 409, 412]

/** What a group needs of its load. */
export type GroupOptions = Omit<LineOptions, 'name' | 'token'> & {
  readonly cluster: FaultCluster
  readonly intervalMs: number
}

/** The members of a group: its owner, who stays, another one, and one who comes and goes. */
export type GroupAccounts = { readonly owner: Account, readonly member: Account, readonly guest: Account }

/** What is requested about a message: `path` is behind that of the message. */
type MessageRequest = Pick<PersistentRequest, 'method' | 'body' | 'ifMatch' | 'otherStatuses'> & { path?: string }

/** The load on a group. */
export class GroupLoad {
  readonly editor: RecordedEditor
  readonly chatID: number
  readonly #options: GroupOptions
  readonly #accounts: GroupAccounts
  readonly #marks: MarkRecord[] = []
  readonly #guest: GuestRecord[] = []
  /** The versions that edits with a condition have replaced. */
  readonly #replaced: number[] = []
  readonly #steps: readonly Steps[]
  readonly #followers: RecordedFollower[]
  readonly #guestFollower: RecordedFollower
  /** The message that the owner edits from two devices. */
  #shared: Promise<number | undefined> | undefined

  private constructor (chatID: number, accounts: GroupAccounts, options: GroupOptions) {
    const { owner, member, guest } = accounts
    this.chatID = chatID
    this.#options = options
    this.#accounts = accounts
    this.editor = new RecordedEditor({
      ...options, name: `editor ${String(chatID)}`, token: owner.accessToken, chatID
    })
    this.#steps = [
      new Steps(REACTION_INTERVAL_MS, async () => this.#react(owner)),
      new Steps(REACTION_INTERVAL_MS, async () => this.#react(member)),
      new Steps(GUEST_INTERVAL_MS, async () => this.#moveGuest()),
      new Steps(TRESPASS_INTERVAL_MS, async () => this.#trespass()),
      new Steps(DEVICE_INTERVAL_MS, async () => this.#editShared('one')),
      new Steps(DEVICE_INTERVAL_MS, async () => this.#editShared('two'))
    ]
    this.#followers = [owner, member].map((account, index) => this.#follow(account, `follower ${String(index + 1)}`))
    this.#guestFollower = this.#follow(guest, 'the guest', { isGuest: true })
  }

  /** Makes the group, and starts. */
  static async start (accounts: GroupAccounts, options: GroupOptions): Promise<GroupLoad> {
    const { owner, member } = accounts
    const request = { session_token: owner.accessToken, name: 'Everything', members: [member.username] }
    const { body, status, text } = await options.cluster.post('/chat/create-group', request)
    if (status !== 200) throw new Error(`No group was made: ${text}`)
    return new GroupLoad(integerAt(body, 'chatID'), accounts, options)
  }

  /** Changes nothing for now, and waits for what is under way. */
  async pause (): Promise<void> {
    await Promise.all(this.#steps.map((steps) => steps.pause()))
  }

  /** Changes things again. */
  resume (): void {
    for (const steps of this.#steps) steps.resume()
  }

  /** Changes nothing more. @returns whether all was acknowledged before the deadline */
  async finish (deadlineMs: number): Promise<boolean> {
    const finished = await Promise.all(this.#steps.map((steps) => steps.finish(deadlineMs)))
    return finished.every(Boolean)
  }

  /** Waits until those who follow have everything, and one more who replays it from the beginning. */
  async converge (deadlineMs: number): Promise<void> {
    const { cluster } = this.#options
    this.#followers.push(this.#follow(this.#accounts.member, 'a replay from the beginning'))
    const [row] = await cluster.sql<{ head: string }[]>`
      select last_seq as head from chat_heads where chat_id = ${this.chatID}`
    await Promise.all(this.#followers.map((follower) => follower.reached(Number(row?.head ?? 0), deadlineMs)))
  }

  /** Ends every client. */
  async end (): Promise<void> {
    const followers = [...this.#followers, this.#guestFollower]
    await Promise.all([this.finish(0), this.editor.finish(0), ...followers.map((follower) => follower.end())])
  }

  /** What happened, and what is stored. */
  async history (): Promise<GroupHistory> {
    const stored = await readGroup(this.#options.cluster.sql, this.chatID, this.#accounts.guest.username)
    const followers = this.#followers.map(({ record }) => record)
    return {
      ...stored,
      marks: this.#marks,
      guest: this.#guest,
      replaced: this.#replaced,
      followers,
      guestFollower: this.#guestFollower.record
    }
  }

  #follow ({ accessToken: token }: Account, name: string, own: { isGuest?: true } = {}): RecordedFollower {
    return new RecordedFollower({ ...this.#options, name, token, chat: publicChatId(this.chatID, null), ...own })
  }

  /** Requests something about a message of the group. */
  async #request (
    name: string,
    { accessToken: token }: Account,
    seq: number,
    { path = '', ...request }: MessageRequest
  ): Promise<{ status: number, body: unknown } | undefined> {
    const { cluster: { url }, journal } = this.#options
    const target = `${url}/v1/chats/${publicChatId(this.chatID, null)}/messages/${String(seq)}${path}`
    return requestUntilAnswered({ name, url: target, token, ...request }, journal, () => this.#isGivenUp)
  }

  get #isGivenUp (): boolean {
    return this.#steps.some(({ isGivenUp }) => isGivenUp)
  }

  /** A message of the owner, one of the newest as a rule. */
  #pick (): number | undefined {
    const seqs = this.editor.posts.flatMap(({ ack }) => ack?.seq ?? [])
    return seqs[Math.floor((this.#options.random.fraction() ** 0.3) * seqs.length)]
  }

  async #react (account: Account): Promise<void> {
    const { random } = this.#options
    const [seq, emoji] = [this.#pick(), EMOJIS[random.integer(0, EMOJIS.length - 1)]]
    if (seq === undefined || emoji === undefined) return
    const mark: MarkRecord = { user: account.username, seq, emoji, isOn: random.chance(0.6) }
    this.#marks.push(mark)
    const answer = await this.#request(`a reaction of ${account.username}`, account, seq, {
      path: `/reactions/${encodeURIComponent(emoji)}`,
      method: mark.isOn ? 'PUT' : 'DELETE',
      otherStatuses: [CONFLICT]
    })
    if (answer === undefined) return
    const stored = answer.status === OK ? at(answer.body, 'seq') : undefined
    mark.ack = { seq: typeof stored === 'number' ? stored : undefined }
  }

  /** A member deletes a message of the owner, or tries to. */
  async #trespass (): Promise<void> {
    const seq = this.#pick()
    if (seq === undefined) return
    const otherStatuses = [FORBIDDEN, NOT_FOUND, CONFLICT]
    const answer = await this.#request('a trespasser', this.#accounts.member, seq, { method: 'DELETE', otherStatuses })
    if (answer?.status === OK && at(answer.body, 'seq') !== null)
      this.#options.journal.failures.push(`a member has deleted seq ${String(seq)}, which is the owner's`)
  }

  /** Edits the message that the owner's devices share, unless another one was faster. */
  async #editShared (device: string): Promise<void> {
    const { owner } = this.#accounts
    this.#shared ??= this.#postShared()
    const seq = await this.#shared
    if (seq === undefined) return
    const present = await this.#request(`device ${device}`, owner, seq, { method: 'GET' })
    if (present === undefined) return
    const version = integerAt(present.body, 'version')
    const answer = await this.#request(`device ${device}`, owner, seq, {
      method: 'PATCH',
      body: { text: `version ${String(version + 1)} by device ${device}` },
      ifMatch: `"${String(version)}"`,
      otherStatuses: [PRECONDITION_FAILED]
    })
    if (answer?.status === OK && at(answer.body, 'seq') !== null) this.#replaced.push(version)
  }

  async #postShared (): Promise<number | undefined> {
    const { cluster: { url }, journal } = this.#options
    const answer = await requestUntilAnswered({
      name: 'the message that is shared',
      url: `${url}/v1/chats/${publicChatId(this.chatID, null)}/messages`,
      method: 'POST',
      token: this.#accounts.owner.accessToken,
      body: { client_id: 'shared', text: 'version 1' },
      otherStatuses: [CREATED]
    }, journal, () => this.#isGivenUp)
    return answer && integerAt(answer.body, 'seq')
  }

  async #moveGuest (): Promise<void> {
    const { cluster, journal } = this.#options
    const { owner, guest } = this.#accounts
    const record: GuestRecord = { isIn: this.#guest.at(-1)?.isIn !== true, isAcked: false }
    this.#guest.push(record)
    const answer = await requestUntilAnswered({
      name: 'a change of the members',
      url: `${cluster.url}/chat/${record.isIn ? 'add' : 'remove'}-members`,
      method: 'POST',
      body: { session_token: owner.accessToken, chatID: this.chatID, members: [guest.username] }
    }, journal, () => this.#isGivenUp)
    record.isAcked = answer !== undefined
  }
}
