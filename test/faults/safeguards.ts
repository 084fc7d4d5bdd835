/**
 * The safeguards that the suite must miss when they are gone: each is switched off in a copy of the build by changing
 * its text, so that the product needs no switch. The suite proves itself by failing then.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Build } from './servers/build.ts'

/**
 * A change of the built text: in a file, or in an SQL function by its name, of which the last migration that defines it
 * has the version in use.
 */
type Replacement = ({ readonly file: string } | { readonly sqlFunction: string }) & {
  readonly from: string
  readonly to: string
}

/** How a safeguard is switched off, and the faults that show it. */
export type Safeguard = { readonly replacements: readonly Replacement[], readonly revealedBy: readonly string[] }

/** Replaces the end of the statements that lock: of posts alone, and of batches with changes. */
function lockingBy (order: (column: string) => string): Replacement[] {
  return [['post_messages', 'h.chat_id'], ['write_events', 'chat_id']].map(([sqlFunction = '', column = '']) =>
    ({ sqlFunction, from: `ORDER BY ${column} FOR NO KEY UPDATE`, to: order(column) }))
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
    replacements: [{ file: 'dist/realtime/hub.js', from: 'await this.#comparison.run(this.#rooms.chatIds);', to: '' }],
    revealedBy: ['F6.lose']
  },
  /** The counters of a batch's chats are locked one after the other in the order of their ids. */
  'lock-order': { replacements: lockingBy(() => 'ORDER BY random() FOR NO KEY UPDATE'), revealedBy: ['F14'] },
  /** The counters of a batch's chats are locked before they are read. */
  lock: { replacements: lockingBy((column) => `ORDER BY ${column}`), revealedBy: ['F14'] },
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
        sqlFunction: 'write_edit',
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
        file: 'dist/realtime/membership-fence.js',
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
        sqlFunction: 'chat_refusal',
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
  for (const replacement of SAFEGUARDS[name].replacements) {
    const { file, text } = await replaceIn(folder, replacement)
    await writeFile(file, text)
  }
}

/** The file that a replacement concerns, and its text with it. @throws when it does not have the old text once */
export async function replaceIn (folder: string, replacement: Replacement): Promise<{ file: string, text: string }> {
  const { from, to } = replacement
  const { file, begin, end } = 'file' in replacement
    ? { file: path.join(folder, replacement.file), begin: 0, end: undefined }
    : await findFunction(path.join(folder, 'drizzle'), replacement.sqlFunction)
  const text = await readFile(file, 'utf8')
  const parts = text.slice(begin, end).split(from)
  if (parts.length !== 2) throw new Error(`${file} does not have this once: ${from}`)
  return { file, text: text.slice(0, begin) + parts.join(to) + (end === undefined ? '' : text.slice(end)) }
}

async function findFunction (folder: string, name: string): Promise<{ file: string, begin: number, end: number }> {
  const migrations = (await readdir(folder)).filter((migration) => migration.endsWith('.sql')).sort().reverse()
  for (const migration of migrations) {
    const file = path.join(folder, migration)
    const text = await readFile(file, 'utf8')
    const begin = text.search(new RegExp(`^CREATE (OR REPLACE )?FUNCTION ${name}\\(`, 'm'))
    if (begin >= 0) return { file, begin, end: text.indexOf('\n$$;', begin) }
  }
  throw new Error(`No migration defines ${name}.`)
}
