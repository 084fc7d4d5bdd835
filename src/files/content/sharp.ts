/** The optional package that scales pictures. */
import type Sharp from 'sharp'

/** The formats that are decoded; no other code of the library is reached. */
const LOADERS = ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadNsgif', 'VipsForeignLoadWebp']

let loading: Promise<typeof Sharp | undefined> | undefined

/** Loads the package with the first picture; undefined where it is not installed. */
export async function loadSharp (): Promise<typeof Sharp | undefined> {
  return loading ??= load()
}

async function load (): Promise<typeof Sharp | undefined> {
  try {
    const { default: sharp } = await import('sharp')
    sharp.cache(false)
    sharp.concurrency(1)
    sharp.block({ operation: ['VipsForeignLoad'] })
    sharp.unblock({ operation: LOADERS })
    return sharp
  } catch {
    return undefined
  }
}
