/** The first steps with `/v1`, from a token to a message, for the documentation. */
import type { Introduction } from '../http/face.ts'

const LEAD =
  'This is a Confab server: chats whose messages are never lost, doubled or out of order once they are acknowledged. ' +
  'Your application brings its users: it signs a token for each, and with that a client reads and writes over HTTP ' +
  'and listens on a WebSocket.'

const TOKEN = `export USER_TOKEN_SECRET=a-secret-that-this-server-has-too-32
TOKEN=$(npx confab token ann)`

const REQUESTS = `call () { curl -sS -X "$1" "$URL/v1$2" -H "Authorization: Bearer $TOKEN" \\
  -H 'content-type: application/json' \${3+-d "$3"}; echo; }

call PUT /chats/order-4711 '{"type":"group","name":"Order 4711"}'
call POST /chats/order-4711/messages '{"text":"Where is my parcel?"}'
call GET /chats/order-4711/messages`

const PROGRAM = `const socket = new WebSocket(url.replace('http', 'ws') + '/v1/realtime')
socket.onmessage = ({ data }) => console.log(data)
socket.onopen = () => {
  for (const frame of [
    { type: 'hello', token },
    { type: 'subscribe', chats: [{ chat: 'order-4711', after: 0 }], ref: 1 },
    { type: 'send', chat: 'order-4711', client_id: crypto.randomUUID(), text: 'I am waiting.', ref: 2 }
  ]) socket.send(JSON.stringify(frame))
}`

/** See {@link Introduction}; the examples run one after the other. */
export function introduction (url: string): Introduction {
  return {
    title: 'Start here',
    lead: LEAD,
    steps: [
      {
        title: 'Get a token',
        text:
          'A backend signs it (HS256, `sub` is the id of the user), with the secret that this server knows as ' +
          '`USER_TOKEN_SECRET`. For a trial the command does that:',
        examples: [`URL=${url}\n${TOKEN}`]
      },
      {
        title: 'First requests',
        text: 'Make a chat, post, and read:',
        examples: [REQUESTS]
      },
      {
        title: 'Listen',
        text:
          'In JavaScript, in a browser or in Node.js 22. What was written since the seq `after` comes first, then ' +
          'every event as it happens:',
        examples: [`const url = '${url}'\nconst token = 'the-token'\n${PROGRAM}`]
      },
      {
        title: 'Lose nothing',
        text:
          'Every event of a chat has the next `seq`: a client that comes back names the last one that it has, and ' +
          'nothing is missing. A message that is repeated with its `client_id` is stored once. The package ' +
          '`confab-client` does both, and keeps lists of chats and messages up to date: `npm install confab-client`.',
        examples: []
      }
    ]
  }
}
