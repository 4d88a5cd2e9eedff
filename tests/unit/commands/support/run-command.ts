import { Command } from 'commander';
import { vi } from 'vitest';
import { auditCommand } from '../../../../src/commands/audit.ts';
import { devicesCommand } from '../../../../src/commands/devices.ts';
import { importCommand } from '../../../../src/commands/import.ts';
import { quarantineCommand } from '../../../../src/commands/quarantine.ts';
import { usersCommand } from '../../../../src/commands/users.ts';

/** What a command left behind. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command that needs no configuration in this process: a start of its own takes seconds. */
export async function vitals(...words: readonly string[]): Promise<Said> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    }),
  );
  try {
    const program = new Command().exitOverride();
    for (const register of [devicesCommand, usersCommand, auditCommand, quarantineCommand, importCommand])
      register(program);
    await program.parseAsync([...words], { from: 'user' });
    return { code: Number(process.exitCode ?? 0), ...said };
  } finally {
    process.exitCode = 0;
    for (const spy of spies) spy.mockRestore();
  }
}
