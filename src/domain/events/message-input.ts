/** Rules for what users send about messages, checked before it reaches the store. */
import { checkCustomData } from '../custom-data.ts'
import { ChatError } from '../errors.ts'
import { isBlank, isShowable, isStorable } from '../text.ts'
import { USER_ID_PATTERN } from '../accounts/user-id.ts'
import { FILE_ID } from '../files/file-id.ts'
import type { ChangeAction, ChangeTarget } from './change.ts'

/** Longest text of a message, in UTF-16 code units as JavaScript counts them. */
export const MAX_TEXT_LENGTH = 4_000
/** Longest emoji or name of a reaction, in bytes. */
export const MAX_EMOJI_BYTES = 32
/** Maximum number of mentions in a message. */
export const MAX_MENTIONS = 50
/** Maximum number of files in a message. */
export const MAX_ATTACHMENTS = 10

const [MAX_VERSION, MENTION] = [2 ** 31 - 1, new RegExp(`^@all$|^@role:[a-z][a-z0-9_-]{0,31}$|${USER_ID_PATTERN}`)]

/** Whether a text can be that of a message. */
export function isText (text: string): boolean {
  return text.length <= MAX_TEXT_LENGTH && !isBlank(text) && isStorable(text)
}

function checkText (text: string): void {
  if (!isText(text)) throw new ChatError('invalid_text')
}

/**
 * Checks a change: nothing that it refuses is worth a transaction, and some of it would fail the whole batch.
 * @throws {ChatError} `invalid_text`, `invalid_input`, `invalid_mention`, `invalid_emoji`, `unknown_message`,
 * `unknown_file`, `version_conflict`
 */
export function checkAction (action: ChangeAction): void {
  if (action.kind === 'post') {
    const { text, attachments = [] } = action
    if (text !== '' || attachments.length === 0) checkText(text)
    checkAttachments(attachments)
    for (const seq of [action.parentSeq, action.replyToSeq]) if (seq !== undefined) checkNumber(seq)
    if (action.data !== undefined) checkCustomData(action.data)
    if (action.mentions !== undefined) checkMentions(action.mentions)
    return
  }
  checkTarget(action.target)
  switch (action.kind) {
    case 'edit':
      if (action.text !== undefined) checkText(action.text)
      if (action.data != null) checkCustomData(action.data)
      checkVersion(action.version)
      break
    case 'delete':
      checkVersion(action.version)
      break
    case 'react':
    case 'unreact':
      if (!isEmoji(action.emoji)) throw new ChatError('invalid_emoji')
  }
}

/** Checks the number of a message. @throws {ChatError} `unknown_message`: there is none of that number */
export function checkNumber (number: number): void {
  if (!Number.isSafeInteger(number) || number < 1) throw new ChatError('unknown_message')
}

function checkTarget (target: ChangeTarget): void {
  checkNumber('seq' in target ? target.seq : target.messageId)
}

function checkVersion (version: number | undefined): void {
  if (version !== undefined && !(Number.isInteger(version) && version >= 1 && version <= MAX_VERSION))
    throw new ChatError('version_conflict')
}

function checkMentions (mentions: readonly string[]): void {
  const areValid = mentions.length <= MAX_MENTIONS && mentions.every(isMention)
  if (!areValid) throw new ChatError('invalid_mention')
}

function checkAttachments (files: readonly string[]): void {
  if (files.length > MAX_ATTACHMENTS || new Set(files).size < files.length)
    throw new ChatError('invalid_input', `A message has at most ${String(MAX_ATTACHMENTS)} files, each of them once.`)
  if (!files.every((file) => FILE_ID.test(file))) throw new ChatError('unknown_file')
}

/** Whether a text has the form of a mention; it may be nobody's. */
export function isMention (text: string): boolean {
  return MENTION.test(text)
}

/** Whether a text can be a reaction: it shows something and has no white space. A name of an object's own is none. */
export function isEmoji (text: string): boolean {
  return (
    text.length <= MAX_EMOJI_BYTES && Buffer.byteLength(text) <= MAX_EMOJI_BYTES && isShowable(text) &&
    !/\s/u.test(text) && text !== '__proto__'
  )
}
