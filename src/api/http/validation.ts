/**
 * The validation of requests by the schemas of their routes. A schema is compiled when the first request needs it, and
 * once for all servers of the process: most of the time that a server took to start was that of schemas which few
 * servers ever use.
 */
import { AjvCompiler } from '@fastify/ajv-compiler'
import type { FastifySchemaCompiler } from 'fastify'
import type { FastifyValidationResult } from 'fastify/types/schema.js'

const TIME = /^(\d{4}-\d\d-\d\d)[t ]\d\d:\d\d:\d\d(?:\.\d+)?(?:z|[+-]\d\d:\d\d)$/i
const MAX_YEAR = 9_999

/** Types are not converted: a string is no number. */
const compile = AjvCompiler()({}, {
  customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: true },
  onCreate: (ajv) => void ajv.addFormat('date-time', isTime)
})

/**
 * Whether it is a time of RFC 3339 that a `Date` can have, and Postgres: not in a leap second, and not beyond the years
 * of four digits, where an offset can lead.
 */
function isTime (text: string): boolean {
  const [, day] = TIME.exec(text) ?? []
  if (day === undefined) return false
  const [start, time] = [new Date(`${day}T00:00:00Z`), new Date(text)]
  // The 31st of February is taken for a day of March.
  if (Number.isNaN(start.getTime()) || !start.toISOString().startsWith(day)) return false
  return time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= MAX_YEAR
}

/** Makes the validator of a part of a route's requests, for `setValidatorCompiler` of Fastify. */
export const compileValidator: FastifySchemaCompiler<object> = (part) => {
  let validate: ReturnType<typeof compile> | undefined
  const validator: FastifyValidationResult = (data: unknown) => {
    validate ??= compile(part)
    const isValid = validate(data) === true
    validator.errors = validate.errors ?? null
    return isValid
  }
  return validator
}
