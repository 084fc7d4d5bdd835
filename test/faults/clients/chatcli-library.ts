/** The client library of ChatCLI. */
import { WebSocket } from 'ws'
import { ConfabClient } from '../../../src/client/chatcli/index.ts'
import { type OpenLibrary, PATIENCE } from './library-client.ts'

/** See {@link OpenLibrary}. */
export const openChatcliLibrary: OpenLibrary = ({ url, token, chatID }, { onEvent, onReset, onFailure }) => {
  const client = new ConfabClient({ url, WebSocket, tokens: { accessToken: token, refreshToken: '' }, ...PATIENCE })
  const chat = client.open(chatID, { after: 0 })
  chat.on('message', ({ seq, messageID, text }) => onEvent({ kind: 'message.created', seq, messageID, text }))
  chat.on('reset', ({ seq }) => onReset(seq))
  chat.on('refused', (error) => onFailure(`was refused: ${error.code}`))
  client.connect()
  return {
    showsEvents: false,
    start: 0,
    post: (text) => chat.post(text),
    list: () => undefined,
    close: () => client.close()
  }
}
