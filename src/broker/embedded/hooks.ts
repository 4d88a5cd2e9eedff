import type { AedesOptions, AuthenticateError, Client, PublishPacket } from 'aedes';
import type { FailureThrottle } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { AuditKind, AuditTrail } from '../../identity/index.ts';
import type { BrokerRefusal } from '../broker.ts';
import { clientIdRefusal, type Identity, type PublishProblem, publishProblem, willProblem } from './access.ts';
import { addressKey } from './admission.ts';
import type { Credentials, Login } from './login.ts';
import type { EmbeddedClient, Peer, Refusals } from './peers.ts';
import type { Qos2Inbox } from './qos2-inbox.ts';
import type { Reception } from './reception.ts';

/** What the hooks work with. */
export interface HookContext {
  readonly config: Config['mqtt'];
  readonly login: Login;
  readonly reception: Reception;
  readonly inbox: Qos2Inbox;
  readonly refusals: Refusals<BrokerRefusal>;
  readonly throttle: FailureThrottle;
  readonly audit: AuditTrail | undefined;
  peerOf(client: Client): Peer | undefined;
  /** Who is connected under a client id. */
  identityOf(clientId: string): Identity | undefined;
  isClosing(): boolean;
}

type Hooks = Required<
  Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>
>;

/** CONNACK return codes (MQTT 3.1.1, 3.2.2.3). */
const IDENTIFIER_REJECTED = 2;
const BAD_USER_NAME_OR_PASSWORD = 4;
const NOT_AUTHORIZED = 5;
const NO_BYTES = Buffer.alloc(0);
const ANYBODY = { mayPublish: () => true };

/**
 * The hooks of aedes. `authorizePublish` is the one that holds the acknowledgement back: aedes writes PUBACK when its
 * callback comes. Nothing may be thrown out of a hook: it would end the process.
 */
export function createHooks(context: HookContext): Hooks {
  return {
    preConnect: (client, packet, callback) =>
      guarded(callback as (error: Error) => void, () => {
        const peer = context.peerOf(client);
        if (peer === undefined) throw new Error('the connection is gone');
        peer.wantsCleanSession = packet.clean === true;
        peer.isNameless = packet.clientId === '';
        const { will } = packet as { will?: { topic: string; payload: string | Uint8Array } };
        if (will !== undefined) peer.will = { topic: will.topic, payloadBytes: Buffer.byteLength(will.payload) };
        // Every session ends with its connection: there is nothing to queue for a publisher, and a queue would have no bound.
        packet.clean = true;
        callback(null, true);
      }),
    authenticate: (client, name, secret, callback) =>
      guarded(callback as (error: Error) => void, () => {
        const refusal = admit(context, client as EmbeddedClient, name, secret);
        callback(refusal ?? null, refusal === undefined);
      }),
    authorizePublish: (client, packet, callback) =>
      guarded(callback, () => takePublish(context, client as EmbeddedClient | null, packet, callback)),
    authorizeSubscribe: (client, subscription, callback) =>
      guarded(callback, () =>
        callback(null, mayListen(context, context.peerOf(client), subscription.topic) ? subscription : null),
      ),
    authorizeForward: (client, packet) => (context.peerOf(client)?.mayReceive(packet.topic) === true ? packet : null),
  };
}

function guarded(callback: (error: Error) => void, work: () => void): void {
  try {
    work();
  } catch (error) {
    callback(error as Error);
  }
}

function admit(
  context: HookContext,
  client: EmbeddedClient,
  name: string | undefined,
  secret: Uint8Array | undefined,
): AuthenticateError | undefined {
  const peer = context.peerOf(client);
  if (peer === undefined) return refusalOf(IDENTIFIER_REJECTED, 'the connection is gone');
  const identity = identify(context, peer, {
    address: peer.address,
    name,
    secret,
    certificateName: peer.certificateName,
  });
  // The same answer, whatever it was that did not fit: nobody learns which names there are.
  if (identity === undefined) return refusalOf(BAD_USER_NAME_OR_PASSWORD, 'bad user name or password');
  const refusal = unfitness(context, peer, client, identity);
  if (refusal !== undefined) {
    context.refusals.addOnce(refusal.reason, refusal.cause, peer);
    tell(context, 'login_refused', peer, refusal.cause, identity.name);
    return refusalOf(refusal.returnCode, refusal.cause);
  }
  peer.identity = identity;
  tell(context, 'login', peer, undefined, identity.name);
  return undefined;
}

function identify(context: HookContext, peer: Peer, credentials: Credentials): Identity | undefined {
  const { throttle, refusals } = context;
  const { name, certificateName } = credentials;
  const address = addressKey(peer.address);
  const claimed = certificateName ?? name ?? '';
  if (throttle.waitMs(address, claimed) > 0) {
    const cause = 'too many failed logins; no more are looked at for a while';
    refusals.addOnce('rate_limit', cause, peer);
    tell(context, 'login_refused', peer, cause, claimed);
    return undefined;
  }
  const identity = context.login.identify(credentials);
  if (identity !== undefined) {
    throttle.succeeded(address, claimed);
    return identity;
  }
  throttle.failed(address, claimed);
  const isUnnamed = name === undefined && certificateName === undefined;
  const cause = isUnnamed ? 'no user name was given' : 'unknown user name or wrong secret';
  refusals.addOnce('not_authorized', cause, peer);
  tell(context, 'login_refused', peer, cause, claimed);
  return undefined;
}

interface Unfitness {
  readonly reason: 'client_id' | 'not_authorized';
  readonly cause: string;
  readonly returnCode: number;
}

/** Why somebody who is known is not let in all the same. */
function unfitness(
  context: HookContext,
  peer: Peer,
  client: EmbeddedClient,
  identity: Identity,
): Unfitness | undefined {
  const isUnkept = peer.isNameless && !peer.wantsCleanSession;
  const cause = isUnkept
    ? 'an empty client id needs a clean session [MQTT-3.1.3-8]'
    : clientIdRefusal(identity, client.id, {
        isDevice: (id) => context.login.isDevice(id),
        holder: context.identityOf(client.id)?.name,
      });
  if (cause !== undefined) return { reason: 'client_id', cause, returnCode: IDENTIFIER_REJECTED };
  const { topicBytesMax, willMax: willBytesMax } = context.config;
  const problem =
    peer.will === undefined ? undefined : willProblem(identity, peer.will, { topicBytesMax, willBytesMax });
  return problem === undefined ? undefined : { reason: 'not_authorized', cause: problem, returnCode: NOT_AUTHORIZED };
}

function tell(context: HookContext, kind: AuditKind, peer: Peer | undefined, cause?: string, who?: string): void {
  const event = { kind, who: who ?? peer?.identity?.name ?? '', by: 'mqtt', address: peer?.address, cause };
  context.audit?.record(event);
}

function refusalOf(returnCode: number, cause: string): AuthenticateError {
  return Object.assign(new Error(cause), { returnCode }) as AuthenticateError;
}

function takePublish(
  context: HookContext,
  client: EmbeddedClient | null,
  packet: PublishPacket,
  callback: (error?: Error | null) => void,
): void {
  // Without a client it is the will of somebody who vanished.
  const isWill = client === null || client.will === packet;
  const peer = client === null ? undefined : context.peerOf(client);
  // Wills of those whom the broker itself disconnects at its end say nothing about them.
  if (isWill && context.isClosing()) {
    callback(new Error('the broker is closing'));
    return;
  }
  // The will of somebody who is gone was looked at when it was left.
  const identity = client === null ? ANYBODY : peer?.identity;
  const problem = publishProblem(identity, packet.topic, context.config.topicBytesMax);
  if (problem !== undefined) {
    refuse(context, problem, peer, callback);
    return;
  }
  handOver(context, { client, peer, isWill }, packet, callback);
}

function handOver(
  context: HookContext,
  from: { readonly client: EmbeddedClient | null; readonly peer: Peer | undefined; readonly isWill: boolean },
  packet: PublishPacket,
  callback: (error?: Error | null) => void,
): void {
  const { client, peer, isWill } = from;
  const settle = (error?: Error) => {
    packet.retain = false;
    if (error !== undefined && peer !== undefined) peer.isExplained = true;
    callback(error);
  };
  const clientId = client?.id ?? (packet as { clientId?: string }).clientId ?? '';
  const take = (done: (error?: Error) => void) => context.reception.take(packet, { clientId, peer, isWill }, done);
  if (packet.qos !== 2 || isWill || peer === undefined || packet.messageId === undefined) {
    take(settle);
    return;
  }
  context.inbox.takeOnce(peer.owner, packet.messageId, { connection: peer, isDup: packet.dup }, take, (error) => {
    // aedes keeps the packet until PUBREL, only to know its id.
    packet.payload = NO_BYTES;
    settle(error);
  });
}

function refuse(
  context: HookContext,
  { reason, cause }: PublishProblem,
  peer: Peer | undefined,
  callback: (error: Error) => void,
): void {
  tell(context, 'publish_refused', peer, cause);
  if (peer === undefined) context.refusals.add(reason, cause);
  else context.refusals.addOnce(reason, cause, peer);
  callback(new Error(cause));
}

function mayListen(context: HookContext, peer: Peer | undefined, filter: string): boolean {
  if (peer === undefined) return false;
  const isAllowed = peer.identity?.maySubscribe(filter) === true;
  const isOneTooMany = !peer.filters.has(filter) && peer.filters.size >= context.config.subscriptionsPerClientMax;
  if (isAllowed && !isOneTooMany) {
    peer.filters.add(filter);
    return true;
  }
  const limit = `more than ${context.config.subscriptionsPerClientMax} subscriptions`;
  const cause = isAllowed ? limit : `subscribing to ${filter} is not allowed`;
  tell(context, 'subscribe_refused', peer, cause);
  context.refusals.add('subscription', cause, peer);
  return false;
}
