/** The Drizzle tables: the source of truth for rows, migrations and the types of the queries. */
export * from './schema/accounts.ts'
export * from './schema/chats.ts'
export * from './schema/feeds.ts'
export * from './schema/imports.ts'
export * from './schema/installation.ts'
export * from './schema/integrations.ts'
export * from './schema/messages.ts'
export * from './schema/jobs.ts'
