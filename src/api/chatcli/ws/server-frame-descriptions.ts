/** The frames of the server in the AsyncAPI document of ChatCLI. */
import { ERRORS } from '../../../domain/errors.ts'
import type { FrameDescription } from '../../http/face.ts'
import { EXAMPLE_EPOCH, EXAMPLE_MESSAGE } from '../message.ts'
import {
  AddedToChatFrame, AuthAckFrame, ChangeAckFrame, ChangingMessageFrame, DeletedMessageFrame, EditedMessageFrame,
  ErrorFrame, JoinAckFrame, LeaveAckFrame, NewMessageFrame, OnlineUsersFrame, PostAckFrame, UserStatusFrame,
  UserTypingFrame
} from './server-frames.ts'

const { chatID, messageID, seq, timestamp } = EXAMPLE_MESSAGE
const epoch = EXAMPLE_EPOCH
const EDITED_AT = '2026-01-31T12:35:10.012Z'

/** Frames of the server. A client that uses neither `ref` nor `after` nor `epoch` receives the first two and errors. */
export const SERVER_FRAMES: readonly FrameDescription[] = [
  {
    name: 'auth_ack',
    summary: 'The token was accepted',
    schema: AuthAckFrame,
    examples: [{ type: 'auth_ack', status: 'ok' }]
  },
  {
    name: 'new_message',
    summary: 'A message of a chat that this socket has joined',
    description: 'In the order of their seqs, each once, one\'s own included.',
    schema: NewMessageFrame,
    examples: [{ type: 'new_message', ...EXAMPLE_MESSAGE }]
  },
  {
    name: 'changing_message',
    summary: 'A message, for a socket that has sent `join_idle`',
    schema: ChangingMessageFrame,
    examples: [{ type: 'new_message', ...EXAMPLE_MESSAGE, edited_at: null, deleted_at: null }]
  },
  {
    name: 'edited_message',
    summary: 'A message has another text: only for a socket that has sent `join_idle`',
    description: '`timestamp` and `seq` are those of the message.',
    schema: EditedMessageFrame,
    examples: [{ type: 'edited_message', ...EXAMPLE_MESSAGE, edited_at: EDITED_AT, deleted_at: null }]
  },
  {
    name: 'deleted_message',
    summary: 'A message was deleted: only for a socket that has sent `join_idle`',
    schema: DeletedMessageFrame,
    examples: [{ type: 'deleted_message', messageID, chatID, deleted_at: EDITED_AT }]
  },
  {
    name: 'added_to_chat',
    summary: 'Another user has brought one into a chat: only for a socket that has sent `join_idle`',
    description:
      'Once, when somebody has opened a chat with the user, made a group with the user in it, or added the user. Who ' +
      'comes back to a chat by themself is not told.',
    schema: AddedToChatFrame,
    examples: [{ type: 'chat_created', chatID, creator: 'alice' }]
  },
  {
    name: 'user_typing',
    summary: 'Another user in a chat is typing: only for a socket that has sent `join_idle`',
    schema: UserTypingFrame,
    examples: [{ type: 'user_typing', chatID, username: 'alice' }]
  },
  {
    name: 'online_users',
    summary: 'Who of the user\'s contacts is online: the answer to the first `join_idle`',
    description:
      'Contacts share a chat of at most 100 members with the user. It is sent again after `fetch-chats` and ' +
      '`fetch-archived`, since clients forget it when they read their list. Without names where presence is off.',
    schema: OnlineUsersFrame,
    examples: [{ type: 'online_users', users: ['bob'] }]
  },
  {
    name: 'user_status',
    summary: 'A contact has come or gone: only for a socket that has sent `join_idle`',
    description:
      'A user is online from the first socket on, of any client, until some seconds after the last one has closed.',
    schema: UserStatusFrame,
    examples: [{ type: 'user_status', username: 'bob', online: true }]
  },
  {
    name: 'post_ack',
    summary: 'A post with a `ref` is committed',
    schema: PostAckFrame,
    examples: [
      { type: 'ack', ref: 'r1', chatID, messageID, seq, timestamp },
      { type: 'ack', ref: 'r1', chatID, messageID, seq, timestamp, duplicate: true }
    ]
  },
  {
    name: 'join_ack',
    summary: 'A join with a `ref` is done: everything up to `seq` was sent, live messages follow',
    schema: JoinAckFrame,
    examples: [
      { type: 'ack', ref: 'j1', chatID, seq },
      { type: 'ack', ref: 'j1', chatID, seq, epoch }
    ]
  },
  {
    name: 'change_ack',
    summary: 'A change with a `ref` is committed, or nothing had to be changed',
    schema: ChangeAckFrame,
    examples: [
      { type: 'ack', ref: 'e1', chatID, seq },
      { type: 'ack', ref: 'd1', chatID }
    ]
  },
  {
    name: 'leave_ack',
    summary: 'A leave with a `ref` is done',
    schema: LeaveAckFrame,
    examples: [{ type: 'ack', ref: 'l1', chatID }]
  },
  {
    name: 'error',
    summary: 'An action was refused; the socket stays open',
    description: 'With the `ref` of the action, if it had one, and with the `epoch` for errors about it.',
    schema: ErrorFrame,
    examples: [
      { type: 'error', ref: 'r1', code: 'not_a_participant', message: ERRORS.not_a_participant },
      { type: 'error', ref: 'j1', code: 'epoch_changed', message: ERRORS.epoch_changed, epoch }
    ]
  }
]
