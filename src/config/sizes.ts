/** Sizes in the environment, such as `100MiB`. */
const UNITS: Readonly<Record<string, number>> = {
  B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40
}

/** The bytes of a size that was checked. */
export function bytes (text: string): number {
  const [, number = '0', unit = ''] = /^(\d+)(\w+)$/.exec(text) ?? []
  return Number(number) * (UNITS[unit] ?? NaN)
}
