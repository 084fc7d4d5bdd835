/** Fills an empty server through its API: everyone registers, and writes. */
import type { Chat } from '../client/index.ts'
import { report } from '../client/moderation/index.ts'
import { CONVERSATIONS, type Script } from './conversations.ts'
import { GROUPS, type GroupScript, type Line } from './groups.ts'
import { drawMap } from './picture.ts'
import { type Person, Team } from './team.ts'

/**
 * Plays all conversations.
 * @param outbox file with the server's mails
 * @returns the people, still connected
 */
export async function seed (url: string, outbox: string): Promise<Team> {
  const team = await Team.join(url, outbox)
  // One after the other, so that the list has them in this order.
  for (const script of GROUPS) await playGroup(script, team)
  for (const script of CONVERSATIONS) await play(script, team)
  return team
}

async function play ({ people: [one, other], lines }: Script, team: Team): Promise<void> {
  const chat = await team.of(one).client.directChat(team.of(other).id)
  for (const line of lines) {
    const { client } = team.of(line.startsWith('>') ? one : other)
    await client.chat(chat.id).send(line.slice(1).trim())
  }
}

async function playGroup ({ type, name, people, lines }: GroupScript, team: Team): Promise<void> {
  const [owner, ...others] = people.map((member) => team.of(member))
  if (owner === undefined) return
  const members = others.map(({ id: user }) => ({ user }))
  const { id } = await owner.client.createChat({ type, name, members })
  const seqs = new Map<string, number>()
  for (const line of lines) {
    const by = team.of(line.by)
    const seq = await write(by, by.client.chat(id), line, seqs)
    if (line.as !== undefined) seqs.set(line.as, seq)
    if (line.report !== undefined) {
      const { by: reporter, text } = line.report
      await report(team.of(reporter).client, { chat: id, seq, reason: 'spam', text })
    }
    for (const [emoji, fans] of Object.entries(line.reactions ?? {}))
      for (const fan of fans) await team.of(fan).client.chat(id).react(seq, emoji)
  }
}

async function write (
  { files }: Person, chat: Chat, { text, picture, repliesTo, thread }: Line, seqs: ReadonlyMap<string, number>
): Promise<number> {
  const [reply_to, parent] = [seqs.get(repliesTo ?? ''), seqs.get(thread ?? '')]
  const map = picture === undefined ? undefined : new Blob([drawMap(picture.seed)], { type: 'image/png' })
  const attachments = map && [await files.upload(chat.id, map, { name: picture?.name ?? 'map.png' })]
  const { seq } = await chat.send(text, {
    ...(reply_to !== undefined && { reply_to }),
    ...(parent !== undefined && { parent }),
    ...(attachments !== undefined && { attachments })
  })
  return seq
}
