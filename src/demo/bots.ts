/** The people of the demo who answer by themselves. Maya and Ben are for those who try it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Chat, EventOf } from '../client/index.ts'
import { GREMLIN, IDRIS, LENA, type Member, TOMAS, ZOE } from './people.ts'
import type { Person, Team } from './team.ts'

const [THINKING_MS, TYPING_MS] = [500, 1_400]
/** After a connection was lost nobody answers what is old by then. */
const FRESH_MS = 60_000
const EMOJIS = ['👍', '😄', '🎉', '❤️']
const REACTION_SHARE = 0.4

const LINES: ReadonlyMap<Member, readonly string[]> = new Map([
  [ZOE, [
    'On my way up, will look at it from the hut 🥾', 'Ha! Tell me more.', 'No signal in ten minutes, so: yes.',
    'I have a picture of exactly that. Somewhere.'
  ]],
  [IDRIS, [
    'Works on my machine. And on the other eleven.', 'Give me an hour. (It takes eleven minutes.)',
    'I will put it on the list.', 'Have you tried to kill a replica? Ask Gremlin.'
  ]],
  [LENA, [
    'Let me ask the printer.', 'Can you send me the file as well?', 'Good point. Thursday?',
    'I would make the greens lighter.'
  ]],
  [TOMAS, [
    'Thanks, that helps!', 'I will try it with a tighter spacing.', 'Sorry, still finding my way around 🙂', 'Noted!'
  ]]
])

/** What the demo has replicas for. */
export type Killing = { readonly serving: number, kill: () => number }

/** Has them answer from now on. */
export function startBots (team: Team, replicas: Killing): void {
  const bots = new Set([...LINES.keys(), GREMLIN].map((member) => team.of(member).id))
  const live = (person: Person, answer: (chat: Chat, message: EventOf<'message.created'>) => Promise<void>) => {
    const { client } = person
    // All its chats are followed as long as somebody looks at the list.
    client.chats.subscribe(() => undefined)
    client.on('message.created', (event) => {
      const author = event.data?.message.author
      if (author == null || bots.has(author) || Date.now() - Date.parse(event.at) > FRESH_MS) return
      // The demo may end meanwhile.
      answer(client.chat(event.chat), event).catch(() => undefined)
    })
  }
  for (const [member, lines] of LINES) live(team.of(member), converse(member, lines))
  const explainedAt = new Map<string, number>()
  live(team.of(GREMLIN), async (chat, { data }) => {
    if (!await isDirect(chat)) return
    if (/\bkill\b/i.test(data?.message.text ?? '')) {
      explainedAt.set(chat.id, Date.now())
      await killFor(chat, replicas)
    } else if (Date.now() - (explainedAt.get(chat.id) ?? 0) > FRESH_MS) {
      explainedAt.set(chat.id, Date.now())
      await write(chat, 'Write "kill", and I end the process that you are connected to.')
    }
  })
}

/** In a chat of two it answers; in a group when it is named, and otherwise it may react. */
function converse (member: Member, lines: readonly string[]) {
  let turn = 0
  return async (chat: Chat, { seq, data }: EventOf<'message.created'>): Promise<void> => {
    const isNamed = data?.message.text?.toLowerCase().includes(member.username.toLowerCase()) === true
    if (isNamed || await isDirect(chat)) {
      await write(chat, lines[turn++ % lines.length] ?? '', data?.message.parent ?? undefined)
      return
    }
    if (Math.random() > REACTION_SHARE) return
    await delay(THINKING_MS + Math.random() * TYPING_MS)
    await chat.react(seq, EMOJIS[Math.floor(Math.random() * EMOJIS.length)] ?? '👍')
  }
}

async function killFor (chat: Chat, replicas: Killing): Promise<void> {
  await write(chat, `Killing replica ${String(replicas.serving)}. Keep writing!`)
  await delay(TYPING_MS)
  const killed = replicas.kill()
  const { seq } = await chat.send(
    `Replica ${String(killed)} is dead. You are on replica ${String(replicas.serving)} now.`
  )
  await write(chat, `The message above has seq ${String(seq)}. Nothing before it is missing: count if you like.`)
}

async function write (chat: Chat, text: string, parent?: number): Promise<void> {
  await delay(THINKING_MS)
  chat.markRead()
  chat.notifyTyping()
  await delay(TYPING_MS)
  await chat.send(text, parent === undefined ? {} : { parent })
}

async function isDirect (chat: Chat): Promise<boolean> {
  await chat.ready()
  return chat.info?.type === 'direct'
}
