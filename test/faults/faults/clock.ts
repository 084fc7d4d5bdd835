/** A clock that is wrong on some replicas: nothing may depend on it. */
import { existsSync } from 'node:fs'
import type { Fault, Round } from '../fault.ts'

/** Where Debian's libfaketime is, on the machines that it runs on. */
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`
)
const OFFSETS = ['+1h', '-1h']

/** F17. */
const wrongClocks: Fault = {
  id: 'F17',
  title: 'the clocks of two replicas are an hour fast and an hour slow',
  missing: () =>
    Promise.resolve(libraryPath() === undefined ? 'there is no libfaketime (Debian: libfaketime)' : undefined),
  async inject ({ cluster, injected, during }: Round) {
    for (const [index, offset] of OFFSETS.entries()) {
      // Timers run on the monotonic clock, which no administrator can set.
      const environment = {
        LD_PRELOAD: libraryPath() ?? '',
        FAKETIME: offset,
        DONT_FAKE_MONOTONIC: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1'
      }
      await cluster.replica(index).restart('SIGTERM', { environment })
      injected()
    }
    await during(4_000)
    for (const index of OFFSETS.keys()) await cluster.replica(index).restart('SIGTERM')
  }
}

function libraryPath (): string | undefined {
  return LIBRARIES.find((library) => existsSync(library))
}

/** All of them. */
export const clockFaults: readonly Fault[] = [wrongClocks]
