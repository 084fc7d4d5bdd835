/** Changes of messages, as faces and jobs ask for them: each resolves when it is stored. */
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/hidden.ts'
import { findMessage } from '../../store/messages.ts'
import { checkCustomData } from '../custom-data.ts'
import { asChatError, ChatError } from '../errors.ts'
import type { Features } from '../features.ts'
import type { Feeds } from '../feeds/feeds.ts'
import { mergePatch } from '../merge-patch.ts'
import type { ChangeAction, ChangeReceipt, EventActor, EventRequest } from './change.ts'
import { checkAction, checkNumber } from './message-input.ts'
import { clientKey } from './post-key.ts'
import type { Poster } from './poster.ts'

/** How often the data of a message are read again that somebody else has changed in the meantime. */
const MERGE_ATTEMPTS = 5

/** A message of a chat, and who wants something of it. */
export type MessageRequest = {
  readonly chatId: number
  readonly actor: EventActor
  readonly seq: number
  /** A retry with the same key finds what was stored before. */
  readonly key?: string | undefined
}

/** A message to change. */
export type EditRequest = MessageRequest & {
  /** The text that replaces the present one. */
  readonly text?: string | undefined
  /** A merge patch of the application's data. */
  readonly data?: Readonly<Record<string, unknown>> | undefined
  /** The version that the message must have; by default any. */
  readonly expectedVersion?: number | undefined
}

/** A message to delete. */
export type DeleteRequest = MessageRequest & Pick<EditRequest, 'expectedVersion'>
/** A reaction. */
export type ReactionRequest = MessageRequest & { readonly emoji: string }

/** Dependencies of the changes. */
export type MessageChangesDeps = {
  orm: Orm
  poster: Poster
  features: Features
  feeds?: Pick<Feeds, 'announce'> | undefined
  /** Makes a key for a request without one. */
  serverKeys: () => string
}

/** The changes of messages. */
export type MessageChanges = ReturnType<typeof createMessageChanges>

/** Wires the changes. All reject with the errors of {@link Poster}, `updating`, and those of bad input. */
export function createMessageChanges (deps: MessageChangesDeps) {
  const change = async (request: MessageRequest, action: ChangeAction) => submitAndWait(deps, request, action)
  return {
    /**
     * Passes a request on; `onSettled` is called with its outcome. Without a pause, as a rule, so that it keeps its
     * place among the posts of its actor.
     */
    submit: (request: EventRequest, key: string | undefined) => void submit(deps, request, key),
    edit: async (request: EditRequest) => edit(deps, request),
    delete: async (request: DeleteRequest) =>
      change(request, { kind: 'delete', target: request, version: request.expectedVersion }),
    react: async (request: ReactionRequest) =>
      change(request, { kind: 'react', target: request, emoji: request.emoji }),
    unreact: async (request: ReactionRequest) =>
      change(request, { kind: 'unreact', target: request, emoji: request.emoji }),
    pin: async (request: MessageRequest) => change(request, { kind: 'pin', target: request }),
    unpin: async (request: MessageRequest) => change(request, { kind: 'unpin', target: request }),
    /**
     * Deletes a message for one member alone, or shows it again. It is no event of the log.
     * @param also runs in the same transaction, if something has changed
     * @returns whether something has changed
     * @throws {ChatError} `not_a_participant`, `unknown_message`
     */
    hide: async (request: HideRequest, also?: (tx: Orm) => Promise<void>) => {
      const isChanged = await hide(deps.orm, request, also)
      if (isChanged) deps.feeds?.announce([request.userId])
      return isChanged
    }
  }
}

/** A message to hide from a member. */
export type HideRequest = { readonly chatId: number, readonly userId: number, readonly seq: number }

async function submit (
  { poster, features, serverKeys }: MessageChangesDeps,
  request: EventRequest,
  key: string | undefined
): Promise<void> {
  try {
    checkAction(request.action)
    if (!features.areEventsKnown) await features.requireEvents()
  } catch (error) {
    request.onSettled(asChatError(error))
    return
  }
  poster.change(request, key === undefined ? serverKeys() : clientKey(key))
}

async function submitAndWait (
  deps: MessageChangesDeps,
  { chatId, actor, key }: MessageRequest,
  action: ChangeAction
): Promise<ChangeReceipt> {
  return new Promise((resolve, reject) => {
    const onSettled = (outcome: ChangeReceipt | ChatError) => {
      if (outcome instanceof ChatError) reject(outcome)
      else resolve(outcome)
    }
    void submit(deps, { chatId, actor, action, onSettled }, key)
  })
}

/** Data are merged with those of the version that is then replaced, and again when there is another one. */
async function edit (deps: MessageChangesDeps, request: EditRequest): Promise<ChangeReceipt> {
  const { chatId, seq, text, data, expectedVersion } = request
  const action = { kind: 'edit', target: request, text, version: expectedVersion } as const
  if (data === undefined) return submitAndWait(deps, request, action)
  checkNumber(seq)
  checkCustomData(data)
  for (let attempt = 1; ; attempt++) {
    const row = await findMessage(deps.orm, chatId, seq)
    const present = row?.changes?.[5]?.data ?? {}
    const merged = mergePatch(present, data)
    const version = expectedVersion ?? row?.changes?.[0] ?? 1
    try {
      return await submitAndWait(deps, request, { ...action, data: merged, version, requested: { text, data } })
    } catch (error) {
      const isOutdated = error instanceof ChatError && error.code === 'version_conflict'
      if (!isOutdated || expectedVersion !== undefined || attempt === MERGE_ATTEMPTS) throw error
    }
  }
}

async function hide (
  orm: Orm,
  { chatId, userId, seq }: HideRequest,
  also: ((tx: Orm) => Promise<void>) | undefined
): Promise<boolean> {
  checkNumber(seq)
  return orm.transaction(async (tx) => {
    const outcome = await store.hideMessage(tx, chatId, userId, seq)
    if (outcome === 'refused') throw new ChatError('not_a_participant')
    if (outcome === 'missing') throw new ChatError('unknown_message')
    if (outcome === 'hidden') await also?.(tx)
    return outcome === 'hidden'
  })
}
