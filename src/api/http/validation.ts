/**
 * The validation of requests by the schemas of their routes. A schema is compiled when the first request needs it, and
 * once for all servers of the process: most of the time that a server took to start was that of schemas which few
 * servers ever use.
 */
import { AjvCompiler } from '@fastify/ajv-compiler'
import type { FastifySchemaCompiler } from 'fastify'
import type { FastifyValidationResult } from 'fastify/types/schema.js'

/** Types are not converted: a string is no number. */
const compile = AjvCompiler()({}, { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: true } })

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
