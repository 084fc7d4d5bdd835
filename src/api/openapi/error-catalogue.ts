/** The catalogue of errors: each with the places where it is told. */
import { FRAME_ERRORS } from '../chatcli/ws/server-frames.ts'
import { STATUS as CHATCLI_STATUS } from '../chatcli/errors.ts'
import { STATUS as EMOTECHAT_STATUS } from '../emotechat/errors.ts'
import { type ErrorCode, ERRORS, RETRYABLE } from '../../domain/errors.ts'
import { type DescribedRoute, errorsOf } from './openapi.ts'

/** An error with its sentence, and its status in each dialect that can answer it. */
export type ErrorEntry = {
  code: ErrorCode
  meaning: string
  chatcli: number | undefined
  emotechat: number | undefined
  isInFrames: boolean
  isRetryable: boolean
}

/** What is answered where there is no route that could say so. */
const WITHOUT_ROUTE: readonly ErrorCode[] = ['unknown_route']

/** Every error, in the order of the alphabet. */
export function listErrors (routes: readonly DescribedRoute[]): ErrorEntry[] {
  const isEmotechat = ({ operation }: DescribedRoute) => operation.refusals.status === EMOTECHAT_STATUS
  const codesOf = (some: readonly DescribedRoute[]): ReadonlySet<ErrorCode> =>
    new Set([...WITHOUT_ROUTE, ...some.flatMap(errorsOf)])
  const chatcli = codesOf(routes.filter((route) => !isEmotechat(route)))
  const emotechat = codesOf(routes.filter(isEmotechat))
  const inFrames: ReadonlySet<ErrorCode> = new Set(FRAME_ERRORS)
  return codes().map((code) => ({
    code,
    meaning: ERRORS[code],
    chatcli: chatcli.has(code) ? CHATCLI_STATUS[code] : undefined,
    emotechat: emotechat.has(code) ? EMOTECHAT_STATUS[code] : undefined,
    isInFrames: inFrames.has(code),
    isRetryable: RETRYABLE.has(code)
  }))
}

function codes (): ErrorCode[] {
  const isCode = (name: string): name is ErrorCode => Object.hasOwn(ERRORS, name)
  return Object.keys(ERRORS).filter(isCode).sort()
}

/** The catalogue as a page of the documentation. */
export function errorsMarkdown (entries: readonly ErrorEntry[]): string {
  const cell = (value: string | number | undefined) => String(value ?? '—')
  const rows = entries.map(
    ({ code, meaning, chatcli, emotechat, isInFrames, isRetryable }) =>
      `| \`${code}\` | ${cell(chatcli)} | ${cell(emotechat)} | ${isInFrames ? 'yes' : '—'} | ` +
      `${isRetryable ? 'later' : 'no'} | ${meaning} |`
  )
  return `# Errors

Written by \`npm run describe\` from the code; every error that a client can be told.

- **ChatCLI** answers with the status and \`{"status":"error","message":"<a sentence>","response":"","code":"<the code>"}\`.
- **EmoteChat** answers with the status and \`{"message":"<a sentence>"}\`.
- **Frames** are \`{"type":"error","code":"<the code>","message":"<a sentence>"}\`, with the \`ref\` of what was refused.
- **Retry**: \`later\` means that the same may succeed without a change. Answers with 429 and 503 say when in \`Retry-After\`; a
  post is sent again with the same \`clientMessageID\`.

A sentence is for people and may differ where more is known, such as the field that is missing; a code never changes.

| code | ChatCLI | EmoteChat | frames | retry | meaning |
|---|---|---|---|---|---|
${rows.join('\n')}
`
}
