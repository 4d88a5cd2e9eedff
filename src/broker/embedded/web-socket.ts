import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import type { Config } from '../../config/index.ts';

type WebSocketConfig = NonNullable<Config['mqtt']['webSocket']>;

/** MQTT 3.1.1, 6: the name of the sub-protocol. */
const SUBPROTOCOL = 'mqtt';
const UPGRADE_TIMEOUT_MS = 5_000;
/** Bytes that somebody may send who has not been let in yet: a frame of that size would be collected before MQTT is seen. */
const BYTES_MAX_BEFORE_CONNECT = 16 << 10;

/** A WebSocket as a stream of bytes. */
export interface WebSocketConnection {
  readonly stream: Duplex;
  /** To be called when the client was let in: from then on only the size of frames is bounded. */
  onLetIn(): void;
}

/**
 * Makes WebSockets of sockets that it is given; it listens to nothing itself. Frames are bounded, compression is off
 * (a small frame could grow without end), and pages of foreign origins are refused.
 */
export class WebSocketUpgrader {
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #config: WebSocketConfig;
  readonly #onConnection: (connection: WebSocketConnection, socket: Duplex) => void;

  constructor(
    config: WebSocketConfig,
    frameBytesMax: number,
    onConnection: (connection: WebSocketConnection, socket: Duplex) => void,
  ) {
    this.#config = config;
    this.#onConnection = onConnection;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: frameBytesMax,
      handleProtocols: () => SUBPROTOCOL,
    });
    this.#http = createServer((_request, response) => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
    });
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#http.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Takes over a connected socket, encrypted or not. */
  take(socket: Duplex): void {
    const timer = setTimeout(() => socket.destroy(), UPGRADE_TIMEOUT_MS);
    socket.once('close', () => clearTimeout(timer));
    socket.once('upgraded', () => clearTimeout(timer));
    this.#http.emit('connection', socket);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const status = refusalOf(request, this.#config);
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      socket.emit('upgraded');
      this.#onConnection(connectionOf(webSocket, socket), socket);
    });
  }
}

/** The HTTP status with which an upgrade is refused, or undefined. */
export function refusalOf(
  request: Pick<IncomingMessage, 'url' | 'headers'>,
  { path, origins }: Pick<WebSocketConfig, 'path' | 'origins'>,
): number | undefined {
  if (request.url?.split('?')[0] !== path) return 404;
  const { origin } = request.headers;
  if (origin !== undefined && !origins.includes(origin)) return 403;
  // A server that speaks MQTT must be asked for it [MQTT-6.0.0-3].
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return protocols.includes(SUBPROTOCOL) ? undefined : 400;
}

function connectionOf(webSocket: WebSocket, socket: Duplex): WebSocketConnection {
  // MQTT travels in binary frames [MQTT-6.0.0-1].
  webSocket.on('message', (_data, isBinary) => {
    if (!isBinary) webSocket.terminate();
  });
  let bytes = 0;
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > BYTES_MAX_BEFORE_CONNECT) webSocket.terminate();
  };
  socket.on('data', count);
  const stream = createWebSocketStream(webSocket);
  // A packet is written in several pieces while the stream is corked: together they are one frame.
  stream._writev = (pieces, done) => webSocket.send(Buffer.concat(pieces.map(({ chunk }) => chunk as Buffer)), done);
  return { stream, onLetIn: () => void socket.off('data', count) };
}
