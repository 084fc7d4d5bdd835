/** The texts of the quick switcher, the shortcuts and the search, in English. */
import { plural } from '../plural.ts'

const count = (number: number, one: string, other: string) => plural('en', number, { one, other })

/** See the head of this file. */
export const finding = {
  switcher: {
    title: 'Go to',
    label: 'Name of a chat or a person',
    results: 'Chats and people',
    chat: 'Chat',
    person: 'Person',
    nothing: 'No chat and no person has that name.',
    hint: 'Arrow keys choose, Enter opens.',
    shareTitle: 'Share with',
    shareHint: 'The text is put in the message field; you send it.'
  },
  shortcuts: {
    title: 'Keyboard shortcuts',
    open: 'Show the keyboard shortcuts',
    singleKeys: 'Shortcuts of a single key',
    singleKeysHint: 'Switch them off if you speak to your computer, or hit keys by accident.',
    away: 'The others work while no text is written.',
    actions: {
      switcher: 'Go to a chat or a person',
      search: 'Search messages',
      next: 'Next chat',
      previous: 'Previous chat',
      unread: 'Next chat with unread messages',
      write: 'Write a message',
      reply: 'Reply to the last message',
      edit: 'Edit your last message',
      newest: 'Go to the newest messages',
      close: 'Close the panel',
      list: 'Show this list'
    },
    keys: {
      Mod: 'Ctrl', Alt: 'Alt', Shift: 'Shift', Escape: 'Esc', End: 'End', ArrowUp: '\u2191', ArrowDown: '\u2193'
    } satisfies Record<string, string>,
    then: 'and',
    or: 'or'
  },
  search: {
    label: 'Words in messages',
    filters: 'Filters',
    filtersSet: (number: number) => count(number, '# filter', '# filters'),
    chat: 'Chat',
    allChats: 'All chats',
    from: 'From',
    anybody: 'Anybody',
    fromLabel: 'Name of the author',
    removeAuthor: (name: string) => `Not only from ${name}`,
    after: 'From this day on',
    before: 'Up to this day',
    hasFile: 'With a file',
    clear: 'Clear the filters',
    results: 'Messages found',
    found: (number: number, hasMore: boolean) =>
      hasMore ? `More than ${count(number, '# message', '# messages')}` : count(number, '# message', '# messages'),
    nothing: 'No message has these words.',
    nothingLead: 'Try fewer words, or fewer filters.',
    similar: 'No message has exactly these words. These have similar ones:',
    start: 'Find what was said',
    startLead: 'Words, "phrases", -without, begin*',
    off: 'This server does not search messages.',
    offLead: 'Whoever runs it can switch that on.',
    offline: 'Search needs a connection.',
    searching: 'Searching',
    reply: 'In a thread'
  }
}
