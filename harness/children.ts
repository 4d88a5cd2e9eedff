import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** The next message of a child that was forked. @throws Error when it ends instead */
export async function answerOf(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('a child ended before it had answered')));
  ended.catch(() => undefined);
  const [answer] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
  return answer;
}

/** Kills a child that still runs, and waits until it is gone. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
