import t from '../../support/tap.ts'
import { contentKind, voiceOf } from '../../../src/web/app/state/content-kind.ts'
import { clock } from '../../../src/web/app/voice/clock.ts'
import { chooseFormat, voiceFileName } from '../../../src/web/app/voice/formats.ts'

const file = (content_type: string) => ({ file: 'f', name: 'n', size: 1, content_type })

t.test('a voice message is one sound, with a length that makes sense', async (t) => {
  const sound = { attachments: [file('audio/webm')] }
  t.strictSame(voiceOf({ ...sound, data: { voice: { duration_ms: 1_500 } } }), { duration_ms: 1_500 })
  for (const data of [
    {}, { voice: null }, { voice: 1 }, { voice: {} }, { voice: { duration_ms: '1' } }, { voice: { duration_ms: -1 } },
    { voice: { duration_ms: Infinity } }, { voice: { duration_ms: NaN } }
  ]) t.equal(voiceOf({ ...sound, data }), null, JSON.stringify(data))
  const data = { voice: { duration_ms: 1_500 } }
  t.equal(voiceOf({ attachments: [file('image/png')], data }), null)
  t.equal(voiceOf({ attachments: [file('audio/webm'), file('audio/webm')], data }), null)
  t.equal(voiceOf({ data }), null)
})

t.test('contents of one kind have its name', async (t) => {
  const kindOf = (...types: string[]) => contentKind({ attachments: types.map(file), data: {} })
  t.equal(contentKind({ attachments: [file('audio/ogg')], data: { voice: { duration_ms: 1 } } }), 'voice')
  t.equal(kindOf('audio/mpeg', 'audio/ogg'), 'audio')
  t.equal(kindOf('image/png'), 'picture')
  t.equal(kindOf('video/mp4'), 'video')
  t.equal(kindOf('video/mp4', 'audio/mpeg'), 'attachment')
  t.equal(kindOf('text/plain'), 'attachment')
  t.equal(contentKind({}), 'attachment')
})

t.test('a file has the format that the browser records, and says when that was', async (t) => {
  const supported = (...types: string[]) => chooseFormat((type) => types.includes(type))
  t.equal(supported('audio/mp4', 'audio/webm;codecs=opus'), 'audio/webm;codecs=opus')
  t.equal(supported('audio/ogg;codecs=opus'), 'audio/ogg;codecs=opus')
  t.equal(supported('audio/mp4', 'audio/mp4;codecs=mp4a.40.2'), 'audio/mp4;codecs=mp4a.40.2', 'Safari')
  t.equal(supported(), undefined)
  const at = new Date(2026, 10, 9, 7, 5)
  t.equal(voiceFileName('Voice message', 'audio/webm;codecs=opus', at), 'Voice message 2026-11-09 07.05.webm')
  t.equal(voiceFileName('Sprachnachricht', 'audio/mp4', at), 'Sprachnachricht 2026-11-09 07.05.m4a')
})

t.test('lengths look as on a clock', async (t) => {
  t.strictSame([0, 7.9, 59, 60, 605, 3_600, 3_723, -1].map(clock), [
    '0:00', '0:07', '0:59', '1:00', '10:05', '1:00:00', '1:02:03', '0:00'
  ])
})
