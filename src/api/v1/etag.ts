/** Versions of resources as entity tags: `ETag` of an answer, `If-Match` of a request. */
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { VersionCondition } from '../../domain/version-condition.ts'

/** The headers of a request with a condition, for its schema. */
export const IF_MATCH = {
  'if-match': Type.Optional(Type.String({
    description: 'The `ETag` of the state that you change: if it has changed meanwhile, the answer is 412.'
  }))
}

/** The tag of a version. */
export function etagOf (version: number): string {
  return `"${String(version)}"`
}

/** The condition of a request. Tags that we never give match nothing, and so do weak ones. */
export function conditionOf ({ headers }: FastifyRequest): VersionCondition {
  const header = headers['if-match']
  if (header === undefined || header.trim() === '*') return undefined
  return header.split(',').flatMap((tag) => {
    const [, version] = /^\s*"([1-9]\d{0,9})"\s*$/.exec(tag) ?? []
    return version === undefined ? [] : [Number(version)]
  })
}
