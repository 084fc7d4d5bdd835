/** The groups of the ChatCLI routes in the documents. */
export const ACCOUNTS = 'ChatCLI: accounts'
export const CHATS = 'ChatCLI: chats'
export const GROUPS = 'ChatCLI: groups'
export const REALTIME = 'ChatCLI: realtime'
export const BASE = 'ChatCLI: base'

/** All groups in their order, with their descriptions. */
export const TAGS = {
  [ACCOUNTS]: 'Accounts and sessions. An answer is an envelope of `status`, `message` and `response`.',
  [CHATS]: 'The caller\'s chats and their history.',
  [GROUPS]: 'Chats with a name and any number of members.',
  [REALTIME]: 'The upgrade to the WebSocket.',
  [BASE]: 'Pages for people, and whether the server is there.'
}
