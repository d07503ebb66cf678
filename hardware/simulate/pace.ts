/** Hardware and networks have processors of their own; what stands for them on a busy machine needs to run before others, or it looks broken. */
import { setPriority } from 'node:os';

const NICE = -10;

/** Null, or why it is not allowed: then the caller runs like everything else. */
export function keepPace(): string | null {
  try {
    setPriority(NICE);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
