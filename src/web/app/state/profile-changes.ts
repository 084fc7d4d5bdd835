/** Names and pictures that change while the page is open: the feed of the user says whose. */
import type { ConfabClient } from '../../../client/index.ts'
import { isUser, renewPerson } from './known-people.ts'

/** Loads again whose name or picture has changed. @param onOwn called when it is the user's own */
export function followProfiles (client: ConfabClient, onOwn: () => void): void {
  client.on('feed', ({ type, data }) => {
    const { user } = data
    if (type !== 'user.updated' || typeof user !== 'string') return
    if (user === client.user) onOwn()
    // Offline again: the profile is loaded with the next page.
    renew(client, user).catch(() => undefined)
  })
}

async function renew (client: ConfabClient, id: string): Promise<void> {
  const user: unknown = await client.request(`/users/${encodeURIComponent(id)}`)
  if (isUser(user)) renewPerson(user)
  // A direct chat has the name and the picture of the other one.
  for (const chat of client.chats.getSnapshot().items) {
    if (chat.type === 'direct' && chat.partner === id) await client.chat(chat.id).refresh()
  }
}
