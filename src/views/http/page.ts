import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { HttpProblem } from './problems.ts';

/** Serves the built operators' page; without a build, `/` says how to make one. */
export async function servePage(app: FastifyInstance, webFolder: string): Promise<void> {
  if (!existsSync(join(webFolder, 'index.html'))) {
    app.get('/', { schema: { hide: true } }, async () => {
      throw new HttpProblem(
        404,
        'page_not_built',
        'cannot show the page: it is not built; run "npm run build:web". The API is at /api/docs',
      );
    });
    return;
  }
  await app.register(fastifyStatic, {
    root: webFolder,
    index: 'index.html',
    dotfiles: 'ignore',
    cacheControl: false,
    setHeaders(reply, path) {
      // Assets carry a hash of their content in the name; the page itself must always be asked for.
      const lasting = path.startsWith(join(webFolder, 'assets'));
      reply.header('cache-control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
