import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

export const DOCS_PATH = '/api/docs';

/** Describes the API: OpenAPI 3.1 at `/api/docs/json`, and a page for people that needs nothing from elsewhere. */
export async function serveDocs(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'City Vitals',
        version,
        description: 'Live environmental KPI values of a city, with what each value is worth. Everything is read-only.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'kpis', description: 'KPI definitions and values' },
        { name: 'measurements', description: 'Aggregates and readings of single series' },
        { name: 'catalogue', description: 'Devices, series, zones, quantities' },
        { name: 'operations', description: 'Accounting, quarantine, probes' },
        { name: 'live', description: 'Server-Sent Events' },
      ],
    },
    transform: createJsonSchemaTransform({ zodToJsonConfig: { target: 'draft-2020-12' } }),
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(swaggerUi, {
    routePrefix: DOCS_PATH,
    staticCSP: false,
    logo: null,
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
