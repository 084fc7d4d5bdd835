/**
 * The safeguards that the suite must miss when they are gone: each is switched off in a copy of the build by changing
 * its text, so that the product needs no switch. The suite proves itself by failing then.
 */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Build } from './servers/build.ts'

/** A change of the built text. */
type Replacement = { readonly file: string, readonly from: string, readonly to: string }

/** How a safeguard is switched off, and the faults that show it. */
export type Safeguard = { readonly replacements: readonly Replacement[], readonly revealedBy: readonly string[] }

/** Replaces the end of the statements that lock, of posts alone and of batches with changes, where they are last. */
function lockingBy (order: string): Replacement[] {
  return [
    { file: 'drizzle/0014_add_chat_types.sql', next: ';\n\n  WITH entry' },
    { file: 'drizzle/0015_extend_messages.sql', next: ';\n  IF json_array_length' }
  ].map(({ file, next }) => ({ file, from: `ORDER BY chat_id FOR NO KEY UPDATE${next}`, to: order + next }))
}

/** All of them. Paths are those of a build. */
export const SAFEGUARDS = {
  /** A hole among the announcements is read from the store. */
  'gap-repair': {
    replacements: [{ file: 'dist/realtime/chat-feed.js', from: 'this.#repair.schedule(cause)', to: '' }],
    revealedBy: ['F6.lose']
  },
  /** Every chat that is followed is compared with the store every few seconds. */
  sweep: {
    replacements: [{ file: 'dist/realtime/hub.js', from: 'await this.#compareAll(this.#rooms.chatIds);', to: '' }],
    revealedBy: ['F6.lose']
  },
  /** The counters of a batch's chats are locked one after the other in the order of their ids. */
  'lock-order': { replacements: lockingBy('ORDER BY random() FOR NO KEY UPDATE'), revealedBy: ['F14'] },
  /** The counters of a batch's chats are locked before they are read. */
  lock: { replacements: lockingBy('ORDER BY chat_id'), revealedBy: ['F14'] },
  /** A post that is repeated is found by its key. */
  'dedupe-key': {
    replacements: [
      {
        file: 'dist/domain/events/messages.js',
        from: 'clientMessageId === void 0 ? serverKeys() : clientKey(clientMessageId)',
        to: 'serverKeys()'
      }
    ],
    revealedBy: ['F4', 'F14']
  },
  /** An edit that names a version replaces no other one. */
  version: {
    replacements: [
      {
        file: 'drizzle/0015_extend_messages.sql',
        from: 'ELSIF (change ->> \'v\')::int <> coalesce(target.version, 1) THEN',
        to: 'ELSIF false THEN'
      }
    ],
    revealedBy: ['F14']
  },
  /** Who was removed gets nothing after the event that says so. */
  fence: {
    replacements: [
      {
        file: 'dist/realtime/chat-feed.js',
        from: 'if (removedUserId === void 0) return;',
        to: 'return;'
      }
    ],
    revealedBy: ['F14']
  },
  /** What a role may do is decided in the transaction that writes. */
  permission: {
    replacements: [
      {
        file: 'drizzle/0015_extend_messages.sql',
        from: 'WHEN NOT chat_permits(kind, member_role, permission) THEN \'denied\'',
        to: ''
      }
    ],
    revealedBy: ['F14']
  },
  /** SIGTERM lets a replica finish what it has begun and part from its clients. */
  drain: {
    replacements: [
      {
        file: 'dist/server/replica.js',
        from: 'lifecycle.onStop("leaving", () => leave(app, config.drain.delayMs))',
        to: ''
      },
      {
        file: 'dist/server/replica.js',
        from: 'lifecycle.onStop("draining", () => closeSockets(app, connections, config.drain.windowMs))',
        to: ''
      }
    ],
    revealedBy: ['F2']
  }
} as const satisfies Record<string, Safeguard>

/** The name of a safeguard. */
export type SafeguardName = keyof typeof SAFEGUARDS

/** Whether a safeguard is called that. */
export function isSafeguard (name: string): name is SafeguardName {
  return Object.hasOwn(SAFEGUARDS, name)
}

/** Switches a safeguard off in a copy of the build. @throws when the text that makes it is no longer there */
export async function switchOff (name: SafeguardName, { folder }: Build): Promise<void> {
  for (const { file, from, to } of SAFEGUARDS[name].replacements) {
    const text = await readFile(path.join(folder, file), 'utf8')
    if (text.split(from).length !== 2)
      throw new Error(`The safeguard ${name} cannot be switched off: ${file} does not have this once: ${from}`)
    await writeFile(path.join(folder, file), text.replace(from, to))
  }
}
