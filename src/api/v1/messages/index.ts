/** The routes of messages and positions, below `/v1/chats/{chat}` and `/v1/me`. */
import { requireCaller } from '../../http/principals.ts'
import type { Scope } from '../../http/scope.ts'
import { listEvents } from './events.ts'
import { listMessages } from './list.ts'
import { deleteMessage, editMessage, getMessage, listVersions } from './one.ts'
import { changePins, listPins } from './pins.ts'
import { postMessage } from './post.ts'
import { changeReactions, listReactions } from './reactions.ts'
import { getReceiptSettings, putReceiptSettings } from './receipt-settings.ts'
import { listReceipts, markRead } from './read-marks.ts'
import { noteTyping } from './typing.ts'
import { getUnread } from './unread.ts'

/** Adds the routes. */
export default async function messages (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'messages:read', isNarrowed: true })
    for (const add of [listMessages, getMessage, listVersions, listReactions, listPins, listReceipts, listEvents])
      add(scope)
  }, { prefix: '/chats/:chat' })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'messages:write', isNarrowed: true })
    for (const add of [postMessage, editMessage, deleteMessage, changeReactions, changePins, markRead, noteTyping])
      add(scope)
  }, { prefix: '/chats/:chat' })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'messages:read', isNarrowed: true })
    getUnread(scope)
    getReceiptSettings(scope)
  }, { prefix: '/me' })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'messages:write' })
    putReceiptSettings(scope)
  }, { prefix: '/me' })
}
