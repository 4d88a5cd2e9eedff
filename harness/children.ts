import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** The next message of a child that was forked. @throws Error when it ends instead */
export async function answerOf(child: ChildProcess): Promise<unknown> {
  const done = new AbortController();
  const { signal } = done;
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('a child ended before it had answered');
  });
  // One of the two is left without anybody who waits for it.
  ended.catch(() => undefined);
  try {
    const [answer] = (await Promise.race([once(child, 'message', { signal }), ended])) as [unknown];
    return answer;
  } finally {
    done.abort();
  }
}

/** Kills a child that still runs, and waits until it is gone. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
