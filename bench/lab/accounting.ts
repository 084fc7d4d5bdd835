/** What the operating system says a process has used. Linux only: it reads /proc. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
/** Places of utime and stime in /proc/PID/stat, counted behind the command's closing bracket. */
const USER_TIME = 11
const SYSTEM_TIME = 12

/** CPU time of a process in seconds, user and system, all threads. */
export function cpuSeconds (pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) / TICKS_PER_SECOND
}

/** Resident memory of a process in KiB. */
export function residentKiB (pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))
  if (found === null) throw new Error(`process ${String(pid)} has no resident memory`)
  return Number(found[1])
}
