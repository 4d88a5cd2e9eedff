import { createHash, timingSafeEqual } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { OperatingError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { DeviceDirectory } from '../../identity/index.ts';
import { type Identity, identityOf, identityOfDevice, type ProfileTopics } from './access.ts';
import { isLoopbackAddress } from './exposure.ts';

/** What somebody says of itself. */
export interface Credentials {
  readonly address: string;
  readonly name: string | undefined;
  readonly secret: Uint8Array | undefined;
  /** What its certificate says it is; empty when that is not usable, undefined without a certificate. */
  readonly certificateName: string | undefined;
}

/** Tells who somebody is. */
export interface Login {
  /** Undefined when nobody is to be let in; nothing tells why, also not by the time it takes. */
  identify(credentials: Credentials): Identity | undefined;
  /** The device that a token is the secret of; undefined for none. */
  identifyToken(token: string): Identity | undefined;
  /** The identity as the registry has it now; undefined when what it has proved is no longer good. */
  renewed(identity: Identity): Identity | undefined;
  /** Whether a client id is that of a device. */
  isDevice(clientId: string): boolean;
}

export interface LoginOptions {
  readonly config: Config['mqtt'];
  /** Secrets of `config.users`, by user name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly devices?: DeviceDirectory | undefined;
  readonly topicsOf?: ProfileTopics | undefined;
}

/**
 * Users of the configuration by secret, devices of the registry by secret or certificate, and without a name whom
 * `mqtt.anonymous` lets in.
 *
 * @throws OperatingError `authentication_required` when a user has no secret
 */
export function createLogin({ config, secrets, devices, topicsOf = () => [] }: LoginOptions): Login {
  const userOf = usersBySecret(config.users, secrets);
  const users = new Set(config.users.map(({ name }) => name));
  const isOpenTo = anonymousRule(config.anonymous, () => users.size > 0 || (devices?.count ?? 0) > 0);
  const anonymous = identityOf('', ['#'], []);
  const asDevice = (proven: ReturnType<DeviceDirectory['bySecret']>) =>
    proven === undefined ? undefined : identityOfDevice(proven, config, topicsOf);
  return {
    identify({ address, name, secret, certificateName }) {
      if (certificateName !== undefined && name === undefined) return asDevice(devices?.byCertificate(certificateName));
      if (name === undefined) return isOpenTo(address) ? anonymous : undefined;
      if (certificateName !== undefined) {
        // A certificate speaks for one: who shows one and names another is nobody.
        const certified = devices?.byCertificate(certificateName);
        return certified?.record.id === name ? asDevice(certified) : undefined;
      }
      // Both are looked at for every name, so that the time does not tell which kind it is of.
      const user = userOf(name, secret);
      const device = devices?.bySecret(name, secret);
      return users.has(name) ? user : asDevice(device);
    },
    identifyToken: (token) => asDevice(devices?.byToken(token)),
    renewed(identity) {
      if (identity.device === undefined) return undefined;
      const renewed = devices?.renewed(identity.device);
      const isSame = isDeepStrictEqual(renewed?.record, identity.device.record);
      return isSame ? identity : asDevice(renewed);
    },
    isDevice: (clientId) => devices?.find(clientId) !== undefined,
  };
}

/** Whether somebody from an address is let in without a name. */
export function anonymousRule(
  rule: Config['mqtt']['anonymous'],
  hasClients: () => boolean,
): (remoteAddress: string) => boolean {
  return (remoteAddress) => {
    if (rule === 'everywhere') return true;
    if (rule === 'never' || !isLoopbackAddress(remoteAddress)) return false;
    return rule === 'loopback' || !hasClients();
  };
}

type UserOf = (name: string, secret: Uint8Array | undefined) => Identity | undefined;

function usersBySecret(users: Config['mqtt']['users'], secrets: ReadonlyMap<string, string>): UserOf {
  const known = new Map<string, { readonly digest: Buffer; readonly identity: Identity }>();
  for (const user of users) {
    const secret = secrets.get(user.name);
    if (secret === undefined || secret.length === 0) {
      throw new OperatingError('authentication_required', `cannot let in the MQTT user ${user.name}: it has no secret`);
    }
    known.set(user.name, { digest: digestOf(secret), identity: identityOf(user.name, user.publish, user.subscribe) });
  }
  const nobody = digestOf('');
  return (name, secret) => {
    const user = known.get(name);
    // Compared for an unknown name too, so that the time taken does not tell which names exist.
    const isRight = timingSafeEqual(digestOf(secret ?? ''), user?.digest ?? nobody);
    return isRight ? user?.identity : undefined;
  };
}

function digestOf(secret: string | Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}
