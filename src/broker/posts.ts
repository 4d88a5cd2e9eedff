/** Why a post, or a connection that could bring one, was turned away before the journal saw it. */
export type PostRefusal =
  /** Too many connections, or too many new ones, of an address or over all. */
  | 'connection_limit'
  /** Too many failed logins: no more are looked at for a while. */
  | 'rate_limit'
  /** Nobody who may post, or a wrong secret. */
  | 'login'
  /** Somebody else's topic. */
  | 'not_authorized'
  /** No topic that there can be. */
  | 'topic'
  /** Sent by a page of another web site, in the browser of somebody who knows nothing of it. */
  | 'foreign_page'
  | 'too_large'
  /** Packed in a way that is not unpacked here. */
  | 'encoding'
  /** Too much waits already, of this device or over all. */
  | 'busy'
  /** The journal does not take it now: the disk is full, or slow. */
  | 'not_taken';

/** A post that is turned away. */
export interface PostRefused {
  readonly refused: PostRefusal;
  readonly cause: string;
  /** When to try again; undefined where trying again does not help. */
  readonly retryAfterMs?: number;
}

/** What a request says of who sends it. Without a name the secret alone says who it is. */
export interface PostCredentials {
  readonly name: string | undefined;
  readonly secret: string;
}

/** Units of the time stamps of line protocol. */
export const LINE_PRECISIONS = ['ns', 'us', 'ms', 's', 'm', 'h'] as const;
export type LinePrecision = (typeof LINE_PRECISIONS)[number];

/** Who posts, and where to. */
export interface PostRequest {
  readonly address: string;
  readonly credentials: PostCredentials | undefined;
  /** A topic as over MQTT, or lines (InfluxDB line protocol), which go to a topic of whoever sends them. */
  readonly target: { readonly topic: string } | { readonly precision: LinePrecision };
}

/** A post whose body may be read. */
export interface Post {
  /** Makes room for bytes of the body that have come. */
  hold(bytes: number): PostRefused | undefined;
  /** Makes room for bytes that unpacking may make of them. */
  reserve(bytes: number): PostRefused | undefined;
  /** Hands the body to the journal. Resolves without a refusal when all of it survives a loss of power; never rejects. */
  take(body: Uint8Array): Promise<PostRefused | undefined>;
  /** To be called once the request is over, whatever became of it. */
  end(): void;
}

/** A connection that was counted in. */
export interface PostPlace {
  /** It has sent a request. */
  letIn(): void;
  leave(): void;
}

export interface PostStats {
  /** Messages handed to the journal; a post of lines can be several. */
  readonly received: number;
  /** Posts that were answered with success. */
  readonly accepted: number;
  /** Messages that wait for the journal. */
  readonly waitingForJournal: number;
  readonly refused: Readonly<Partial<Record<PostRefusal, number>>>;
}

/**
 * The way in for devices that speak HTTP: the same rights, limits and durability as over MQTT. Whatever stands in a body
 * that was taken, its sender is told that it arrived: what is wrong with it is found behind the journal, and counted there.
 */
export interface Posts {
  /** Counts a connection; undefined when it is to be closed at once. */
  enter(address: string): PostPlace | undefined;
  /** Whether a request may post; asked before anything of its body is read. */
  admit(request: PostRequest): Post | PostRefused;
  /** Whether somebody would be let in at all. */
  letIn(request: Pick<PostRequest, 'address' | 'credentials'>): PostRefused | undefined;
  /** Counts a refusal for something that only HTTP knows of. */
  refuse(refused: PostRefused, address: string): PostRefused;
  stats(): PostStats;
  /** Takes no more, and gives what waits for the journal up to `graceMs`. Safe to call twice. */
  close(graceMs: number): Promise<void>;
}
