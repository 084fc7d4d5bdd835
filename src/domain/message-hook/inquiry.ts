/** Asks the application about messages before they are stored. */
import { randomBytes } from 'node:crypto'
import { Breaker } from '../../lib/breaker.ts'
import { FairQueue } from '../../lib/fair-queue.ts'
import { webhookHeaders } from '../../lib/webhook-signature.ts'
import type { Metrics } from '../../observability/metrics/metrics.ts'
import type { Orm } from '../../store/database.ts'
import { findScene } from '../../store/hooks.ts'
import { ChatError } from '../errors.ts'
import type { Gated, Inquiry } from '../events/message-gate.ts'
import { messageRequestOf } from '../events/post-request.ts'
import type { Features } from '../features.ts'
import type { Outbound } from '../webhooks/outbound.ts'
import { type HookAnswer, readAnswer } from './answer.ts'
import { type Question, questionOf } from './question.ts'
import type { HookSettings, LiveHook } from './settings.ts'

/** Questions at the same time, and those of one user among them. */
const TURNS = { concurrency: 32, perKey: 8 }
const BREAKER = { failures: 5, pauseMs: 1_000, maxPauseMs: 30_000 }
const [ID_BYTES, MAX_ANSWER_BYTES, MS_PER_S] = [12, 65_536, 1_000]

type Rewrite = Extract<HookAnswer, { action: 'rewrite' }>

/** Dependencies of the inquiry. */
export type InquiryDeps = {
  orm: Orm
  settings: HookSettings
  features: Features
  outbound: Outbound
  metrics: Pick<Metrics, 'hookAnswers' | 'hookSeconds'>
  log: { warn: (details: object, message: string) => void }
}

/** See the head of this file. */
export class MessageInquiry implements Inquiry {
  readonly #deps: InquiryDeps
  readonly #turns = new FairQueue(TURNS)
  #breaker = new Breaker(BREAKER)
  /** The settings that the breaker has experience with. */
  #tried = ''

  constructor (deps: InquiryDeps) {
    this.#deps = deps
  }

  get isActive (): boolean {
    return this.#deps.settings.live !== undefined
  }

  async ask (gated: Gated): Promise<Gated> {
    const { orm, settings: { live: hook }, features, metrics } = this.#deps
    const { chatId } = gated.post ?? gated.change
    const userId = gated.post === undefined ? gated.change.actor.userId : gated.post.author.userId
    if (hook === undefined || userId === null) return gated
    const scene = await findScene(orm, { chatId, userId, key: gated.key })
    if (scene === undefined || scene.isStored || hook.chatTypes?.has(scene.type) === false) return gated
    const question = await questionOf(orm, gated, scene)
    if (question === undefined) return gated
    const answer = await this.#turns.run(userId, () => this.#answerTo(question, hook))
    if (answer === undefined) {
      if (hook.onFailure === 'allow') return gated
      throw new ChatError('hook_failed')
    }
    switch (answer.action) {
      case 'allow':
        metrics.hookAnswers.add('allowed')
        return gated
      case 'deny':
        metrics.hookAnswers.add('denied')
        throw new ChatError('message_refused', answer.reason)
      case 'rewrite':
        metrics.hookAnswers.add('rewritten')
        if (!features.areEventsKnown) await features.requireEvents()
        return rewritten(gated, answer)
    }
  }

  /** @returns undefined when there is no good answer */
  async #answerTo (question: Question, hook: LiveHook): Promise<HookAnswer | undefined> {
    const { metrics, log } = this.#deps
    const breaker = this.#breakerOf(hook)
    if (!breaker.tryEnter()) {
      metrics.hookAnswers.add('skipped')
      return undefined
    }
    const { answer, failure } = await this.#send(question, hook)
    const hasChanged = breaker.note(answer !== undefined)
    if (answer !== undefined) {
      if (hasChanged) log.warn({}, 'the hook before a message answers again')
      return answer
    }
    metrics.hookAnswers.add('failed')
    if (hasChanged)
      log.warn({ failure }, 'the hook before a message fails: it is tried again after a pause, and skipped until then')
    return undefined
  }

  async #send (question: Question, hook: LiveHook): Promise<{ answer: HookAnswer | undefined, failure: string }> {
    const { outbound, metrics } = this.#deps
    const secrets = hook.secrets()
    if (secrets.length === 0) return { answer: undefined, failure: 'secret_unreadable' }
    const body = JSON.stringify(question)
    const headers = webhookHeaders(secrets, { id: `msg_${randomBytes(ID_BYTES).toString('hex')}`, body })
    const result = await outbound.post({
      url: hook.url, headers, body, deadlineMs: hook.timeoutMs, maxAnswerBytes: MAX_ANSWER_BYTES
    })
    metrics.hookSeconds.observe(result.durationMs / MS_PER_S)
    if (result.kind === 'failure') return { answer: undefined, failure: result.reason }
    const { status, cut } = result
    if (status < 200 || status >= 300) return { answer: undefined, failure: `status ${String(status)}` }
    if (cut !== undefined) return { answer: undefined, failure: cut }
    return { answer: readAnswer(result.body), failure: 'invalid_answer' }
  }

  /** Other settings may be good where the last were not. */
  #breakerOf ({ url, version }: LiveHook): Breaker {
    const tried = `${String(version)} ${url}`
    if (tried !== this.#tried) {
      this.#tried = tried
      this.#breaker = new Breaker(BREAKER)
    }
    return this.#breaker
  }
}

/** What is stored instead. A message keeps what its author has sent, so that a retry finds it. */
function rewritten (gated: Gated, { text, data }: Rewrite): Gated {
  const { key } = gated
  const request = gated.post === undefined ? gated.change : messageRequestOf(gated.post, {})
  const { action } = request
  switch (action.kind) {
    case 'post': {
      const replaced = { ...action, text: text ?? action.text, data: data ?? action.data, asked: action }
      return { post: undefined, change: { ...request, action: replaced }, key }
    }
    case 'edit': {
      const { requested = { text: action.text, data: action.data } } = action
      const replaced = {
        ...action, text: text ?? action.text, data: data ?? action.data, isRewritten: true, requested
      } as const
      return { post: undefined, change: { ...request, action: replaced }, key }
    }
    default:
      return gated
  }
}
