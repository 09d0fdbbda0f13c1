import type { OperationId } from './may-do';

/** An operation as records name it: `startSession` is `start-session`. */
export function actionOf(id: OperationId): string {
  return id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
