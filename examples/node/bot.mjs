import { ConfabClient } from 'confab-client'
import { ConfabServer, signUserToken } from 'confab-client/server'
import { WebSocket } from 'ws'

const { CONFAB_URL: url = 'http://localhost:5123', CONFAB_KEY: key, USER_TOKEN_SECRET: secret } = process.env

// As the backend: the bot is a user, and there is a channel that anybody may join.
const confab = new ConfabServer({ url, key })
await confab.upsertUser('echo', { name: 'Echo' })
await confab.ensureChat('lobby', { type: 'channel', name: 'Lobby', members: [{ user: 'echo' }] })

// As the bot: it follows all of its chats, and answers each message that begins with an exclamation mark.
const client = new ConfabClient({ url, getToken: () => signUserToken(secret, 'echo'), WebSocket })
client.chats.subscribe(() => undefined)
client.on('message.created', async ({ chat, data }) => {
  const message = data?.message
  if (!message?.text?.startsWith('!') || message.author === 'echo') return
  // The same id however often the event comes: one answer for one message, also after a restart.
  const answer = { reply_to: message.seq, client_id: `echo-${message.seq}` }
  await client.chat(chat).send(`You said: ${message.text.slice(1)}`, answer)
})
client.on('state', (state) => console.log(state))
client.on('problem', ({ code, message }) => console.error(code, message))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => client.close())
client.connect()
await client.chat('lobby').ready()
console.log('ready')
