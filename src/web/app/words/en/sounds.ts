/** The texts of recording voice messages and of playing sounds, in English. */

/** See the head of this file. */
export const soundWords = {
  recorder: {
    title: 'Recording',
    asking: 'Waiting for the microphone …',
    recording: 'The recording has begun. Enter sends it, Escape cancels.',
    stopped: 'The recording has ended. Send it, or cancel.',
    elapsed: 'Length',
    send: 'Send the voice message',
    cancel: 'Cancel the recording',
    cancelled: 'The recording was cancelled.',
    refused: 'The microphone is not allowed here. Change that in the settings of this page, beside its address.',
    noMicrophone: 'There is no microphone.',
    notReadable: 'The microphone cannot be used. Another application may have it.',
    failed: 'Nothing could be recorded.',
    leftBehind: 'The recording was dropped, since you have left the chat.'
  },
  player: {
    play: 'Play',
    pause: 'Pause',
    loading: 'Loading the sound',
    position: 'Position',
    positionOf: (position: string, duration: string) => `${position} of ${duration}`,
    speed: (speed: string) => `Speed: ${speed}`,
    notPlayable: 'This browser cannot play it. Download it instead.'
  }
}
