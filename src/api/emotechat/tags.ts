/** The groups of the EmoteChat routes in the documents. */
export const AUTH = 'EmoteChat: auth'
export const PROFILE = 'EmoteChat: profile'
export const CONVERSATIONS = 'EmoteChat: conversations'
export const PASSWORD = 'EmoteChat: password'

/** All groups in their order, with their descriptions. */
export const TAGS = {
  [AUTH]: 'Accounts and sessions, by address. An answer is a `message` and the data.',
  [PROFILE]: 'The users of this server.',
  [CONVERSATIONS]: 'The caller\'s chats with their unread counts.',
  [PASSWORD]: 'A new password by mail.'
}
