/** Lines as records: each is checked by itself, before anything of it is stored. */
import { isAvatar, checkUsername, cleanName } from '../accounts/names.ts'
import { parseEmail } from '../accounts/email-address.ts'
import { accountOfUserId } from '../accounts/user-id.ts'
import { checkCustomData } from '../custom-data.ts'
import { ChatError } from '../errors.ts'
import { isEmoji, isMention, isText } from '../events/message-input.ts'
import { cleanSettings } from '../chats/settings-rules.ts'
import { isStorable, isStorableThroughout } from '../text.ts'
import { ImportError } from './import-error.ts'
import {
  type ChatRecord, type EventRecord, FORMAT_VERSION, FORMS, type Header, HEADER_FORM, type MessageRecord,
  type TransferRecord, type UserRecord
} from './records.ts'

const MAX_SHOWN_LENGTH = 64

type Finding = { instancePath: string, message: string, params: object }

/** Parses the first line. @throws {ImportError} */
export function parseHeader (text: string): Header {
  const value = jsonOf(text, 1)
  if (!HEADER_FORM.Check(value)) {
    throw new ImportError(1, typeof value === 'object' && value !== null && 'confab' in value
      ? sentenceOf(HEADER_FORM.Errors(value))
      : 'this is no export of Confab, which begins with {"confab":"export","version":1,"id":"…"}')
  }
  if (value.version > FORMAT_VERSION)
    throw new ImportError(1, `version ${String(value.version)} of the format is later than this build knows`)
  if (!isStorableThroughout(value)) throw new ImportError(1, 'a text has a NUL or half a character in it')
  return value
}

/** Parses any other line. @throws {ImportError} */
export function parseRecord (text: string, line: number): TransferRecord {
  return checkRecord(jsonOf(text, line), line)
}

/** Checks a record. @throws {ImportError} */
export function checkRecord (value: unknown, line: number): TransferRecord {
  const record = formedRecord(value, line)
  try {
    checkContent(record)
  } catch (error) {
    if (error instanceof ChatError) throw new ImportError(line, sentenceIn(error))
    throw error instanceof Fault ? new ImportError(line, error.message) : error
  }
  return record
}

/** The content of a record is wrong. */
class Fault extends Error {}

function require (condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Fault(problem)
}

function jsonOf (text: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ImportError(line, 'this is not JSON')
  }
}

function isKind (kind: unknown): kind is keyof typeof FORMS {
  return typeof kind === 'string' && Object.hasOwn(FORMS, kind)
}

function formedRecord (value: unknown, line: number): TransferRecord {
  const kind = typeof value === 'object' && value !== null && 'record' in value ? value.record : undefined
  if (!isKind(kind)) {
    throw new ImportError(line, kind === undefined
      ? 'the field "record" is missing'
      : `there is no kind of record ${shown(JSON.stringify(kind))}`)
  }
  const form: (typeof FORMS)[keyof typeof FORMS] = FORMS[kind]
  if (!form.Check(value)) throw new ImportError(line, sentenceOf(form.Errors(value)))
  return value
}

function checkContent (record: TransferRecord): void {
  switch (record.record) {
    case 'user':
      checkUser(record)
      break
    case 'chat':
      checkChat(record)
      break
    case 'member':
      if (record.data !== undefined) checkCustomData(record.data)
      break
    case 'ban':
      for (const own of [record.reason, record.key]) require(own === undefined || isStorable(own), NUL)
      break
    case 'message':
      checkMessage(record)
      break
    case 'event':
      checkEvent(record)
      break
    case 'retired':
      require((record.chat === undefined) !== (record.name_hash === undefined), 'it has a chat, or the hash of a name')
      break
    case 'block':
      require(record.user !== record.blocked, 'nobody blocks themself')
  }
}

function checkUser ({ id, name, avatar, data, account, erased_at: erasedAt, ...user }: UserRecord): void {
  const isOwn = accountOfUserId(id) !== undefined
  require(isOwn || !id.startsWith('cf~'), 'ids that begin with cf~ are those of accounts, such as cf~17')
  const isOfKind = isOwn === (account !== undefined) || erasedAt !== undefined
  require(isOfKind, 'accounts, and no others, have an id such as cf~17')
  if (erasedAt !== undefined) {
    require(isOwn, 'an erased user has an id such as cf~17')
    require(account === undefined && name === undefined && avatar === undefined && data === undefined,
      'nothing is left of an erased user')
  }
  if (name !== undefined) cleanName(name)
  require(avatar === undefined || isAvatar(avatar), 'the field "avatar" must be a URL with https or http')
  if (data !== undefined) checkCustomData(data)
  for (const claim of [user.claimed_name, user.claimed_avatar]) require(claim === undefined || isStorable(claim), NUL)
  if (account === undefined) return
  checkUsername(account.username)
  require(parseEmail(account.email) === account.email, 'the address of the account is not valid')
}

const NUL = 'a text has a NUL or half a character in it'

function checkChat ({ type, users, name, description, avatar, data }: ChatRecord): void {
  if (type === 'direct') {
    const [one, other] = users ?? []
    require(one !== undefined && one !== other, 'a direct chat has two "users"')
    require([name, description, avatar].every((field) => field === undefined), 'a direct chat has no name of its own')
  } else require(users === undefined, 'only a direct chat has "users"; others have members')
  cleanSettings({ ...(name !== undefined && { name }), ...(description !== undefined && { description }),
    ...(avatar !== undefined && { avatar }), ...(data !== undefined && { data }) })
}

function checkMessage (message: MessageRecord): void {
  const { seq, text = '', deleted_at: deletedAt, mentions = [], reactions = [], versions = [] } = message
  const { attachments = [] } = message
  if (deletedAt === undefined) {
    const isUsable = isText(text) || (text === '' && attachments.length > 0)
    require(isUsable, 'the text has 1 to 4,000 characters, not only blank ones')
  } else {
    const isEmpty = text === '' && versions.length === 0 && attachments.length === 0
    require(isEmpty, 'nothing is left of the text of a deleted message')
  }
  for (const { name, content_type: type } of attachments) require(isStorable(name) && isStorable(type), NUL)
  require(mentions.every(isMention), 'a mention is the id of a user, "@all", or "@role:" with the name of a role')
  require(reactions.every(({ emoji }) => isEmoji(emoji)), 'an emoji has at most 32 bytes and no white space')
  require(new Set(reactions.map(({ user, emoji }) => `${user} ${emoji}`)).size === reactions.length,
    'a user reacts once with an emoji')
  for (const version of versions) {
    require(isStorable(version.text), NUL)
    if (version.data !== undefined) checkCustomData(version.data)
  }
  require(new Set(versions.map(({ version }) => version)).size === versions.length, 'a version is there twice')
  if (message.data !== undefined) checkCustomData(message.data)
  for (const own of [message.client_id, message.key]) require(own === undefined || isStorable(own), NUL)
  for (const [field, place] of Object.entries({ parent: message.parent, reply_to: message.reply_to })) {
    if (place === undefined) continue
    if (seq === undefined) require(typeof place === 'string', `the field "${field}" is the id of a message before it`)
    else require(typeof place === 'number' && place < seq, `the field "${field}" is the seq of a message before it`)
  }
  require(seq === undefined || message.id === undefined, 'a message has a seq or an id, not both')
  require(seq !== undefined || message.thread === undefined, 'only a message with a seq says what its thread is')
}

function checkEvent ({ seq, message, data, key }: EventRecord): void {
  require(message === undefined || message < seq, 'an event is about a message before it')
  require(data === undefined || isStorableThroughout(data), NUL)
  require(key === undefined || isStorable(key), NUL)
}

function sentenceIn ({ message }: ChatError): string {
  return message.replace(/\.$/, '').replace(/^./, (first) => first.toLowerCase())
}

function sentenceOf (findings: readonly Finding[]): string {
  for (const { instancePath, params } of findings) {
    const unknown = firstOf(params, 'additionalProperties')
    if (unknown !== undefined) return `the field "${fieldAt(instancePath, unknown)}" is unknown`
    const missing = firstOf(params, 'requiredProperties')
    if (missing !== undefined) return `the field "${fieldAt(instancePath, missing)}" is missing`
  }
  const [finding] = findings
  return finding === undefined
    ? 'the record is not valid'
    : `the field "${fieldAt(finding.instancePath)}" ${finding.message}`
}

function firstOf (params: object, name: string): string | undefined {
  const value: unknown = Reflect.get(params, name)
  const first: unknown = Array.isArray(value) ? value[0] : undefined
  return typeof first === 'string' ? first : undefined
}

function fieldAt (path: string, name?: string): string {
  return shown([...path.split('/').slice(1), ...(name === undefined ? [] : [name])].join('.'))
}

function shown (text: string): string {
  return text.slice(0, MAX_SHOWN_LENGTH).toWellFormed()
}
