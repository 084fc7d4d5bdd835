/** Reads values of JSON whose form is not known. */

/** The value below these names and indexes; undefined where there is none. */
export function at (value: unknown, ...path: (string | number)[]): unknown {
  let place = value
  for (const name of path) {
    if (typeof place !== 'object' || place === null) return undefined
    place = Object.entries(place).find(([key]) => key === String(name))?.[1]
  }
  return place
}

/** The object that a text of JSON stands for. @throws where it is another value, or no JSON */
export function objectOf (text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`This is no object: ${text}`)
  return { ...value }
}

/** The list below these names; empty where there is none. */
export function listAt (value: unknown, ...path: (string | number)[]): unknown[] {
  const list = at(value, ...path)
  return Array.isArray(list) ? list : []
}

/** The text below these names. @throws where there is none */
export function textAt (value: unknown, ...path: (string | number)[]): string {
  const text = at(value, ...path)
  if (typeof text !== 'string') throw new Error(`There is no text "${path.join('.')}" in ${JSON.stringify(value)}`)
  return text
}

/** The integer below these names. @throws where there is none */
export function integerAt (value: unknown, ...path: (string | number)[]): number {
  const number = at(value, ...path)
  if (!Number.isSafeInteger(number) || typeof number !== 'number')
    throw new Error(`There is no integer "${path.join('.')}" in ${JSON.stringify(value)}`)
  return number
}
