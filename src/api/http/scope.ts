import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

/** Where routes are added, typed by their schemas: the handler gets what they let through and returns what they say. */
export type Scope = Parameters<FastifyPluginAsyncTypebox>[0]
