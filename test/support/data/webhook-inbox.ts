/** What a receiver of webhooks has accepted: in order, verified, each event once. */
import { at, integerAt, textAt } from './json.ts'
import { eventually } from '../deadline.ts'
import type { Scope } from '../scope.ts'
import { type Answering, type Receiver, startReceiver, verified } from '../servers/receiver.ts'

/** An event as it came. */
export type Arrival = {
  id: string
  type: string
  chat: string
  /** Undefined for an event of a feed. */
  seq: number | undefined
  text: string
  isAccepted: boolean
}

const accept: Answering = (_request, response) => {
  response.writeHead(204).end()
}

/** A receiver that keeps what comes, and answers as it is told. */
export class WebhookInbox {
  readonly receiver: Receiver
  readonly arrivals: Arrival[] = []
  /** Answers the next requests. */
  answer: Answering = accept
  readonly #lastSeqs = new Map<string, number>()
  #secret = ''

  private constructor (receiver: Receiver) {
    this.receiver = receiver
  }

  /** Starts it; its webhook is made by the caller. */
  static async open (t: Scope): Promise<WebhookInbox> {
    const inbox: WebhookInbox = new WebhookInbox(await startReceiver(t, async (request, response) => {
      const body = verified(inbox.#secret, request)
      response.once('finish', () => inbox.#note(request.headers['webhook-id'], body, response.statusCode))
      response.once('close', () => {
        if (!response.writableFinished) inbox.#note(request.headers['webhook-id'], body, 0)
      })
      await inbox.answer(request, response)
    }))
    return inbox
  }

  /** The URL for a webhook, whose secret it needs. */
  get url (): string {
    return this.receiver.url
  }

  /** Verifies by the secret of this answer. */
  trust (webhook: unknown): string {
    this.#secret = textAt(webhook, 'secret')
    return textAt(webhook, 'id')
  }

  /** The highest accepted seq of the log of a chat; 0 for none. */
  lastSeq (chat: string): number {
    return this.#lastSeqs.get(chat) ?? 0
  }

  /** The accepted events of the log of a chat, in the order in which they came, without repetitions. */
  accepted (chat: string): Arrival[] {
    const seen = new Set<string>()
    return this.arrivals.filter((one) => {
      const isNew = one.isAccepted && one.chat === chat && one.seq !== undefined && !seen.has(one.id)
      if (isNew) seen.add(one.id)
      return isNew
    })
  }

  /** Waits until this is true of what has come. */
  async until (isTrue: (inbox: WebhookInbox) => boolean, deadlineMs = 20_000): Promise<boolean> {
    return eventually(async () => isTrue(this), deadlineMs)
  }

  /** Accepts everything from now on. */
  recover (): void {
    this.answer = accept
  }

  #note (id: unknown, body: unknown, status: number): void {
    const data = at(body, 'data')
    const text = at(data, 'data', 'message', 'text')
    const arrival = {
      id: String(id),
      type: textAt(body, 'type'),
      chat: String(at(data, 'chat')),
      seq: at(data, 'seq') === undefined ? undefined : integerAt(data, 'seq'),
      text: typeof text === 'string' ? text : '',
      isAccepted: status >= 200 && status < 300
    }
    this.arrivals.push(arrival)
    const { chat, seq = 0, isAccepted } = arrival
    if (isAccepted) this.#lastSeqs.set(chat, Math.max(seq, this.lastSeq(chat)))
  }
}
