/** Reads JSON of unknown shape: an unexpected shape fails with the value in the message. */

/** Whether a value is a JSON object. */
export function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The names of an object's fields in alphabetical order; none of anything else. */
export function fieldsOf (value: unknown): string[] {
  return isRecord(value) ? Object.keys(value).sort() : []
}

/** The values of an object's fields; none of anything else. */
export function valuesOf (value: unknown): unknown[] {
  return isRecord(value) ? Object.values(value) : []
}

/** The value under these keys and indexes, one below the other; undefined where there is none. */
export function at (value: unknown, ...keys: (string | number)[]): unknown {
  let current = value
  for (const key of keys) {
    if (Array.isArray(current) && typeof key === 'number') current = current[key]
    else if (isRecord(current) && typeof key === 'string') current = current[key]
    else return undefined
  }
  return current
}

/** The string under these keys. @throws when it is something else */
export function textAt (value: unknown, ...keys: (string | number)[]): string {
  const found = at(value, ...keys)
  if (typeof found !== 'string') throw new Error(`${keys.join('.')} is no string in ${JSON.stringify(value)}`)
  return found
}

/** The integer under these keys. @throws when it is something else */
export function integerAt (value: unknown, ...keys: (string | number)[]): number {
  const found = at(value, ...keys)
  if (typeof found !== 'number' || !Number.isSafeInteger(found))
    throw new Error(`${keys.join('.')} is no integer in ${JSON.stringify(value)}`)
  return found
}

/** The array under these keys. @throws when it is something else */
export function listAt (value: unknown, ...keys: (string | number)[]): unknown[] {
  const found = at(value, ...keys)
  if (!Array.isArray(found)) throw new Error(`${keys.join('.')} is no array in ${JSON.stringify(value)}`)
  return found.map((item: unknown) => item)
}
