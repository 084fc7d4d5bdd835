import t from '../../support/tap.ts'
import { PayloadSeal } from '../../../src/realtime/payload-seal.ts'
import { TypingGate } from '../../../src/realtime/typing-gate.ts'
import { decodeTyping, encodeTyping, isTyping } from '../../../src/realtime/typing-payload.ts'

const [CHAT, ANN, BOB, HERE, THERE, ELSEWHERE] = [7, 1, 2, 10, 20, 30]

t.test('a user is shown once in two seconds, whichever replicas the user types on', async (t) => {
  let now = 0
  const gate = new TypingGate(HERE, () => now)
  t.equal(gate.admits(CHAT, ANN, HERE), true)
  t.equal(gate.admits(CHAT, BOB, HERE), true, 'another user')
  t.equal(gate.admits(CHAT + 1, ANN, HERE), true, 'another chat')
  now = 1_999
  t.equal(gate.admits(CHAT, ANN, HERE), false)
  t.equal(gate.admits(CHAT, ANN, THERE), false)
  now = 2_000
  t.equal(gate.admits(CHAT, ANN, THERE), true)
  now = 3_990
  t.equal(gate.admits(CHAT, ANN, HERE), false)
  t.equal(gate.admits(CHAT, ANN, ELSEWHERE), false)
  t.equal(gate.admits(CHAT, ANN, THERE), true, 'a replica keeps the pause of what it sends, which may arrive sooner')
  now = 10_000
  t.equal(gate.admits(CHAT, BOB, HERE), true)
  t.equal(gate.size, 1, 'only the users of the last two seconds are kept')
})

t.test('only a hint with the seal of the chat is believed', async (t) => {
  const seal = new PayloadSeal(['secret'])
  const hint = { origin: HERE, userId: ANN, username: 'Änne' }
  const payload = encodeTyping(hint, CHAT, seal)
  t.equal(isTyping(payload), true)
  t.strictSame(decodeTyping(payload, CHAT, seal), hint)
  t.equal(decodeTyping(payload, CHAT + 1, seal), undefined, 'of another chat')
  t.equal(decodeTyping(payload, CHAT, new PayloadSeal(['other'])), undefined, 'of another installation')
  t.equal(decodeTyping(encodeTyping(hint, CHAT), CHAT, seal), undefined, 'without a seal')
  for (let at = 1; at < payload.length; at++) {
    const forged = Buffer.from(payload)
    forged.writeUInt8((payload[at] ?? 0) ^ 1, at)
    if (decodeTyping(forged, CHAT, seal) !== undefined) t.fail(`byte ${String(at)} was changed`)
  }
  t.strictSame(decodeTyping(encodeTyping(hint, CHAT), CHAT), hint, 'without Redis nobody else is on the bus')
})
