/** The first steps with ChatCLI, from an account to a message, for the documentation. */
import type { Introduction } from '../http/face.ts'

const LEAD =
  'Clients of ChatCLI log in with an account of this server and read over HTTP, and post and listen on a WebSocket, ' +
  'with JSON in both.'

const REGISTER = `post () { curl -sS "$URL$1" -H 'content-type: application/json' -d "$2"; echo; }

post /user/register '{"username":"alice","email":"alice@example.com","password":"Correct-Horse-1"}'`

const LOG_IN = `post /user/verify-email '{"username":"alice","email_token":"123456"}'
post /user/login '{"username":"alice","password":"Correct-Horse-1"}'`

const OPEN_CHAT = `TOKEN=the-access-token
post /chat/create-chat "{\\"session_token\\":\\"$TOKEN\\",\\"receiver\\":\\"bob\\"}"
post /chat/messages "{\\"session_token\\":\\"$TOKEN\\",\\"chatID\\":1}"`

const PROGRAM = `const post = async (path, body) => {
  const headers = { 'content-type': 'application/json' }
  return (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()
}
const { access_token: token } = await post('/user/login', { username: 'alice', password: 'Correct-Horse-1' })
const { response: [{ chatID }] } = await post('/chat/fetch-chats', { session_token: token })

const socket = new WebSocket(url.replace('http', 'ws') + '/ws')
socket.onmessage = ({ data }) => console.log(data)
socket.onopen = () => {
  for (const frame of [
    { type: 'auth', token },
    { type: 'join_chat', chatID },
    { type: 'post_msg', chatID, text: 'Hello Bob' }
  ]) socket.send(JSON.stringify(frame))
}`

const OUTPUT = `{"type":"auth_ack","status":"ok"}
{"type":"new_message","messageID":1,"chatID":1,"userID":1,"username":"alice","message":"Hello Bob",` +
  '"timestamp":"2026-01-31T12:34:56.789Z"}'

/** See {@link Introduction}; the examples run one after the other. */
export function introduction (url: string): Introduction {
  return {
    title: 'Start with ChatCLI',
    lead: LEAD,
    steps: [
      {
        title: 'Make an account',
        text: 'Register an account. A code of six digits is mailed to its address:',
        examples: [`URL=${url}\n${REGISTER}`]
      },
      {
        title: 'Log in',
        text:
          'The `access_token` of the answer goes with every request, as `session_token` in the body or as ' +
          '`Authorization: Bearer`. The `refresh_token` gets a new one when it has expired.',
        examples: [LOG_IN]
      },
      {
        title: 'A first request',
        text: 'Open a chat with another account, and read it. With curl:',
        examples: [OPEN_CHAT]
      },
      {
        title: 'A first message',
        text:
          'In JavaScript, in a browser or in Node.js 22. Frames are handled in the order they were sent, so there is ' +
          'nothing to wait for:',
        examples: [`const url = '${url}'\n${PROGRAM}`, OUTPUT]
      },
      {
        title: 'Come back',
        text:
          'A client that adds a `clientMessageID` to its posts can repeat them after a lost connection, and one that ' +
          'joins with `after` receives what it missed. The package `confab-client` does both: ' +
          '`npm install confab-client`.',
        examples: []
      }
    ]
  }
}
