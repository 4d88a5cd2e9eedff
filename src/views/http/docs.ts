import type { SwaggerTransformObject } from '@fastify/swagger';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

export const DOCS_PATH = '/api/docs';
/** The library's own logo stays away; the layout in use shows none. */
const NO_LOGO = { type: 'image/svg+xml', content: '<svg xmlns="http://www.w3.org/2000/svg"/>' };

/** Describes the API: OpenAPI 3.1 at `/api/docs/json`, and a page for people that needs nothing from elsewhere. */
export async function serveDocs(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'City Vitals',
        version,
        description:
          'Live environmental KPI values of a city, with what each value is worth. All but the posts of devices is read-only.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'kpis', description: 'KPI definitions and values' },
        { name: 'measurements', description: 'Aggregates and readings of single series' },
        { name: 'catalogue', description: 'Devices, series, zones, quantities' },
        { name: 'operations', description: 'Accounting, quarantine, probes' },
        { name: 'live', description: 'Server-Sent Events' },
        { name: 'ingest', description: 'Posts of devices, with the secret of a device' },
      ],
    },
    transform: createJsonSchemaTransform({ zodToJsonConfig: { target: 'draft-2020-12' } }),
    transformObject: usedComponentsOnly,
  });
  await app.register(swaggerUi, {
    routePrefix: DOCS_PATH,
    staticCSP: false,
    logo: NO_LOGO,
    uiConfig: {
      layout: 'BaseLayout',
      docExpansion: 'list',
      deepLinking: true,
      validatorUrl: null,
      tryItOutEnabled: true,
    },
    theme: { title: 'City Vitals API' },
  });
}

/** The library names every schema twice, as it comes in and as it goes out; what nothing refers to is left out. */
const usedComponentsOnly: SwaggerTransformObject = (document) => {
  const described = jsonSchemaTransformObject(document) as {
    paths?: unknown;
    components?: { schemas?: Record<string, unknown> };
  };
  const schemas = described.components?.schemas ?? {};
  const used: Record<string, unknown> = {};
  const waiting: unknown[] = [described.paths];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const [, name] of JSON.stringify(node).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (name === undefined || Object.hasOwn(used, name)) continue;
      used[name] = schemas[name];
      waiting.push(schemas[name]);
    }
  }
  return { ...described, components: { ...described.components, schemas: used } } as ReturnType<SwaggerTransformObject>;
};
