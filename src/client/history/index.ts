/** Messages far from the end of a chat. */
export { MessageLookup } from './message-lookup.ts'
export { MessageWindow, type MessageWindowOptions, type WindowMessages } from './message-window.ts'
export { seqAt } from './seq-at.ts'
