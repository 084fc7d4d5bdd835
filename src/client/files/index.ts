/** Files of messages: sending them, and links to show them. */
export type { GetToken } from '../tokens.ts'
export { ConfabProblem } from '../problem.ts'
export type { Attachment } from '../types.ts'
export {
  ConfabFiles, type FileContent, type FileInfo, type FilesOptions, type UploadOptions, type UrlOptions
} from './files.ts'
export type { Progress } from './transfer.ts'
