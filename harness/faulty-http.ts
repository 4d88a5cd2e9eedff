import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** A request on its way: what was asked for, and the body as text. */
export interface Passing {
  readonly path: string;
  readonly text: string;
}

/** What happens to a request instead of being passed on. */
export type Fault =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks: before anything is passed on, or when it was and the answer is due. */
  | { readonly reset: 'before' | 'after' };

/** Headers of a connection, not of the request. */
const HOP_BY_HOP = new Set(['host', 'connection', 'content-length', 'transfer-encoding']);

/** An HTTP proxy in front of a server, which does to each request what the test says. */
export class FaultyHttp {
  readonly url: string;
  /** Requests seen, and those passed on. */
  seen = 0;
  passed = 0;
  /** Undefined passes the request on. */
  fault: (passing: Passing) => Fault | undefined = () => undefined;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async open(target: string): Promise<FaultyHttp> {
    let proxy: FaultyHttp | undefined;
    const server = createServer((request, response) => void proxy?.serve(target, request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    proxy = new FaultyHttp(server, (server.address() as { port: number }).port);
    return proxy;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  private async serve(target: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
    this.seen++;
    const fault = this.fault({ path: request.url ?? '', text });
    if (fault !== undefined && 'reset' in fault && fault.reset === 'before') return void request.socket.destroy();
    if (fault !== undefined && 'status' in fault) {
      response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? '');
      return;
    }
    await this.#passOn(target, request, body, response, fault !== undefined);
  }

  async #passOn(
    target: string,
    { method = 'GET', url = '', headers, socket }: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    isReset: boolean,
  ): Promise<void> {
    const passed = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name));
    try {
      const answer = await fetch(`${target}${url}`, {
        method,
        headers: passed as [string, string][],
        ...(body.length === 0 ? {} : { body }),
      });
      const said = await answer.text();
      this.passed++;
      if (isReset) socket.destroy();
      else response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(said);
    } catch {
      socket.destroy();
    }
  }
}
