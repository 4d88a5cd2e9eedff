import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { tortureCommand } from '../../../src/commands/torture.ts';
import { FAULTS } from '../../../torture/faults/list.ts';

const names = FAULTS.map(({ name }) => name);

it('names every fault in its help and in the document', () => {
  const program = new Command();
  tortureCommand(program);
  let help = '';
  program.commands[0]!.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  const document = readFileSync(new URL('../../../docs/testing.md', import.meta.url), 'utf8');
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(help))).toEqual([]);
  expect(names.filter((name) => !document.includes(`| \`${name}\` |`))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});
