/** The little statistics the bench needs. */

export function median (values: number[]): number {
  return quantile(values, 0.5)
}

/** Value below which the given fraction lies, between neighbours by straight line. NaN for no values. */
export function quantile (values: number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * fraction
  const below = sorted[Math.floor(place)] ?? NaN
  const above = sorted[Math.ceil(place)] ?? NaN
  return below + (above - below) * (place - Math.floor(place))
}
