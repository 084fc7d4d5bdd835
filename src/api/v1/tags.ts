/** The groups of the routes of `/v1` in the documents. */
export const ACCOUNT = 'Confab: account'
export const USERS = 'Confab: users'
export const CHATS = 'Confab: chats'
export const MEMBERS = 'Confab: members'
export const REALTIME = 'Confab: realtime'
export const MESSAGES = 'Confab: messages'
export const SEARCH = 'Confab: search'
export const FILES = 'Confab: files'
export const NOTIFICATIONS = 'Confab: notifications'
export const MODERATION = 'Confab: moderation'
export const ADMINISTRATION = 'Confab: administration'
export const INTEGRATION = 'Confab: integration'

/** All groups in their order, with their descriptions. */
export const TAGS = {
  [ACCOUNT]: 'The caller\'s own account and its sessions. Unknown fields are refused; errors are problem details.',
  [USERS]: 'The users of your application, which your backend manages with an API key.',
  [CHATS]: 'Chats of every type. An API key stands above the rights of members.',
  [MEMBERS]: 'Who is in a chat, and with which role.',
  [MODERATION]: 'Bans, and what users report to those who moderate.',
  [ADMINISTRATION]: 'For operators of the installation, and API keys with `ops:read`.',
  [INTEGRATION]: 'What connects your application with this server.',
  [REALTIME]: 'What happens, as it happens.',
  [MESSAGES]: 'The messages and the log of a chat, and how far its members have read them.',
  [NOTIFICATIONS]: 'What users are notified of while they are away: pushes to their devices, and mails.',
  [SEARCH]: 'Messages by their words, in all chats that the caller may read.',
  [FILES]: 'Files that messages have. Their contents go to and from your clients by links.'
}
