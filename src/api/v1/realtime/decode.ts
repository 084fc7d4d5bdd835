/** Decodes what clients send: unknown fields are refused by name. */
import type { Static, TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import { ChatError } from '../../../domain/errors.ts'
import { isStorableThroughout } from '../../../domain/text.ts'

/** A longer name of a field is cut. */
const MAX_SHOWN_LENGTH = 64

const shown = (text: string) => text.slice(0, MAX_SHOWN_LENGTH).toWellFormed()

/** A part of the report of a validator. */
type Finding = { instancePath: string, message: string, params: object }

/** Makes a decoder of objects, which throws `invalid_input` with a sentence about the first field that does not fit. */
export function decoderOf<Schema extends TObject> (schema: Schema): (value: object) => Static<Schema> {
  const validator = Compile(schema)
  return (value) => {
    if (!validator.Check(value)) throw new ChatError('invalid_input', sentenceOf(validator.Errors(value)))
    if (!isStorableThroughout(value))
      throw new ChatError('invalid_input', 'A text has a NUL or half a character in it.')
    return value
  }
}

function sentenceOf (findings: readonly Finding[]): string {
  for (const { instancePath, params } of findings) {
    const unknown = firstOf(params, 'additionalProperties')
    if (unknown !== undefined) return `The field "${fieldAt(instancePath, unknown)}" is unknown.`
    const missing = firstOf(params, 'requiredProperties')
    if (missing !== undefined) return `The field "${fieldAt(instancePath, missing)}" is missing.`
  }
  const [finding] = findings
  if (finding === undefined) return 'The frame is not valid.'
  return `The field "${fieldAt(finding.instancePath)}" ${finding.message}.`
}

function firstOf (params: object, name: string): string | undefined {
  const value: unknown = Reflect.get(params, name)
  const first: unknown = Array.isArray(value) ? value[0] : undefined
  return typeof first === 'string' ? first : undefined
}

/** A path of the validator in the form of a program. */
function fieldAt (path: string, name?: string): string {
  const steps = path.split('/').slice(1)
  return shown([...steps, ...(name === undefined ? [] : [name])].join('.'))
}
