/** The style of the web client, in the colours of the pages. */
import { COLOURS } from '../../api/pages/brand.ts'
import { BASE } from './base.ts'
import { CHATS } from './chats.ts'
import { CONVERSATION } from './conversation.ts'
import { DIALOG } from './dialog.ts'
import { ENTRANCE } from './entrance.ts'

/** The whole style sheet. */
export const STYLE = [COLOURS.toString(), BASE, ENTRANCE, CHATS, CONVERSATION, DIALOG].join('').replace(/\n\s*/g, '\n')
