/** What an authenticator app does (RFC 6238), written apart from the library of the server. */
import { createHmac } from 'node:crypto'

const PERIOD_MS = 30_000
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const [BITS, BYTE] = [5, 8]

/** The present time step. */
export function presentStep (): number {
  return Math.floor(Date.now() / PERIOD_MS)
}

/** The code of a secret, so many time steps from now. */
export function codeOf (secret: string, steps = 0): string {
  return codeAtStep(secret, presentStep() + steps)
}

/** The code of a time step. */
export function codeAtStep (secret: string, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', bytesOf(secret)).update(counter).digest()
  const number = mac.readUInt32BE(mac.readUInt8(mac.length - 1) & 15) & 0x7f_ff_ff_ff
  return String(number % 1_000_000).padStart(6, '0')
}

function bytesOf (base32: string): Buffer {
  const bits = [...base32].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(BITS, '0')).join('')
  return Buffer.from(Array.from({ length: Math.floor(bits.length / BYTE) }, (_, index) =>
    Number.parseInt(bits.slice(index * BYTE, (index + 1) * BYTE), 2)))
}
