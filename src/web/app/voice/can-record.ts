/** Whether this browser can record voice messages: it shares the microphone with pages that came by HTTPS alone. */
export function canRecord (): boolean {
  return isSecureContext && 'mediaDevices' in navigator && typeof MediaRecorder === 'function'
}
