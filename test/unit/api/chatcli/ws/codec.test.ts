import fc from 'fast-check'
import t from '../../../../support/tap.ts'
import { encodeNewMessage } from '../../../../../src/api/chatcli/ws/codec.ts'
import { seedOf } from '../../../../support/data/random.ts'

const SHORT_HEADER = 4

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', '\\', '\n', '\u007f', '\u2028', 'é', '', ' ')
)
const message = fc.record({
  chatId: fc.nat(),
  seq: fc.nat(),
  id: fc.nat(),
  authorId: fc.nat(),
  username: text,
  text,
  at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
  editedAt: fc.constant(null),
  deletedAt: fc.constant(null),
  version: fc.constant(1),
  clientMessageId: fc.option(text, { nil: undefined })
})

t.test(
  'a message is the JSON of its fields, whatever its texts, and however often its time was seen before',
  async (t) => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), (messages) =>
        messages
          .flatMap((one) => [one, one])
          .every((one) => {
            const frame = encodeNewMessage(one)
            const json = frame.subarray((frame[1] ?? 0) < 126 ? 2 : SHORT_HEADER).toString()
            return (
              json ===
              JSON.stringify({
                type: 'new_message',
                messageID: one.id,
                chatID: one.chatId,
                userID: one.authorId,
                username: one.username,
                message: one.text,
                timestamp: one.at.toISOString(),
                seq: one.seq,
                ...(one.clientMessageId !== undefined && { clientMessageID: one.clientMessageId })
              })
            )
          })
      ),
      { seed: seedOf(t), numRuns: 500 }
    )
  }
)

t.test('frames stay as they are while others are encoded', async (t) => {
  const frameOf = (text: string) =>
    encodeNewMessage({
      chatId: 1,
      seq: 1,
      id: 1,
      authorId: 1,
      username: 'ann',
      text,
      at: new Date(0),
      editedAt: null,
      deletedAt: null,
      version: 1,
      clientMessageId: undefined
    })
  const texts = Array.from({ length: 300 }, (_, index) => 'é'.repeat(index * 20))
  const frames = texts.map(frameOf)
  const copies = frames.map((frame) => Buffer.from(frame))
  texts.map(frameOf)
  t.ok(frames.every((frame, index) => copies[index]?.equals(frame)))
})
