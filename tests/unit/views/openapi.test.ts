import { expect, test } from 'vitest';
import { testApp } from './support.ts';

const PATHS = [
  '/api/v1/devices',
  '/api/v1/series',
  '/api/v1/aggregates',
  '/api/v1/readings',
  '/api/v1/kpis',
  '/api/v1/kpis/{id}',
  '/api/v1/zones',
  '/api/v1/quantities',
  '/api/v1/quarantine',
  '/api/v1/accounting',
  '/api/v1/cluster',
  '/api/v1/stream',
  '/healthz',
  '/readyz',
  '/metrics',
];

/** Every `$ref` in a document. */
function refs(node: unknown): string[] {
  if (node === null || typeof node !== 'object') return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [value] : refs(value),
  );
}

test('the document is OpenAPI 3.1, lists every path, and each operation says what it takes and gives', async () => {
  const { app } = await testApp();
  const document = (await app.inject({ url: '/api/docs/json' })).json();
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  expect(document.info).toMatchObject({ title: 'City Vitals', version: '0.1.0-test' });
  for (const path of PATHS) {
    const operation = document.paths[path]?.get;
    expect(operation, path).toMatchObject({ summary: expect.stringMatching(/^\S+ \S.{8,}/) });
    expect(Object.keys(operation.responses).length, path).toBeGreaterThan(0);
    for (const response of Object.values<{ description?: string }>(operation.responses))
      expect(typeof response.description, path).toBe('string');
    for (const parameter of operation.parameters ?? []) {
      expect(parameter).toMatchObject({
        name: expect.any(String),
        in: expect.stringMatching(/^(query|path)$/),
        schema: expect.any(Object),
      });
      if (parameter.in === 'path') expect(parameter.required).toBe(true);
    }
  }
  await app.close();
});

test('every reference leads somewhere and no component stands unused', async () => {
  const { app } = await testApp();
  const document = (await app.inject({ url: '/api/docs/json' })).json();
  const used = new Set(refs(document));
  for (const ref of used) {
    const target = ref
      .replace('#/', '')
      .split('/')
      .reduce((node: Record<string, never> | undefined, key) => node?.[key], document);
    expect(target, ref).toMatchObject({ type: expect.any(String) });
  }
  const components = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  expect(components.filter((name) => !used.has(name))).toEqual([]);
  expect(used).toContain('#/components/schemas/KpiValue');
  await app.close();
});

test('parameters of aggregates say their choices, and the answer is JSON or CSV', async () => {
  const { app } = await testApp();
  const { get } = (await app.inject({ url: '/api/docs/json' })).json().paths['/api/v1/aggregates'];
  const parameter = (name: string) => get.parameters.find((each: { name: string }) => each.name === name);
  expect(parameter('window')).toMatchObject({
    required: false,
    schema: { anyOf: [{ enum: expect.arrayContaining(['hour', 'rolling-365d']) }, { pattern: expect.any(String) }] },
  });
  expect(parameter('tz').required ?? false).toBe(false);
  expect(Object.keys(get.responses['200'].content)).toEqual(['application/json', 'text/csv']);
  await app.close();
});

test('the readable page needs nothing from elsewhere', async () => {
  const { app } = await testApp();
  const page = await app.inject({ url: '/api/docs' });
  expect(page.statusCode).toBe(200);
  expect(page.body).not.toMatch(/https?:\/\//);
  for (const [, asset] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
    expect((await app.inject({ url: new URL(asset!, 'http://x/api/docs').pathname })).statusCode, asset).toBe(200);
  }
  await app.close();
});
