/** The tables of notifications: what users want, on which devices, and what these were told last. */
import { sql } from 'drizzle-orm'
import { bigint, boolean, check, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid }
  from 'drizzle-orm/pg-core'
import { sessions, users } from './accounts.ts'
import { createdAt, id, instant, reference } from './columns.ts'

/** The address of a device at its push service, in the names of `/v1`. */
export type StoredAddress =
  | { kind: 'web', endpoint: string, keys: { p256dh: string, auth: string } }
  | { kind: 'fcm', token: string }
  | { kind: 'apns', token: string, topic: string | null, environment: 'production' | 'sandbox' }

/**
 * What a user wants to be notified of. Quiet hours are minutes of the day in `time_zone`. `devices` counts those of the
 * user, by a trigger; `mailed_at` is when the last mail about unread messages was made.
 */
export const notificationSettings = pgTable(
  'notification_settings',
  {
    userId: bigint('user_id', { mode: 'number' })
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    push: text('push').$type<'all' | 'mentions' | 'none'>().notNull().default('all'),
    previews: boolean('previews').notNull().default(true),
    quietFrom: integer('quiet_from'),
    quietTo: integer('quiet_to'),
    timeZone: text('time_zone'),
    mailAfterMinutes: integer('mail_after_minutes'),
    mailedAt: instant('mailed_at'),
    devices: integer('devices').notNull().default(0)
  },
  (table) => [
    index('notification_settings_reached')
      .on(table.userId)
      .where(sql`${table.devices} > 0 or ${table.mailAfterMinutes} is not null`)
  ]
)

/**
 * Devices. One ends with the session that has registered it, or with the tokens that were issued as early as its own:
 * triggers see to that. `service` is what its jobs are shared out among; `address_hash` makes an address be of one user
 * at a time. Nothing has arrived there since `failing_since`.
 */
export const pushDevices = pgTable(
  'push_devices',
  {
    id: id(),
    userId: reference('user_id').references(() => users.id, { onDelete: 'cascade' }),
    deviceId: text('device_id').notNull(),
    kind: text('kind').$type<StoredAddress['kind']>().notNull(),
    service: text('service').notNull(),
    address: jsonb('address').$type<StoredAddress>().notNull(),
    addressHash: text('address_hash').notNull(),
    name: text('name'),
    sessionId: uuid('session_id').references(() => sessions.id, { onDelete: 'cascade' }),
    issuedAt: instant('issued_at').notNull().defaultNow(),
    createdAt: createdAt(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    failingSince: instant('failing_since')
  },
  (table) => [
    uniqueIndex('push_devices_device').on(table.userId, table.deviceId),
    uniqueIndex('push_devices_address').on(table.addressHash),
    index('push_devices_session')
      .on(table.sessionId)
      .where(sql`${table.sessionId} is not null`)
  ]
)

/**
 * The message of a chat that a user was notified of last, when the devices were or will be told, and whether one of
 * them has been.
 */
export const pushMarks = pgTable(
  'push_marks',
  {
    chatId: reference('chat_id'),
    userId: reference('user_id'),
    seq: reference('seq'),
    dueAt: instant('due_at').notNull().defaultNow(),
    isShown: boolean('is_shown').notNull().default(false)
  },
  (table) => [primaryKey({ columns: [table.chatId, table.userId] }), index('push_marks_age').on(table.dueAt)]
)

/** The key pair of this installation for Web Push (RFC 8292): one row. The private half is encrypted. */
export const vapidKeys = pgTable(
  'vapid_keys',
  {
    id: integer('id').primaryKey().default(1),
    publicKey: text('public_key').notNull(),
    privateKey: text('private_key').notNull(),
    createdAt: createdAt()
  },
  (table) => [check('vapid_keys_single', sql`${table.id} = 1`)]
)
