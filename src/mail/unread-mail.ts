/** The mail about unread messages. It contains no text of a message: what is deleted later is in no mailbox. */
import type { OutboxMail } from '../store/outbox.ts'
import { type Block, compose, count, oneLine, PRODUCT } from './layout.ts'

/** A chat with unread messages: its name, or for a direct one its author. */
export type UnreadChatLine = { name: string | null, author: string, unread: number, hasMore: boolean }

/** What a mail about unread messages says. */
export type UnreadMail = {
  to: string
  username: string
  chats: readonly UnreadChatLine[]
  /** Where the messages can be read. */
  link: string
  /** Ends these mails, without a login. */
  unsubscribeLink: string
}

/** Messages that were not read for a while, by chat. One click ends these mails (RFC 8058). */
export function unreadMail ({ to, username, chats, link, unsubscribeLink }: UnreadMail): OutboxMail {
  const total = chats.reduce((sum, { unread }) => sum + unread, 0)
  const blocks: Block[] = [
    { kind: 'text', text: 'While you were away you got messages:' },
    ...chats.map((chat): Block => ({ kind: 'text', text: lineOf(chat) })),
    { kind: 'link', link, label: 'Read them' },
    { kind: 'text', text: 'You asked for these mails. This address ends them, without a login:' },
    { kind: 'address', link: unsubscribeLink }
  ]
  return {
    ...compose(to, `${count(total, 'unread message')} at ${PRODUCT}`, username, blocks),
    headers: {
      'List-Unsubscribe': `<${unsubscribeLink}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click'
    }
  }
}

function lineOf ({ name, author, unread, hasMore }: UnreadChatLine): string {
  const messages = `${count(unread, 'message')}${hasMore ? ' or more' : ''}`
  return name === null
    ? `${oneLine(author)}: ${messages}`
    : `${oneLine(name)}: ${messages}, the last one by ${oneLine(author)}`
}
