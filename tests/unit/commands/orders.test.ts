import { expect, test } from 'vitest';
import { vitals } from './support/run-command.ts';

test.each(['foo', '', 'localhost:8080', 'ftp://city.example', 'http://', 'http://ada:secret@127.0.0.1:8080'])(
  'the address "%s" of a server is refused in one sentence, by what lists and by what orders',
  async (url) => {
    for (const words of [
      ['quarantine', 'list'],
      ['quarantine', 'replay'],
      ['import', 'history.csv'],
    ]) {
      const { code, stdout, stderr } = await vitals(...words, '--url', url);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(
        /^cannot use the address ".*" \(--url\): write where the server runs, such as http:[^\n]*\n$/,
      );
      expect(stderr).not.toContain('secret');
    }
  },
);
